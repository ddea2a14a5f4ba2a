from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.errors import RefusedError, UnknownJobError
from logist_ci.job.ids import CommitId, JobId, RefName
from logist_ci.job.states import State
from logist_ci.job.transitions import Close, Reopen
from logist_ci.lifecycle.cleanup.decisions import CleanupPolicy
from logist_ci.lifecycle.cleanup.execute import apply_plan, plan_cleanup
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.restore import find_archived, restore_job
from logist_ci.lifecycle.run import run_job
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox


def _done(parts: Parts, script: str = "echo new > new.txt", job_id: str | None = None) -> JobId:
    request = JobRequest(argv=("sh", "-c", script), keep=True, job_id=job_id)
    made = create_job(parts, request).stored.manifest.id
    run_job(parts, made, Silence())
    return made


def _cleaned(parts: Parts, job_id: JobId) -> None:
    policy = CleanupPolicy(names=frozenset({job_id}), force=True)
    assert apply_plan(parts, plan_cleanup(parts, policy)).error() is None
    assert job_id not in parts.store.ids()


def _branch(parts: Parts, job_id: JobId) -> CommitId | None:
    return parts.refs.read(RefName(f"refs/heads/logist/{job_id}"))


def test_branch_manifest_and_history_come_back(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    tip = _branch(parts, job_id)
    before = parts.store.read(job_id).manifest
    changes = len(parts.store.history(job_id))
    _cleaned(parts, job_id)
    restored = restore_job(parts, job_id)
    assert restored.manifest == before == parts.store.read(job_id).manifest
    assert restored.tip == tip == _branch(parts, job_id)
    assert len(parts.store.history(job_id)) == changes + 2
    assert job_id not in parts.store.archived_ids()
    assert [summary.id for summary in parts.index.summaries()] == [job_id]


def test_a_restored_job_can_go_on(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts, "echo x >> log.txt")
    _cleaned(parts, job_id)
    restore_job(parts, job_id)
    parts.store.change(job_id, lambda manifest: Reopen())
    assert run_job(parts, job_id, Silence()).state is State.SUCCESS
    assert repo.git("show", f"logist/{job_id}:log.txt") == "x\nx"


def test_what_was_saved_is_named(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    (parts.root.folder(job_id).workspace / "more.txt").write_text("more")
    _cleaned(parts, job_id)
    restored = restore_job(parts, job_id)
    assert restored.saved == (f"refs/logist/rescue/{job_id}/1", f"refs/logist/rescue/{job_id}/2")
    assert repo.git("show", f"{restored.saved[0]}:more.txt") == "more"


def test_a_branch_that_had_moved_comes_back_where_it_was(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    repo.git("checkout", "-q", f"logist/{job_id}", at=_detached(parts, repo, job_id))
    repo.write("later.txt", "later")
    later = repo.commit("Later")
    repo.git("checkout", "-q", "main")
    _cleaned(parts, job_id)
    assert restore_job(parts, job_id).tip == later


def _detached(parts: Parts, repo: GitSandbox, job_id: JobId) -> Path:
    parts.worktrees.remove(job_id, parts.root.folder(job_id))
    return repo.path


def test_restoring_again_changes_nothing(parts: Parts) -> None:
    job_id = _done(parts)
    _cleaned(parts, job_id)
    first = restore_job(parts, job_id)
    history = parts.store.history(job_id)
    assert restore_job(parts, job_id) == first
    assert parts.store.history(job_id) == history


@pytest.mark.parametrize("done", ["branch", "branch and archive"])
def test_an_interrupted_restore_is_finished(parts: Parts, done: str) -> None:
    job_id = _done(parts)
    tip = _branch(parts, job_id)
    assert tip is not None
    _cleaned(parts, job_id)
    parts.refs.write(RefName(f"refs/heads/logist/{job_id}"), tip, expected=None)
    if done != "branch":
        parts.store.restore_archived(job_id)
    assert restore_job(parts, job_id).manifest.closed_at is None
    assert _branch(parts, job_id) == tip


def test_a_job_without_a_branch_comes_back_without_one(parts: Parts) -> None:
    job_id = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    _cleaned(parts, job_id)
    restored = restore_job(parts, job_id)
    assert restored.tip is None and restored.manifest.state is State.PENDING
    assert run_job(parts, job_id, Silence()).state is State.SUCCESS


def test_a_branch_that_exists_by_now_is_not_touched(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    _cleaned(parts, job_id)
    repo.git("branch", f"logist/{job_id}", "main")
    with pytest.raises(RefusedError, match="exists already") as caught:
        restore_job(parts, job_id)
    assert "git branch --move" in caught.value.hint
    assert _branch(parts, job_id) == repo.head() and job_id not in parts.store.ids()


def test_commits_that_are_gone_are_named(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    _cleaned(parts, job_id)
    for ref in parts.refs.list(f"refs/logist/rescue/{job_id}/"):
        repo.git("update-ref", "-d", ref)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    gone = pytest.raises(RefusedError, match="not in this repository any more")
    with open_app(repo.path, repo.environ) as fresh, gone:
        restore_job(fresh.parts, job_id)
    assert job_id in parts.store.archived_ids() and job_id not in parts.store.ids()


def test_a_closed_job_that_was_never_archived_is_opened_again(parts: Parts) -> None:
    job_id = _done(parts)
    parts.store.change(job_id, lambda manifest: Close(now=parts.clock.now()))
    assert restore_job(parts, job_id).manifest.closed_at is None


def test_archived_jobs_are_found_by_a_unique_beginning(parts: Parts) -> None:
    for name in ("alpha-one", "alpha-two"):
        _cleaned(parts, _done(parts, "true", name))
    assert find_archived(parts, "alpha-o") == "alpha-one"
    assert find_archived(parts, "alpha-two") == "alpha-two"
    with pytest.raises(UnknownJobError, match="several"):
        find_archived(parts, "alpha")
    for text in ("beta", ""):
        with pytest.raises(UnknownJobError, match="no job"):
            find_archived(parts, text)
    with pytest.raises(UnknownJobError):
        restore_job(parts, JobId("beta"))
