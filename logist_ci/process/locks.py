"""Kernel locks: held by an open descriptor, gone with its last holder, never judged by age.

Open file description locks are shared by ``fork`` and by descriptors sent over a socket, and others
can ask whether one is held without taking it. Where they are missing (macOS) ``flock`` stands in.
"""

from __future__ import annotations

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Self

from logist_ci.errors import BusyError, LogistError
from logist_ci.process.clock import Clock
from logist_ci.process.files import read_bounded, translated_os_errors
from logist_ci.process.table import ProcessId

__all__ = ["KernelLock", "is_locked", "lock", "signed_by", "try_lock"]

# struct flock on 64-bit Linux: type, whence, start, length (0: all of it), pid (0 for these locks).
_FLOCK = struct.Struct("hhqqi4x")
_WHOLE_FILE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
_DESCRIPTION_LOCKS = hasattr(fcntl, "F_OFD_SETLK")
_RETRY_S = 0.02
_SIGNATURE_BYTES = 48


class KernelLock:
    """A held lock. Closing gives this holder's share up; the lock is free when every holder has."""

    def __init__(self, fd: int, path: Path) -> None:
        """Take charge of ``fd``, which holds the lock on ``path``; use :func:`try_lock` to get one."""
        self.fd = fd
        self.path = path

    @classmethod
    def adopt(cls, fd: int, path: Path) -> Self:
        """Return the lock that ``fd`` already holds: inherited, or received over a socket."""
        return cls(fd, path)

    def sign(self, process: ProcessId) -> None:
        """Write into the file who holds it, for :func:`signed_by`; a disk that refuses is no obstacle."""
        with suppress(OSError):
            os.pwrite(self.fd, f"{process.pid} {process.started}".ljust(_SIGNATURE_BYTES).encode(), 0)

    def close(self) -> None:
        """Close the descriptor; calling it again does nothing. An unlock would take it from every holder."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def try_lock(path: Path) -> KernelLock | None:
    """Return the lock on ``path``, made if missing, or ``None`` while another holds it.

    Raises:
        MissingError: the permission is missing.
        StoreError: the disk refused.
    """
    with translated_os_errors(f"lock {path}"):
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
            if not _acquire(descriptor):
                os.close(descriptor)
                return None
            # Whoever held it before us may have removed the file with its folder: then this is no lock at all.
            if _is_still(path, descriptor):
                return KernelLock(descriptor, path)
            os.close(descriptor)


def lock(path: Path, wait_s: float, clock: Clock) -> KernelLock:
    """Return the lock on ``path``, waiting up to ``wait_s`` seconds for it.

    Raises:
        BusyError: another process held it all that time.
    """
    deadline = clock.monotonic() + wait_s
    while (held := try_lock(path)) is None:
        if clock.monotonic() >= deadline:
            raise BusyError(
                f"Another process holds {path}.", hint="Wait until it is done, or look at what runs: logist-ci list"
            )
        clock.sleep(_RETRY_S)
    return held


def is_locked(path: Path) -> bool:
    """Say whether anybody holds the lock on ``path``; nothing is taken, made or changed by asking.

    With ``flock`` asking takes a shared lock for a moment.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        with translated_os_errors(f"look at the lock {path}"):
            return _is_held(descriptor)
    finally:
        os.close(descriptor)


def signed_by(path: Path) -> ProcessId | None:
    """Return who signed the lock file last; whether it still holds the lock, or lives, has to be asked.

    ``None`` where nobody did, or the file cannot be read.
    """
    try:
        pid, started = read_bounded(path, _SIGNATURE_BYTES).split()
        return ProcessId(int(pid), int(started))
    except (FileNotFoundError, LogistError, ValueError):
        return None


def _acquire(descriptor: int) -> bool:
    try:
        if _DESCRIPTION_LOCKS:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_held(descriptor: int) -> bool:
    if _DESCRIPTION_LOCKS:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
        return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
