"""What a person decides about a job: each decision is one event, applied under the table's rules."""

from __future__ import annotations

from typing import Literal

from logist_ci.errors import JobStateError, NotNowError
from logist_ci.gitstore.branches import keep_tip
from logist_ci.gitstore.local import read_local
from logist_ci.job.ids import JobId, ref_name
from logist_ci.job.limits import with_limit
from logist_ci.job.manifest import Manifest, Phase
from logist_ci.job.states import TRANSIENT, Event, State, events_from
from logist_ci.job.transitions import (
    Activate,
    Advance,
    Cancel,
    Reopen,
    Resume,
    Succeed,
    Suspend,
    Transition,
    Want,
    next_phase,
)
from logist_ci.lifecycle.tidy import tidy
from logist_ci.process.locks import is_locked
from logist_ci.runner.listener import Listener
from logist_ci.runner.parts import Parts
from logist_ci.runner.work import move
from logist_ci.shim.client import stop_shim

__all__ = ["activate", "approve", "cancel", "reopen", "restep", "resume", "stop", "suspend"]


#: What a person can do with a job in each state, as commands.
_POSSIBLE = {
    State.DRAFT: ("activate", "cancel"),
    State.PENDING: ("run --job", "suspend", "cancel"),
    State.PROVISIONING: ("stop", "cancel"),
    State.RUNNING: ("stop", "cancel"),
    State.HARVESTING: ("stop", "cancel"),
    State.APPROVAL_REQUIRED: ("approve", "reject", "cancel"),
    State.INTERVENTION_REQUIRED: ("rerun", "cancel"),
    State.SUSPENDED: ("resume", "cancel"),
    State.SUCCESS: ("apply", "rerun", "cleanup"),
    State.CANCELED: ("cleanup",),
}


def activate(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Make a draft ready to run.

    Raises:
        NotNowError: it is no draft.
    """
    return _decided(parts, job_id, Activate(), listener, "activated")


def resume(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Take a suspended job up again, where it was.

    Raises:
        NotNowError: it is not suspended.
    """
    return _decided(parts, job_id, Resume(), listener, "resumed")


def suspend(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Put a job aside; a running one is stopped and harvested first."""
    return _want_or_do(parts, job_id, listener, "suspend")


def cancel(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Give a job up; a running one is stopped and harvested first, and its branch stays."""
    return _want_or_do(parts, job_id, listener, "cancel")


def stop(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Stop a running job, keep what it did, and put it aside.

    Raises:
        JobStateError: it is not running.
    """
    manifest = parts.store.read(job_id).manifest
    if manifest.state not in TRANSIENT:
        raise _not_now(manifest, "stopped, because it does not run")
    return _want_or_do(parts, job_id, listener, "suspend")


def approve(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Accept what was harvested: on to the next phase, or SUCCESS in the last.

    Raises:
        JobStateError: nobody asked for approval, or the branch has moved since.
    """

    def decide(manifest: Manifest) -> Transition:
        if manifest.state is not State.APPROVAL_REQUIRED:
            raise _not_now(manifest, "approved, because it does not wait for approval")
        if next_phase(manifest) is not None:
            return Advance()
        tip = parts.refs.read(ref_name(f"refs/heads/{manifest.source.branch}"))
        if tip != manifest.result.head:
            raise NotNowError(
                f"The branch {manifest.source.branch} has moved since the job asked, so it cannot be approved.",
                hint=f"Have it checked again: logist-ci reject {job_id}   Or take what was checked: "
                f"logist-ci apply --unfinished {job_id}",
            )
        return Succeed(head=tip)

    manifest = move(parts, job_id, decide, listener, note="approved")
    tidy(parts, manifest, listener)
    return manifest


def reopen(
    parts: Parts, job_id: JobId, listener: Listener, *, feedback: str = "", limits: dict[str, str] | None = None
) -> Manifest:
    """Ask for another attempt from the first phase, with a word for it: ``reject``, ``rerun`` and ``chat``.

    ``limits`` are new values as users write them.
    """
    return _reopened(parts, job_id, listener, None, feedback, limits or {})


def restep(parts: Parts, job_id: JobId, phase: str, listener: Listener, *, feedback: str = "") -> Manifest:
    """Ask for another attempt at ``phase``; the branch's tip so far is kept under ``refs/logist/kept``."""
    try:
        wanted = Phase(phase)
    except ValueError as defect:
        raise JobStateError(
            f"There is no phase {phase!r}.", hint=f"Phases are: {', '.join(each.value for each in Phase)}."
        ) from defect
    return _reopened(parts, job_id, listener, wanted, feedback, {})


def _reopened(
    parts: Parts, job_id: JobId, listener: Listener, phase: Phase | None, feedback: str, limits: dict[str, str]
) -> Manifest:
    def decide(manifest: Manifest) -> Transition:
        if Event.REOPEN not in events_from(manifest.state):
            raise _not_now(manifest, "tried again")
        changed = manifest.spec.limits
        for name, text in limits.items():
            changed = with_limit(changed, name, text)
        return Reopen(phase=phase, feedback=feedback, limits=changed if limits else None)

    before = parts.store.read(job_id).manifest
    after = move(parts, job_id, decide, listener, note="reopened")
    if before.result.head is not None:
        keep_tip(parts.refs, job_id, before.result.head)
    return after


def _want_or_do(parts: Parts, job_id: JobId, listener: Listener, wanted: Literal["suspend", "cancel"]) -> Manifest:
    """Do it at once to a job that nobody owns; ask the owner otherwise, and end the program that it waits for."""

    def decide(manifest: Manifest) -> Transition:
        if manifest.state in TRANSIENT or is_locked(parts.root.folder(job_id).lock):
            return Want(wanted=wanted)
        if Event(wanted) not in events_from(manifest.state):
            raise _not_now(manifest, "suspended" if wanted == "suspend" else "canceled")
        return Suspend() if wanted == "suspend" else Cancel()

    manifest = move(parts, job_id, decide, listener, note=f"{wanted} wanted")
    if manifest.wanted:
        facts = read_local(parts.root.folder(job_id).local)
        if facts is not None and facts.shim is not None and facts.is_here():
            stop_shim(facts.shim)
    tidy(parts, manifest, listener)
    return manifest


def _decided(parts: Parts, job_id: JobId, transition: Transition, listener: Listener, done: str) -> Manifest:
    def decide(manifest: Manifest) -> Transition:
        if transition.event not in events_from(manifest.state):
            raise _not_now(manifest, done)
        return transition

    return move(parts, job_id, decide, listener)


def _not_now(manifest: Manifest, done: str) -> NotNowError:
    possible = "   ".join(f"logist-ci {command} {manifest.id}" for command in _POSSIBLE[manifest.state])
    return NotNowError(
        f"The job {manifest.id} is {manifest.state.value} and cannot be {done}.", hint=f"Possible now: {possible}"
    )
