from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from logist_ci.gitstore.oddities import find_oddities, made_readable
from tests.privileges import needs_permissions


def nothing(path: bytes) -> bool:
    return False


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")


def test_ordinary_trees_are_not_odd(folder: Path) -> None:
    touch(folder, ".git", "a", "b/c", "b/.gitignore", "HEAD", "refs/x", "objects/y")
    (folder / "link").symlink_to("b")
    (folder / "dangling").symlink_to("nowhere")
    found = find_oddities(folder, nothing)
    assert (found.nested, found.special, found.opened, found.closed, found.bare) == ([], [], [], [], [])


def test_inner_repositories_are_found_whatever_they_are(folder: Path) -> None:
    touch(folder, ".git", "file/.git", "folder/.git/HEAD", "deep/er/.git")
    (folder / "link").mkdir()
    (folder / "link" / ".git").symlink_to("elsewhere")
    (folder / "pipe").mkdir()
    os.mkfifo(folder / "pipe" / ".git")
    found = find_oddities(folder, nothing)
    assert found.nested == [b"deep/er/.git", b"file/.git", b"folder/.git", b"link/.git", b"pipe/.git"]


def test_ignored_folders_are_not_looked_into(folder: Path) -> None:
    touch(folder, "node_modules/x/.git", "src/node_modules/.git", "src/.git")
    found = find_oddities(folder, lambda path: path.endswith(b"node_modules/"))
    assert found.nested == [b"src/.git"]


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere", ".git")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    assert find_oddities(folder, nothing).nested == []


def test_special_files_are_named(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "sub").mkdir()
    descriptor = os.open(folder / "sub", os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            # The path may be longer than a socket's name can be.
            listener.bind(f"/proc/self/fd/{descriptor}/socket")
            found = find_oddities(folder, nothing)
    finally:
        os.close(descriptor)
    assert found.special == [(b"pipe", "a named pipe"), (b"sub/socket", "a socket")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_are_special(folder: Path) -> None:
    try:
        os.mknod(folder / "device", 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("not even root may make devices here")
    assert find_oddities(folder, nothing).special == [(b"device", "a device")]


def test_names_are_bytes(folder: Path) -> None:
    name = b"caf\xe9\n"
    os.mkdir(os.fsencode(folder) + b"/" + name)
    os.mkfifo(os.fsencode(folder) + b"/" + name + b"/\xff")
    assert find_oddities(folder, nothing).special == [(name + b"/\xff", "a named pipe")]


def test_what_looks_like_a_git_directory_is_told(folder: Path) -> None:
    touch(folder, "trap/HEAD", "trap/objects/x", "trap/refs/y", "half/HEAD", "half/refs/y")
    assert find_oddities(folder, nothing).bare == [b"trap"]


@needs_permissions
def test_closed_folders_of_ours_are_opened(folder: Path) -> None:
    touch(folder, "closed/inner/.git")
    (folder / "closed" / "inner").chmod(0)
    (folder / "closed").chmod(0)
    found = find_oddities(folder, nothing)
    assert (found.opened, found.nested, found.closed) == ([b"closed", b"closed/inner"], [b"closed/inner/.git"], [])


def test_a_folder_that_vanishes_is_no_error(folder: Path) -> None:
    touch(folder, "gone/x", "stays/.git")

    def vanishing(path: bytes) -> bool:
        if path == b"gone/":
            (folder / "gone" / "x").unlink()
            (folder / "gone").rmdir()
        return False

    assert find_oddities(folder, vanishing).nested == [b"stays/.git"]


def test_what_is_deeper_than_a_path_can_be_is_closed(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(60):
        os.mkdir("d" * 100, dir_fd=descriptor)
        inner = os.open("d" * 100, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    assert len(find_oddities(folder, nothing).closed) == 1


@pytest.mark.parametrize(
    ("make", "changed"),
    [
        (lambda path: path.write_text("x", encoding="utf-8"), True),
        (lambda path: path.mkdir(), True),
        (lambda path: path.symlink_to("nowhere"), False),
        (lambda path: None, False),
        (os.mkfifo, False),
    ],
)
def test_only_files_and_folders_are_made_readable(folder: Path, make: Callable[[Path], object], changed: bool) -> None:
    path = folder / "thing"
    make(path)
    if changed:
        path.chmod(0o010)
    assert made_readable(path) is changed
    assert made_readable(path) is False
    if changed:
        assert path.stat().st_mode & 0o777 == (0o710 if path.is_dir() else 0o410)
