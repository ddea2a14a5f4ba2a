from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.errors import LogistError, RefusedError
from logist_ci.gitstore.folders import JobFolder
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.cleanup.decisions import CleanupPolicy
from logist_ci.lifecycle.cleanup.execute import CleanupReport, apply_plan, plan_cleanup
from logist_ci.lifecycle.cleanup.keeping import bring_back, keep, kept_entries, unknown_entries
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.decide import cancel
from logist_ci.lifecycle.initialise import deinitialise
from logist_ci.lifecycle.orphans import find_orphans
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.restore import restore_job
from logist_ci.lifecycle.run import run_job
from logist_ci.lifecycle.troubles import find_troubles
from logist_ci.lifecycle.validate import validate_job
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox
from tests.privileges import needs_permissions

JOB = JobId("fix-login-k3v9q2")


def _ran(parts: Parts, script: str) -> JobId:
    job_id = create_job(parts, JobRequest(argv=("sh", "-c", script))).stored.manifest.id
    run_job(parts, job_id, Silence())
    return job_id


def _clean(parts: Parts, job_id: JobId, *, force: bool = False) -> CleanupReport:
    return apply_plan(parts, plan_cleanup(parts, CleanupPolicy(names=frozenset({job_id}), force=force)))


def _filled(folder: JobFolder) -> dict[Path, str]:
    """Put something into the folders of a job, as runs do; return it."""
    files = {
        folder.output / "report.html": "report",
        folder.backups / "tampered-0123456789ab": "my hook",
        folder.backups / "nested-git-0123456789ab" / "HEAD": "ref: refs/heads/main",
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return files


def _contents(files: dict[Path, str]) -> dict[Path, str]:
    return {path: path.read_text() for path in files if path.is_file()}


def test_a_moved_workspace_keeps_the_job_unless_forced_and_comes_back(parts: Parts, repo: GitSandbox) -> None:
    job_id = _ran(parts, 'echo mine > w; mv "$PWD" ../elsewhere')
    cancel(parts, job_id, Silence())
    folder = parts.root.folder(job_id)
    moved = folder.base / "elsewhere" / "w"
    assert moved.read_text() == "mine\n"
    error = _clean(parts, job_id).error()
    assert isinstance(error, RefusedError)
    assert "elsewhere" in str(error) and moved.exists() and job_id in parts.store.ids()
    assert _clean(parts, job_id, force=True).error() is None
    assert not folder.base.exists() and repo.git("status", "--porcelain") == ""
    restore_job(parts, job_id)
    assert moved.read_text() == "mine\n" and validate_job(parts, job_id) == ()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_artifacts_logs_and_backups_come_back(repo: GitSandbox, tmp_path: Path, elsewhere: bool) -> None:
    bases = ("LOGIST_WORK_BASE", "LOGIST_OUTPUT_BASE", "LOGIST_LOG_BASE")
    environ = {**repo.environ, **{name: str(tmp_path / name) for name in bases if elsewhere}}
    with open_app(repo.path, environ) as app:
        job_id = _ran(app.parts, "echo said; echo new > new.txt")
        folder = app.parts.root.folder(job_id)
        files = _filled(folder)
        said = folder.log("generate", 1).read_bytes()
        report = _clean(app.parts, job_id, force=True)
        assert report.error() is None and report.done[-1].removal.proof.endswith(": backups, logs, output")
        assert not folder.base.exists() and not folder.output.exists() and not folder.logs.exists()
        restore_job(app.parts, job_id)
        assert _contents(files) == files and folder.log("generate", 1).read_bytes() == said
        assert "cleanup: archive manifest" in folder.job_log.read_text()
        assert validate_job(app.parts, job_id) == ()
        assert not list(tmp_path.rglob(".archived"))


def test_a_job_that_waited_is_whole_after_its_restore(parts: Parts) -> None:
    job_id = _ran(parts, "exit 1")
    _clean(parts, job_id, force=True)
    restore_job(parts, job_id)
    assert validate_job(parts, job_id) == ()


def test_what_is_kept_troubles_nobody(parts: Parts, repo: GitSandbox) -> None:
    job_id = _ran(parts, "true")
    files = _filled(parts.root.folder(job_id))
    _clean(parts, job_id, force=True)
    kept = parts.root.path / ".archived" / job_id
    assert sorted(path.name for path in kept.iterdir()) == ["backups", "logs", "output"]
    assert parts.root.existing() == [] and parts.index.summaries() == []
    assert find_orphans(parts) == () and find_troubles(parts) == ()
    assert plan_cleanup(parts, CleanupPolicy()).empty and repo.git("status", "--porcelain") == ""
    deinitialise(parts)
    restore_job(parts, job_id)
    assert _contents(files) == files


def test_a_cleanup_killed_before_the_folder_went_loses_nothing_either(parts: Parts) -> None:
    job_id = _ran(parts, "true")
    files = _filled(parts.root.folder(job_id))
    parts.store.archive(job_id, "2026-03")
    assert apply_plan(parts, plan_cleanup(parts, CleanupPolicy())).error() is None
    assert not parts.root.folder(job_id).base.exists()
    restore_job(parts, job_id)
    assert _contents(files) == files


def test_an_orphan_with_something_unknown_is_doubtful(parts: Parts) -> None:
    folder = parts.root.folder(JOB)
    (folder.base / "elsewhere").mkdir(parents=True)
    assert find_orphans(parts)[0].safe
    (folder.base / "elsewhere" / "w").touch()
    assert find_orphans(parts)[0].doubt == "it has elsewhere and no manifest"


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(JOB, tmp_path / "jobs" / JOB)
    made.make()
    return made


def test_scratch_and_empty_folders_are_not_kept(folder: JobFolder) -> None:
    (folder.temp / "x").touch()
    (folder.base / "elsewhere").mkdir()
    for name in ("job_manifest.json", "local.json", "removed-0a", ".logist-1-0a.tmp"):
        (folder.base / name).touch()
    assert kept_entries(folder) == ()
    keep(folder.base)
    assert not (folder.base.parent / ".archived").exists()


def test_odd_names_files_and_dangling_links_are_unknown(folder: JobFolder) -> None:
    for name in ("mine \udcff\n", "w"):
        (folder.base / name).touch()
    (folder.base / "link").symlink_to("nowhere")
    (folder.base / "nested-git-0123456789ab").touch()
    assert {path.name for path in unknown_entries(folder)} == {"mine \udcff\n", "w", "link"}
    before = {path.name for path in kept_entries(folder)}
    keep(folder.base)
    assert kept_entries(folder) == ()
    bring_back(folder)
    assert {path.name for path in kept_entries(folder)} == before


def test_nothing_is_overwritten_on_the_way_out_or_back(folder: JobFolder) -> None:
    for text in ("first", "second"):
        folder.logs.mkdir(exist_ok=True)
        folder.job_log.write_text(text)
        keep(folder.base)
    folder.logs.mkdir()
    folder.job_log.write_text("third")
    bring_back(folder)
    assert sorted(path.read_text() for path in folder.logs.iterdir()) == ["first", "second", "third"]
    bring_back(folder)
    assert len(list(folder.logs.iterdir())) == 3


def test_what_a_link_leads_to_is_not_moved(folder: JobFolder, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "w").touch()
    linked = replace(folder, output_base=tmp_path / "link")
    (tmp_path / "link").symlink_to("mine")
    assert kept_entries(linked) == ()
    keep(tmp_path / "link")
    assert (tmp_path / "mine" / "w").exists()


@needs_permissions
def test_a_read_only_folder_is_kept(folder: JobFolder) -> None:
    (folder.base / "elsewhere").mkdir()
    (folder.base / "elsewhere" / "w").touch()
    (folder.base / "elsewhere").chmod(0o500)
    keep(folder.base)
    assert (folder.base.parent / ".archived" / JOB / "elsewhere" / "w").exists()


@needs_permissions
def test_what_cannot_be_looked_into_may_hold_anything(folder: JobFolder) -> None:
    folder.base.chmod(0)
    assert unknown_entries(folder) == (folder.base,)
    with pytest.raises(LogistError):
        keep(folder.base)
    folder.base.chmod(0o700)
