"""Runs jobs to where they wait or end, and takes away the workspace of those that have ended."""

from __future__ import annotations

from collections.abc import Sequence

from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import TRANSIENT, State
from logist_ci.lifecycle.recover import recover_job
from logist_ci.lifecycle.tidy import discard_workspace
from logist_ci.runner.batch import Outcome, run_batch
from logist_ci.runner.drive import drive
from logist_ci.runner.listener import Listener, StopSignal
from logist_ci.runner.parts import Parts

__all__ = ["exit_status", "pending", "run_job", "run_jobs"]


def run_jobs(
    parts: Parts, ids: Sequence[JobId], listener: Listener, *, jobs: int = 1, stop: StopSignal | None = None
) -> list[Outcome]:
    """Run every job of ``ids``, at most ``jobs`` at once; errors become outcomes, in the order of ``ids``."""
    if jobs > 1 and len(ids) > 1:
        parts.nursery()  # it has to be forked before there are threads
    return run_batch(ids, lambda job_id: run_job(parts, job_id, listener, stop=stop), jobs=jobs)


def run_job(parts: Parts, job_id: JobId, listener: Listener, *, stop: StopSignal | None = None) -> Manifest:
    """Run one job; one whose owner is gone is recovered first.

    Raises:
        BusyError: another process owns it.
        PendingError: it waits for time or for another job.
        JobStateError: it is not ready to run.
    """
    manifest = parts.store.read(job_id).manifest
    if manifest.state in TRANSIENT:
        manifest = recover_job(parts, job_id, listener)
    if manifest.state is State.PENDING or not manifest.phases:
        manifest = drive(parts, job_id, listener, stop)
    discard_workspace(parts, manifest, listener)
    return manifest


def pending(parts: Parts) -> list[JobId]:
    """Return the jobs that are ready to run: highest priority first, the oldest first among equals."""
    now = parts.clock.now()
    ready = [
        summary
        for summary in parts.index.summaries()
        if summary.state is State.PENDING
        and not summary.wanted
        and not (summary.not_before and summary.not_before > now)
    ]
    return [summary.id for summary in sorted(ready, key=lambda each: (-each.priority, each.created_at))]


def exit_status(outcomes: Sequence[Outcome]) -> int:
    """Return the worst exit status of a batch: failures before jobs that wait, those before success."""
    severity = {0: 0, 8: 1, 1: 2}
    return max((_status(outcome) for outcome in outcomes), key=lambda status: severity.get(status, 3), default=0)


def _status(outcome: Outcome) -> int:
    if outcome.error is not None:
        return outcome.error.exit_status
    if outcome.manifest is None or outcome.manifest.state is State.SUCCESS:
        return 0
    failed = outcome.manifest.state in (State.INTERVENTION_REQUIRED, State.CANCELED)
    return 1 if failed else 8
