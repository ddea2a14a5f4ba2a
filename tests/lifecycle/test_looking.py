from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import UnknownJobError
from logist_ci.job.ids import JobId
from logist_ci.job.states import State
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.looking import detail_of, disk_of, history_of, job_lines, statistics_of
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.process.locks import try_lock
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox


def created(parts: Parts, name: str, **more: object) -> JobId:
    request = JobRequest(argv=("sh", "-c", "echo a > a.txt"), checks=(), job_id=name, **more)  # type: ignore[arg-type]  # shorthand
    return create_job(parts, request).stored.manifest.id


def footprint(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def test_lines_are_filtered_by_state_agent_and_text(parts: Parts) -> None:
    created(parts, "one", title="The first")
    created(parts, "two", title="The second", draft=True)
    assert {line.id for line in job_lines(parts)} == {"one", "two"}
    assert [line.id for line in job_lines(parts, states=frozenset({State.DRAFT}))] == ["two"]
    assert [line.id for line in job_lines(parts, text="FIRST")] == ["one"]
    assert [line.id for line in job_lines(parts, text="two")] == ["two"]
    assert job_lines(parts, agent="mock") == ()
    assert len(job_lines(parts, agent="command")) == 2


def test_archived_jobs_are_listed_on_request(parts: Parts) -> None:
    created(parts, "one")
    parts.store.archive(JobId("one"), "2026-01")
    assert job_lines(parts) == ()
    [line] = job_lines(parts, archived=True)
    assert line.id == "one"


def test_looking_writes_nothing(parts: Parts, repo: GitSandbox) -> None:
    run_job(parts, created(parts, "one"), Silence())
    before = footprint(repo.path)
    job_lines(parts, archived=True)
    detail_of(parts, JobId("one"))
    history_of(parts, JobId("one"))
    statistics_of(parts)
    assert footprint(repo.path) == before


def test_a_detail_knows_what_is_on_this_machine(parts: Parts) -> None:
    job_id = created(parts, "one", keep=True, artifacts=("*.txt",))
    assert detail_of(parts, job_id).facts.workspace is None
    run_job(parts, job_id, Silence())
    facts = detail_of(parts, job_id).facts
    folder = parts.root.folder(job_id)
    assert facts.workspace == str(folder.workspace)
    assert facts.output == str(folder.output)
    assert facts.disk_bytes == disk_of(folder.base)
    assert facts.owner == "none"


def test_whoever_holds_the_lock_owns_the_job(parts: Parts) -> None:
    job_id = created(parts, "one")
    folder = parts.root.folder(job_id)
    folder.make()
    with try_lock(folder.lock) as lock:  # type: ignore[union-attr]  # nobody else has it
        assert lock.fd >= 0
        assert detail_of(parts, job_id).facts.owner == "alive"


def test_folders_elsewhere_are_counted_once(repo: GitSandbox, tmp_path: Path) -> None:
    from logist_ci.app import open_app

    with open_app(repo.path, {**repo.environ, "LOGIST_WORK_BASE": str(tmp_path / "work")}) as app:
        job_id = created(app.parts, "one", keep=True)
        run_job(app.parts, job_id, Silence())
        folder = app.parts.root.folder(job_id)
        assert folder.workspace.is_relative_to(tmp_path / "work")
        assert detail_of(app.parts, job_id).facts.disk_bytes == disk_of(folder.base) + disk_of(folder.workspace)


def test_an_unknown_job_is_said(parts: Parts) -> None:
    with pytest.raises(UnknownJobError):
        detail_of(parts, JobId("nobody"))


def test_disk_is_counted_without_following_links(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "big").write_bytes(os.urandom(100_000))
    empty = disk_of(inside)
    (inside / "link").symlink_to(outside)
    (inside / "file").write_bytes(os.urandom(10_000))
    assert 10_000 <= disk_of(inside) - empty < 50_000
    assert disk_of(tmp_path / "nowhere") == 0


def test_statistics_are_of_all_jobs(parts: Parts) -> None:
    run_job(parts, created(parts, "one"), Silence())
    created(parts, "two")
    parts.store.archive(created(parts, "three"), "2026-01")
    stats = statistics_of(parts)
    assert (stats.jobs, stats.by_state, stats.archived) == (2, {"PENDING": 1, "SUCCESS": 1}, 1)
    assert stats.disk_bytes == disk_of(parts.root.path)
