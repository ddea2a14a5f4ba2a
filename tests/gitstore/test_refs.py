from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from logist_ci.errors import LostRaceError, MissingError, StoreError
from logist_ci.gitstore.ref_turns import RefTurns
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, RefName, commit_id
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.sandbox import GitSandbox
from tests.privileges import needs_permissions

ROOT = Path(__file__).resolve().parents[2]
REF = RefName("refs/logist/jobs/a-job")
BRANCH = RefName("refs/heads/logist/a-job")


@pytest.fixture
def first(repo: GitSandbox) -> CommitId:
    return repo.head()


@pytest.fixture
def second(repo: GitSandbox, first: CommitId) -> CommitId:
    return repo.commit("Second")


def impatient(repository: Repository) -> RefStore:
    return RefStore(repository, patience_s=0.2)


def test_a_reference_is_created_moved_and_deleted(refs: RefStore, first: CommitId, second: CommitId) -> None:
    assert refs.read(REF) is None
    refs.write(REF, first, expected=None)
    refs.write(REF, second, expected=first)
    assert refs.read(REF) == second
    refs.delete(REF, expected=second)
    assert refs.read(REF) is None


def test_whoever_expects_something_else_has_lost(refs: RefStore, first: CommitId, second: CommitId) -> None:
    refs.write(REF, first, expected=None)
    with pytest.raises(LostRaceError, match="nothing"):
        refs.write(REF, second, expected=None)
    with pytest.raises(LostRaceError, match=first):
        refs.write(REF, first, expected=second)
    with pytest.raises(LostRaceError):
        refs.delete(REF, expected=second)
    assert refs.read(REF) == first


def test_what_is_gone_cannot_be_moved_or_deleted(refs: RefStore, first: CommitId, second: CommitId) -> None:
    with pytest.raises(LostRaceError, match="is at nothing"):
        refs.write(REF, second, expected=first)
    with pytest.raises(LostRaceError, match="is at nothing"):
        refs.delete(REF, expected=first)


def test_packed_references_are_the_same(repo: GitSandbox, refs: RefStore, first: CommitId, second: CommitId) -> None:
    refs.write(REF, first, expected=None)
    repo.git("pack-refs", "--all")
    assert not (repo.path / ".git" / REF).exists()
    assert refs.read(REF) == first
    assert refs.list("refs/logist/") == {REF: first}
    with pytest.raises(LostRaceError):
        refs.write(REF, second, expected=None)
    refs.write(REF, second, expected=first)
    assert refs.list("refs/logist/") == {REF: second}
    refs.delete(REF, expected=second)
    assert (refs.read(REF), refs.list("refs/logist/")) == (None, {})


def test_git_sees_what_we_write(repo: GitSandbox, refs: RefStore, first: CommitId) -> None:
    refs.write(REF, first, expected=None)
    assert repo.head(REF) == first
    repo.git("fsck", "--strict")


def test_no_reference_leads_to_a_missing_object(refs: RefStore) -> None:
    with pytest.raises(StoreError, match="no such object"):
        refs.write(REF, commit_id("a" * 40), expected=None)
    assert refs.read(REF) is None


def test_a_deleted_branch_leaves_no_log(repo: GitSandbox, refs: RefStore, first: CommitId, second: CommitId) -> None:
    log = repo.path / ".git" / "logs" / BRANCH
    refs.write(BRANCH, first, expected=None, message="Start a job")
    refs.write(BRANCH, second, expected=first, message="Harvest")
    assert "logist-ci: Harvest" in repo.git("reflog", "show", "logist/a-job")
    neighbour = RefName("refs/heads/logist/b-job")
    refs.write(neighbour, first, expected=None)
    refs.delete(BRANCH, expected=second)
    assert not log.exists()
    assert log.with_name("b-job").exists()
    refs.delete(neighbour, expected=first)
    assert not log.parent.exists()
    assert (repo.path / ".git/logs/refs/heads/main").exists()


def test_a_reference_that_leads_to_another_is_not_ours(repo: GitSandbox, refs: RefStore, first: CommitId) -> None:
    repo.git("symbolic-ref", REF, "refs/heads/main")
    with pytest.raises(StoreError, match="leads to another"):
        refs.read(REF)
    with pytest.raises(StoreError, match="leads to another"):
        refs.write(REF, first, expected=first)


def test_lists_follow_references_that_lead_to_others(repo: GitSandbox, refs: RefStore, first: CommitId) -> None:
    repo.git("update-ref", "refs/remotes/origin/main", first)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repo.git("symbolic-ref", "refs/remotes/origin/broken", "refs/remotes/origin/none")
    assert refs.list("refs/remotes/") == {
        RefName("refs/remotes/origin/main"): first,
        RefName("refs/remotes/origin/HEAD"): first,
    }


def test_lists_have_what_git_lists(repo: GitSandbox, refs: RefStore, first: CommitId, second: CommitId) -> None:
    repo.git("tag", "-a", "-m", "First", "v1", first)
    repo.git("update-ref", "refs/heads/deep/er/é#1", first)
    repo.git("pack-refs", "--all")
    repo.git("update-ref", "refs/heads/main", first)
    repo.git("update-ref", "refs/heads/new", second)
    lines = repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    assert {f"{name} {value}" for name, value in refs.list("refs/").items()} == set(lines)
    assert set(refs.list("refs/heads/de")) == set()


def test_damaged_references_are_told_apart(repo: GitSandbox, refs: RefStore, first: CommitId) -> None:
    refs.write(REF, first, expected=None)
    (repo.path / ".git" / "refs/logist/jobs/empty").write_bytes(b"")
    (repo.path / ".git" / "refs/logist/jobs/odd").write_bytes(b"\xff" * 40)
    (repo.path / ".git" / "refs/logist/jobs/a-job.lock").write_bytes(b"")
    survey = refs.survey("refs/logist/jobs/")
    assert survey.good == {REF: first}
    assert set(survey.damaged) == {"refs/logist/jobs/empty", "refs/logist/jobs/odd"}
    with pytest.raises(StoreError, match="read the reference"):
        refs.read(RefName("refs/logist/jobs/empty"))


def test_a_lock_of_somebody_elses_is_waited_for(repo: GitSandbox, repository: Repository, first: CommitId) -> None:
    lock = repo.path / ".git" / f"{BRANCH}.lock"
    lock.parent.mkdir(parents=True)
    lock.write_bytes(b"")
    with pytest.raises(StoreError, match=r"could not write the reference.*lock"):
        impatient(repository).write(BRANCH, first, expected=None)
    # It is not ours, so it stays where it is.
    assert lock.exists()
    lock.unlink()
    impatient(repository).write(BRANCH, first, expected=None)


def test_names_that_collide_are_refused(repository: Repository, first: CommitId) -> None:
    refs = impatient(repository)
    refs.write(REF, first, expected=None)
    with pytest.raises(StoreError, match="could not write the reference"):
        refs.write(RefName(f"{REF}/below"), first, expected=None)
    with pytest.raises(StoreError, match="could not write the reference"):
        refs.write(RefName("refs/logist/jobs"), first, expected=None)


KILLED = """
import os, signal, sys
from pathlib import Path
from logist_ci.gitstore.ref_turns import RefTurns
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import RefName
from logist_ci.process.clock import SystemClock
from tests.privileges import needs_permissions
repository = Repository.open(Path(sys.argv[1]), environ=os.environ)
with RefTurns(repository.common_dir, SystemClock(), 5).hold(RefName(sys.argv[2])):
    transaction = repository.raw.transaction()
    transaction.lock_ref(sys.argv[2])
    (repository.common_dir / "packed-refs.lock").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_while_writing(repo: GitSandbox, ref: RefName) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, repo.path, ref], env={**repo.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == -signal.SIGKILL


def test_a_writer_that_was_killed_leaves_nothing_locked(repo: GitSandbox, refs: RefStore, first: CommitId) -> None:
    killed_while_writing(repo, REF)
    assert (repo.path / ".git" / f"{REF}.lock").exists()
    refs.write(REF, first, expected=None)
    assert refs.read(REF) == first
    refs.delete(REF, expected=first)
    assert list((repo.path / ".git").rglob("*.lock")) == []


def test_a_writer_of_another_reference_tidies_up_too(repo: GitSandbox, refs: RefStore, first: CommitId) -> None:
    killed_while_writing(repo, REF)
    refs.write(BRANCH, first, expected=None)
    assert list((repo.path / ".git").rglob("*.lock")) == []


@pytest.mark.parametrize("note", [b"refs/../../../etc/passwd", b"\xff" * 2000, b"HEAD", b"-rf"])
def test_a_forged_note_removes_nothing(repo: GitSandbox, refs: RefStore, first: CommitId, note: bytes) -> None:
    (repo.path / ".git" / "logist-ci-refs").write_bytes(note)
    head_lock = repo.path / ".git" / "HEAD.lock"
    head_lock.touch()
    refs.write(REF, first, expected=None)
    assert refs.read(REF) == first
    assert head_lock.exists()


def test_a_lock_that_is_renewed_is_somebodys(repo: GitSandbox, first: CommitId) -> None:
    lock = repo.path / ".git" / f"{REF}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    (repo.path / ".git" / "logist-ci-refs").write_bytes(REF.encode())

    class Busy(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            os.utime(lock, (self.monotonic(), self.monotonic()))

    with RefTurns(repo.path / ".git", Busy(), 1).hold(BRANCH):
        assert lock.exists()


@needs_permissions
def test_a_read_only_repository_is_said(repo: GitSandbox, repository: Repository, first: CommitId) -> None:
    refs = impatient(repository)
    refs.write(REF, first, expected=None)
    folder = (repo.path / ".git" / REF).parent
    folder.chmod(0o555)
    try:
        with pytest.raises(MissingError, match="could not write the reference"):
            refs.delete(REF, expected=first)
    finally:
        folder.chmod(0o755)
