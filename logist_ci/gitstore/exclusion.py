"""Lets git ignore our folders through ``info/exclude``, which is the clone's own and never committed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from logist_ci.process.clock import SystemClock
from logist_ci.process.files import translated_os_errors, write_atomically
from logist_ci.process.locks import lock

__all__ = ["exclude", "exclude_line"]

_WAIT_S = 30.0


def exclude_line(worktree: Path, folder: Path) -> bytes | None:
    """Return the pattern that ignores exactly ``folder``; ``None`` when it is not below ``worktree``."""
    if worktree not in folder.parents:
        return None
    path = os.fsencode(folder.relative_to(worktree))
    # A pattern cannot hold a line's end; a question mark stands for any one character.
    return b"/" + re.sub(rb"([\\*?\[\]! #])", rb"\\\1", path).replace(b"\n", b"?").replace(b"\r", b"?") + b"/"


def exclude(file: Path, lines: tuple[bytes, ...], lock_file: Path) -> None:
    """Add those of ``lines`` that ``file`` does not have yet; what it holds already stays, byte for byte.

    Raises:
        MissingError: the permission is missing.
        StoreError: the disk refused.
        BusyError: another process held ``lock_file`` for half a minute.
    """
    if not _missing(file, lines):
        return
    with lock(lock_file, _WAIT_S, SystemClock()), translated_os_errors(f"add a line to {file}"):
        missing = _missing(file, lines)
        if not missing:
            return
        before = _content(file)
        separator = b"" if not before or before.endswith(b"\n") else b"\n"
        # Through a symbolic link of the user's, to the file that it means.
        target = file.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, before + separator + b"".join(line + b"\n" for line in missing), mode=_mode(target))


def _missing(file: Path, lines: tuple[bytes, ...]) -> list[bytes]:
    present = set(_content(file).splitlines())
    return [line for line in lines if line not in present]


def _content(file: Path) -> bytes:
    with translated_os_errors(f"read {file}"):
        try:
            return file.read_bytes()
        except FileNotFoundError:
            return b""


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o644
