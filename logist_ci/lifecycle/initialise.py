"""Prepares a repository for Logist CI, and takes that back: files that a person reads and commits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from logist_ci.checks.detect import detect
from logist_ci.config.sources import PROJECT_FILE, REPOSITORY_FILE
from logist_ci.errors import RefusedError, UsageError
from logist_ci.gitstore.repository import list_files, read_file
from logist_ci.job.ids import CommitId
from logist_ci.process.files import read_bounded, translated_os_errors, write_atomically
from logist_ci.runner.parts import Parts

__all__ = ["Deinitialised", "Initialised", "deinitialise", "initialise"]

_RECIPE = ".logist/recipes/example.md"
_FILES = {REPOSITORY_FILE: "init/logist.toml.j2", _RECIPE: "init/recipe.md.j2"}
_RECORD = ".init.json"
_RECORD_BYTES = 100_000


class Initialised(msgspec.Struct, frozen=True):
    """What was written, and what was there already and stayed as it was, as paths below the worktree."""

    made: tuple[str, ...]
    kept: tuple[str, ...]


class Deinitialised(msgspec.Struct, frozen=True):
    """What was removed, and what stayed because somebody changed it."""

    removed: tuple[str, ...]
    kept: tuple[str, ...]


def initialise(parts: Parts) -> Initialised:
    """Write a commented ``logist.toml`` and an example recipe; never overwrite anything.

    Raises:
        UsageError: the repository is bare.
    """
    root = _worktree(parts)
    made: dict[str, str] = {}
    kept: list[str] = []
    for name, template in _FILES.items():
        if _exists(root, name):
            kept.append(name)
            continue
        text = parts.templates.render(template, {"checks": _detected(parts)}).encode()
        with translated_os_errors(f"write {root / name}"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_atomically(root / name, text)
        made[name] = hashlib.sha256(text).hexdigest()
    if made:
        parts.root.make()
        record = {**_record(parts), **made}
        write_atomically(parts.root.path / _RECORD, msgspec.json.encode(record))
    return Initialised(tuple(made), tuple(kept))


def deinitialise(parts: Parts, *, force: bool = False) -> Deinitialised:
    """Remove what :func:`initialise` wrote and nobody has changed since, and the jobs' folder when it is empty.

    Raises:
        RefusedError: there are jobs, and ``force`` is false; with it they stay all the same.
    """
    jobs = parts.store.ids()
    if jobs and not force:
        raise RefusedError(
            f"There are jobs in this repository: {', '.join(jobs[:5])}{' and more' if len(jobs) > 5 else ''}.",
            hint="Clean them up first (logist-ci cleanup JOB), or leave them as they are with --force.",
        )
    root, record = _worktree(parts), _record(parts)
    removed = [name for name, digest in record.items() if _digest(root / name) == digest]
    for name in removed:
        with translated_os_errors(f"remove {root / name}"):
            (root / name).unlink()
    kept = tuple(name for name in record if name not in removed and (root / name).exists())
    if not jobs and not parts.root.existing():
        for file in (_RECORD, parts.root.index_file.name, parts.root.lock_file.name):
            (parts.root.path / file).unlink(missing_ok=True)
    _remove_empty(root / ".logist" / "recipes", parts.root.path, root / ".logist")
    return Deinitialised(tuple(removed), kept)


def _worktree(parts: Parts) -> Path:
    root = parts.repository.worktree or parts.repository.main_worktree
    if root is None:
        raise UsageError("A bare repository has no files to prepare.", hint="Run this in a worktree of it.")
    return root


def _exists(root: Path, name: str) -> bool:
    if name == REPOSITORY_FILE and b"[tool.logist-ci" in _content(root / PROJECT_FILE):
        return True
    # A dangling link is somebody's file too.
    return (root / name).exists() or (root / name).is_symlink()


def _detected(parts: Parts) -> list[str]:
    head = parts.repository.head().commit
    if head is None:
        return []

    def read(path: str, commit: CommitId = head) -> bytes | None:
        return read_file(parts.repository, commit, path)

    return [check.name for check in detect(list_files(parts.repository, head), read)]


def _record(parts: Parts) -> dict[str, str]:
    try:
        return msgspec.json.decode(_content(parts.root.path / _RECORD), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _digest(path: Path) -> str:
    return hashlib.sha256(_content(path)).hexdigest()


def _content(path: Path) -> bytes:
    try:
        return read_bounded(path, 10 * _RECORD_BYTES)
    except FileNotFoundError:
        return b""


def _remove_empty(*folders: Path) -> None:
    def empty() -> Iterator[Path]:
        for folder in folders:
            if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
                yield folder

    for folder in empty():
        with translated_os_errors(f"remove {folder}"):
            folder.rmdir()
