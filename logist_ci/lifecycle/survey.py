"""Looks at what jobs have on this machine, and at what no job answers for; nothing is changed by looking."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress

from logist_ci.errors import LogistError
from logist_ci.gitstore.checkout_record import read_record
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.registration import Registration
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import TRANSIENT
from logist_ci.lifecycle.cleanup.branches import Surroundings, branch_facts, surroundings
from logist_ci.lifecycle.cleanup.facts import BranchFacts, JobFacts, Stranger, Survey, WorkspaceFacts
from logist_ci.lifecycle.cleanup.keeping import kept_entries, unknown_entries
from logist_ci.lifecycle.cleanup.leftovers import count_leftovers
from logist_ci.lifecycle.orphans import find_orphans, unfinished_removals
from logist_ci.lifecycle.owner import owner_of
from logist_ci.lifecycle.processes import strangers_inside, strays_of
from logist_ci.lifecycle.show import Owner
from logist_ci.runner.parts import Parts

__all__ = ["facts_of", "look", "survey"]


def look(parts: Parts, ids: Collection[JobId] = ()) -> tuple[JobFacts, ...]:
    """Return what the jobs of ``ids`` have on this machine; without ids, all jobs that are not archived."""
    summaries = parts.index.summaries()
    around = surroundings(parts, summaries)
    wanted = [summary.id for summary in summaries if not ids or summary.id in ids]
    return tuple(_facts(parts, job_id, around) for job_id in wanted)


def survey(parts: Parts, ids: Collection[JobId] = ()) -> Survey:
    """Return everything that a cleanup decides about: jobs, and what no job answers for."""
    return Survey(look(parts, ids), find_orphans(parts))


def facts_of(parts: Parts, job_id: JobId, *, held: bool = False) -> JobFacts | None:
    """Return what one job has on this machine, ``None`` when there is no such job.

    ``held`` says that the caller has the job's lock, so that nobody else is its owner.
    """
    summaries = parts.index.summaries()
    if all(summary.id != job_id for summary in summaries):
        return None
    return _facts(parts, job_id, surroundings(parts, summaries), held=held)


def _facts(parts: Parts, job_id: JobId, around: Surroundings, *, held: bool = False) -> JobFacts:
    folder = parts.root.folder(job_id)
    try:
        manifest = parts.store.read(job_id).manifest
        newest = parts.store.history(job_id)[0]
    except LogistError as defect:
        return JobFacts(job_id, None, None, parts.clock.now(), folder.base, defect=str(defect).rstrip("."))
    branch = branch_facts(parts, manifest, around)
    lost: Owner = "gone" if manifest.state in TRANSIENT else "none"
    return JobFacts(
        id=job_id,
        manifest=manifest,
        commit=newest.commit,
        changed_at=newest.at,
        folder=folder.base,
        owner=lost if held else owner_of(parts, job_id, manifest.state),
        branch=branch,
        workspace=_workspace(parts, folder, manifest, branch, around),
        lasting=kept_entries(folder),
        unknown=unknown_entries(folder),
    )


def _workspace(
    parts: Parts, folder: JobFolder, manifest: Manifest, branch: BranchFacts | None, around: Surroundings
) -> WorkspaceFacts | None:
    path = folder.workspace
    registration = Registration(folder.id, path, parts.repository.common_dir)
    present, registered = os.path.lexists(path), registration.exists()
    unfinished = bool(unfinished_removals(folder))
    if not present and not registered and not unfinished:
        return None
    owned = path.is_dir() and not path.is_symlink() and parts.root.owns(path)
    processes = strays_of(folder)
    leftovers, untold = 0, ""
    if present and owned:
        leftovers, untold = _leftovers(parts, folder, manifest, branch)
    inside = strangers_inside(path, processes) if present and owned else []
    return WorkspaceFacts(
        path=path,
        present=present,
        registered=registered,
        unfinished=unfinished,
        locked_by=_foreign_lock(registration) if registered else "",
        owned=owned or not present,
        leftovers=None if untold else leftovers,
        untold=untold,
        nested=tuple(str(tree.place) for tree in around.worktrees if path in tree.place.parents),
        processes=tuple(processes),
        strangers=tuple(Stranger(facts.id.pid, facts.name) for facts in inside),
    )


def _leftovers(parts: Parts, folder: JobFolder, manifest: Manifest, branch: BranchFacts | None) -> tuple[int, str]:
    """Return how many changes are uncommitted; or why that cannot be told."""
    record = read_record(folder)
    if record is not None and not record.ready:
        return 0, ""  # its checkout was never complete, so nobody has worked in it
    if manifest.state in TRANSIENT:
        return 0, "it is being worked in"
    try:
        if not any(folder.workspace.iterdir()):
            return 0, ""
        tip = branch.tip if branch else manifest.result.head or manifest.source.base_commit
        # People may have committed in the worktree, or onto its branch from elsewhere: neither is uncommitted.
        tips = dict.fromkeys([tip, record.tip if record else tip])
        return min(count_leftovers(parts, folder, manifest, each) for each in tips), ""
    except OSError as failure:
        return 0, failure.strerror or str(failure)
    except LogistError as failure:
        return 0, str(failure).rstrip(".")


def _foreign_lock(registration: Registration) -> str:
    """Return why somebody else's hand is on the registered worktree; nothing when it is ours."""
    if registration.ours():
        return ""
    reason = ""
    with suppress(OSError):
        reason = (registration.admin / "locked").read_bytes()[:200].decode("utf-8", "replace").strip()
    return reason or f"registered for another place than {registration.workspace}"
