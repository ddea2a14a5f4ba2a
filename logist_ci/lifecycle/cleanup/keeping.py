"""What of a job's folder outlives a cleanup: set aside below ``.archived``, from where a restore brings it back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from logist_ci.gitstore.folders import JobFolder
from logist_ci.process.files import translated_os_errors

__all__ = ["ARCHIVED", "bases_of", "bring_back", "entries", "has_entries", "keep", "kept_entries", "unknown_entries"]

#: Where what is kept of cleaned-up jobs lies, beside the folders of the jobs; it is no job's id.
ARCHIVED = ".archived"

# Made again when it is needed, or removed by a step of its own.
_PASSING = frozenset({"workspace", "shim", "temp", "job_manifest.json", "local.json"})
_PASSING_NAMES = re.compile(r"removed-[0-9a-f]+|\.logist-\d+-[0-9a-f]+\.tmp")
_LASTING = frozenset({"backups", "logs", "output"})
# What a run sets aside lies beside the worktree when that is not on the file system of the backups.
_SET_ASIDE = re.compile(r"(nested-git|tampered|broken-ref)-[0-9a-f]{12}")
_OWNER = 0o700


def bases_of(folder: JobFolder) -> tuple[Path, ...]:
    """Return the folder of a job, and those it has elsewhere."""
    found = (folder.base, folder.work_base, folder.output_base, folder.log_base)
    return tuple(dict.fromkeys(base for base in found if base is not None))


def kept_entries(folder: JobFolder) -> tuple[Path, ...]:
    """Return everything that :func:`keep` sets aside; what is empty is left out."""
    return tuple(path for base in bases_of(folder) for path in _seen(base))


def unknown_entries(folder: JobFolder) -> tuple[Path, ...]:
    """Return what is no part of a job and holds something: a worktree that its agent has moved, say."""
    found = kept_entries(folder)
    return tuple(path for path in found if path.name not in _LASTING and not _SET_ASIDE.fullmatch(path.name))


def keep(base: Path) -> None:
    """Move what outlives a cleanup out of ``base``, one of a job's folders, to ``.archived``; safe to be done twice.

    Raises:
        StoreError, MissingError: the disk refused; what was not moved is where it was.
    """
    with translated_os_errors(f"keep what is in {base}"):
        for path in _to_keep(base):
            place = _archived(base)
            place.mkdir(parents=True, exist_ok=True)
            _move(path, place / path.name)


def bring_back(folder: JobFolder) -> None:
    """Move what was kept of a job to where it was; nothing that is there by now is overwritten.

    Raises:
        StoreError, MissingError: the disk refused; doing it again goes on.
    """
    for base in bases_of(folder):
        place = _archived(base)
        with translated_os_errors(f"bring back what is in {place}"):
            if os.path.lexists(place):
                _move(place, base)
        with suppress(OSError):
            place.parent.rmdir()  # unless other jobs have something in it


def entries(folder: Path) -> list[Path]:
    """Return what is in ``folder``, in order; nothing when it cannot be read."""
    with suppress(OSError):
        return sorted(folder.iterdir())
    return []


def has_entries(folder: Path) -> bool:
    """Whether there is something in ``folder``; in doubt there is."""
    try:
        return folder.is_symlink() or any(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return os.path.lexists(folder) and not folder.is_dir()
    except OSError:
        return True


def _archived(base: Path) -> Path:
    # Beside the folder, and so on its file system: moving is one rename.
    return base.parent / ARCHIVED / base.name


def _seen(base: Path) -> list[Path]:
    try:
        return list(_to_keep(base))
    except OSError:
        return [base]  # what cannot be looked into may hold anything


def _to_keep(base: Path) -> Iterator[Path]:
    if base.is_symlink() or not base.is_dir():
        return  # what a link leads to is not ours to move
    for path in sorted(base.iterdir()):
        if path.name not in _PASSING and not _PASSING_NAMES.fullmatch(path.name) and has_entries(path):
            yield path


def _move(source: Path, target: Path) -> None:
    """Rename ``source``; into a folder that is there already, what is in it, beside what has the same name."""
    if _is_folder(source) and _is_folder(target):
        for path in sorted(source.iterdir()):
            _move(path, target / path.name)
        source.rmdir()
        return
    if os.path.lexists(target):
        target = target.with_name(f"{target.name}-{os.urandom(6).hex()}")
    try:
        source.rename(target)
    except PermissionError:
        if not _is_folder(source):
            raise
        # Moving a folder rewrites its own entry `..`, so it has to be writable itself.
        source.chmod(_OWNER)
        source.rename(target)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
