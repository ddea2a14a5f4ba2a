from __future__ import annotations

import errno
import os
import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from logist_ci.errors import LogistError, MissingError, StoreError
from logist_ci.process.files import read_below, read_bounded, translated_os_errors, write_atomically


def test_a_file_is_written_and_read(tmp_path: Path) -> None:
    file = tmp_path / "a b\n\udcff"
    write_atomically(file, b"content")
    assert read_bounded(file, 100) == b"content"


def test_writing_again_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 250)
    write_atomically(file, b"old" * 1000)
    write_atomically(file, b"new", sync=False)
    assert read_bounded(file, 100) == b"new"
    assert list(tmp_path.iterdir()) == [file]


def test_the_mode_is_given(tmp_path: Path) -> None:
    write_atomically(tmp_path / "secret", b"", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_symlink_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("target")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert not (tmp_path / "link").is_symlink()


def test_a_reader_sees_the_old_content_or_the_new(tmp_path: Path) -> None:
    file = tmp_path / "file"
    contents = [b"a" * 100_000, b"b" * 50_000]
    write_atomically(file, contents[0])
    seen: set[bytes] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.add(read_bounded(file, 1_000_000))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for turn in range(100):
        write_atomically(file, contents[turn % 2], sync=False)
    done.set()
    watcher.join()
    assert seen <= set(contents)


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "is-a-folder"
    folder.mkdir()
    with pytest.raises(StoreError, match="could not write"):
        write_atomically(folder, b"x")
    assert list(tmp_path.iterdir()) == [folder]


def test_writing_into_a_missing_folder_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        write_atomically(tmp_path / "missing" / "file", b"x")


def test_exactly_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read_bounded(tmp_path / "file", 5) == b"12345"
    with pytest.raises(StoreError, match="larger"):
        read_bounded(tmp_path / "file", 4)


def test_an_empty_file_is_read_with_any_limit(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read_bounded(tmp_path / "file", 0) == b""


def test_a_missing_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bounded(tmp_path / "missing", 10)
    with pytest.raises(FileNotFoundError):
        read_below(tmp_path, "missing/file", 10)


def test_a_symlink_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"x")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(StoreError, match="symbolic link"):
        read_bounded(tmp_path / "link", 10)


def test_what_is_no_regular_file_is_not_read_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        for name in ("pipe", "folder", "socket"):
            with pytest.raises(StoreError):
                read_bounded(tmp_path / name, 10)
            with pytest.raises(StoreError):
                read_below(tmp_path, name, 10)


def test_a_file_below_is_read(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"deep")
    assert read_below(tmp_path, "a/b/file", 10) == b"deep"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "./a", "a//b", "a/", "a/.", "a\0b"])
def test_a_path_that_is_not_plainly_below_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(StoreError, match="not a path below"):
        read_below(tmp_path, path, 10)


@pytest.mark.parametrize("link", ["top", "top/inner", "top/inner/file"])
def test_no_component_may_be_a_symlink(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "file").write_bytes(b"secret")
    (outside / "file").write_bytes(b"secret")
    root = tmp_path / "root"
    (root / link).parent.mkdir(parents=True)
    (root / link).symlink_to(outside)
    with pytest.raises(StoreError, match="symbolic link"):
        read_below(root, "top/inner/file", 100)


def test_the_root_may_not_be_a_symlink_either(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_bytes(b"x")
    (tmp_path / "root").symlink_to("real")
    with pytest.raises(StoreError):
        read_below(tmp_path / "root", "file", 10)


def test_a_file_below_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    with pytest.raises(StoreError, match="larger"):
        read_below(tmp_path, "file", 99)


@pytest.mark.parametrize(
    ("number", "kind", "hint"),
    [
        (errno.ENOSPC, StoreError, "Free some space"),
        (errno.EDQUOT, StoreError, "quota"),
        (errno.EIO, StoreError, "disk reports errors"),
        (errno.ENOENT, StoreError, ""),
        (errno.EROFS, MissingError, "read-only"),
        (errno.EACCES, MissingError, "permissions"),
        (errno.EPERM, MissingError, "immutable"),
    ],
)
def test_what_the_disk_says_becomes_a_sentence_and_a_hint(number: int, kind: type[LogistError], hint: str) -> None:
    with (
        pytest.raises(kind, match=r"^Logist CI could not fold the map: .+\.$") as caught,
        translated_os_errors("fold the map"),
    ):
        raise OSError(number, os.strerror(number))
    assert hint in caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)


def test_other_errors_pass_through() -> None:
    with pytest.raises(KeyError), translated_os_errors("anything"):
        raise KeyError("x")


def test_a_full_disk_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with pytest.raises(StoreError, match="No space left"), translated_os_errors("write the log"):
        descriptor = os.open("/dev/full", os.O_WRONLY)
        try:
            os.write(descriptor, b"x")
        finally:
            os.close(descriptor)


def test_nothing_is_left_open(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write_atomically(tmp_path / "a" / "file", b"x" * 100)
    before = sorted(os.listdir("/dev/fd"))
    for limit in (10, 1000):
        with suppress(StoreError):
            read_bounded(tmp_path / "a" / "file", limit)
        with suppress(StoreError):
            read_below(tmp_path, "a/file", limit)
    assert sorted(os.listdir("/dev/fd")) == before
