from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import LogistError, RefusedError, StoreError
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.gitstore.registration import Registration, reason_of, registrations
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import job_id
from logist_ci.testing.sandbox import GitSandbox

JOB = job_id("example-000001")
BRANCH = "logist/example-000001"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / 'a "place"\nof its own' / "workspace"


@pytest.fixture
def registration(repository: Repository, place: Path) -> Registration:
    return Registration(JOB, place, repository.common_dir)


@pytest.fixture
def registered(repo: GitSandbox, registration: Registration, place: Path) -> Registration:
    repo.git("branch", BRANCH)
    registration.write(BRANCH, CheckoutSettings(), own_config=False)
    place.mkdir(parents=True)
    registration.link_up()
    return registration


def porcelain(repo: GitSandbox) -> list[dict[str, str]]:
    entries = repo.git("worktree", "list", "--porcelain", "-z").split("\0\0")
    return [dict(line.partition(" ")[::2] for line in entry.split("\0") if line) for entry in entries if entry]


def test_git_sees_what_it_would_have_made(repo: GitSandbox, registered: Registration, tmp_path: Path) -> None:
    assert porcelain(repo)[1] == {
        "worktree": str(registered.workspace),
        "HEAD": repo.head(),
        "branch": f"refs/heads/{BRANCH}",
        "locked": f"logist-ci job {JOB}",
    }
    repo.git("worktree", "add", "-q", "--lock", "--reason", reason_of(JOB), "-b", "other", tmp_path / "by-git")
    git_made = repository_files(registered.common_dir / "worktrees" / "by-git")
    ours = repository_files(registered.admin)
    assert set(git_made) - set(ours) <= {"ORIG_HEAD", "index", "logs/HEAD"}
    assert ours["commondir"] == git_made["commondir"]
    assert ours["locked"].strip() == git_made["locked"].strip()
    assert ours["HEAD"] == f"ref: refs/heads/{BRANCH}\n"
    assert os.fsdecode(registered.link_content) == f"gitdir: {registered.admin}\n"


def repository_files(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "index")
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in files}


def test_git_leaves_it_alone(repo: GitSandbox, registered: Registration) -> None:
    registered.link.unlink()
    repo.git("worktree", "prune", "--expire=now")
    assert registered.exists()
    with pytest.raises(StoreError, match="locked"):
        repo.git("worktree", "remove", "--force", registered.workspace)


def test_git_works_in_it(repo: GitSandbox, registered: Registration) -> None:
    assert repo.git("status", "--porcelain", "--branch", at=registered.workspace).startswith(f"## {BRANCH}")
    assert repo.git("rev-parse", "--show-toplevel", at=registered.workspace) == str(registered.workspace)


def test_it_knows_whether_it_is_as_it_was_made(registered: Registration) -> None:
    assert registered.exists()
    assert registered.ours()
    assert registered.sound(BRANCH)
    assert not registered.sound("logist/other")
    (registered.admin / "HEAD").write_text("0" * 40, encoding="utf-8")
    assert registered.intact()
    assert not registered.sound(BRANCH)
    (registered.admin / "commondir").write_text("/elsewhere\n", encoding="utf-8")
    assert not registered.intact()
    assert registered.linked()
    registered.link.write_text("gitdir: /elsewhere\n", encoding="utf-8")
    assert not registered.linked()


@pytest.mark.parametrize("what", ["missing", "link", "folder", "pipe"])
def test_the_link_has_to_be_a_file(registered: Registration, tmp_path: Path, what: str) -> None:
    registered.link.unlink()
    if what == "link":
        (tmp_path / "copy").write_bytes(registered.link_content)
        registered.link.symlink_to(tmp_path / "copy")
    elif what == "folder":
        registered.link.mkdir()
    elif what == "pipe":
        os.mkfifo(registered.link)
    assert not registered.linked()
    if what == "folder":
        with pytest.raises(StoreError, match="is a folder"):
            registered.link_up()
    else:
        registered.link_up()
        assert registered.linked()


def test_the_worktrees_of_others_are_not_ours(repo: GitSandbox, registration: Registration, tmp_path: Path) -> None:
    other = tmp_path / JOB
    repo.git("worktree", "add", "-q", "--detach", other)
    assert registration.exists()
    assert not registration.ours()
    for refuse in (registration.check_ours, lambda: registration.unregister(tmp_path / "trash")):
        with pytest.raises(RefusedError, match="locked by somebody else, or lies elsewhere"):
            refuse()
    assert registration.exists()


@pytest.mark.parametrize(("reason", "ours"), [("mine, keep it", False), (None, True), (reason_of(JOB), True)])
def test_the_reason_of_the_lock_counts(registered: Registration, reason: str | None, ours: bool) -> None:
    if reason is None:
        (registered.admin / "locked").unlink()
    else:
        (registered.admin / "locked").write_text(reason, encoding="utf-8")
    assert registered.ours() is ours


@pytest.mark.parametrize("written", [(), ("locked",), ("locked", "gitdir")])
def test_what_a_killed_maker_left_is_ours(registration: Registration, written: tuple[str, ...]) -> None:
    registration.admin.mkdir(parents=True)
    for name in written:
        (registration.admin / name).touch()
    assert registration.ours()


def test_a_moved_repository_still_has_its_worktrees(registered: Registration) -> None:
    moved = Registration(JOB, registered.workspace.parent / "elsewhere", registered.common_dir)
    assert not moved.ours()
    registered.link.unlink()
    assert moved.ours()
    (registered.admin / "gitdir").unlink()
    assert moved.ours()


def test_unregistering_leaves_nothing(repo: GitSandbox, registered: Registration, tmp_path: Path) -> None:
    (registered.admin / "modules" / "deep").mkdir(parents=True)
    registered.unregister(tmp_path / "trash")
    assert len(porcelain(repo)) == 1
    assert not registered.admin.parent.exists()
    assert list((tmp_path / "trash").iterdir()) == []
    registered.unregister(tmp_path / "trash")


def test_other_worktrees_stay_when_one_goes(repo: GitSandbox, registered: Registration, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "--detach", tmp_path / "other")
    registered.unregister(tmp_path / "trash")
    assert [Path(entry["worktree"]).name for entry in porcelain(repo)] == ["repo", "other"]


def test_what_a_killed_git_left_is_set_aside(registered: Registration, tmp_path: Path) -> None:
    for name in ("index.lock", "MERGE_HEAD", "index", "ORIG_HEAD"):
        (registered.admin / name).write_text("x", encoding="utf-8")
    (registered.admin / "rebase-merge").mkdir()
    assert registered.set_aside_unfinished(tmp_path / "trash") == ["MERGE_HEAD", "index.lock", "rebase-merge"]
    assert registered.sound(BRANCH)
    assert len(list((tmp_path / "trash").iterdir())) == 3
    assert registered.set_aside_unfinished(tmp_path / "trash") == []


def test_head_can_be_read_and_pointed(registered: Registration) -> None:
    (registered.admin / "HEAD").write_text("1" * 40 + "\n", encoding="utf-8")
    assert registered.head() == b"1" * 40
    registered.point_head(BRANCH)
    assert registered.head() == f"ref: refs/heads/{BRANCH}".encode()
    registered.point_head(BRANCH)
    (registered.admin / "HEAD").unlink()
    assert registered.head() is None
    os.mkfifo(registered.admin / "HEAD")
    assert registered.head() == b""


@pytest.mark.parametrize("own_config", [False, True])
def test_a_sparse_checkout_is_one_for_the_agent_too(registration: Registration, own_config: bool) -> None:
    registration.write(BRANCH, CheckoutSettings(sparse=b"/docs/\n", cone=True), own_config=own_config)
    assert (registration.admin / "info" / "sparse-checkout").read_bytes() == b"/docs/\n"
    assert (registration.admin / "config.worktree").exists() is own_config
    if own_config:
        content = (registration.admin / "config.worktree").read_text(encoding="utf-8")
        assert content == "[core]\n\tsparseCheckout = true\n\tsparseCheckoutCone = true\n"


def test_a_folder_that_git_removes_in_between_is_made_again(registration: Registration) -> None:
    registration.admin.parent.mkdir()
    registration.admin.parent.chmod(0o700)
    registration.write(BRANCH, CheckoutSettings(), own_config=False)
    assert registration.intact()


def test_a_place_that_cannot_be_written_is_told(registration: Registration) -> None:
    (registration.common_dir / "worktrees").write_text("in the way", encoding="utf-8")
    with pytest.raises(LogistError, match="could not register the worktree"):
        registration.write(BRANCH, CheckoutSettings(), own_config=False)


def test_only_ours_are_listed(repo: GitSandbox, registered: Registration, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "--detach", tmp_path / "of-the-user")
    repo.git("worktree", "add", "-q", "--detach", tmp_path / "Odd_Name")
    assert list(registrations(registered.common_dir)) == [(JOB, registered.workspace)]
    assert list(registrations(tmp_path)) == []
