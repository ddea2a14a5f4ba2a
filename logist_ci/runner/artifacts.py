"""Copies what a job was asked to produce from its worktree to its ``output/`` folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from logist_ci.errors import StoreError
from logist_ci.gitstore.folders import real_folder
from logist_ci.job.manifest import Artifact
from logist_ci.process.files import read_below, write_atomically
from logist_ci.runner.work import Work

__all__ = ["collect", "matching"]

_ARTIFACT_BYTES = 1_000_000_000
_ARTIFACTS = 1_000


def collect(work: Work, globs: tuple[str, ...]) -> tuple[Artifact, ...]:
    """Copy the files that ``globs`` name to the job's output folder, and return them with their SHA-256.

    No symbolic link is followed, in no part of a path; what cannot be read is said in the log.
    """
    if not globs:
        return ()
    copied: list[Artifact] = []
    for relative in matching(work.folder.workspace, globs):
        try:
            data = read_below(work.folder.workspace, relative, _ARTIFACT_BYTES)
        except StoreError as defect:
            work.say(f"The artifact {relative} was left out: {defect}")
            continue
        target = work.folder.output / relative
        _real_parents(work.folder.output, target)
        write_atomically(target, data)
        work.log.file_made(target)
        copied.append(Artifact(path=relative, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)))
    return tuple(copied)


def _real_parents(output: Path, target: Path) -> None:
    """Make the folders above ``target``, following no link that a program has put in their place."""
    for folder in reversed([parent for parent in target.parents if parent == output or output in parent.parents]):
        real_folder(folder, mode=0o777)


def matching(root: Path, globs: tuple[str, ...]) -> list[str]:
    """Return the regular files below ``root`` that match one of ``globs``, sorted, at most a thousand."""
    found = (path for path in _files(root) if any(_matches(path, glob) for glob in globs))
    return sorted(found)[:_ARTIFACTS]


def _files(root: Path) -> Iterator[str]:
    for folder, subfolders, names in os.walk(root, followlinks=False):
        subfolders[:] = [name for name in subfolders if name != ".git"]
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix()


def _matches(path: str, glob: str) -> bool:
    """Match like a shell with globstar: ``**`` stands for any number of folders, also none."""
    return _parts_match(PurePosixPath(path).parts, PurePosixPath(glob).parts)


def _parts_match(parts: tuple[str, ...], patterns: tuple[str, ...]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_parts_match(parts[skip:], patterns[1:]) for skip in range(len(parts) + 1))
    return bool(parts) and PurePosixPath(parts[0]).match(patterns[0]) and _parts_match(parts[1:], patterns[1:])
