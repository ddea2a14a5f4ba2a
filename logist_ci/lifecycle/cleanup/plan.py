"""What a cleanup would do, decided by pure functions: each removal with its proof, each thing kept with its reason.

Two scopes: the *workspace* of a job that has ended goes, since its work is on the branch; or *everything*
goes, the branch only when its work is proven to be elsewhere. ``force`` overrides dirty and unmerged, after
a backup, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import FINAL, TRANSIENT, State
from logist_ci.lifecycle.cleanup.decisions import (
    Action,
    CleanupPlan,
    CleanupPolicy,
    JobPlan,
    Kept,
    OrphanPlan,
    Removal,
    When,
)
from logist_ci.lifecycle.cleanup.facts import BranchFacts, JobFacts, Orphan, Survey, WorkspaceFacts
from logist_ci.lifecycle.cleanup.keeping import ARCHIVED

__all__ = ["plan", "plan_job", "plan_orphan"]


def plan(survey: Survey, policy: CleanupPolicy, now: datetime) -> CleanupPlan:
    """Return what a cleanup under ``policy`` does at ``now``."""
    jobs = [plan_job(facts, policy, now) for facts in survey.jobs]
    wanted = [each for each in survey.orphans if not policy.names or each.job in policy.names]
    return CleanupPlan(
        policy, tuple(job for job in jobs if job is not None), tuple(plan_orphan(each, policy) for each in wanted)
    )


def plan_orphan(orphan: Orphan, policy: CleanupPolicy) -> OrphanPlan:
    """Return what happens to something that no job answers for."""
    target = str(orphan.path)
    if orphan.safe:
        return OrphanPlan(orphan, removal=Removal(Action.REMOVE_ORPHAN, target, orphan.safe))
    if policy.force and orphan.job in policy.names:
        return OrphanPlan(
            orphan, removal=Removal(Action.REMOVE_ORPHAN, target, "the files of its worktree are saved first")
        )
    remedy = f"Look at it, then: logist-ci cleanup --force {orphan.job}" if orphan.job else f"Look at it: {target}"
    return OrphanPlan(orphan, kept=Kept(target, orphan.doubt, remedy))


def plan_job(facts: JobFacts, policy: CleanupPolicy, now: datetime) -> JobPlan | None:
    """Return what happens to one job, ``None`` when it is none of this cleanup's business."""
    if policy.names and facts.id not in policy.names:
        return None
    asked = facts.id in policy.names
    if facts.manifest is None:
        kept = Kept(facts.id, f"its manifest cannot be read ({facts.defect})", f"See: logist-ci validate {facts.id}")
        return JobPlan(facts.id, kept=(kept,), asked=asked)
    scope, kept_back = _scope(facts, facts.manifest, policy, now)
    if scope == "nothing":
        return JobPlan(facts.id, kept=(kept_back,), asked=asked) if kept_back else None
    obstacles = tuple(_never(facts, facts.manifest, scope))
    if not obstacles and not policy.force:
        obstacles = tuple(_unless_forced(facts, scope))
    if obstacles:
        return JobPlan(facts.id, kept=obstacles, asked=asked)
    removals = tuple(_removals(facts, facts.manifest, scope))
    if not removals and not kept_back:
        return None
    return JobPlan(facts.id, removals, (kept_back,) if kept_back else (), asked)


_Scope = Literal["nothing", "workspace", "everything"]


def _scope(facts: JobFacts, manifest: Manifest, policy: CleanupPolicy, now: datetime) -> tuple[_Scope, Kept | None]:
    """Return how much of a job is to go, and what is kept back deliberately."""
    if manifest.closed_at is not None:
        return "everything", None  # a cleanup that was killed, or failed half-way, is finished
    stale = policy.stale_s is not None and (now - facts.changed_at).total_seconds() >= policy.stale_s
    if facts.id in policy.names:
        return _asked_scope(facts, manifest, may_wait=policy.force or stale)
    if manifest.state in TRANSIENT:
        return ("everything" if stale else "nothing"), None  # the obstacles will say why a stale one stays
    if stale:
        return _stale_scope(facts, manifest, policy)
    if policy.merged:
        return _merged_scope(facts, manifest)
    return _tidy_scope(facts, manifest, policy.when)


def _asked_scope(facts: JobFacts, manifest: Manifest, *, may_wait: bool) -> tuple[_Scope, Kept | None]:
    if manifest.state in FINAL or manifest.state in TRANSIENT or may_wait:
        return "everything", None
    return "nothing", Kept(facts.id, _waits(manifest), _how_to_end(facts.id))


def _stale_scope(facts: JobFacts, manifest: Manifest, policy: CleanupPolicy) -> tuple[_Scope, Kept | None]:
    if manifest.spec.keep and not policy.force:
        return "nothing", Kept(facts.id, "it was made with --keep", f"Remove it with: logist-ci cleanup {facts.id}")
    if policy.force or (manifest.state in FINAL and _merged(facts)):
        return "everything", None
    reason = _waits(manifest) if manifest.state not in FINAL else _unmerged(facts.branch)
    return "workspace", Kept(manifest.source.branch, reason, f"Remove it with: logist-ci cleanup --force {facts.id}")


def _merged_scope(facts: JobFacts, manifest: Manifest) -> tuple[_Scope, Kept | None]:
    if manifest.state not in FINAL:
        return "nothing", Kept(facts.id, _waits(manifest), _how_to_end(facts.id))
    if manifest.spec.keep:
        return "nothing", Kept(facts.id, "it was made with --keep", f"Remove it with: logist-ci cleanup {facts.id}")
    if not _merged(facts):
        return "nothing", Kept(manifest.source.branch, _unmerged(facts.branch), f"See: logist-ci diff {facts.id}")
    return "everything", None


def _tidy_scope(facts: JobFacts, manifest: Manifest, when: When) -> tuple[_Scope, Kept | None]:
    """Decide about a job that nobody spoke of: at most its workspace goes."""
    if facts.workspace is None:
        return "nothing", None
    if not facts.workspace.present:
        # Registered and gone: in a job that goes on, the next attempt mends that.
        return "workspace" if manifest.state in FINAL else "nothing", None
    reason = ""
    if manifest.state not in FINAL:
        reason = _waits(manifest)
    elif manifest.spec.keep:
        reason = "it was made with --keep"
    elif when == "never":
        reason = "cleanup.when is never"
    elif when == "merged" and not _merged(facts):
        reason = _unmerged(facts.branch)
    elif _published(manifest) and manifest.publication.merged_at is None and not _merged(facts):
        reason = "it is published and not merged yet"
    if reason:
        return "nothing", Kept(str(facts.workspace.path), reason, _how_to_end(facts.id))
    return "workspace", None


def _merged(facts: JobFacts) -> bool:
    return facts.branch is None or bool(facts.branch.merged)


def _published(manifest: Manifest) -> bool:
    return manifest.publication.pull is not None or bool(manifest.publication.steps)


def _waits(manifest: Manifest) -> str:
    words = {
        State.DRAFT: "it is a draft",
        State.PENDING: "it waits to be run",
        State.APPROVAL_REQUIRED: "it waits for approval",
        State.INTERVENTION_REQUIRED: "it waits for a person",
        State.SUSPENDED: "it is suspended",
    }
    return words.get(manifest.state, f"it is {manifest.state.value}")


def _how_to_end(job: JobId) -> str:
    return f"If nobody needs it: logist-ci cancel {job}   then: logist-ci cleanup {job}"


def _unmerged(branch: BranchFacts | None) -> str:
    name = branch.name if branch else "its branch"
    return f"the work on {name} is not proven to be merged anywhere"


def _never(facts: JobFacts, manifest: Manifest, scope: _Scope) -> Iterator[Kept]:
    """Yield what no ``--force`` overrides."""
    if manifest.state in TRANSIENT or facts.owner == "alive":
        gone = facts.owner == "gone"
        reason = f"it is {manifest.state.value}" + (", and its owner is gone" if gone else ", and a process owns it")
        yield Kept(facts.id, reason, f"First: logist-ci {'recover' if gone else 'stop'} {facts.id}")
    if facts.workspace is not None:
        yield from _never_the_workspace(facts.workspace)
    if scope == "everything":
        if any(step.done_at is None for step in manifest.publication.steps):
            yield Kept(facts.id, "publishing it is not finished", f"Finish with: logist-ci publish {facts.id}")
        if facts.branch is not None:
            yield from _never_the_branch(facts.id, facts.branch, manifest)


def _never_the_workspace(workspace: WorkspaceFacts) -> Iterator[Kept]:
    path = str(workspace.path)
    if not workspace.owned:
        yield Kept(path, f"{path} is not a folder below those of the jobs", "Remove it yourself if nobody needs it.")
    if workspace.locked_by:
        reason = f"somebody locked the worktree {path} ({workspace.locked_by})"
        yield Kept(path, reason, f"If they are done: git worktree unlock {path}")
    for nested in workspace.nested:
        yield Kept(nested, f"another worktree lies inside it, {nested}", f"First: git worktree remove {nested}")


def _never_the_branch(job: JobId, branch: BranchFacts, manifest: Manifest) -> Iterator[Kept]:
    if not branch.name.endswith(job):
        yield Kept(branch.name, f"{branch.name} is not a branch of this job's", "")
    if branch.checked_out:
        reason = f"{branch.name} is checked out in {branch.checked_out}"
        yield Kept(branch.name, reason, "Switch to another branch there first.")
    if branch.needed_by:
        yield Kept(branch.name, f"open jobs start from {branch.name}: {', '.join(branch.needed_by)}", "End them first.")
    if manifest.publication.merged_at and branch.tip != manifest.result.head and not branch.merged:
        yield Kept(branch.name, f"{branch.name} has moved after it was merged", f"See: git log {branch.name}")


def _unless_forced(facts: JobFacts, scope: _Scope) -> Iterator[Kept]:
    workspace = facts.workspace
    if workspace is not None and workspace.present:
        path = str(workspace.path)
        anyway = f"Save and remove it all the same: logist-ci cleanup --force {facts.id}"
        if workspace.leftovers is None:
            yield Kept(path, f"it cannot be told whether {path} has uncommitted work ({workspace.untold})", anyway)
        elif workspace.leftovers and scope == "everything":
            yield Kept(path, f"{path} has {_changes(workspace.leftovers)}", anyway)
        for stranger in workspace.strangers:
            yield Kept(
                path, f"the process {stranger.pid} ({stranger.name}) is inside {path}", "Leave the folder first."
            )
    if scope == "everything":
        aside = f"Or set it aside and remove the rest: logist-ci cleanup --force {facts.id}"
        for entry in facts.unknown:
            yield Kept(str(entry), f"{entry} is no part of a job", f"Move it elsewhere if you need it.   {aside}")
    if scope == "everything" and not _merged(facts):
        take = f"Take it with: logist-ci apply {facts.id}"
        reason = _unmerged(facts.branch)
        yield Kept(facts.id, reason, f"{take}   Or save it and remove the rest: logist-ci cleanup --force {facts.id}")


def _removals(facts: JobFacts, manifest: Manifest, scope: _Scope) -> Iterator[Removal]:
    branch, workspace = facts.branch, facts.workspace
    if workspace is not None and workspace.processes:
        pids = ", ".join(str(process.pid) for process in workspace.processes)
        yield Removal(Action.END_PROCESSES, pids, "they carry the mark of this job, which has ended")
    if workspace is not None and workspace.present and workspace.leftovers != 0:
        what = _changes(workspace.leftovers) if workspace.leftovers else "whatever is in the worktree"
        yield Removal(Action.SAVE_LEFTOVERS, what, f"kept under refs/logist/rescue/{facts.id}")
    if scope == "everything" and branch is not None and not branch.reachable:
        place = "kept" if branch.merged else "rescue"
        yield Removal(Action.SAVE_BRANCH, branch.tip, f"kept under refs/logist/{place}/{facts.id}")
    if workspace is not None:
        yield Removal(Action.REMOVE_WORKSPACE, str(workspace.path), _workspace_proof(facts, workspace))
    if scope == "everything":
        if branch is not None:
            yield Removal(Action.DELETE_BRANCH, branch.name, branch.merged or f"{branch.tip[:10]} is saved")
        yield Removal(Action.ARCHIVE, facts.id, f"it is {manifest.state.value}, and stays in the archive")
        yield Removal(Action.DELETE_FOLDER, str(facts.folder), _folder_proof(facts))


def _workspace_proof(facts: JobFacts, workspace: WorkspaceFacts) -> str:
    if not workspace.present:
        return "an earlier removal of it did not finish" if workspace.unfinished else "the folder is gone already"
    if workspace.leftovers != 0:
        return "what was not committed is saved"
    return f"everything in it is on {facts.branch.name}" if facts.branch else "there is nothing of its own in it"


def _folder_proof(facts: JobFacts) -> str:
    # There are logs by then: the cleanup writes down what it does.
    names = sorted({"logs", *(path.name for path in facts.lasting)})
    return f"kept in {ARCHIVED}/{facts.id}, for restore: {', '.join(names)}"


def _changes(count: int) -> str:
    return "1 uncommitted change" if count == 1 else f"{count} uncommitted changes"
