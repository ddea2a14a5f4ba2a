from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.errors import BusyError, LogistError, RefusedError, StoreError
from logist_ci.gitstore.refs import RefStore
from logist_ci.job.ids import CommitId, JobId, RefName
from logist_ci.job.states import State
from logist_ci.job.transitions import Reopen
from logist_ci.lifecycle.apply import apply_job
from logist_ci.lifecycle.cleanup.decisions import Action, CleanupPolicy
from logist_ci.lifecycle.cleanup.execute import CleanupReport, apply_plan, plan_cleanup
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.process.locks import try_lock
from logist_ci.process.tree import alive
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox
from tests.lifecycle.sleepers import Sleepers
from tests.privileges import needs_permissions

TIDY = CleanupPolicy()


@pytest.fixture
def parts(repo: GitSandbox) -> Iterator[Parts]:
    """Parts under which ended jobs keep their worktrees until somebody cleans up."""
    with open_app(repo.path, repo.environ, flags={"cleanup.when": "never", "limits.grace": "1s"}) as app:
        yield app.parts


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    made = Sleepers()
    yield made
    made.end()


def _job(parts: Parts, script: str = "echo new > new.txt", *, include_dirty: bool = False) -> JobId:
    request = JobRequest(argv=("sh", "-c", script), include_dirty=include_dirty)
    return create_job(parts, request).stored.manifest.id


def _done(parts: Parts, script: str = "echo new > new.txt") -> JobId:
    job_id = _job(parts, script)
    assert run_job(parts, job_id, Silence()).state is State.SUCCESS
    return job_id


def _clean(parts: Parts, policy: CleanupPolicy) -> CleanupReport:
    return apply_plan(parts, plan_cleanup(parts, policy))


def _by_name(job_id: JobId, *, force: bool = False) -> CleanupPolicy:
    return CleanupPolicy(names=frozenset({job_id}), force=force)


def _actions(report: CleanupReport) -> list[Action]:
    return [done.removal.action for done in report.done]


def _branch(parts: Parts, job_id: JobId) -> CommitId | None:
    return parts.refs.read(RefName(f"refs/heads/logist/{job_id}"))


def _rescued(parts: Parts, job_id: JobId) -> list[CommitId]:
    return [commit for _, commit in sorted(parts.refs.list(f"refs/logist/rescue/{job_id}/").items())]


def _check_gone(parts: Parts, repo: GitSandbox, job_id: JobId) -> None:
    assert job_id not in parts.store.ids() and job_id in parts.store.archived_ids()
    assert parts.store.read_archived(job_id).manifest.closed_at is not None
    assert _branch(parts, job_id) is None
    assert not parts.root.folder(job_id).base.exists()
    assert len(repo.git("worktree", "list").splitlines()) == 1
    trash = parts.root.path / ".trash"
    assert not trash.exists() or not list(trash.iterdir())
    assert repo.git("status", "--porcelain") == ""
    assert "error" not in repo.git("fsck")


class TestWorkspace:
    def test_it_goes_and_the_branch_and_the_manifest_stay(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        folder = parts.root.folder(job_id)
        assert folder.workspace.is_dir()
        report = _clean(parts, TIDY)
        assert _actions(report) == [Action.REMOVE_WORKSPACE] and report.error() is None
        assert not folder.workspace.exists() and not folder.temp.exists()
        assert repo.git("show", f"logist/{job_id}:new.txt") == "new"
        assert parts.store.read(job_id).manifest.state is State.SUCCESS
        assert "cleanup: remove workspace" in folder.job_log.read_text()
        assert len(repo.git("worktree", "list").splitlines()) == 1
        assert plan_cleanup(parts, TIDY).empty

    def test_what_was_not_committed_is_saved_first(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        (workspace / "README.md").write_text("changed")
        (workspace / "mine \udcff\n.txt").write_text("mine")
        (workspace / "new.txt").unlink()
        report = _clean(parts, TIDY)
        assert _actions(report) == [Action.SAVE_LEFTOVERS, Action.REMOVE_WORKSPACE]
        (saved,) = _rescued(parts, job_id)
        assert report.done[0].saved == f"refs/logist/rescue/{job_id}/1"
        assert report.done[0].removal.target == "3 uncommitted changes"
        assert repo.git("show", f"{saved}:README.md") == "changed"
        assert repo.git("show", f"{saved}:mine \udcff\n.txt") == "mine"
        assert "new.txt" not in repo.git("ls-tree", "--name-only", saved).splitlines()
        assert repo.git("rev-parse", f"{saved}^") == _branch(parts, job_id)

    def test_what_people_committed_is_not_uncommitted(self, parts: Parts, repo: GitSandbox) -> None:
        inside, outside = _done(parts), _done(parts)
        workspace = parts.root.folder(inside).workspace
        (workspace / "more.txt").write_text("more")
        repo.git("add", "-A", at=workspace)
        repo.git("commit", "-q", "-m", "By hand", at=workspace)
        tip = repo.head(f"logist/{outside}")
        later = repo.git("commit-tree", "-p", tip, "-m", "Later", repo.git("rev-parse", "main^{tree}"))
        repo.git("update-ref", f"refs/heads/logist/{outside}", later)
        assert _actions(_clean(parts, TIDY)) == [Action.REMOVE_WORKSPACE] * 2

    def test_ignored_files_are_no_work(self, parts: Parts, repo: GitSandbox) -> None:
        repo.write(".gitignore", "build/\n")
        repo.commit()
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        (workspace / "build").mkdir()
        (workspace / "build" / "out").write_text("x")
        assert _actions(_clean(parts, TIDY)) == [Action.REMOVE_WORKSPACE]

    def test_nothing_that_an_agent_configured_is_run(self, parts: Parts, repo: GitSandbox, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\ntouch '{canary}'\ncat\n")
        script.chmod(0o755)
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        for key, value in {
            "core.fsmonitor": script, "core.hooksPath": tmp_path, "filter.x.clean": script, "diff.external": script
        }.items():  # fmt: skip
            repo.git("config", key, value)
        (workspace / ".gitattributes").write_text("* filter=x\n")
        (workspace / "README.md").write_text("changed")
        assert Action.SAVE_LEFTOVERS in _actions(_clean(parts, TIDY))
        assert not canary.exists()

    def test_a_waiting_job_keeps_it_until_it_is_stale(self, parts: Parts) -> None:
        job_id = _job(parts, "exit 3")
        assert run_job(parts, job_id, Silence()).state is State.INTERVENTION_REQUIRED
        assert _clean(parts, TIDY).done == ()
        report = _clean(parts, CleanupPolicy(stale_s=0.0))
        assert _actions(report) == [Action.REMOVE_WORKSPACE]
        parts.store.change(job_id, lambda manifest: Reopen())
        assert run_job(parts, job_id, Silence()).state is State.INTERVENTION_REQUIRED

    @pytest.mark.parametrize("how", ["missing", "empty", "unregistered"])
    def test_a_worktree_in_pieces_is_no_obstacle(self, parts: Parts, repo: GitSandbox, how: str) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        if how == "unregistered":
            shutil.rmtree(repo.path / ".git" / "worktrees" / job_id)
        else:
            shutil.rmtree(workspace)
        if how == "empty":
            workspace.mkdir()
        report = _clean(parts, TIDY)
        assert report.failed == () and _actions(report)[-1] is Action.REMOVE_WORKSPACE
        assert not workspace.exists() and len(repo.git("worktree", "list").splitlines()) == 1
        assert _rescued(parts, job_id) == []

    def test_content_without_permissions_goes(self, parts: Parts) -> None:
        job_id = _done(parts, "mkdir -p a/b && echo x > a/b/c")
        workspace = parts.root.folder(job_id).workspace
        (workspace / "a" / "b").chmod(0)
        (workspace / "a").chmod(0o500)
        assert _clean(parts, TIDY).failed == ()
        assert not workspace.exists()

    def test_a_link_in_its_place_is_never_followed(self, parts: Parts, tmp_path: Path) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        victim = tmp_path / "victim"
        shutil.move(workspace, victim)
        workspace.symlink_to(victim)
        for policy in (TIDY, _by_name(job_id, force=True)):
            report = _clean(parts, policy)
            assert report.done == () and "not a folder below" in report.kept[0].reason
        assert (victim / "new.txt").exists()


class TestEverything:
    def test_a_merged_job_leaves_nothing_but_its_archive(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        apply_job(parts, job_id)
        planned = plan_cleanup(parts, CleanupPolicy(merged=True))
        assert _branch(parts, job_id) is not None, "planning changes nothing"
        report = apply_plan(parts, planned)
        assert _actions(report) == [
            Action.REMOVE_WORKSPACE, Action.DELETE_BRANCH, Action.ARCHIVE, Action.DELETE_FOLDER
        ]  # fmt: skip
        assert report.done[1].removal.proof == "it is an ancestor of main"
        _check_gone(parts, repo, job_id)
        assert _rescued(parts, job_id) == []
        assert _clean(parts, CleanupPolicy(merged=True)).done == ()

    def test_unmerged_work_is_refused(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        before = repo.git("for-each-ref")
        report = _clean(parts, _by_name(job_id))
        error = report.error()
        assert isinstance(error, RefusedError) and error.exit_status == 5
        assert "not proven to be merged" in str(error) and "--force" in error.hint
        assert repo.git("for-each-ref") == before and parts.root.folder(job_id).workspace.is_dir()

    def test_force_saves_it_first(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        tip = _branch(parts, job_id)
        (parts.root.folder(job_id).workspace / "more.txt").write_text("more")
        report = _clean(parts, _by_name(job_id, force=True))
        assert report.error() is None
        _check_gone(parts, repo, job_id)
        leftovers, branch = _rescued(parts, job_id)
        assert branch == tip and repo.git("show", f"{leftovers}:more.txt") == "more"

    def test_a_squash_merge_is_proof(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        tip = _branch(parts, job_id)
        repo.write("other.txt", "other")
        repo.commit()
        repo.git("merge", "--squash", "-q", f"logist/{job_id}")
        repo.commit("Squashed")
        report = _clean(parts, _by_name(job_id))
        assert report.error() is None and report.done[0].removal.action is Action.SAVE_BRANCH
        _check_gone(parts, repo, job_id)
        assert list(parts.refs.list(f"refs/logist/kept/{job_id}/").values()) == [tip]

    def test_a_job_without_changes_has_nothing_to_lose(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts, "true")
        assert _clean(parts, _by_name(job_id)).error() is None
        _check_gone(parts, repo, job_id)

    def test_a_snapshot_of_uncommitted_work_is_work(self, parts: Parts, repo: GitSandbox) -> None:
        repo.write("dirty.txt", "dirty")
        job_id = _job(parts, "true", include_dirty=True)
        run_job(parts, job_id, Silence())
        assert _clean(parts, _by_name(job_id)).error() is not None

    def test_a_job_that_waits_has_to_be_ended_first(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _job(parts)
        report = _clean(parts, _by_name(job_id))
        assert isinstance(report.error(), RefusedError) and "it waits to be run" in str(report.error())
        assert _clean(parts, _by_name(job_id, force=True)).error() is None
        _check_gone(parts, repo, job_id)

    def test_files_elsewhere_go_too(self, repo: GitSandbox, tmp_path: Path) -> None:
        elsewhere = {f"LOGIST_{name}_BASE": str(tmp_path / name.lower()) for name in ("WORK", "OUTPUT", "LOG")}
        with open_app(repo.path, {**repo.environ, **elsewhere}, flags={"cleanup.when": "never"}) as app:
            job_id = _done(app.parts, "true")
            folder = app.parts.root.folder(job_id)
            assert folder.workspace.is_relative_to(tmp_path / "work") and folder.workspace.is_dir()
            assert _clean(app.parts, _by_name(job_id)).error() is None
            _check_gone(app.parts, repo, job_id)
            for name in ("work", "output", "log"):
                left = [path for path in (tmp_path / name).rglob("*") if ".archived" not in path.parts]
                assert [path for path in left if path.is_file() or job_id in path.name] == []


class TestRefusals:
    def test_a_job_that_somebody_owns(self, parts: Parts) -> None:
        job_id = _done(parts, "true")
        planned = plan_cleanup(parts, _by_name(job_id))
        lock = try_lock(parts.root.folder(job_id).lock)
        assert lock is not None
        with lock:
            error = _clean(parts, _by_name(job_id, force=True)).error()
            assert isinstance(error, RefusedError) and "a process owns it" in str(error)
            assert isinstance(apply_plan(parts, planned).error(), BusyError)
        assert job_id in parts.store.ids()

    def test_a_worktree_that_somebody_else_locked(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts, "true")
        (repo.path / ".git" / "worktrees" / job_id / "locked").write_text("on a stick")
        error = _clean(parts, _by_name(job_id, force=True)).error()
        assert isinstance(error, RefusedError) and "on a stick" in str(error) and "worktree unlock" in error.hint

    def test_a_branch_that_is_checked_out_elsewhere(self, parts: Parts, repo: GitSandbox, tmp_path: Path) -> None:
        job_id = _done(parts, "true")
        _clean(parts, TIDY)
        repo.git("worktree", "add", "-q", tmp_path / "mine", f"logist/{job_id}")
        error = _clean(parts, _by_name(job_id, force=True)).error()
        assert error is not None and f"is checked out in {tmp_path / 'mine'}" in str(error)
        repo.git("worktree", "remove", tmp_path / "mine")
        repo.git("checkout", "-q", f"logist/{job_id}")
        assert "is checked out in" in str(_clean(parts, _by_name(job_id, force=True)).error())

    def test_a_worktree_inside_the_worktree(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts, "true")
        inner = parts.root.folder(job_id).workspace / "inner"
        repo.git("worktree", "add", "-q", "-b", "inner", inner)
        for policy in (TIDY, _by_name(job_id, force=True)):
            assert f"another worktree lies inside it, {inner}" in _clean(parts, policy).kept[0].reason
        assert (inner / "README.md").exists()

    def test_a_branch_from_which_another_job_starts(self, parts: Parts) -> None:
        first = _done(parts, "true")
        request = JobRequest(argv=("true",), base=f"logist/{first}")
        second = create_job(parts, request).stored.manifest.id
        assert f"open jobs start from logist/{first}: {second}" in str(
            _clean(parts, _by_name(first, force=True)).error()
        )

    def test_a_job_that_was_reopened_meanwhile(self, parts: Parts) -> None:
        job_id = _done(parts, "true")
        planned = plan_cleanup(parts, _by_name(job_id))
        parts.store.change(job_id, lambda manifest: Reopen())
        report = apply_plan(parts, planned)
        assert report.done == () and "it waits to be run" in str(report.error())

    def test_a_branch_that_moved_meanwhile(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        apply_job(parts, job_id)
        planned = plan_cleanup(parts, _by_name(job_id))
        repo.write("later.txt", "later")
        later = repo.commit("Later")
        repo.git("branch", "-f", "mine", later)
        repo.git("reset", "-q", "--hard", "HEAD^")
        repo.git("update-ref", f"refs/heads/logist/{job_id}", later)
        report = apply_plan(parts, planned)
        assert report.done == () and "not proven to be merged" in str(report.error())
        assert _branch(parts, job_id) == later

    def test_one_refusal_stops_no_other_job(self, parts: Parts) -> None:
        good, bad = _done(parts, "true"), _done(parts)
        report = _clean(parts, CleanupPolicy(names=frozenset({good, bad})))
        assert report.error() is not None and good not in parts.store.ids() and bad in parts.store.ids()


class TestProcesses:
    def test_the_jobs_strays_are_ended(self, parts: Parts, sleepers: Sleepers) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        process = sleepers.start(workspace, LOGIST_JOB_ID=job_id, LOGIST_WORKSPACE=str(workspace))
        report = _clean(parts, TIDY)
        assert _actions(report) == [Action.END_PROCESSES, Action.REMOVE_WORKSPACE]
        assert not alive(process) and str(process.pid) in report.done[0].removal.target

    def test_a_persons_process_is_named_and_never_ended(self, parts: Parts, sleepers: Sleepers) -> None:
        job_id = _done(parts, "true")
        workspace = parts.root.folder(job_id).workspace
        process = sleepers.start(workspace)
        error = _clean(parts, _by_name(job_id)).error()
        assert error is not None and f"the process {process.pid} (" in str(error)
        assert f"the process {process.pid} (" in _clean(parts, TIDY).kept[0].reason
        assert _clean(parts, _by_name(job_id, force=True)).error() is None
        assert alive(process) and not workspace.exists()

    def test_we_and_our_parents_are_never_ended(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        program = (
            "import os, sys; from pathlib import Path; from logist_ci.app import open_app\n"
            "from logist_ci.lifecycle.cleanup.execute import *; from logist_ci.lifecycle.cleanup.decisions import *\n"
            "with open_app(Path(sys.argv[1]), os.environ) as app:\n"
            "    report = apply_plan(app.parts, plan_cleanup(app.parts, CleanupPolicy()))\n"
            "    print(report.kept[0].reason if report.kept else 'done')\n"
        )
        environ = {
            **repo.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "LOGIST_JOB_ID": job_id,
            "LOGIST_WORKSPACE": str(workspace),
        }
        inner = f"cd '{workspace}' && '{sys.executable}' -c \"$0\" '{repo.path}'; echo alive"
        done = capture(Command(("sh", "-c", inner, program), repo.path, environ))
        assert done.stdout.decode().splitlines()[-1] == "alive", done
        assert b"is inside" in done.stdout and workspace.exists()


@pytest.fixture
def immutable(parts: Parts, repo: GitSandbox) -> Iterator[JobId]:
    """A done job in whose worktree a file cannot be deleted, even by root."""
    job_id = _done(parts)
    file = parts.root.folder(job_id).workspace / "new.txt"
    if not shutil.which("chattr") or capture(Command(("chattr", "+i", str(file)), repo.path, repo.environ)).returncode:
        pytest.skip("files cannot be made immutable here: it takes root and a file system that knows the attribute")
    yield job_id
    for left in repo.path.rglob("new.txt"):
        capture(Command(("chattr", "-i", str(left)), repo.path, repo.environ))


def test_an_immutable_file_is_named_and_the_next_try_finishes(immutable: JobId, parts: Parts, repo: GitSandbox) -> None:
    job_id = immutable
    apply_job(parts, job_id)
    report = _clean(parts, _by_name(job_id))
    error = report.error()
    assert isinstance(error, LogistError) and "new.txt" in str(error) and "chattr" in error.hint
    for policy in (_by_name(job_id), TIDY, CleanupPolicy(merged=True)):
        assert _clean(parts, policy).error() is not None
        assert _branch(parts, job_id) is not None and job_id in parts.store.ids()
    for left in repo.path.rglob("new.txt"):
        capture(Command(("chattr", "-i", str(left)), repo.path, repo.environ))
    assert _clean(parts, _by_name(job_id)).error() is None
    _check_gone(parts, repo, job_id)


class _Stops(RefStore):
    """References of which one beginning cannot be deleted, as when the disk fails in the middle of a cleanup."""

    def __init__(self, refs: RefStore, prefix: str) -> None:
        super().__init__(refs.repository)
        self._prefix = prefix

    def delete(self, ref: RefName, *, expected: CommitId) -> None:
        if ref.startswith(self._prefix):
            raise StoreError(f"The disk failed at {ref}.")
        super().delete(ref, expected=expected)


def test_what_stops_half_way_is_finished_by_the_next(parts: Parts, repo: GitSandbox) -> None:
    job_id = _done(parts)
    apply_job(parts, job_id)
    report = _clean(replace(parts, refs=_Stops(parts.refs, "refs/heads/")), CleanupPolicy(merged=True))
    assert isinstance(report.error(), StoreError) and _actions(report) == [Action.REMOVE_WORKSPACE]
    assert parts.store.read(job_id).manifest.closed_at is not None
    # Closed is decided: now even a cleanup that nobody asked for finishes it.
    assert _clean(parts, TIDY).error() is None
    _check_gone(parts, repo, job_id)


class TestOrphans:
    def test_a_folder_that_holds_no_work_goes(self, parts: Parts) -> None:
        folder = parts.root.folder(JobId("half-made-1"))
        parts.root.make()
        folder.make()
        report = _clean(parts, TIDY)
        assert report.failed == () and not folder.base.exists()

    def test_one_with_a_worktree_goes_by_name_and_force_only_and_is_saved(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        parts.store.remove(job_id, parts.store.read(job_id).commit)
        workspace = parts.root.folder(job_id).workspace
        (workspace / "mine.txt").write_text("mine")
        assert "no manifest" in _clean(parts, TIDY).kept[0].reason
        assert isinstance(_clean(parts, _by_name(job_id)).error(), RefusedError)
        report = _clean(parts, _by_name(job_id, force=True))
        assert report.error() is None and not parts.root.folder(job_id).base.exists()
        (saved,) = _rescued(parts, job_id)
        assert repo.git("show", f"{saved}:mine.txt") == "mine"
        assert _branch(parts, job_id) is not None, "nobody asked about the branch"

    def test_a_registration_without_a_folder_goes(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        parts.store.remove(job_id, parts.store.read(job_id).commit)
        shutil.rmtree(parts.root.folder(job_id).base)
        assert len(repo.git("worktree", "list").splitlines()) == 2
        assert _clean(parts, TIDY).failed == ()
        assert len(repo.git("worktree", "list").splitlines()) == 1

    def test_half_finished_removals_are_finished(self, parts: Parts) -> None:
        job_id = _done(parts)
        folder = parts.root.folder(job_id)
        left = [parts.root.path / ".trash" / "removed-00ff", folder.temp / "removed-00aa", folder.base / "removed-0"]
        for place in left:
            (place / "x").mkdir(parents=True)
        written = parts.root.path / ".logist-999999999-00.tmp"
        written.touch()
        mine = parts.root.path / ".logist-mine"
        mine.touch()
        assert _clean(parts, TIDY).failed == ()
        assert not any(place.exists() for place in (*left, written, left[0].parent)) and mine.exists()

    def test_a_folder_in_which_a_process_works_stays(self, parts: Parts) -> None:
        folder = parts.root.folder(JobId("half-made-1"))
        folder.make()
        lock = try_lock(folder.lock)
        assert lock is not None
        with lock:
            assert "a process works in it" in _clean(parts, TIDY).kept[0].reason


@pytest.mark.parametrize("kind", ["linked", "bare", "odd path", "submodule"])
def test_every_kind_of_repository_is_cleaned_up(repo: GitSandbox, tmp_path: Path, kind: str) -> None:
    environ = {
        **repo.environ,
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "protocol.file.allow",
        "GIT_CONFIG_VALUE_0": "always",
    }
    place = tmp_path / ('it\'s a\n"path" \udcff' if kind == "odd path" else kind)
    if kind == "linked":
        repo.git("worktree", "add", "-q", "-b", "feature", place)
    elif kind == "submodule":
        main = GitSandbox(repo.path, environ)
        main.git("submodule", "add", "-q", str(repo.path), "sub")
        main.commit()
        place = repo.path
    else:
        repo.git("clone", "-q", *(["--bare"] if kind == "bare" else []), repo.path, place)
    with open_app(place, repo.environ, flags={"cleanup.when": "never"}) as app:
        job_id = _done(app.parts)
        folder = app.parts.root.folder(job_id)
        (folder.workspace / "more.txt").write_text("more")
        assert next(done.removal.target for done in _clean(app.parts, TIDY).done) == "1 uncommitted change"
        assert isinstance(_clean(app.parts, _by_name(job_id)).error(), RefusedError)
        assert _clean(app.parts, _by_name(job_id, force=True)).error() is None
        assert not folder.base.exists() and app.parts.store.archived_ids() == [job_id]
        assert len(_rescued(app.parts, job_id)) == 2


class TestWhatCannotBeSaved:
    @needs_permissions
    def test_a_closed_file_of_ours_is_opened_and_saved(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _done(parts)
        file = parts.root.folder(job_id).workspace / "closed.txt"
        file.write_text("closed")
        file.chmod(0)
        assert _clean(parts, TIDY).failed == ()
        (saved,) = _rescued(parts, job_id)
        assert repo.git("show", f"{saved}:closed.txt") == "closed"

    def test_a_name_that_git_refuses_keeps_the_worktree(self, parts: Parts) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        (workspace / "git~1").write_text("x")
        report = _clean(parts, TIDY)
        assert isinstance(report.error(), RefusedError) and "cannot be saved" in str(report.error())
        assert (workspace / "git~1").exists()

    def test_pipes_hold_no_work(self, parts: Parts) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        os.mkfifo(workspace / "pipe")
        (workspace / "more.txt").write_text("more")
        assert _clean(parts, TIDY).failed == () and not workspace.exists()

    def test_the_disk_fails_while_saving(self, parts: Parts) -> None:
        job_id = _done(parts)
        workspace = parts.root.folder(job_id).workspace
        (workspace / "more.txt").write_text("more")
        shutil.rmtree(parts.root.folder(job_id).temp)
        parts.root.folder(job_id).temp.write_text("in the way")
        report = _clean(parts, TIDY)
        assert report.done == () and (workspace / "more.txt").exists()


_CLEANER = """\
import os, sys
from pathlib import Path
from logist_ci.app import open_app
from logist_ci.lifecycle.cleanup.decisions import CleanupPolicy
from logist_ci.lifecycle.cleanup.execute import apply_plan, plan_cleanup
with open_app(Path(sys.argv[1]), os.environ) as app:
    planned = plan_cleanup(app.parts, CleanupPolicy(merged=True))
    print("ready", flush=True)
    apply_plan(app.parts, planned)
"""


def _kill_while_cleaning(repo: GitSandbox, after_s: float) -> None:
    environ = {**repo.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _CLEANER, str(repo.path)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        time.sleep(after_s)
        process.kill()


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_and_the_next_run_finishes(parts: Parts, repo: GitSandbox) -> None:
    for number in range(20):
        job_id = _done(parts, f"echo {number} > {number}.txt")
        apply_job(parts, job_id)
        _kill_while_cleaning(repo, number * 0.006)
        stored = job_id in parts.store.ids() or job_id in parts.store.archived_ids()
        assert stored and (repo.path / f"{number}.txt").read_text() == f"{number}\n"
        assert _clean(parts, CleanupPolicy(merged=True)).error() is None
        _check_gone(parts, repo, job_id)
