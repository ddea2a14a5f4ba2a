from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import LogistError
from logist_ci.gitstore.guarded_files import Kept, Place, differing, kept, put_back
from tests.privileges import needs_permissions


@pytest.fixture
def places(folder: Path) -> dict[str, Place]:
    return {"config": Place("LG201", folder / "config"), "hooks": Place("LG202", folder / "hooks", folder=True)}


def write(path: Path, text: str = "x", mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_files_are_kept_with_their_permissions(folder: Path, places: dict[str, Place]) -> None:
    write(folder / "config", "[core]\n", 0o600)
    write(folder / "hooks" / "pre-commit", "#!/bin/sh\n", 0o755)
    write(folder / "hooks" / "pre-push.sample")
    (folder / "hooks" / "link").symlink_to("../elsewhere")
    os.mkfifo(folder / "hooks" / "pipe")
    write(folder / "hooks" / "more" / "deep" / "x.sample", mode=0o755)
    assert kept(places) == {
        "config": Kept("file", 0o600, b"[core]\n"),
        "hooks": Kept("folder"),
        "hooks/pre-commit": Kept("file", 0o755, b"#!/bin/sh\n"),
        "hooks/link": Kept("link", 0, b"../elsewhere"),
        "hooks/pipe": Kept("other"),
        "hooks/more": Kept("folder"),
        "hooks/more/deep": Kept("folder"),
        "hooks/more/deep/x.sample": Kept("file", 0o755, b"x"),
    }


def test_what_is_missing_is_not_kept(places: dict[str, Place]) -> None:
    assert kept(places) == {}


def test_a_linked_folder_is_its_link(folder: Path, places: dict[str, Place]) -> None:
    write(folder / "elsewhere" / "pre-commit")
    (folder / "hooks").symlink_to("elsewhere")
    assert kept(places) == {"hooks": Kept("link", 0, b"elsewhere")}


@needs_permissions
def test_what_may_not_be_read_is_noticed_all_the_same(folder: Path, places: dict[str, Place]) -> None:
    write(folder / "config", mode=0)
    assert kept(places) == {"config": Kept("other", 0)}


def test_differences_are_names() -> None:
    a, b = Kept("file", 0o644, b"a"), Kept("file", 0o755, b"a")
    assert differing({"same": a, "mode": a, "gone": a}, {"same": a, "mode": b, "new": a}) == ["gone", "mode", "new"]


@pytest.mark.parametrize("changed", ["content", "mode", "link", "folder", "gone", "pipe"])
def test_a_file_is_put_back(folder: Path, places: dict[str, Place], changed: str) -> None:
    config = write(folder / "config", "right\n", 0o640)
    before = kept(places)
    config.chmod(0o600)
    if changed == "content":
        write(config, "wrong\n", 0o755)
    elif changed != "mode":
        config.unlink()
    if changed == "link":
        write(folder / "victim", "untouched")
        config.symlink_to("victim")
    elif changed == "folder":
        write(config / "inside")
    elif changed == "pipe":
        os.mkfifo(config)
    away = put_back(config, before["config"], folder / "backups")
    assert kept(places) == before
    assert (away is None) is (changed == "gone")
    if changed == "content":
        assert away is not None
        assert away.read_text(encoding="utf-8") == "wrong\n"
    if changed == "link":
        assert (folder / "victim").read_text(encoding="utf-8") == "untouched"


@pytest.mark.parametrize("was", [Kept("link", 0, b"target"), Kept("folder"), None])
def test_links_and_folders_are_put_back_too(folder: Path, places: dict[str, Place], was: Kept | None) -> None:
    write(folder / "hooks" / "evil")
    put_back(folder / "hooks", was, folder / "backups")
    assert kept(places) == ({} if was is None else {"hooks": was})


def test_a_lost_folder_comes_back_with_its_files(folder: Path, places: dict[str, Place]) -> None:
    write(folder / "hooks" / "pre-commit", mode=0o755)
    before = kept(places)
    (folder / "hooks" / "pre-commit").unlink()
    (folder / "hooks").rmdir()
    (folder / "hooks").symlink_to("/tmp")
    for name in differing(before, kept(places)):
        put_back(folder / name, before.get(name), folder / "backups")
    assert kept(places) == before


@needs_permissions
def test_what_cannot_be_put_back_is_an_error(folder: Path, places: dict[str, Place]) -> None:
    write(folder / "hooks" / "pre-commit")
    (folder / "hooks").chmod(0o500)
    try:
        with pytest.raises(LogistError):
            put_back(folder / "hooks" / "pre-commit", None, folder / "backups")
    finally:
        (folder / "hooks").chmod(0o700)
