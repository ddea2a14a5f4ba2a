from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from logist_ci.errors import RefusedError
from logist_ci.gitstore.removal import delete_tree, put_away, removed_before
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from tests.privileges import needs_permissions

DEEP = 1200


def chattr(flag: str, path: Path) -> None:
    done = capture(Command(("chattr", flag, str(path)), path.parent, {"PATH": os.defpath + ":/sbin:/usr/sbin"}))
    if done.returncode != 0:
        pytest.skip("this file system, or this user, has no immutable files")


def test_a_tree_goes_with_all_that_is_in_it(folder: Path) -> None:
    root = folder / "tree"
    for name in ("a/b/c", "a/b/d", "e", ".hidden/f", b"caf\xe9".decode("utf-8", "surrogateescape"), "new\nline/g"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", encoding="utf-8")
    (root / "empty").mkdir()
    delete_tree(root)
    assert list(folder.iterdir()) == []


def test_what_is_missing_needs_no_removal(folder: Path) -> None:
    delete_tree(folder / "missing")
    assert put_away(folder / "missing", folder / "trash") is None


@pytest.mark.parametrize("what", ["file", "link"])
def test_a_single_thing_goes_too(folder: Path, what: str) -> None:
    thing, kept = folder / "thing", folder / "kept"
    kept.mkdir()
    if what == "link":
        thing.symlink_to(kept)
    else:
        thing.write_text("x", encoding="utf-8")
    delete_tree(thing)
    assert not os.path.lexists(thing)
    assert kept.is_dir()


def test_links_are_never_followed(folder: Path) -> None:
    victim = folder / "victim"
    (victim / "inner").mkdir(parents=True)
    (victim / "inner" / "file").write_text("precious", encoding="utf-8")
    root = folder / "tree"
    (root / "below").mkdir(parents=True)
    for link in (root / "link", root / "below" / "link"):
        link.symlink_to(victim)
    delete_tree(root)
    assert (victim / "inner" / "file").read_text(encoding="utf-8") == "precious"


def test_read_only_folders_are_no_obstacle(folder: Path) -> None:
    root = folder / "tree"
    inner = root / "a" / "b"
    (inner / "c").mkdir(parents=True)
    (inner / "file").write_text("x", encoding="utf-8")
    for closed, mode in ((inner / "c", 0), (inner, 0o500), (root / "a", 0o100), (root, 0o500)):
        closed.chmod(mode)
    delete_tree(root)
    assert not root.exists()


def test_no_tree_is_too_deep(folder: Path) -> None:
    root = folder / "tree"
    root.mkdir()
    descriptor = os.open(root, os.O_RDONLY)
    for _ in range(DEEP):
        os.mkdir("deeper", dir_fd=descriptor)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    delete_tree(root)
    assert not root.exists()


def test_names_of_ours_in_the_tree_do_not_collide(folder: Path) -> None:
    root = folder / "tree"
    for name in (".logist-1/x", ".logist-2", "a/.logist-1/y", "a/b/c"):
        (root / name).mkdir(parents=True)
    delete_tree(root)
    assert not root.exists()


def test_what_is_immutable_is_named_and_the_rest_goes(folder: Path) -> None:
    root = folder / "tree"
    (root / "a" / "b").mkdir(parents=True)
    for name in ("a/b/stays", "a/b/goes", "a/goes"):
        (root / name).write_text("x", encoding="utf-8")
    chattr("+i", root / "a" / "b" / "stays")
    try:
        with pytest.raises(RefusedError, match="a/b/stays could not be removed: Operation not permitted") as refused:
            delete_tree(root)
        assert "chattr -R -i" in refused.value.hint
        left = [path for path in root.rglob("*") if path.is_file()]
        assert [path.name for path in left] == ["stays"]
        chattr("-i", left[0])
        delete_tree(root)
        assert not root.exists()
    finally:
        for path in root.rglob("stays"):
            chattr("-i", path)


def test_several_failures_are_counted(folder: Path) -> None:
    root = folder / "tree"
    root.mkdir()
    stays = [root / f"stays-{number}" for number in range(5)]
    for path in stays:
        path.write_text("x", encoding="utf-8")
        chattr("+i", path)
    try:
        with pytest.raises(RefusedError, match="nor 4 more"):
            delete_tree(root)
    finally:
        for path in stays:
            chattr("-i", path)


@needs_permissions
def test_a_closed_parent_is_not_opened(folder: Path) -> None:
    (folder / "tree").mkdir()
    folder.chmod(0o500)
    try:
        with pytest.raises(RefusedError, match="could not be removed"):
            delete_tree(folder / "tree")
        with pytest.raises(RefusedError):
            put_away(folder / "tree", folder.parent / "trash")
    finally:
        folder.chmod(0o700)


def test_things_are_put_away_under_a_new_name(folder: Path) -> None:
    (folder / "work").mkdir()
    (folder / "work" / "file").write_text("x", encoding="utf-8")
    away = put_away(folder / "work", folder / "deep" / "trash", name="old")
    assert away is not None
    assert away.parent == folder / "deep" / "trash"
    assert away.name.startswith("old-")
    assert (away / "file").read_text(encoding="utf-8") == "x"
    assert not (folder / "work").exists()


def test_only_what_was_put_away_is_found_again(folder: Path) -> None:
    for name in ("removed-notes", "removed-0123456789abcdef", "removed-", "other"):
        (folder / name).mkdir()
    (folder / "work").mkdir()
    away = put_away(folder / "work", folder)
    assert removed_before(folder) == [away]
    assert removed_before(folder / "missing") == []


def test_a_link_is_put_away_itself(folder: Path) -> None:
    (folder / "victim").mkdir()
    (folder / "link").symlink_to("victim")
    away = put_away(folder / "link", folder / "trash")
    assert away is not None
    assert stat.S_ISLNK(away.lstat().st_mode)
    assert (folder / "victim").is_dir()


def test_another_file_system_is_no_place_for_it(folder: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == folder.stat().st_dev or not os.access(memory, os.W_OK):
        pytest.skip("there is only one file system here")
    elsewhere = memory / f"logist-test-{os.getpid()}"
    try:
        (folder / "work").mkdir()
        away = put_away(folder / "work", elsewhere, folder)
        assert away is not None
        assert away.parent == folder
        with pytest.raises(RefusedError):
            put_away(away, elsewhere)
    finally:
        shutil.rmtree(elsewhere)
