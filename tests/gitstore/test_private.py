from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.errors import LogistError, MissingError, StoreError
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.gitstore.private import Setup, private_git, quoted
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import Canary

ODD = "ways \"and' means\nbeyond\\it \u00e4"


@pytest.fixture
def repository(repo: GitSandbox) -> Repository:
    return Repository.open(repo.path, environ={**repo.environ, "GIT_INDEX_FILE": "elsewhere", "GIT_DIR": "elsewhere"})


def test_it_is_there_for_the_block_only(repository: Repository, tmp_path: Path) -> None:
    with private_git(tmp_path / "temp", repository, Setup()) as git:
        assert git.folder.parent == tmp_path / "temp"
        assert git.folder.stat().st_mode & 0o77 == 0
        assert git.ask("rev-parse", "--git-dir").decode().strip() == str(git.folder)
    assert list((tmp_path / "temp").iterdir()) == []


def test_objects_are_the_repositorys(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    with private_git(tmp_path, repository, Setup()) as git:
        made = git.ask("hash-object", "-w", "--stdin", stdin=b"from private").decode().strip()
        assert git.ask("cat-file", "-t", repo.head()) == b"commit\n"
    assert repo.git("cat-file", "blob", made) == "from private"


def test_a_quarantine_keeps_new_objects_to_itself(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    with private_git(tmp_path, repository, Setup(quarantine=True)) as git:
        made = git.ask("hash-object", "-w", "--stdin", stdin=b"in quarantine").decode().strip()
        assert git.ask("cat-file", "blob", made) == b"in quarantine"
        assert git.ask("cat-file", "-t", repo.head()) == b"commit\n"
    with pytest.raises(StoreError):
        repo.git("cat-file", "-t", made)


@pytest.mark.parametrize("quarantine", [False, True])
def test_odd_paths_are_no_obstacle(repo: GitSandbox, tmp_path: Path, quarantine: bool) -> None:
    sandbox = GitSandbox.create(tmp_path / ODD, repo.environ)
    sandbox.write("file", "x")
    commit = sandbox.commit()
    repository = Repository.open(sandbox.path, environ=repo.environ)
    with private_git(sandbox.path / ODD, repository, Setup(sandbox.path, quarantine=quarantine)) as git:
        git.ask("read-tree", commit)
        git.ask("add", "file")
        assert git.ask("config", "core.worktree").decode() == f"{sandbox.path}\n"
        assert git.ask("cat-file", "-t", commit) == b"commit\n"


def test_nothing_of_the_users_git_reaches_it(repo: GitSandbox, tmp_path: Path, canary: Canary) -> None:
    for scope in ("--global", "--local"):
        for key in ("core.fsmonitor", "core.hooksPath", "core.sshCommand", "alias.add", "core.pager"):
            repo.git("config", scope, key, str(canary))
    repo.write(".git/hooks/post-index-change", "#!/bin/sh\n" + str(canary) + "\n", executable=True)
    repo.write(".git/refs/replace/" + repo.head(), repo.head() + "\n")
    repository = Repository.open(repo.path, environ=repo.environ)
    repo.write("new", "x")
    with private_git(tmp_path / "temp", repository, Setup(repo.path)) as git:
        git.ask("add", "-A")
        listed = git.ask("config", "--list", "--show-origin").decode().splitlines()
    assert all(line.startswith("file:" + str(tmp_path / "temp")) for line in listed)
    assert canary.sang == ""


def test_settings_arrive(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    settings = CheckoutSettings(
        core={"core.autocrlf": "input"},
        excludes=b"*.own\n!kept.global",
        global_excludes=b"*.global",
        attributes=b"ignored here",
        global_attributes=b"*.g eol=crlf",
        sparse=b"/*\n",
    )
    for name in ("a.own", "a.global", "kept.global", "x.g", "y.i"):
        repo.write(name, "x\n")
    extra = [("checkout.workers", "3")]
    with private_git(tmp_path / "temp", repository, Setup(repo.path, settings, b"*.i eol=lf\n", extra)) as git:
        others = git.ask("ls-files", "--others", "--exclude-standard").decode().split()
        attributes = git.ask("check-attr", "eol", "x.g", "y.i").decode()
        assert git.ask("config", "checkout.workers") == b"3\n"
        assert git.ask("config", "core.autocrlf") == b"input\n"
        assert git.ask("config", "core.sparsecheckout") == b"true\n"
        git.use_attributes(b"*.i eol=crlf\n")
        later = git.ask("check-attr", "eol", "y.i").decode()
    assert others == ["README.md", "kept.global", "x.g", "y.i"]
    assert attributes == "x.g: eol: crlf\ny.i: eol: lf\n"
    assert later == "y.i: eol: crlf\n"


def test_lfs_keeps_its_files_where_the_user_has_them(repository: Repository, tmp_path: Path) -> None:
    with private_git(tmp_path, repository, Setup(settings=CheckoutSettings(lfs=True))) as git:
        assert git.ask("config", "lfs.storage").decode() == f"{repository.common_dir / 'lfs'}\n"
        assert git.ask("config", "filter.lfs.process") == b"git-lfs filter-process\n"
        assert git.ask("config", "lfs.url") == b"file:///dev/null/nowhere\n"
    with private_git(tmp_path, repository, Setup(settings=CheckoutSettings(lfs=True), network=True)) as git:
        assert git.run("config", "lfs.url").returncode == 1


def test_the_network_is_closed_unless_it_is_asked_for(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    repo.git("config", "--global", "user.motto", "mine")
    with private_git(tmp_path, repository, Setup()) as git:
        refused = git.run("ls-remote", str(repo.path))
        assert b"not allowed" in refused.stderr
        assert git.run("config", "user.motto").returncode == 1
    extra = [("remote.my origin.url", str(repo.path)), ("extensions.partialclone", "my origin")]
    with private_git(tmp_path, repository, Setup(network=True, extra=extra)) as git:
        assert repo.head() in git.ask("ls-remote", "my origin").decode()
        assert git.ask("config", "user.motto") == b"mine\n"
        assert git.ask("config", "core.repositoryformatversion").split() == [b"1"]


def test_a_shallow_clone_stays_one(repo: GitSandbox, tmp_path: Path) -> None:
    repo.commit()
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", str(tmp_path / "shallow"))
    repository = Repository.open(tmp_path / "shallow", environ=repo.environ)
    with private_git(tmp_path / "temp", repository, Setup()) as git:
        assert git.ask("rev-list", "--count", repo.head()) == b"1\n"


def test_failures_say_what_git_said(repository: Repository, tmp_path: Path) -> None:
    with private_git(tmp_path, repository, Setup()) as git:
        with pytest.raises(StoreError, match="git cat-file failed: fatal: Not a valid object name nothing"):
            git.ask("cat-file", "-t", "nothing")
        with pytest.raises(StoreError, match="it ended with status 1"):
            git.ask("config", "no.such-key")
        assert git.run("config", "no.such-key").returncode == 1


def test_a_deadline_of_the_callers_is_no_error(repository: Repository, tmp_path: Path) -> None:
    with private_git(tmp_path, repository, Setup()) as git:
        done = git.run("-c", "alias.wait=!sleep 30", "wait", timeout_s=0.2)
        assert done.timed_out


def test_git_has_to_be_there(repo: GitSandbox, tmp_path: Path) -> None:
    repository = Repository.open(repo.path, environ={**repo.environ, "PATH": str(tmp_path)})
    with private_git(tmp_path, repository, Setup()) as git, pytest.raises(MissingError):
        git.ask("version")


def test_a_folder_that_cannot_be_made_is_told(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(LogistError, match="private git directory"), private_git(tmp_path / "file", repository, Setup()):
        pass


def test_strings_are_quoted_as_git_reads_them(repo: GitSandbox, tmp_path: Path) -> None:
    for text in ("plain", ODD, "\t tab ; # and \\n", ""):
        file = tmp_path / "config"
        file.write_text(f"[a]\n\tb = {quoted(text)}\n", encoding="utf-8")
        assert repo.git("config", "-z", "-f", str(file), "a.b") == text + "\0"
