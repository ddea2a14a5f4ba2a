"""Looks at jobs without changing anything: manifests, locks and folders become the values of :mod:`.show`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from logist_ci.errors import JobStateError
from logist_ci.gitstore.summaries import Summary, damaged_summary, summarise
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.states import TRANSIENT, State
from logist_ci.lifecycle.owner import owner_of
from logist_ci.lifecycle.show import Detail, Facts, Line, Owner, Past, Stats, detail, line, past, statistics
from logist_ci.runner.parts import Parts

__all__ = ["detail_of", "disk_of", "history_of", "job_lines", "statistics_of"]


def job_lines(
    parts: Parts,
    *,
    states: frozenset[State] = frozenset(),
    agent: str = "",
    text: str = "",
    archived: bool = False,
) -> tuple[Line, ...]:
    """Return the jobs that are in one of ``states``, use ``agent`` and have ``text`` in id or title; newest first.

    What is empty lets everything through. With ``archived`` the jobs in the archive are among them.
    """
    now = parts.clock.now()
    wanted = [
        summary
        for summary in (*parts.index.summaries(), *(_archived(parts) if archived else ()))
        if (not states or summary.state in states)
        and (not agent or summary.agent == agent)
        and (not text or text.lower() in f"{summary.id}\n{summary.title}".lower())
    ]
    wanted.sort(key=lambda summary: summary.created_at, reverse=True)
    return tuple(line(summary, _owner(parts, summary), now) for summary in wanted)


def _archived(parts: Parts) -> Iterator[Summary]:
    for job_id in parts.store.archived_ids():
        try:
            stored = parts.store.read_archived(job_id)
        except JobStateError as defect:
            yield damaged_summary(job_id, CommitId(""), str(defect))
        else:
            yield summarise(stored.manifest, job_id, stored.commit)


def detail_of(parts: Parts, job_id: JobId) -> Detail:
    """Return everything about one job.

    Raises:
        UnknownJobError: there is no such job.
        JobStateError: its manifest is damaged.
    """
    manifest = parts.store.read(job_id).manifest
    folder = parts.root.folder(job_id)
    facts = Facts(
        owner=owner_of(parts, job_id, manifest.state),
        folder=str(folder.base),
        workspace=_existing(folder.workspace),
        output=_existing(folder.output) if manifest.result.artifacts else None,
        disk_bytes=sum(map(disk_of, _apart({folder.base, folder.workspace, folder.output, folder.logs}))),
    )
    return detail(manifest, facts, parts.clock.now())


def history_of(parts: Parts, job_id: JobId) -> tuple[Past, ...]:
    """Return how a job went from state to state, oldest first; also of an archived job."""
    return past(parts.store.history(job_id))


def statistics_of(parts: Parts) -> Stats:
    """Return how many jobs there are in which state, and what their folders take on disk."""
    summaries = parts.index.summaries()
    return statistics(
        summaries,
        now=parts.clock.now(),
        archived=len(parts.store.archived_ids()),
        disk_bytes=disk_of(parts.root.path),
    )


def disk_of(path: Path) -> int:
    """Return the bytes that a folder takes on disk, symbolic links not followed, what cannot be read left out."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in (".", *names):
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118  # 50,000 files
    return total


def _owner(parts: Parts, summary: Summary) -> Owner:
    # A lock costs a system call for each job, and only these can have lost their owner.
    state = summary.state
    return owner_of(parts, summary.id, state) if state in TRANSIENT and state is not None else "none"


def _apart(folders: set[Path]) -> set[Path]:
    """Return the folders that do not lie in another of them."""
    return {folder for folder in folders if not folders & set(folder.parents)}


def _existing(path: Path) -> str | None:
    return str(path) if path.is_dir() else None
