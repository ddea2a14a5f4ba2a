"""One step: the next phase of a job, run exactly once, from PENDING to wherever its verdict leads."""

from __future__ import annotations

from contextlib import suppress

from logist_ci.errors import LogistError, MissingError, NotNowError, PendingError
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Blocked, Manifest, Phase
from logist_ci.job.states import State
from logist_ci.job.transitions import Adopt, End, Interrupted, Run, Start, Stuck
from logist_ci.runner.listener import Listener, StopSignal
from logist_ci.runner.parts import Parts
from logist_ci.runner.phases import PhaseOutcome, judged_again, role_of, run_phase
from logist_ci.runner.provision import Ground, provision
from logist_ci.runner.settle import obey, settle
from logist_ci.runner.verdicts import Judgement, usage_of
from logist_ci.runner.work import Work, owned
from logist_ci.runtimes.base import Runtime
from logist_ci.shim.client import read_exit

__all__ = ["advance", "bring_home", "resume", "step"]


def step(parts: Parts, job_id: JobId, listener: Listener, stop: StopSignal | None = None) -> Manifest:
    """Run the next phase of a PENDING job once.

    Raises:
        BusyError: another process owns the job.
        PendingError: it waits for time or for another job.
        NotNowError: it is not PENDING.
    """
    with owned(parts, job_id, listener, stop) as work:
        return advance(work)


def advance(work: Work) -> Manifest:
    """Run the next phase of the job that ``work`` owns."""
    manifest = obey(work, work.parts.store.read(work.job_id).manifest)
    if manifest.state is not State.PENDING:
        return _not_ready(manifest)
    manifest = _started(work, manifest)
    try:
        runtime = work.parts.runtimes.select(manifest.spec.runtime)
        ground = provision(work, manifest)
    except LogistError as defect:
        return work.move(Stuck(blocked=_not_provisioned(manifest, defect)), note="provisioning failed")
    role, agent = role_of(manifest)
    now = work.parts.clock.now()
    manifest = work.move(Run(now=now, role=role, agent=agent, protection=runtime.protection()))
    return _ran(work, manifest, runtime, ground)


def resume(parts: Parts, job_id: JobId, listener: Listener, stop: StopSignal | None = None) -> Manifest:
    """Bring a job whose owner is gone home: harvest what it left, and apply what follows.

    Its strays must have been ended before. A job that is nobody's business is returned as it is.

    Raises:
        BusyError: its owner is alive after all.
    """
    with owned(parts, job_id, listener, stop) as work:
        return bring_home(work)


def bring_home(work: Work) -> Manifest:
    """Lead the job that ``work`` owns out of a transient state that somebody left it in."""
    manifest = work.parts.store.read(work.job_id).manifest
    now = work.parts.clock.now()
    record = read_exit(work.folder.exit_record)
    if manifest.state is State.PROVISIONING:
        return obey(work, work.move(Interrupted(now=now)))
    if manifest.state is State.RUNNING:
        if record is None or manifest.phase is Phase.VALIDATE:
            manifest = work.move(Interrupted(now=now))
        else:
            verdict = judged_again(work, manifest, record).verdict
            manifest = work.move(End(now=now, verdict=verdict, usage=usage_of(record)), note=verdict)
    elif manifest.state is State.HARVESTING:
        manifest = work.move(Adopt(owner=_token(work)))
    else:
        return obey(work, manifest)
    return _harvested_again(work, manifest)


def _harvested_again(work: Work, manifest: Manifest) -> Manifest:
    if manifest.phase is Phase.VALIDATE:
        # What the checks said died with the runner: they are run again.
        return settle(work, manifest, Judgement("interrupted"))
    last = _last_verdict(manifest)
    record = None if last == "interrupted" else read_exit(work.folder.exit_record)
    return settle(work, manifest, judged_again(work, manifest, record))


def _last_verdict(manifest: Manifest) -> str | None:
    attempts = [record.attempts[-1] for record in manifest.phases if record.name is manifest.phase and record.attempts]
    return attempts[-1].verdict if attempts else None


def _started(work: Work, manifest: Manifest) -> Manifest:
    met = frozenset(need for need in manifest.spec.needs if _succeeded(work, need))
    now = work.parts.clock.now()
    if manifest.not_before and manifest.not_before > now:
        raise PendingError(
            f"The job {manifest.id} waits until {manifest.not_before:%Y-%m-%d %H:%M:%S} UTC.",
            hint=f"Run it later with: logist-ci run --job {manifest.id}",
        )
    missing = [need for need in manifest.spec.needs if need not in met]
    if missing:
        raise PendingError(
            f"The job {manifest.id} needs {', '.join(missing)} to succeed first.",
            hint=f"See: logist-ci status {missing[0]}",
        )
    return work.move(Start(owner=_token(work), now=now, met=met))


def _succeeded(work: Work, need: JobId) -> bool:
    store = work.parts.store
    for read in (store.read, store.read_archived):
        with suppress(LogistError):
            return read(need).manifest.state is State.SUCCESS
    return False


def _ran(work: Work, manifest: Manifest, runtime: Runtime, ground: Ground) -> Manifest:
    try:
        outcome = run_phase(work, manifest, runtime, set_up=ground.fresh)
    except LogistError as defect:
        work.say(f"The phase {manifest.phase.value} could not be run: {defect}")
        outcome = PhaseOutcome(Judgement("stuck", blocked=_not_run(manifest, defect)))
    verdict, now = outcome.judgement.verdict, work.parts.clock.now()
    if verdict == "interrupted" and not work.stop.requested:
        # Its shim died, and nobody asked for that: these are counted, or such a job would run for ever.
        manifest = work.move(Interrupted(now=now), note=verdict)
    else:
        manifest = work.move(End(now=now, verdict=verdict, usage=outcome.usage), note=verdict)
    return settle(work, manifest, outcome.judgement, outcome.checks, before=ground.snapshot)


def _token(work: Work) -> str:
    return f"{work.parts.randomness():x}"


def _not_ready(manifest: Manifest) -> Manifest:
    if manifest.state in (State.SUSPENDED, State.CANCELED):
        return manifest
    ready = "activate" if manifest.state is State.DRAFT else "rerun"
    raise NotNowError(
        f"The job {manifest.id} is {manifest.state.value}, so there is nothing to run.",
        hint=f"Make it ready with: logist-ci {ready} {manifest.id}   See: logist-ci status {manifest.id}",
    )


def _not_provisioned(manifest: Manifest, defect: LogistError) -> Blocked:
    remedy = defect.hint or f"Mend that, then: logist-ci rerun {manifest.id}"
    return Blocked(code="provisioning", reason=f"Its worktree could not be made. {defect}", remedy=remedy)


def _not_run(manifest: Manifest, defect: LogistError) -> Blocked:
    code = "missing" if isinstance(defect, MissingError) else "not-run"
    remedy = defect.hint or f"Mend that, then: logist-ci rerun {manifest.id}"
    return Blocked(code=code, reason=str(defect), remedy=remedy)
