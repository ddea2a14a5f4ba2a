from __future__ import annotations

import shutil

import pytest

from logist_ci.app import open_app
from logist_ci.errors import UnknownJobError
from logist_ci.job.ids import JobId, RefName, commit_id
from logist_ci.job.transitions import Reopen, Start
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.lifecycle.validate import Defect, validate_job, validate_jobs
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox


@pytest.fixture
def job_id(parts: Parts) -> JobId:
    """A job that has succeeded and kept its worktree."""
    request = JobRequest(argv=("sh", "-c", "echo new > new.txt"), keep=True)
    made = create_job(parts, request).stored.manifest.id
    run_job(parts, made, Silence())
    return made


def _only(parts: Parts, job_id: JobId) -> Defect:
    (defect,) = validate_job(parts, job_id)
    assert defect.job == job_id and defect.message.endswith(".") and defect.remedy
    return defect


def test_a_sound_job_has_no_defect(parts: Parts, job_id: JobId) -> None:
    fresh = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    assert validate_job(parts, job_id) == validate_job(parts, fresh) == validate_jobs(parts) == ()


def test_an_unknown_job(parts: Parts) -> None:
    with pytest.raises(UnknownJobError):
        validate_job(parts, JobId("nobody"))


@pytest.mark.parametrize("content", ["{", '{"schema": 1}', '{"schema": 99}', "[]"])
def test_a_damaged_manifest_is_the_only_thing_said(parts: Parts, repo: GitSandbox, job_id: JobId, content: str) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=content.encode())
    tree = repo.git("mktree", stdin=f"100644 blob {blob}\tjob_manifest.json\n".encode())
    repo.git("update-ref", f"refs/logist/jobs/{job_id}", repo.git("commit-tree", "-m", "x", tree))
    assert _only(parts, job_id).part == "manifest"


def test_a_lost_owner(parts: Parts) -> None:
    job_id = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    parts.store.change(job_id, lambda manifest: Start(owner="x", now=parts.clock.now()))
    defect = _only(parts, job_id)
    assert defect.part == "owner" and f"logist-ci recover {job_id}" in defect.remedy


def test_a_missing_folder(parts: Parts, job_id: JobId) -> None:
    parts.worktrees.remove(job_id, parts.root.folder(job_id))
    shutil.rmtree(parts.root.folder(job_id).base)
    assert validate_job(parts, job_id) == (), "an ended job may have come from the archive, or another clone"
    parts.store.change(job_id, lambda manifest: Reopen())
    assert _only(parts, job_id).part == "folder"


def test_a_folder_that_is_none(parts: Parts, job_id: JobId) -> None:
    folder = parts.root.folder(job_id)
    parts.worktrees.remove(job_id, folder)
    shutil.rmtree(folder.base)
    folder.base.write_text("")
    assert "is not a folder" in _only(parts, job_id).message


def test_a_copy_that_differs(parts: Parts, job_id: JobId) -> None:
    copy = parts.root.folder(job_id).manifest_copy
    copy.write_text("{}")
    assert "is not what the reference holds" in _only(parts, job_id).message
    copy.unlink()
    assert validate_job(parts, job_id) == ()
    copy.mkdir()
    assert _only(parts, job_id).part == "folder"


def test_a_missing_branch(parts: Parts, repo: GitSandbox, job_id: JobId) -> None:
    parts.worktrees.remove(job_id, parts.root.folder(job_id))
    tip = repo.head(f"logist/{job_id}")
    repo.git("branch", "-q", "-D", f"logist/{job_id}")
    assert _only(parts, job_id).remedy == f"Make it again with: git branch logist/{job_id} {tip}"


def test_a_branch_that_was_rewritten(parts: Parts, repo: GitSandbox, job_id: JobId) -> None:
    repo.git("update-ref", f"refs/heads/logist/{job_id}", repo.head("main"))
    assert "does not contain what was harvested" in _only(parts, job_id).message


def test_commits_of_people_on_the_branch_are_fine(parts: Parts, repo: GitSandbox, job_id: JobId) -> None:
    tip = repo.head(f"logist/{job_id}")
    later = commit_id(repo.git("commit-tree", "-p", tip, "-m", "Later", f"{tip}^{{tree}}"))
    parts.refs.write(RefName(f"refs/heads/logist/{job_id}"), later, expected=tip)
    assert validate_job(parts, job_id) == ()


def test_a_commit_that_is_gone(parts: Parts, repo: GitSandbox, job_id: JobId) -> None:
    tip = repo.head(f"logist/{job_id}")
    (repo.path / ".git" / "objects" / tip[:2] / tip[2:]).unlink()
    with open_app(repo.path, repo.environ) as fresh:
        assert f"The commit of its result, {tip}, is not in this" in _only(fresh.parts, job_id).message


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        ("unregister", "is not registered as a worktree"),
        ("delete", "is registered, and its folder is gone"),
        ("file", "is not a folder"),
        ("foreign", "has another worktree named"),
        ("link", "does not lead to the worktree's own git directory"),
        ("head", "does not stand on"),
        ("record", "was never completely made"),
    ],
)
def test_a_worktree_in_pieces(parts: Parts, repo: GitSandbox, job_id: JobId, break_it: str, said: str) -> None:
    folder = parts.root.folder(job_id)
    admin = repo.path / ".git" / "worktrees" / job_id
    if break_it == "unregister":
        shutil.rmtree(admin)
    elif break_it in ("delete", "file"):
        shutil.rmtree(folder.workspace)
    elif break_it == "foreign":
        (admin / "locked").write_text("mine")
    elif break_it == "link":
        (folder.workspace / ".git").write_text("gitdir: /elsewhere\n")
    elif break_it == "head":
        (admin / "HEAD").write_text("ref: refs/heads/main\n")
    elif break_it == "record":
        (folder.shim / "checkout.json").write_text("{}")
    if break_it == "file":
        folder.workspace.write_text("")
    defect = _only(parts, job_id)
    assert defect.part == "worktree" and said in defect.message
