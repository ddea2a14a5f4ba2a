from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.gitstore.folders import JobFolder
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.cleanup.facts import Orphan
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.orphans import find_orphans, unfinished_removals
from logist_ci.lifecycle.request import JobRequest
from logist_ci.process.locks import try_lock
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox

LEFT = JobId("left-behind-1")


def _left(parts: Parts) -> JobFolder:
    folder = parts.root.folder(LEFT)
    folder.make()
    return folder


def _only(parts: Parts) -> Orphan:
    (orphan,) = find_orphans(parts)
    return orphan


def test_nothing_is_an_orphan_where_there_is_nothing(parts: Parts) -> None:
    assert find_orphans(parts) == ()
    job_id = create_job(parts, JobRequest(argv=("true",))).stored.manifest.id
    parts.root.folder(job_id).make()
    assert find_orphans(parts) == ()


def test_a_folder_without_work_is_safe(parts: Parts) -> None:
    folder = _left(parts)
    (folder.temp / "scratch").write_text("x")
    folder.job_log.write_text("x")
    orphan = _only(parts)
    assert (orphan.kind, orphan.job, orphan.path) == ("folder", LEFT, folder.base)
    assert orphan.safe and not orphan.doubt


@pytest.mark.parametrize(
    ("make", "doubt"),
    [
        (lambda folder: folder.workspace.mkdir() or (folder.workspace / "a").touch(), "it has a worktree"),
        (lambda folder: folder.workspace.symlink_to("/elsewhere"), "it has a worktree"),
        (lambda folder: folder.workspace.touch(), "it has a worktree"),
        (lambda folder: (folder.output / "result.whl").touch(), "it has output"),
        (lambda folder: (folder.backups / "nested-git-00").mkdir(), "it has backups"),
    ],
)
def test_whatever_could_be_work_is_a_doubt(parts: Parts, make: Callable[[JobFolder], object], doubt: str) -> None:
    make(_left(parts))
    orphan = _only(parts)
    assert orphan.doubt.startswith(doubt) and not orphan.safe


def test_an_empty_worktree_is_no_work(parts: Parts) -> None:
    _left(parts).workspace.mkdir()
    assert _only(parts).safe


def test_the_folder_of_an_archived_job_is_safe_with_its_artifacts(parts: Parts) -> None:
    job_id = create_job(parts, JobRequest(argv=("true",), job_id=LEFT)).stored.manifest.id
    parts.store.archive(job_id, "2026-01")
    (_left(parts).output / "result.whl").touch()
    assert _only(parts).safe.startswith("its job is in the archive")


def test_a_folder_in_use_is_a_doubt(parts: Parts) -> None:
    lock = try_lock(_left(parts).lock)
    assert lock is not None
    with lock:
        assert _only(parts).doubt == "a process works in it"


def test_folders_elsewhere_are_looked_at_too(repo: GitSandbox, tmp_path: Path) -> None:
    with open_app(repo.path, {**repo.environ, "LOGIST_WORK_BASE": str(tmp_path / "work")}) as app:
        workspace = app.parts.root.folder(LEFT).workspace
        workspace.mkdir(parents=True)
        (workspace / "a").touch()
        assert _only(app.parts).doubt.startswith("it has a worktree")


def test_names_that_are_no_jobs_are_nobodys_business(parts: Parts) -> None:
    parts.root.make()
    for name in ("README", "My Folder", "a--b", ".hidden"):
        (parts.root.path / name).mkdir()
    assert find_orphans(parts) == ()


def test_unfinished_removals_of_a_job_are_found_by_their_names(parts: Parts) -> None:
    folder = _left(parts)
    for name in ("removed-00ff", "removed-", "removed-xyz", "kept-00ff"):
        (folder.temp / name).mkdir()
    assert unfinished_removals(folder) == [folder.temp / "removed-00ff"]
