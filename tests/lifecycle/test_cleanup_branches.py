from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.job.ids import JobId
from logist_ci.job.states import State
from logist_ci.job.transitions import Cancel
from logist_ci.lifecycle.apply import apply_job
from logist_ci.lifecycle.cleanup.branches import branch_facts, surroundings, worktrees_of
from logist_ci.lifecycle.cleanup.facts import BranchFacts
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox


def _done(parts: Parts, script: str = "echo new > new.txt", *, base: str | None = None, dirty: bool = False) -> JobId:
    request = JobRequest(argv=("sh", "-c", script), base=base, include_dirty=dirty)
    job_id = create_job(parts, request).stored.manifest.id
    assert run_job(parts, job_id, Silence()).state is State.SUCCESS
    return job_id


def _facts(parts: Parts, job_id: JobId) -> BranchFacts:
    found = branch_facts(parts, parts.store.read(job_id).manifest, surroundings(parts, parts.index.summaries()))
    assert found is not None
    return found


def test_unmerged_work_has_no_proof(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    facts = _facts(parts, job_id)
    assert (facts.name, facts.tip) == (f"logist/{job_id}", repo.head(f"logist/{job_id}"))
    assert (facts.merged, facts.reachable, facts.checked_out, facts.needed_by) == ("", False, "", ())


def test_a_branch_at_its_base_has_nothing(parts: Parts) -> None:
    facts = _facts(parts, _done(parts, "true"))
    assert facts.merged == "nothing was committed on it" and facts.reachable


def test_a_snapshot_of_uncommitted_work_is_something(parts: Parts, repo: GitSandbox) -> None:
    repo.write("mine.txt", "mine")
    job_id = _done(parts, "true", dirty=True)
    assert _facts(parts, job_id).merged == ""
    repo.commit("The same work")
    facts = _facts(parts, job_id)
    assert facts.merged == "main has exactly its files" and not facts.reachable


def test_work_applied_to_another_branch_counts_while_the_user_stands_there(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    repo.git("checkout", "-q", "-b", "feature")
    apply_job(parts, job_id)
    assert _facts(parts, job_id).merged == "it is an ancestor of HEAD"
    repo.git("checkout", "-q", "main")
    assert _facts(parts, job_id).merged == ""


@pytest.mark.parametrize("base", ["refs/heads/main", "main", "HEAD~0"])
def test_the_branch_it_started_from_counts_wherever_the_user_stands(parts: Parts, repo: GitSandbox, base: str) -> None:
    job_id = _done(parts, base=base)
    apply_job(parts, job_id)
    repo.git("checkout", "-q", "--detach", "HEAD~1" if base != "HEAD~0" else "HEAD")
    assert _facts(parts, job_id).merged.startswith("it is an ancestor of")


def test_a_rebase_is_proof_and_a_changed_pick_is_not(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    repo.write("other.txt", "other")
    repo.commit()
    repo.git("cherry-pick", f"logist/{job_id}")
    assert _facts(parts, job_id).merged == "main has exactly its changes"
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.write("new.txt", "new, but better\n")
    repo.commit()
    assert _facts(parts, job_id).merged == ""


def test_who_needs_it(parts: Parts) -> None:
    first = _done(parts, "true")
    for base in (f"logist/{first}", f"refs/heads/logist/{first}"):
        create_job(parts, JobRequest(argv=("true",), base=base))
    assert len(_facts(parts, first).needed_by) == 2
    for job_id in _facts(parts, first).needed_by:
        parts.store.change(job_id, lambda manifest: Cancel())
    assert _facts(parts, first).needed_by == ()


def test_a_job_without_a_branch(parts: Parts) -> None:
    stored = create_job(parts, JobRequest(argv=("true",))).stored
    assert branch_facts(parts, stored.manifest, surroundings(parts, [])) is None


def test_all_worktrees_are_seen_with_what_they_stand_on(parts: Parts, repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "feature", tmp_path / "one")
    repo.git("worktree", "add", "-q", "--detach", tmp_path / "two")
    seen = {tree.place: tree.head for tree in worktrees_of(parts)}
    assert seen == {repo.path: "refs/heads/main", tmp_path / "one": "refs/heads/feature", tmp_path / "two": ""}
    (repo.path / ".git" / "worktrees" / "one" / "gitdir").write_text("../../../../one/.git\n")
    assert {tree.place for tree in worktrees_of(parts)} == set(seen)
