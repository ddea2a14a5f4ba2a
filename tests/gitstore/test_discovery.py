from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import RepositoryError
from logist_ci.gitstore.discovery import Place, discover
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox
from tests.privileges import needs_permissions


def main(repo: GitSandbox) -> Place:
    return Place(repo.path / ".git", repo.path / ".git", repo.path, repo.path)


def test_a_repository_is_found_from_everywhere_inside(repo: GitSandbox) -> None:
    deep = repo.write("a/b/c.txt", "x")
    (repo.path / ".logist" / "jobs" / "a-job" / "logs").mkdir(parents=True)
    inside = (".", "a/b", "a/b/c.txt", ".git", ".git/refs/heads", ".git/objects", ".logist/jobs/a-job/logs")
    assert {discover(repo.path / place) for place in inside} == {main(repo)}
    assert discover(deep) == main(repo)


def test_a_linked_worktree_leads_to_its_main_one(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", tmp_path / "linked")
    place = discover(tmp_path / "linked")
    assert place == Place(repo.path / ".git/worktrees/linked", repo.path / ".git", tmp_path / "linked", repo.path)


def test_a_jobs_own_workspace_leads_to_the_main_worktree(repo: GitSandbox) -> None:
    workspace = repo.path / ".logist" / "jobs" / "a-job" / "workspace"
    repo.git("worktree", "add", "-q", "-b", "logist/a-job", workspace)
    (workspace / "sub").mkdir()
    place = discover(workspace / "sub")
    assert (place.common_dir, place.worktree, place.main_worktree) == (repo.path / ".git", workspace, repo.path)


def test_a_submodule_is_a_repository_of_its_own(repo: GitSandbox, tmp_path: Path) -> None:
    outer = GitSandbox.create(tmp_path / "outer", repo.environ)
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", repo.path, "inner")
    git_dir = outer.path / ".git" / "modules" / "inner"
    assert discover(outer.path / "inner") == Place(git_dir, git_dir, outer.path / "inner", outer.path / "inner")
    assert discover(outer.path).worktree == outer.path


def test_a_bare_repository_has_no_worktree(repo: GitSandbox, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", repo.path, bare)
    assert discover(bare) == Place(bare, bare, None, None)
    repo.git("worktree", "add", "-q", tmp_path / "linked", "main", at=bare)
    linked = discover(tmp_path / "linked")
    assert (linked.worktree, linked.main_worktree, linked.common_dir) == (tmp_path / "linked", None, bare)


def test_a_separate_git_directory_is_followed(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("init", "-q", "--separate-git-dir", tmp_path / "elsewhere", tmp_path / "files")
    (tmp_path / "files" / "sub").mkdir()
    place = discover(tmp_path / "files" / "sub")
    assert (place.git_dir, place.worktree) == (tmp_path / "elsewhere", tmp_path / "files")
    # From a linked worktree nobody could tell, so nobody is told.
    assert place.main_worktree is None
    assert Repository.open(tmp_path / "files", environ=repo.environ).raw.workdir == f"{tmp_path}/files/"


@pytest.mark.parametrize("name", [b"sp ace", b"quo'te\"", b"new\nline", b"\xff\xfe", b"-rf", "grün".encode()])
def test_paths_may_have_any_bytes(tmp_path: Path, git_env: dict[str, str], name: bytes) -> None:
    place = tmp_path / os.fsdecode(name)
    GitSandbox.create(place, git_env)
    assert discover(place) == Place(place / ".git", place / ".git", place, place)


def test_a_symbolic_link_to_a_repository_is_followed(repo: GitSandbox, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.path)
    assert discover(tmp_path / "link") == main(repo)


def test_shallow_and_partial_clones_are_opened(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", tmp_path / "shallow")
    repo.git("clone", "-q", "--filter=blob:none", f"file://{repo.path}", tmp_path / "partial")
    # Older versions of git marked partial clones like this.
    repo.git("config", "core.repositoryFormatVersion", "1", at=tmp_path / "partial")
    repo.git("config", "extensions.partialClone", "origin", at=tmp_path / "partial")
    assert discover(tmp_path / "shallow").worktree == tmp_path / "shallow"
    assert discover(tmp_path / "partial").worktree == tmp_path / "partial"


def refusal(place: Path) -> RepositoryError:
    with pytest.raises(RepositoryError) as refused:
        discover(place)
    assert refused.value.hint
    assert str(refused.value).endswith(".")
    return refused.value


def test_no_repository_is_said(folder: Path) -> None:
    error = refusal(folder)
    assert f"no git repository at {folder}" in str(error)
    assert "git init" in error.hint


def test_no_folder_is_said(folder: Path) -> None:
    assert "There is no folder" in str(refusal(folder / "none"))
    assert "There is no folder" in str(refusal(Path("a\0b")))


def test_a_dangling_git_file_is_named(folder: Path) -> None:
    (folder / ".git").write_text("gitdir: /nowhere/at/all\n")
    error = refusal(folder)
    assert str(folder / ".git") in str(error)
    assert "git worktree repair" in error.hint


def test_a_git_file_that_is_none_is_said(folder: Path) -> None:
    (folder / ".git").write_text("garbage\n")
    assert "malformed" in str(refusal(folder))


def test_sha256_is_refused(tmp_path: Path, repo: GitSandbox) -> None:
    repo.git("init", "-q", "--object-format=sha256", tmp_path / "new")
    assert "SHA-256" in str(refusal(tmp_path / "new"))


def test_reftable_is_refused(tmp_path: Path, git_env: dict[str, str]) -> None:
    sandbox = GitSandbox.create(tmp_path / "new", git_env)
    sandbox.git("config", "core.repositoryFormatVersion", "1")
    sandbox.git("config", "extensions.refStorage", "reftable")
    error = refusal(sandbox.path)
    assert "reftable" in str(error)
    assert "git refs migrate" in error.hint


def test_an_unknown_extension_is_refused(tmp_path: Path, git_env: dict[str, str]) -> None:
    sandbox = GitSandbox.create(tmp_path / "new", git_env)
    sandbox.git("config", "core.repositoryFormatVersion", "1")
    sandbox.git("config", "extensions.fromTheFuture", "true")
    assert "fromthefuture" in str(refusal(sandbox.path)).lower()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_foreign_repository_is_not_trusted(repo: GitSandbox) -> None:
    os.chown(repo.path, 12345, 12345)
    os.chown(repo.path / ".git", 12345, 12345)
    error = refusal(repo.path)
    assert "another user" in str(error)
    assert f"safe.directory '{repo.path}'" in error.hint


@needs_permissions
def test_an_unreadable_link_to_the_common_directory_is_said(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", tmp_path / "linked")
    (repo.path / ".git/worktrees/linked/commondir").chmod(0)
    assert "cannot be" in str(refusal(tmp_path / "linked"))
