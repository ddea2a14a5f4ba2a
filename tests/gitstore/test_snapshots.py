from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import RefusedError, RepositoryError, StoreError
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.snapshots import snapshot_dirty
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.sandbox import GitSandbox
from tests.privileges import needs_permissions


def state(repo: GitSandbox) -> tuple[str, ...]:
    """Return everything of the user's that a snapshot must not touch."""
    git_dir = repo.path / ".git"
    index = (git_dir / "index").read_bytes().hex() if (git_dir / "index").exists() else ""
    refs = repo.git("for-each-ref")
    stash = repo.git("stash", "list")
    return index, refs, stash, (git_dir / "HEAD").read_text(), (git_dir / "config").read_text()


def files(repo: GitSandbox, commit: str) -> dict[str, str]:
    listing = repo.git("ls-tree", "-r", "-z", commit).split("\0")
    entries = (line.split("\t", 1) for line in listing if line)
    return {name: repo.git("cat-file", "-p", header.split()[2]) for header, name in entries if " blob " in header}


def test_everything_that_is_not_ignored_is_in_it(repo: GitSandbox, repository: Repository, clock: FakeClock) -> None:
    repo.write(".gitignore", "*.o\n")
    repo.write("gone.txt", "x")
    head = repo.commit()
    repo.write("README.md", "changed\n")
    repo.write("staged.txt", "staged")
    repo.git("add", "staged.txt")
    repo.write("staged.txt", "staged, then changed")
    repo.write("new/deep.txt", "new")
    repo.write("ignored.o", "x")
    (repo.path / "gone.txt").unlink()
    repo.write("run.sh", "#!/bin/sh", executable=True)
    (repo.path / "link").symlink_to("README.md")
    before = state(repo)
    commit = snapshot_dirty(repository, clock=clock)
    assert state(repo) == before
    assert files(repo, commit) == {
        ".gitignore": "*.o", "README.md": "changed", "link": "README.md", "new/deep.txt": "new",
        "run.sh": "#!/bin/sh", "staged.txt": "staged, then changed",
    }  # fmt: skip
    assert "100755 blob" in repo.git("ls-tree", commit, "run.sh")
    fields = repo.git("log", "-1", "--format=%P|%an|%cI|%s", commit).split("|")
    assert fields == [head, "Test Person", "2026-01-01T00:00:00+00:00", "Uncommitted work on main"]


def test_a_clean_worktree_is_its_head(repo: GitSandbox, repository: Repository) -> None:
    assert snapshot_dirty(repository) == repo.head()


def test_a_change_within_the_same_instant_is_seen(repo: GitSandbox, repository: Repository) -> None:
    # Of the same size and time as what the index knows: git looks closer only where the index is not younger.
    repo.git("config", "core.trustCTime", "false")
    file, index, moment = repo.path / "README.md", repo.path / ".git" / "index", (1_700_000_000, 1_700_000_000)
    os.utime(file, moment)
    repo.git("update-index", "--refresh")
    os.utime(index, moment)
    file.write_bytes(b"# Sandbux\n")
    os.utime(file, moment)
    assert files(repo, snapshot_dirty(repository))["README.md"] == "# Sandbux"


def test_the_jobs_are_not_in_it(repo: GitSandbox, repository: Repository) -> None:
    (repo.path / ".git" / "info" / "exclude").write_text("/.logist/jobs/\n")
    repo.write(".logist/jobs/a-job/logs/job.log", "x")
    assert snapshot_dirty(repository) == repo.head()


def test_a_detached_head_and_a_linked_worktree_have_work_too(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "--detach", tmp_path / "linked")
    (tmp_path / "linked" / "new.txt").write_text("new")
    repo.write("main.txt", "not in the linked one")
    linked = Repository.open(tmp_path / "linked", environ=repo.environ)
    commit = snapshot_dirty(linked)
    assert set(files(repo, commit)) == {"README.md", "new.txt"}
    assert repo.git("log", "-1", "--format=%s", commit) == "Uncommitted work on a detached HEAD"


def test_odd_names_are_taken(repo: GitSandbox, repository: Repository) -> None:
    names = [b"\xff\xfe", b"new\nline", b"quo\"te'", b"-rf", b"sp ace"]
    for name in names:
        repo.write(name, "x")
    assert {os.fsencode(name) for name in files(repo, snapshot_dirty(repository))} == {*names, b"README.md"}


def test_a_repository_inside_is_left_out_and_a_submodule_is_not(
    repo: GitSandbox, repository: Repository, tmp_path: Path
) -> None:
    inner = GitSandbox.create(tmp_path / "inner", repo.environ)
    inner.commit("Inner")
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.path, "sub")
    repo.commit("Add a submodule")
    nested = GitSandbox.create(repo.path / "ne\nsted", repo.environ)
    nested.commit("Nested")
    moved = GitSandbox(repo.path / "sub", repo.environ).commit("Moved")
    tree = repo.git("ls-tree", "-r", snapshot_dirty(repository))
    assert f"160000 commit {moved}\tsub" in tree
    assert tree.count("160000") == 1


def test_a_file_in_a_submodules_place_is_taken(repo: GitSandbox, repository: Repository) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},inner")
    repo.git("commit", "-q", "-m", "A link to nowhere")
    repo.write("inner", "now a file")
    assert files(repo, snapshot_dirty(repository))["inner"] == "now a file"


def test_attributes_and_line_ends_are_as_git_has_them(repo: GitSandbox, repository: Repository) -> None:
    repo.write(".gitattributes", "*.txt text eol=crlf\n*.u16 working-tree-encoding=UTF-16LE\n")
    repo.write("a.txt", "one\r\ntwo\r\n")
    repo.write("b.u16", "grün\n".encode("utf-16-le"))
    commit = snapshot_dirty(repository)
    assert repo.git("show", f"{commit}:a.txt") == "one\ntwo"
    assert repo.git("show", f"{commit}:b.u16") == "grün"


def test_sparse_checkouts_keep_what_they_do_not_show(repo: GitSandbox) -> None:
    repo.write("shown/a.txt", "a")
    repo.write("hidden/b.txt", "b")
    repo.commit()
    for options in (["--no-sparse-index"], ["--sparse-index"]):
        repo.git("sparse-checkout", "init", "--cone", *options)
        repo.git("sparse-checkout", "set", "shown")
        repo.write("shown/new.txt", "new")
        repository = Repository.open(repo.path, environ=repo.environ)
        names = {"README.md", "shown/a.txt", "hidden/b.txt", "shown/new.txt"}
        assert set(files(repo, snapshot_dirty(repository))) == names


def test_the_users_hooks_do_not_run(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for name in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor"):
        hook = repo.path / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
        hook.chmod(0o755)
    repo.git("config", "core.fsmonitor", ".git/hooks/fsmonitor")
    repo.write("new.txt", "x")
    canary.unlink(missing_ok=True)
    snapshot_dirty(repository)
    assert not canary.exists()


def test_an_empty_index_is_no_obstacle(repo: GitSandbox, repository: Repository) -> None:
    (repo.path / ".git" / "index").unlink()
    assert snapshot_dirty(repository) == repo.head()


def test_a_split_index_is_no_obstacle(repo: GitSandbox, repository: Repository) -> None:
    repo.git("update-index", "--split-index")
    repo.write("new.txt", "x")
    before = sorted((repo.path / ".git").glob("sharedindex.*"))
    assert set(files(repo, snapshot_dirty(repository))) == {"README.md", "new.txt"}
    assert sorted((repo.path / ".git").glob("sharedindex.*")) == before


def test_conflicts_are_refused(repo: GitSandbox, repository: Repository) -> None:
    repo.git("checkout", "-q", "-b", "theirs")
    repo.write("README.md", "theirs\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("README.md", "ours\n")
    repo.commit()
    with pytest.raises(StoreError):
        repo.git("merge", "-q", "theirs")
    with pytest.raises(RefusedError, match="conflicts"):
        snapshot_dirty(repository)


def test_without_a_commit_or_a_worktree_there_is_nothing_to_include(
    repo: GitSandbox, tmp_path: Path, git_env: dict[str, str]
) -> None:
    unborn = GitSandbox.create(tmp_path / "unborn", git_env)
    with pytest.raises(RepositoryError, match="no commit yet"):
        snapshot_dirty(Repository.open(unborn.path, environ=git_env))
    repo.git("clone", "-q", "--bare", repo.path, tmp_path / "bare.git")
    with pytest.raises(RepositoryError, match="bare"):
        snapshot_dirty(Repository.open(tmp_path / "bare.git", environ=git_env))


@needs_permissions
def test_a_file_that_cannot_be_read_is_named(repo: GitSandbox, repository: Repository) -> None:
    repo.write("secret.txt", "x").chmod(0)
    with pytest.raises(StoreError, match=r"secret\.txt"):
        snapshot_dirty(repository)
