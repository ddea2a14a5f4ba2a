from __future__ import annotations

from collections.abc import Callable

import pytest

from logist_ci.errors import JobStateError, NotNowError
from logist_ci.job.ids import JobId
from logist_ci.job.states import State
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.decide import activate, approve, cancel, reopen, restep, resume, stop, suspend
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.process.locks import try_lock
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox
from tests.lifecycle.conftest import Collector


def _job(parts: Parts, *argv: str, draft: bool = False, approval: bool = False) -> JobId:
    request = JobRequest(argv=argv or ("true",), draft=draft, approval=approval)
    return create_job(parts, request).stored.manifest.id


def _asking(parts: Parts) -> JobId:
    job_id = _job(parts, "sh", "-c", "echo x > x", approval=True)
    assert run_job(parts, job_id, Silence()).state is State.APPROVAL_REQUIRED
    return job_id


def test_a_draft_becomes_pending(parts: Parts) -> None:
    assert activate(parts, _job(parts, draft=True), Silence()).state is State.PENDING


def test_suspended_and_resumed(parts: Parts) -> None:
    job_id = _job(parts)
    assert suspend(parts, job_id, Silence()).state is State.SUSPENDED
    with pytest.raises(JobStateError):
        suspend(parts, job_id, Silence())
    assert resume(parts, job_id, Silence()).state is State.PENDING


def test_canceled_is_final(parts: Parts) -> None:
    job_id = _job(parts)
    assert cancel(parts, job_id, Silence()).state is State.CANCELED
    with pytest.raises(JobStateError):
        reopen(parts, job_id, Silence())


def test_only_a_running_job_can_be_stopped(parts: Parts) -> None:
    with pytest.raises(JobStateError, match="does not run"):
        stop(parts, _job(parts), Silence())


def test_an_owned_job_is_asked(parts: Parts) -> None:
    job_id = _job(parts)
    folder = parts.root.folder(job_id)
    folder.make()
    lock = try_lock(folder.lock)
    assert lock is not None
    with lock:
        manifest = suspend(parts, job_id, Silence())
    assert (manifest.state, manifest.wanted) == (State.PENDING, "suspend")
    assert run_job(parts, job_id, Silence()).state is State.SUSPENDED


def test_approved_work_succeeds(parts: Parts) -> None:
    assert approve(parts, _asking(parts), Silence()).state is State.SUCCESS


def test_a_branch_that_moved_is_not_approved(parts: Parts, repo: GitSandbox) -> None:
    job_id = _asking(parts)
    repo.git("update-ref", f"refs/heads/logist/{job_id}", "main")
    with pytest.raises(JobStateError, match="moved"):
        approve(parts, job_id, Silence())


def test_approval_needs_a_question(parts: Parts) -> None:
    with pytest.raises(JobStateError, match="does not wait for approval"):
        approve(parts, _job(parts), Silence())


def test_rejected_work_is_tried_again_with_a_word_and_new_limits(parts: Parts) -> None:
    job_id = _asking(parts)
    manifest = reopen(parts, job_id, Silence(), feedback="Not so.", limits={"wall": "1h"})
    assert (manifest.state, manifest.attempt, manifest.feedback) == (State.PENDING, 2, "Not so.")
    assert manifest.spec.limits.wall_s == 3600.0


def test_a_phase_is_repeated_by_name(parts: Parts) -> None:
    job_id = _asking(parts)
    assert restep(parts, job_id, "generate", Silence()).phase == "generate"
    with pytest.raises(JobStateError, match="no phase 'dance'"):
        restep(parts, job_id, "dance", Silence())
    with pytest.raises(JobStateError):
        restep(parts, job_id, "deploy", Silence())


def test_what_ends_loses_its_workspace(parts: Parts) -> None:
    approved, canceled = _asking(parts), _asking(parts)
    approve(parts, approved, Silence())
    cancel(parts, canceled, Silence())
    assert not parts.root.folder(approved).workspace.exists()
    assert not parts.root.folder(canceled).workspace.exists()


def test_what_a_person_did_in_a_workspace_is_saved(parts: Parts, repo: GitSandbox, listener: Collector) -> None:
    job_id = _asking(parts)
    (parts.root.folder(job_id).workspace / "mine.txt").write_text("precious")
    approve(parts, job_id, listener)
    assert repo.git("show", f"refs/logist/rescue/{job_id}/1:mine.txt") == "precious"
    assert f"refs/logist/rescue/{job_id}/1" in listener.texts()


@pytest.mark.parametrize("decide", [activate, resume, approve, stop])
def test_what_is_not_possible_now_is_said_with_what_is(
    parts: Parts, decide: Callable[[Parts, JobId, Silence], object]
) -> None:
    job_id = _job(parts)
    with pytest.raises(NotNowError) as refused:
        decide(parts, job_id, Silence())
    assert f"logist-ci run --job {job_id}" in refused.value.hint
    assert refused.value.exit_status == 2
