"""Differences between two commits, by libgit2 alone: no driver, filter or pager of anybody's is run."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pygit2
from pygit2.enums import DiffOption

from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId

__all__ = ["DiffStat", "changed_paths", "diff_stat", "diff_text"]

# Finding renames compares each with each: beyond this many they are shown as removed and added.
_RENAMES = 400


@dataclass(frozen=True)
class DiffStat:
    """How much differs; ``paths`` are the changed files' names as bytes, in order."""

    files: int
    insertions: int
    deletions: int
    paths: tuple[bytes, ...]


def diff_text(
    repository: Repository, base: CommitId, head: CommitId, *, paths: Collection[str] = (), binary: bool = False
) -> bytes:
    """Return the difference from ``base`` to ``head`` in git's own format, of ``paths`` only where some are given.

    A path stands for a file, or for all files in a folder. With ``binary`` the result can be applied
    also where binary files changed.

    Raises:
        StoreError: a commit or the content of a file is not in the object store.
    """
    chosen = tuple(os.fsencode(path).rstrip(b"/") for path in paths)
    flags = DiffOption.SHOW_BINARY if binary else DiffOption.NORMAL
    with translated_git_errors(f"compare {base[:10]} with {head[:10]}"):
        diff = _diff(repository, base, head, flags)
        diff.find_similar(rename_limit=_RENAMES)
        return b"".join(patch.data for patch in diff if patch is not None and _concerns(patch.delta, chosen))


def diff_stat(repository: Repository, base: CommitId, head: CommitId) -> DiffStat:
    """Return how much ``head`` differs from ``base``; a renamed file counts as removed and added.

    Raises:
        StoreError: a commit or the content of a file is not in the object store.
    """
    with translated_git_errors(f"compare {base[:10]} with {head[:10]}"):
        diff = _diff(repository, base, head, DiffOption.NORMAL)
        stats = diff.stats
        return DiffStat(stats.files_changed, stats.insertions, stats.deletions, _paths(diff))


def changed_paths(repository: Repository, base: CommitId, head: CommitId) -> tuple[bytes, ...]:
    """Return the names of the files that differ, in order, without looking into any of them.

    Raises:
        StoreError: a commit or a folder is not in the object store.
    """
    with translated_git_errors(f"compare {base[:10]} with {head[:10]}"):
        return _paths(_diff(repository, base, head, DiffOption.SKIP_BINARY_CHECK))


def _diff(repository: Repository, base: CommitId, head: CommitId, flags: DiffOption) -> pygit2.Diff:
    raw = repository.raw
    before, after = (raw[commit].peel(pygit2.Tree) for commit in (base, head))
    return before.diff_to_tree(after, flags=flags)


def _paths(diff: pygit2.Diff) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(path for delta in diff.deltas for path in _names(delta)))


def _concerns(delta: pygit2.DiffDelta, paths: tuple[bytes, ...]) -> bool:
    return not paths or any(name == path or name.startswith(path + b"/") for path in paths for name in _names(delta))


def _names(delta: pygit2.DiffDelta) -> Iterator[bytes]:
    yield delta.old_file.raw_path
    yield delta.new_file.raw_path
