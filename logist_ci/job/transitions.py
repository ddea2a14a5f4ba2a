"""The one way from one manifest to the next: :func:`apply`, a pure function of a manifest and a transition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import singledispatch

from msgspec.structs import replace

from logist_ci.errors import JobStateError
from logist_ci.job.invariants import check
from logist_ci.job.manifest import Attempt, Manifest, Phase, PhaseRecord, Result, Verdict
from logist_ci.job.states import FINAL, TRANSIENT, Event, State, next_state
from logist_ci.job.transition_types import (
    Activate,
    Adopt,
    Advance,
    Ask,
    Cancel,
    Close,
    End,
    Interrupted,
    Postpone,
    Publish,
    Reopen,
    Resume,
    Retry,
    Run,
    Start,
    Stuck,
    Succeed,
    Suspend,
    Transition,
    Use,
    Want,
)
from logist_ci.job.usage import Usage, add_usage

__all__ = [
    "INTERRUPTIONS_ALLOWED",
    "Activate",
    "Adopt",
    "Advance",
    "Ask",
    "Cancel",
    "Close",
    "End",
    "Interrupted",
    "Postpone",
    "Publish",
    "Reopen",
    "Resume",
    "Retry",
    "Run",
    "Start",
    "Stuck",
    "Succeed",
    "Suspend",
    "Transition",
    "Use",
    "Want",
    "apply",
    "create",
    "describe",
    "next_phase",
]

#: How often in a row a job may be interrupted and simply started again; the next time it is stuck.
INTERRUPTIONS_ALLOWED = 2

_NOTE_LENGTH = 200


def create(manifest: Manifest, *, draft: bool = False) -> Manifest:
    """Return ``manifest`` as a new job, PENDING or DRAFT at its first phase."""
    state = State.DRAFT if draft else next_state(None, Event.CREATE)
    return check(replace(manifest, state=state, phase=manifest.spec.phases[0], attempt=1))


def apply(manifest: Manifest, transition: Transition) -> Manifest:
    """Return the manifest after ``transition``.

    Raises:
        JobStateError: the table, or the condition that it names, does not allow it now.
    """
    if transition.event is None:
        return _noted(transition, manifest)
    target = next_state(manifest.state, transition.event, manifest.resume_to)
    if manifest.closed_at and transition.event is not Event.CANCEL:
        raise _refuse(manifest, "it has been cleaned up", f"Bring it back with: logist-ci restore {manifest.id}")
    return _moved(transition, replace(manifest, state=target), manifest)


def next_phase(manifest: Manifest) -> Phase | None:
    """Return the phase after the current one, or ``None`` in the last."""
    phases = manifest.spec.phases
    following = phases[phases.index(manifest.phase) + 1 :] if manifest.phase in phases else ()
    return following[0] if following else None


def describe(before: Manifest | None, after: Manifest, note: str = "") -> str:
    """Return the transition as one line: ``<id>: RUNNING → HARVESTING (completed)``."""
    old = before.state.value if before else "new"
    moved = f"{old} → {after.state.value}" if not before or before.state != after.state else after.state.value
    # The line is a commit's subject: a note that came from an agent must not add trailers below it.
    told = " ".join(note.split())[:_NOTE_LENGTH]
    return f"{after.id}: {moved}" + (f" ({told})" if told else "")


def _refuse(manifest: Manifest, why: str, hint: str = "") -> JobStateError:
    return JobStateError(
        f"Job {manifest.id} cannot do this now: {why}.", hint=hint or f"See: logist-ci status {manifest.id}"
    )


@singledispatch
def _moved(transition: Transition, after: Manifest, before: Manifest) -> Manifest:
    """Add to ``after``, which has the new state already, what the event brings along."""
    raise JobStateError(f"Logist CI does not know the transition {type(transition).__name__}.")


@_moved.register
def _activate(transition: Activate, after: Manifest, before: Manifest) -> Manifest:
    return after


@_moved.register
def _start(transition: Start, after: Manifest, before: Manifest) -> Manifest:
    if before.wanted:
        raise _refuse(before, f"somebody asked to {before.wanted} it")
    if before.not_before and before.not_before > transition.now:
        raise _refuse(before, f"it waits until {before.not_before:%Y-%m-%d %H:%M:%S %Z}")
    missing = [need for need in before.spec.needs if need not in transition.met]
    if missing:
        raise _refuse(before, f"it needs {', '.join(missing)} first")
    return replace(after, owner=transition.owner, not_before=None)


@_moved.register
def _run(transition: Run, after: Manifest, before: Manifest) -> Manifest:
    attempt = Attempt(started_at=transition.now, protection=transition.protection)
    records = {record.name: record for record in before.phases}
    earlier = records[before.phase].attempts if before.phase in records else ()
    records[before.phase] = PhaseRecord(
        name=before.phase, role=transition.role, agent=transition.agent, attempts=(*earlier, attempt)
    )
    return replace(after, phases=tuple(records.values()))


@_moved.register
def _end(transition: End, after: Manifest, before: Manifest) -> Manifest:
    if _open_attempt(before) is None:
        raise _refuse(before, f"it has no attempt of {before.phase.value} to end")
    ended = _with_attempt_ended(after, transition.now, transition.verdict, transition.usage)
    calm = after.interruptions if transition.verdict == "interrupted" else 0
    return replace(ended, usage=add_usage(before.usage, transition.usage), interruptions=calm)


@_moved.register
def _advance(transition: Advance, after: Manifest, before: Manifest) -> Manifest:
    following = next_phase(before)
    if following is None:
        raise _refuse(before, f"{before.phase.value} is its last phase")
    return _with_result(replace(after, phase=following, owner="", feedback=""), before, transition.result)


@_moved.register
def _retry(transition: Retry, after: Manifest, before: Manifest) -> Manifest:
    _check_phase(before, transition.phase, not_after=before.phase)
    again = replace(
        after,
        phase=transition.phase,
        attempt=before.attempt + (1 if transition.counted else 0),
        feedback=transition.feedback or ("" if transition.counted else before.feedback),
        owner="",
    )
    return _with_result(again, before, transition.result)


@_moved.register
def _postpone(transition: Postpone, after: Manifest, before: Manifest) -> Manifest:
    return _with_result(replace(after, not_before=transition.until, owner=""), before, transition.result)


@_moved.register
def _ask(transition: Ask, after: Manifest, before: Manifest) -> Manifest:
    return _with_result(replace(after, owner=""), before, transition.result)


@_moved.register
def _succeed(transition: Succeed, after: Manifest, before: Manifest) -> Manifest:
    if next_phase(before) is not None:
        raise _refuse(before, f"{before.phase.value} is not its last phase")
    if before.state is State.APPROVAL_REQUIRED and transition.head != before.result.head:
        raise _refuse(before, "its branch has moved since it asked for approval")
    return _with_result(replace(after, owner="", feedback="", wanted=None), before, transition.result)


@_moved.register
def _stuck(transition: Stuck, after: Manifest, before: Manifest) -> Manifest:
    return _with_result(replace(after, blocked=transition.blocked, owner=""), before, transition.result)


@_moved.register
def _interrupted(transition: Interrupted, after: Manifest, before: Manifest) -> Manifest:
    counted = replace(after, interruptions=before.interruptions + 1)
    if before.state is State.PROVISIONING:
        return replace(counted, owner="")
    # Recovery must get on even where a damaged manifest records no attempt.
    return _with_attempt_ended(counted, transition.now, "interrupted", Usage()) if _open_attempt(before) else counted


@_moved.register
def _reopen(transition: Reopen, after: Manifest, before: Manifest) -> Manifest:
    if before.publication.merged_at or before.closed_at:
        raise _refuse(before, "its work has been merged or cleaned up")
    phase = transition.phase or before.spec.phases[0]
    _check_phase(before, phase, not_after=None)
    spec = replace(before.spec, limits=transition.limits or before.spec.limits)
    return replace(
        after, spec=spec, phase=phase, attempt=before.attempt + 1, feedback=transition.feedback, blocked=None,
        interruptions=0, wanted=None, not_before=None,
    )  # fmt: skip


@_moved.register
def _suspend(transition: Suspend, after: Manifest, before: Manifest) -> Manifest:
    home = State.PENDING if before.state is State.HARVESTING else before.state
    # Somebody who asked for more than this still gets it.
    wanted = None if before.wanted == "suspend" else before.wanted
    return replace(after, resume_to=home, wanted=wanted, owner="")


@_moved.register
def _resume(transition: Resume, after: Manifest, before: Manifest) -> Manifest:
    return replace(after, resume_to=None)


@_moved.register
def _cancel(transition: Cancel, after: Manifest, before: Manifest) -> Manifest:
    return replace(after, resume_to=None, wanted=None, owner="", not_before=None, blocked=None)


@singledispatch
def _noted(transition: Transition, manifest: Manifest) -> Manifest:
    raise JobStateError(f"Logist CI does not know the annotation {type(transition).__name__}.")


@_noted.register
def _adopt(transition: Adopt, manifest: Manifest) -> Manifest:
    if manifest.state not in TRANSIENT:
        raise _refuse(manifest, f"nobody owns a job in state {manifest.state.value}")
    return replace(manifest, owner=transition.owner)


@_noted.register
def _want(transition: Want, manifest: Manifest) -> Manifest:
    if transition.wanted and manifest.state in FINAL:
        raise _refuse(manifest, f"it is {manifest.state.value} already")
    return replace(manifest, wanted=transition.wanted)


@_noted.register
def _use(transition: Use, manifest: Manifest) -> Manifest:
    return replace(manifest, usage=add_usage(manifest.usage, transition.usage))


@_noted.register
def _publish(transition: Publish, manifest: Manifest) -> Manifest:
    merged_at = manifest.publication.merged_at
    if merged_at and transition.publication.merged_at != merged_at:
        raise _refuse(manifest, "its work has been merged, and that stays so")
    return replace(manifest, publication=transition.publication)


@_noted.register
def _close(transition: Close, manifest: Manifest) -> Manifest:
    if manifest.state in TRANSIENT:
        raise _refuse(manifest, f"it is {manifest.state.value}")
    return replace(manifest, closed_at=transition.now)


def _check_phase(manifest: Manifest, phase: Phase, not_after: Phase | None) -> None:
    phases = manifest.spec.phases
    if phase not in phases:
        raise _refuse(manifest, f"{phase.value} is not one of its phases ({', '.join(phases)})")
    if not_after is not None and phases.index(phase) > phases.index(not_after):
        raise _refuse(manifest, f"{phase.value} comes after {not_after.value}")


def _with_result(after: Manifest, before: Manifest, result: Result | None) -> Manifest:
    if result is None:
        return after
    harvested = replace(after, result=result)
    if before.state is not State.HARVESTING:
        return harvested
    return _with_last_attempt(harvested, before.phase, lambda attempt: replace(attempt, head=result.head))


def _with_attempt_ended(manifest: Manifest, now: datetime, verdict: Verdict, usage: Usage) -> Manifest:
    def ended(attempt: Attempt) -> Attempt:
        duration = max(0, round((now - attempt.started_at).total_seconds() * 1000))
        return replace(attempt, ended_at=now, duration_ms=duration, verdict=verdict, usage=usage)

    return _with_last_attempt(manifest, manifest.phase, ended)


def _with_last_attempt(manifest: Manifest, phase: Phase, change: Callable[[Attempt], Attempt]) -> Manifest:
    """Return ``manifest`` with the last attempt of ``phase`` changed, where there is one."""
    records = tuple(
        replace(record, attempts=(*record.attempts[:-1], *map(change, record.attempts[-1:])))
        if record.name == phase
        else record
        for record in manifest.phases
    )
    return replace(manifest, phases=records)


def _open_attempt(manifest: Manifest) -> Attempt | None:
    """Return the attempt of the current phase that has begun and not ended."""
    last = [record.attempts[-1] for record in manifest.phases if record.name == manifest.phase and record.attempts]
    return last[0] if last and last[0].ended_at is None else None
