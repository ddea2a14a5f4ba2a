from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.job.ids import JobId
from logist_ci.job.transitions import Start
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.lifecycle.survey import facts_of, look, survey
from logist_ci.lifecycle.troubles import Trouble, find_troubles
from logist_ci.process.locks import try_lock
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import FakeClock, GitSandbox


def _done(parts: Parts, script: str = "echo new > new.txt") -> JobId:
    made = create_job(parts, JobRequest(argv=("sh", "-c", script), keep=True)).stored.manifest.id
    run_job(parts, made, Silence())
    return made


def _snapshot(root: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in root.rglob("*") if "objects" not in path.parts)


def test_looking_changes_nothing(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    (parts.root.folder(job_id).workspace / "more").write_text("x")
    before = _snapshot(repo.path / ".git" / "refs"), _snapshot(parts.root.folder(job_id).workspace)
    seen = survey(parts)
    assert (_snapshot(repo.path / ".git" / "refs"), _snapshot(parts.root.folder(job_id).workspace)) == before
    assert [facts.id for facts in seen.jobs] == [job_id] and seen.orphans == ()


def test_what_a_job_has(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    workspace = parts.root.folder(job_id).workspace
    (workspace / "more").write_text("x")
    (workspace / "new.txt").write_text("changed")
    facts = facts_of(parts, job_id)
    assert facts is not None and facts.workspace is not None and facts.branch is not None
    assert (facts.owner, facts.workspace.leftovers, facts.workspace.registered) == ("none", 2, True)
    assert (facts.branch.name, facts.branch.tip, facts.branch.merged) == (
        f"logist/{job_id}", repo.head(f"logist/{job_id}"), "",
    )  # fmt: skip


def test_a_fresh_job_has_nothing(parts: Parts) -> None:
    job_id = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    facts = facts_of(parts, job_id)
    assert facts is not None and facts.branch is None and facts.workspace is None
    assert facts_of(parts, JobId("nobody")) is None


def test_only_the_jobs_asked_for_are_looked_at(parts: Parts) -> None:
    first, second = _done(parts, "true"), _done(parts, "true")
    assert [facts.id for facts in look(parts, [second])] == [second]
    assert {facts.id for facts in look(parts)} == {first, second}


def test_a_remote_branch_is_a_place_to_be_merged_into(parts: Parts, repo: GitSandbox, remote: GitSandbox) -> None:
    job_id = _done(parts)
    repo.git("push", "-q", "origin", f"logist/{job_id}:main")
    repo.git("fetch", "-q")
    facts = facts_of(parts, job_id)
    assert facts and facts.branch and facts.branch.merged == "it is an ancestor of origin/main"
    assert facts.branch.reachable


def test_a_damaged_manifest_hides_no_other_job(parts: Parts, repo: GitSandbox) -> None:
    good, bad = _done(parts, "true"), _done(parts, "true")
    repo.git("update-ref", f"refs/logist/jobs/{bad}", repo.head())
    defects = {facts.id: facts.defect for facts in look(parts)}
    assert defects[good] == "" and defects[bad]


def test_a_reference_that_leads_nowhere_hides_no_other_job(parts: Parts, repo: GitSandbox) -> None:
    good, bad = _done(parts, "true"), _done(parts, "true")
    (repo.path / ".git" / "refs" / "logist" / "jobs" / bad).write_text("garbage\n")
    assert good in {facts.id for facts in look(parts)}


@pytest.fixture
def later(repo: GitSandbox, clock: FakeClock) -> Iterator[Parts]:
    """Parts of the same repository, ten days on."""
    with open_app(repo.path, repo.environ) as app:
        clock.advance((app.clock.now() + timedelta(days=10, hours=1) - clock.now()).total_seconds())
    with open_app(repo.path, repo.environ, clock=clock) as app:
        yield app.parts


def _kinds(parts: Parts) -> dict[str, Trouble]:
    return {trouble.kind: trouble for trouble in find_troubles(parts)}


def test_nothing_troubles_a_sound_job(parts: Parts) -> None:
    _done(parts)
    create_job(parts, JobRequest(argv=("true",)))
    assert find_troubles(parts) == ()


def test_a_stale_workspace_is_pointed_at(parts: Parts, later: Parts) -> None:
    job_id = _done(parts)
    trouble = _kinds(later)["stale"]
    assert trouble.about == job_id and "for 10 days" in trouble.message
    assert trouble.command == "logist-ci cleanup --stale 7d"


def test_a_lost_job_is_pointed_at_and_an_owned_one_not(parts: Parts) -> None:
    job_id = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    parts.root.folder(job_id).make()
    lock = try_lock(parts.root.folder(job_id).lock)
    assert lock is not None
    with lock:
        parts.store.change(job_id, lambda manifest: Start(owner="x", now=parts.clock.now()))
        assert find_troubles(parts) == ()
    assert _kinds(parts)["lost"].command == f"logist-ci recover {job_id}"


def test_half_made_damaged_and_orphaned_things_are_pointed_at(parts: Parts, repo: GitSandbox) -> None:
    half, bad = _done(parts, "true"), _done(parts, "true")
    shutil.rmtree(repo.path / ".git" / "worktrees" / half)
    repo.git("update-ref", f"refs/logist/jobs/{bad}", repo.head())
    parts.root.folder(JobId("orphan-1")).make()
    seen = _kinds(parts)
    assert seen["half-made"].command == f"logist-ci cleanup {half}"
    assert seen["damaged"].command == f"logist-ci validate {bad}"
    assert seen["orphan"].command == "logist-ci cleanup"
