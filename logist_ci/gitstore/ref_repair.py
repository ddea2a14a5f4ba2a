"""References as they lie on the disk, also those that somebody broke: a branch that leads to another, or to nothing."""

from __future__ import annotations

import os
from pathlib import Path

from logist_ci.errors import MissingError, StoreError
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.removal import put_away
from logist_ci.job.ids import CommitId, RefName
from logist_ci.process.files import read_bounded, translated_os_errors

__all__ = ["raw_value", "read_or_drop"]

_FILE_BYTES = 4096


def raw_value(common_dir: Path, ref: str) -> str | None:
    """Return what the file of ``ref`` holds, or the packed one's value: mostly forty hexadecimal digits.

    Nothing at all is ``None``; something that is no file, or no text, is empty.
    """
    file = common_dir / ref
    try:
        return read_bounded(file, _FILE_BYTES).decode("ascii", "replace").strip()
    except FileNotFoundError:
        return _packed(common_dir, ref)
    except (StoreError, MissingError):
        return "" if os.path.lexists(file) and not file.is_dir() else _packed(common_dir, ref)


def read_or_drop(refs: RefStore, ref: RefName, backups: Path) -> CommitId | None:
    """Return what ``ref`` points at; its file is put aside in ``backups`` where it points at nothing, or elsewhere.

    Writing through a reference that leads to another one would move the other.

    Raises:
        StoreError: it stays broken.
    """
    try:
        return refs.read(ref)
    except StoreError:
        put_away(refs.repository.common_dir / ref, backups, refs.repository.common_dir, name="broken-ref")
        return refs.read(ref)


def _packed(common_dir: Path, ref: str) -> str | None:
    with translated_os_errors("read the packed references"):
        try:
            data = (common_dir / "packed-refs").read_bytes()
        except FileNotFoundError:
            return None
    ending = b" " + os.fsencode(ref)
    lines = (line for line in data.splitlines() if line.endswith(ending) and len(line) == 40 + len(ending))
    return next((line[:40].decode("ascii", "replace") for line in lines), None)
