"""Many jobs side by side: one that fails never stops the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from logist_ci.errors import LogistError
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest

__all__ = ["Outcome", "run_batch"]


@dataclass(frozen=True)
class Outcome:
    """How one job of a batch ended: its manifest, or the error that kept it from running."""

    job_id: JobId
    manifest: Manifest | None = None
    error: LogistError | None = None


def run_batch(
    ids: Sequence[JobId], run: Callable[[JobId], Manifest], *, jobs: int = 1, executor: Executor | None = None
) -> list[Outcome]:
    """Call ``run`` for each job, at most ``jobs`` at once, and return the outcomes in the order of ``ids``.

    ``executor`` is any :class:`concurrent.futures.Executor`; the default is threads, or the calling
    thread itself for one at a time. An error of one job becomes its outcome.
    """
    if executor is None and (jobs <= 1 or len(ids) <= 1):
        return [_outcome(job_id, run) for job_id in ids]
    if executor is not None:
        return list(executor.map(lambda job_id: _outcome(job_id, run), ids))
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="job") as threads:
        return list(threads.map(lambda job_id: _outcome(job_id, run), ids))


def _outcome(job_id: JobId, run: Callable[[JobId], Manifest]) -> Outcome:
    try:
        return Outcome(job_id, manifest=run(job_id))
    except LogistError as error:
        return Outcome(job_id, error=error)
