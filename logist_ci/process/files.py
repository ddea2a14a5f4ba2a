"""Files written so that a reader never sees half of one, and read so that nobody can lead us astray."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from logist_ci.errors import LogistError, MissingError, StoreError

__all__ = ["read_below", "read_bounded", "translated_os_errors", "write_atomically"]

_PERMISSION = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_HINTS = {
    errno.ENOSPC: "Free some space on that disk, then try again.",
    errno.EDQUOT: "The disk quota is used up: free some space, then try again.",
    errno.EROFS: "The file system is read-only: mount it writable, or move the job folders ([paths] in logist.toml).",
    errno.EACCES: "Check who owns the file and its folder, and their permissions.",
    errno.EPERM: "Check who owns the file, and whether it is immutable (lsattr).",
    errno.EIO: "The disk reports errors: check it before going on.",
}
# O_NONBLOCK: opening a named pipe that an agent left must not wait for a writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


@contextmanager
def translated_os_errors(what: str) -> Iterator[None]:
    """Turn every ``OSError`` inside into one of ours; ``what`` completes "Logist CI could not …".

    Raises:
        MissingError: a permission is missing (also: a read-only file system).
        StoreError: the disk is full, broken, or refused for another reason.
    """
    try:
        yield
    except OSError as failure:
        raise _translated(what, failure) from failure


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644, sync: bool = True) -> None:
    """Make ``path`` hold ``data`` by a temporary file beside it, fsync and rename: it is old or new, never half.

    ``mode`` is subject to the umask. Without ``sync`` a power cut may lose the new content.

    Raises:
        MissingError: the permission is missing.
        StoreError: the disk refused.
    """
    with translated_os_errors(f"write {path}"):
        temporary = path.with_name(f".logist-{os.getpid()}-{os.urandom(6).hex()}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            try:
                _write_all(descriptor, data)
                if sync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of the regular file ``path``, at most ``limit`` bytes.

    Raises:
        FileNotFoundError: there is no such file.
        StoreError: it is a symlink or no regular file, is larger, or the disk refused.
        MissingError: the permission is missing.
    """
    try:
        with _opened(os.fspath(path), _READ, None) as descriptor:
            return _content(descriptor, limit, str(path))
    except FileNotFoundError:
        raise
    except OSError as failure:
        raise _translated(f"read {path}", failure) from failure


def read_below(root: Path, relative: str, limit: int) -> bytes:
    """Return the content of the regular file ``relative`` below ``root``, at most ``limit`` bytes.

    No component of ``relative``, nor ``root`` itself, may be a symlink, and none may be ``..``: each is
    opened from the one before it, so nobody can exchange a folder in between.

    Raises:
        FileNotFoundError: there is no such file.
        StoreError: the path leaves ``root``, passes a symlink, is no regular file, or is larger.
        MissingError: the permission is missing.
    """
    parts = relative.split("/")
    if "\0" in relative or any(part in ("", ".", "..") for part in parts):
        raise StoreError(f"{relative!r} is not a path below {root}.")
    shown = f"{root}/{relative}"
    try:
        with _walked(root, parts[:-1]) as folder, _opened(parts[-1], _READ, folder) as descriptor:
            return _content(descriptor, limit, shown)
    except FileNotFoundError:
        raise
    except OSError as failure:
        raise _translated(f"read {shown}", failure) from failure


@contextmanager
def _walked(root: Path, parts: list[str]) -> Iterator[int]:
    folder = os.open(root, _FOLDER)
    try:
        for part in parts:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


@contextmanager
def _opened(name: str, flags: int, folder: int | None) -> Iterator[int]:
    descriptor = os.open(name, flags, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _content(descriptor: int, limit: int, shown: str) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise StoreError(f"{shown} is not a regular file.")
    chunks: list[bytes] = []
    # The size is counted, not asked for: a file can grow while it is read.
    while limit >= 0 and (chunk := os.read(descriptor, min(limit + 1, 1 << 20))):
        chunks.append(chunk)
        limit -= len(chunk)
    if limit < 0:
        raise StoreError(f"{shown} is larger than Logist CI reads.")
    return b"".join(chunks)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _translated(what: str, failure: OSError) -> LogistError:
    kind = MissingError if failure.errno in _PERMISSION else StoreError
    reason = failure.strerror or str(failure)
    if failure.errno in (errno.ELOOP, errno.ENOTDIR):
        reason = "a symbolic link or something else than a folder is on the way"
    return kind(f"Logist CI could not {what}: {reason}.", hint=_HINTS.get(failure.errno or 0, ""))
