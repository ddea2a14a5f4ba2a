"""Bringing home jobs whose owner is gone: strays are ended, what they left is harvested, and the job goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from logist_ci.errors import BusyError
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import TRANSIENT, State
from logist_ci.lifecycle.owner import lost_jobs, orphaned_shim, owner_of
from logist_ci.lifecycle.processes import strays_of
from logist_ci.lifecycle.show import Owner
from logist_ci.lifecycle.tidy import discard_workspace
from logist_ci.process.tree import ProcessId, alive, end_all
from logist_ci.runner.batch import Outcome, run_batch
from logist_ci.runner.listener import Listener
from logist_ci.runner.parts import Parts
from logist_ci.runner.step import bring_home
from logist_ci.runner.work import Work, owned
from logist_ci.shim.client import read_exit, stop_shim

__all__ = ["RecoveryFacts", "RecoveryPlan", "plan_recovery", "recover_job", "recover_jobs", "recovery_of"]

#: How much longer than its grace period a shim may take to write its record and to go, in seconds.
_SHIM_S = 10.0
_LOOK_S = 0.02


@dataclass(frozen=True)
class RecoveryFacts:
    """What a recovery decides by.

    ``shim`` is the living process that still supervises the job's program; ``strays`` are programs that
    nobody supervises; ``recorded`` says that the last program's end is on record.
    """

    id: JobId
    state: State
    owner: Owner
    shim: ProcessId | None = None
    strays: tuple[ProcessId, ...] = ()
    recorded: bool = False


@dataclass(frozen=True)
class RecoveryPlan:
    """What a recovery does: ``nothing``, because of ``reason``; or end the processes and bring the job home."""

    id: JobId
    action: Literal["nothing", "busy", "bring home"]
    reason: str
    shim: ProcessId | None = None
    strays: tuple[ProcessId, ...] = ()


def plan_recovery(facts: RecoveryFacts) -> RecoveryPlan:
    """Return what is to be done for a job; a pure function."""
    if facts.state not in TRANSIENT:
        return RecoveryPlan(facts.id, "nothing", f"it is {facts.state.value}, which needs no owner")
    if facts.owner == "alive":
        return RecoveryPlan(facts.id, "busy", "another process is working on it")
    leads = {
        State.PROVISIONING: "it will be PENDING again",
        State.HARVESTING: "it will be harvested again",
        State.RUNNING: "its program's end is on record, and what it left will be harvested"
        if facts.recorded and facts.shim is None
        else "what its program did until it was interrupted will be harvested",
    }
    return RecoveryPlan(facts.id, "bring home", leads[facts.state], facts.shim, facts.strays)


def recovery_of(parts: Parts, job_id: JobId) -> RecoveryPlan:
    """Return what recovering a job would do; nothing is changed."""
    state = parts.store.read(job_id).manifest.state
    owner = owner_of(parts, job_id, state)
    if state not in TRANSIENT or owner == "alive":
        return plan_recovery(RecoveryFacts(job_id, state, owner))
    shim = orphaned_shim(parts, job_id)
    recorded = read_exit(parts.root.folder(job_id).exit_record) is not None
    strays = tuple(strays_of(parts.root.folder(job_id))) if shim is None else ()
    return plan_recovery(RecoveryFacts(job_id, state, owner, shim, strays, recorded))


def recover_job(parts: Parts, job_id: JobId, listener: Listener) -> Manifest:
    """Bring a job home whose owner is gone, and return its manifest; any other job is left as it is.

    Raises:
        BusyError: its owner is alive.
    """
    plan = recovery_of(parts, job_id)
    if plan.action == "nothing":
        return parts.store.read(job_id).manifest
    if plan.action == "busy":
        raise BusyError(
            f"Another process is working on the job {job_id} right now.",
            hint=f"Watch it with: logist-ci logs {job_id} -f   Stop it with: logist-ci stop {job_id}",
        )
    if plan.shim is not None:
        _end_shim(parts, plan.shim, parts.store.read(job_id).manifest.spec.limits.grace_s)
    # Strays are ended under the lock: whoever else recovers the job may have started its next program by now.
    with owned(parts, job_id, listener) as work:
        _end_strays(work)
        _forget_older_record(work)
        return bring_home(work)


def recover_jobs(parts: Parts, listener: Listener, ids: Sequence[JobId] = ()) -> list[Outcome]:
    """Bring the jobs of ``ids`` home, without ids every one whose owner is gone; errors become outcomes."""

    def recovered(job_id: JobId) -> Manifest:
        manifest = recover_job(parts, job_id, listener)
        discard_workspace(parts, manifest, listener)
        return manifest

    return run_batch(ids or lost_jobs(parts), recovered)


def _end_shim(parts: Parts, shim: ProcessId, grace_s: float) -> None:
    """Stop a shim: it ends its program, writes the exit record, gives up the lock and goes."""
    stop_shim(shim)
    deadline = parts.clock.monotonic() + grace_s + _SHIM_S
    while alive(shim) and parts.clock.monotonic() < deadline:
        parts.clock.sleep(_LOOK_S)
    end_all(lambda: [shim] if alive(shim) else [], grace_s=0.0, clock=parts.clock)


def _end_strays(work: Work) -> None:
    grace = work.parts.store.read(work.job_id).manifest.spec.limits.grace_s
    survivors = end_all(lambda: strays_of(work.folder), grace_s=grace, clock=work.parts.clock)
    if survivors:
        pids = ", ".join(str(process.pid) for process in survivors)
        work.say(f"These processes of {work.job_id} could not be ended: {pids}.")


def _forget_older_record(work: Work) -> None:
    """Remove the exit record of an earlier attempt: its runner died before this attempt's program was started."""
    record = read_exit(work.folder.exit_record)
    manifest = work.parts.store.read(work.job_id).manifest
    begun = [phase.attempts[-1].started_at for phase in manifest.phases if phase.name == manifest.phase]
    if manifest.state is State.RUNNING and record is not None and begun and record.started_at < begun[-1]:
        work.folder.exit_record.unlink(missing_ok=True)
