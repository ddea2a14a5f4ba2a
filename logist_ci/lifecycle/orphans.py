"""What no job answers for: folders without a manifest, registrations without a folder, half-finished removals."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from logist_ci.gitstore.folders import JobFolder
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.cleanup.facts import Orphan
from logist_ci.lifecycle.cleanup.keeping import entries, has_entries, unknown_entries
from logist_ci.process.locks import is_locked
from logist_ci.process.tree import identify
from logist_ci.runner.parts import Parts

__all__ = ["TRASH", "find_orphans", "unfinished_removals"]

#: Where folders go on their way out, beside the folders of the jobs.
TRASH = ".trash"

_REMOVED = re.compile(r"removed-[0-9a-f]+")
_TEMPORARY = re.compile(r"\.logist-(\d+)-[0-9a-f]+\.tmp")


def find_orphans(parts: Parts) -> tuple[Orphan, ...]:
    """Return what no job answers for, each with the proof that it is safe to remove, or a doubt."""
    known = frozenset(parts.store.ids())
    archived = frozenset(parts.store.archived_ids())
    return (
        *_folders(parts, known, archived),
        *_registrations(parts, known),
        *_unfinished(parts, known),
    )


def unfinished_removals(folder: JobFolder) -> list[Path]:
    """Return what the removal of a job's worktree has renamed away and could not delete."""
    found = (*entries(folder.temp), *entries(folder.workspace.parent))
    return [path for path in found if _REMOVED.fullmatch(path.name)]


def _folders(parts: Parts, known: frozenset[JobId], archived: frozenset[JobId]) -> Iterator[Orphan]:
    for job_id in _folder_ids(parts):
        if job_id in known:
            continue
        folder = parts.root.folder(job_id)
        safe, doubt = _judged(folder, is_archived=job_id in archived)
        yield Orphan("folder", folder.base, job_id, safe, doubt)


def _judged(folder: JobFolder, *, is_archived: bool) -> tuple[str, str]:
    """Return the proof that nothing is lost with a folder, or a doubt."""
    if is_locked(folder.lock):
        return "", "a process works in it"
    if has_entries(folder.workspace):
        return "", "it has a worktree and no manifest"
    if is_archived:
        return "its job is in the archive", ""
    for place in (folder.output, folder.backups, *unknown_entries(folder)):
        if has_entries(place):
            return "", f"it has {place.name} and no manifest"
    return "it has no manifest, no worktree and no artifacts", ""


def _folder_ids(parts: Parts) -> list[JobId]:
    root = parts.root
    found = set(root.existing())
    for base in (root.work, root.output, root.log):
        if base is not None:
            found.update(type(root)(base).existing())
    return sorted(found)


def _registrations(parts: Parts, known: frozenset[JobId]) -> Iterator[Orphan]:
    for listed in parts.worktrees.listing():
        if listed.job in known or os.path.lexists(listed.place):
            continue
        yield Orphan("registration", listed.place, listed.job, safe="the folder of this registered worktree is gone")


def _unfinished(parts: Parts, known: frozenset[JobId]) -> Iterator[Orphan]:
    """Find what a removal or a write left that was killed half-way."""
    why = "it was renamed away by a removal that did not finish"
    for base in {parts.root.path, parts.root.work, parts.root.output, parts.root.log} - {None}:
        if base is not None:
            yield from (Orphan("leftover", path, safe=why) for path in entries(base / TRASH))
    for job_id in filter(known.__contains__, _folder_ids(parts)):
        folder = parts.root.folder(job_id)
        found = unfinished_removals(folder)
        if found and not is_locked(folder.lock):
            yield from (Orphan("leftover", path, safe=why) for path in found)
    for path in entries(parts.root.path):
        match = _TEMPORARY.fullmatch(path.name)
        if match and identify(int(match[1])) is None:
            yield Orphan("leftover", path, safe="the process that was writing this file is gone")
