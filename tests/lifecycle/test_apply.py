from __future__ import annotations

import pytest

from logist_ci.errors import JobStateError, RefusedError
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.apply import apply_job
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox


def _done(parts: Parts, script: str, *, include_dirty: bool = False) -> JobId:
    request = JobRequest(argv=("sh", "-c", script), include_dirty=include_dirty)
    job_id = create_job(parts, request).stored.manifest.id
    run_job(parts, job_id, Silence())
    return job_id


def test_a_result_comes_into_the_current_branch(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts, "echo new > new.txt")
    apply_job(parts, job_id)
    assert (repo.path / "new.txt").read_text() == "new\n"
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("branch", "--contains", f"logist/{job_id}", "--format=%(refname:short)").split()[-1] == "main"


def test_work_that_went_on_meanwhile_is_merged(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts, "echo new > new.txt")
    repo.write("mine.txt", "mine")
    repo.commit("Go on")
    apply_job(parts, job_id)
    assert repo.git("log", "-1", "--format=%P").count(" ") == 1
    assert (repo.path / "mine.txt").exists()


def test_a_conflict_changes_nothing(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts, "echo theirs > README.md")
    repo.write("README.md", "# Mine\n")
    before = repo.commit("Change the same")
    with pytest.raises(RefusedError) as refused:
        apply_job(parts, job_id)
    assert refused.value.hint
    assert repo.git("rev-parse", "HEAD") == before
    assert repo.git("status", "--porcelain") == ""


def test_uncommitted_work_in_the_way_is_kept(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts, "echo theirs > README.md")
    repo.write("README.md", "precious")
    with pytest.raises(RefusedError):
        apply_job(parts, job_id)
    assert (repo.path / "README.md").read_text() == "precious"


def test_the_result_of_dirty_work_goes_to_the_working_tree(parts: Parts, repo: GitSandbox) -> None:
    repo.write("README.md", "# Dirty\n")
    before = repo.git("rev-parse", "HEAD")
    job_id = _done(parts, "echo more >> README.md", include_dirty=True)
    apply_job(parts, job_id)
    assert (repo.path / "README.md").read_text() == "# Dirty\nmore\n"
    assert repo.git("rev-parse", "HEAD") == before


def test_only_results_are_applied(parts: Parts, repo: GitSandbox) -> None:
    waiting = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    with pytest.raises(JobStateError, match="no result yet"):
        apply_job(parts, waiting)
    failed = _done(parts, "echo half > half; exit 1")
    with pytest.raises(JobStateError, match="has not succeeded"):
        apply_job(parts, failed)
    apply_job(parts, failed, unfinished=True)
    assert (repo.path / "half").exists()
