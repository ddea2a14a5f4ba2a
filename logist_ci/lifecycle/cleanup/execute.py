"""Carrying a cleanup out: each job under its lock, decided again there, each step safe to be done twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from logist_ci.errors import BusyError, LogistError, RefusedError
from logist_ci.gitstore.branches import delete_branch, keep_tip, rescue
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.joblog import JobLog
from logist_ci.gitstore.removal import delete_tree, put_away
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.transitions import Close
from logist_ci.lifecycle.cleanup.decisions import Action, CleanupPlan, CleanupPolicy, JobPlan, Kept, OrphanPlan, Removal
from logist_ci.lifecycle.cleanup.facts import JobFacts
from logist_ci.lifecycle.cleanup.keeping import bases_of, keep
from logist_ci.lifecycle.cleanup.leftovers import save_leftovers, save_orphan
from logist_ci.lifecycle.cleanup.plan import plan, plan_job
from logist_ci.lifecycle.orphans import TRASH
from logist_ci.lifecycle.processes import strays_of
from logist_ci.lifecycle.survey import facts_of, survey
from logist_ci.process.locks import try_lock
from logist_ci.process.tree import end_all
from logist_ci.runner.parts import Parts

__all__ = ["BRANCH_WAS_AT", "CLEANED_UP", "CleanupReport", "Done", "Failed", "apply_plan", "plan_cleanup"]

#: How the history of a job says that it was closed, and where its branch was; ``restore`` reads both.
CLEANED_UP = "cleaned up"
BRANCH_WAS_AT = "branch was at "


@dataclass(frozen=True)
class Done:
    """One step that was carried out; ``saved`` is the reference under which something was saved by it."""

    target: str
    removal: Removal
    saved: str = ""


@dataclass(frozen=True)
class Failed:
    """A job, or an orphan, whose removal stopped half-way; nothing is lost, and trying again goes on."""

    target: str
    error: LogistError


@dataclass(frozen=True)
class CleanupReport:
    """What a cleanup did, what it kept, and where it failed."""

    plan: CleanupPlan
    done: tuple[Done, ...] = ()
    kept: tuple[Kept, ...] = ()
    failed: tuple[Failed, ...] = ()

    def error(self) -> LogistError | None:
        """Return the error that the cleanup ends with, a failure before a refusal; ``None`` when all is well."""
        if self.failed:
            return self.failed[0].error
        return self.plan.refusal()


def plan_cleanup(parts: Parts, policy: CleanupPolicy) -> CleanupPlan:
    """Return what a cleanup under ``policy`` would do now; nothing is changed."""
    return plan(survey(parts, policy.names), policy, parts.clock.now())


def apply_plan(parts: Parts, decided: CleanupPlan) -> CleanupReport:
    """Carry a plan out. One job's failure stops no other; jobs are looked at again under their locks."""
    done: list[Done] = []
    failed: list[Failed] = []
    jobs: list[JobPlan] = []
    for job in decided.jobs:
        if not job.removals:
            jobs.append(job)
            continue
        try:
            jobs.append(_clean_job(parts, job, decided.policy, done))
        except LogistError as error:
            failed.append(Failed(job.id, error))
    for each in decided.orphans:
        try:
            done += _clean_orphan(parts, each)
        except LogistError as error:
            failed.append(Failed(str(each.orphan.path), error))
    parts.index.refresh()
    now_decided = CleanupPlan(decided.policy, tuple(jobs), decided.orphans)
    kept = [kept for job in jobs for kept in job.kept] + [each.kept for each in decided.orphans if each.kept]
    return CleanupReport(now_decided, tuple(done), tuple(kept), tuple(failed))


def _clean_job(parts: Parts, job: JobPlan, policy: CleanupPolicy, done: list[Done]) -> JobPlan:
    """Clean one job up under its lock, by a plan made there: what was seen before may have changed."""
    folder = parts.root.folder(job.id)
    with _held(parts, folder):
        facts = facts_of(parts, job.id, held=True)
        fresh = plan_job(facts, policy, parts.clock.now()) if facts else None
        if facts is None or facts.manifest is None or fresh is None:
            return JobPlan(job.id, asked=job.asked)
        log = JobLog(folder.job_log, parts.clock)
        for removal in fresh.removals:
            step = _Step(parts, facts, facts.manifest, folder, removal)
            if removal.action is not Action.DELETE_FOLDER:
                log.line(f"cleanup: {removal.action}: {removal.target} ({removal.proof})")
            done.append(Done(job.id, removal, _STEPS[removal.action](step)))
        return fresh


@contextmanager
def _held(parts: Parts, folder: JobFolder) -> Iterator[None]:
    parts.root.make()
    folder.make()
    lock = try_lock(folder.lock)
    if lock is None:
        raise BusyError(
            f"Another process is working on the job {folder.id} right now.",
            hint=f"Wait until it is done, or stop it with: logist-ci stop {folder.id}",
        )
    with lock:
        yield


@dataclass(frozen=True)
class _Step:
    """One removal, with everything it needs."""

    parts: Parts
    facts: JobFacts
    manifest: Manifest
    folder: JobFolder
    removal: Removal


def _end_processes(step: _Step) -> str:
    grace = step.manifest.spec.limits.grace_s
    survivors = end_all(lambda: strays_of(step.folder), grace_s=grace, clock=step.parts.clock)
    if survivors:
        pids = ", ".join(str(process.pid) for process in survivors)
        raise RefusedError(f"Processes of the job {step.folder.id} could not be ended: {pids}.", hint="End them first.")
    return ""


def _save_leftovers(step: _Step) -> str:
    branch, manifest = step.facts.branch, step.manifest
    tip = branch.tip if branch else manifest.result.head or manifest.source.base_commit
    return save_leftovers(step.parts, step.folder, manifest, tip) or ""


def _save_branch(step: _Step) -> str:
    branch = step.facts.branch
    if branch is None:
        return ""
    save = keep_tip if branch.merged else rescue
    return save(step.parts.refs, step.folder.id, branch.tip)


def _remove_workspace(step: _Step) -> str:
    step.parts.worktrees.remove(step.folder.id, step.folder)
    delete_tree(step.folder.temp)
    return ""


def _delete_branch(step: _Step) -> str:
    if step.facts.branch is not None:
        # First, so that it is known where the branch was, whatever happens next.
        _close(step)
        delete_branch(step.parts.refs, step.facts.branch.name, step.facts.branch.tip)
    return ""


def _archive(step: _Step) -> str:
    _close(step)
    step.parts.store.archive(step.folder.id, f"{step.parts.clock.now():%Y-%m}")
    return ""


def _close(step: _Step) -> None:
    branch, now = step.facts.branch, step.parts.clock.now()
    note = f"{CLEANED_UP}; {BRANCH_WAS_AT}{branch.tip}" if branch else CLEANED_UP
    step.parts.store.change(step.folder.id, lambda manifest: None if manifest.closed_at else Close(now=now), note=note)


def _delete_folder(step: _Step) -> str:
    _remove_folders(step.parts, step.folder)
    return ""


_STEPS: Mapping[Action, Callable[[_Step], str]] = {
    Action.END_PROCESSES: _end_processes,
    Action.SAVE_LEFTOVERS: _save_leftovers,
    Action.SAVE_BRANCH: _save_branch,
    Action.REMOVE_WORKSPACE: _remove_workspace,
    Action.DELETE_BRANCH: _delete_branch,
    Action.ARCHIVE: _archive,
    Action.DELETE_FOLDER: _delete_folder,
}


def _remove_folders(parts: Parts, folder: JobFolder) -> None:
    """Delete the folder of a job, and its folders elsewhere; what is more than scratch in them is kept.

    They are renamed away first, so that nobody meets half of one.
    """
    for base in bases_of(folder):
        if not parts.root.owns(base):
            continue
        keep(base)
        away = put_away(base, base.parent / TRASH)
        if away is not None:
            delete_tree(away)
        _forget_trash(base.parent / TRASH)


def _forget_trash(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()  # unless something else is on its way out there


def _clean_orphan(parts: Parts, decided: OrphanPlan) -> list[Done]:
    if decided.removal is None:
        return []
    orphan = decided.orphan
    if orphan.kind == "leftover":
        delete_tree(orphan.path)
        if orphan.path.parent.name == TRASH:
            _forget_trash(orphan.path.parent)
    elif orphan.job is not None and orphan.kind == "registration":
        parts.worktrees.remove(orphan.job, parts.root.folder(orphan.job))
    elif orphan.job is not None:
        _remove_orphaned_folder(parts, orphan.job, orphan.path)
    return [Done(str(orphan.path), decided.removal)]


def _remove_orphaned_folder(parts: Parts, job_id: JobId, path: Path) -> None:
    folder = parts.root.folder(job_id)
    with _held(parts, folder):
        if job_id in parts.store.ids():
            raise RefusedError(f"The folder {path} has a job by now.", hint="Clean up again.")
        save_orphan(parts, folder)
        parts.worktrees.remove(job_id, folder)
        _remove_folders(parts, folder)
