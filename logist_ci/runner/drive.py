"""Drives one job, step after step, until it waits for somebody or has ended."""

from __future__ import annotations

from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.runner.listener import Listener, StopSignal
from logist_ci.runner.parts import Parts
from logist_ci.runner.step import advance
from logist_ci.runner.work import owned

__all__ = ["drive"]


def drive(parts: Parts, job_id: JobId, listener: Listener, stop: StopSignal | None = None) -> Manifest:
    """Run a PENDING job until it leaves PENDING for good, waits for a time, or ``stop`` is set.

    Raises:
        BusyError: another process owns it.
        PendingError: it waits for time or for another job before its first step.
        JobStateError: it is not PENDING.
    """
    with owned(parts, job_id, listener, stop) as work:
        manifest = advance(work)
        while manifest.state is State.PENDING and not manifest.not_before and not work.stop.requested:
            manifest = advance(work)
        return manifest
