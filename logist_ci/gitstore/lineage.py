"""Whether a manifest's reference moved as ours move it: one legal change after the other, each a commit on the last."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2

from logist_ci.errors import JobStateError
from logist_ci.gitstore.manifest_objects import manifest_in, parents_of
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import Event, next_state

__all__ = ["descends", "last_legal", "well_formed"]

#: No job changes its manifest as often during one run.
_CHANGES = 1000


def well_formed(raw: pygit2.Repository, job: JobId, commit: CommitId) -> Manifest | None:
    """Return the manifest of ``job`` in ``commit``; ``None`` where it is not one of ours."""
    try:
        return manifest_in(raw, job, commit) if len(parents_of(raw, commit)) <= 1 else None
    except JobStateError:
        return None


def last_legal(raw: pygit2.Repository, job: JobId, start: CommitId, end: CommitId) -> CommitId | None:
    """Return the last commit on the way from ``start`` to ``end`` up to which every change was a legal one.

    That is ``end`` itself when nobody meddled. ``None`` means that ``end`` does not come from ``start``.
    """
    way = _way(raw, start, end)
    if way is None:
        return None
    legal, before = start, well_formed(raw, job, start)
    for commit in way:
        after = well_formed(raw, job, commit)
        if before is None or after is None or not _legal(before, after):
            break
        legal, before = commit, after
    return legal


def descends(raw: pygit2.Repository, start: CommitId, end: CommitId) -> bool:
    """Whether ``start`` is the first parent of the first parent … of ``end``."""
    return _way(raw, start, end) is not None


def _way(raw: pygit2.Repository, start: CommitId, end: CommitId) -> list[CommitId] | None:
    """Return the commits after ``start`` up to ``end``, oldest first."""
    found: list[CommitId] = []
    for commit in _backwards(raw, end):
        if commit == start:
            return found[::-1]
        found.append(commit)
    return None


def _backwards(raw: pygit2.Repository, commit: CommitId) -> Iterator[CommitId]:
    try:
        for _ in range(_CHANGES):
            yield commit
            parents = parents_of(raw, commit)
            if not parents:
                return
            commit = parents[0]
    except JobStateError:
        return


def _legal(before: Manifest, after: Manifest) -> bool:
    """Whether one change leads from ``before`` to ``after``; what is fixed at creation must be as it was."""
    fixed = (before.id, before.created_at, before.created_by, before.input, before.source.base_commit)
    if fixed != (after.id, after.created_at, after.created_by, after.input, after.source.base_commit):
        return False
    return after.state is before.state or any(_leads(before, event, after) for event in Event)


def _leads(before: Manifest, event: Event, after: Manifest) -> bool:
    try:
        return next_state(before.state, event, before.resume_to) is after.state
    except JobStateError:
        return False
