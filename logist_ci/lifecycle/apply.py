"""Brings the result of a job into the branch on which the user stands."""

from __future__ import annotations

from logist_ci.errors import JobStateError
from logist_ci.gitstore.applying import Applied, apply_branch
from logist_ci.job.ids import JobId
from logist_ci.job.states import State
from logist_ci.runner.parts import Parts

__all__ = ["apply_job"]


def apply_job(parts: Parts, job_id: JobId, *, unfinished: bool = False) -> Applied:
    """Merge a job's branch into the current branch; the result of a dirty job goes to the working tree only.

    Raises:
        JobStateError: the job has no result, or has not succeeded and ``unfinished`` is false.
        RefusedError: uncommitted changes are in the way, or the merge conflicts; nothing has changed then.
    """
    manifest = parts.store.read(job_id).manifest
    if manifest.result.head is None:
        raise JobStateError(
            f"The job {job_id} has no result yet; it is {manifest.state.value}.",
            hint=f"Run it with: logist-ci run --job {job_id}",
        )
    if manifest.state is not State.SUCCESS and not unfinished:
        raise JobStateError(
            f"The job {job_id} has not succeeded; it is {manifest.state.value}.",
            hint=f"See: logist-ci diff {job_id}   Take it anyway with: logist-ci apply --unfinished {job_id}",
        )
    return apply_branch(
        parts.repository,
        manifest.result.head,
        base=manifest.source.base_commit,
        message=f"Merge {manifest.source.branch}: {manifest.title}",
        to_worktree=manifest.spec.dirty,
        jobs_root=parts.root.path,
    )
