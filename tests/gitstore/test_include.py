from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.gitstore.include import copy_included, included_files
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import JobLab


@pytest.fixture
def wanting(repo: GitSandbox) -> GitSandbox:
    repo.write(".gitignore", ".env*\n*.pem\nnode_modules/\n")
    repo.write(".worktreeinclude", "# what tests need\n.env*\n!.env.production\n*.pem\nnotes.txt\nsub/**\n")
    repo.commit()
    return repo


def found(repo: GitSandbox, at: Path | None = None) -> tuple[str, ...]:
    return included_files(Repository.open(at or repo.path, environ=repo.environ))


def test_nothing_is_included_without_a_list(repo: GitSandbox) -> None:
    repo.write(".gitignore", "*\n")
    repo.write("ignored", "x")
    assert found(repo) == ()


def test_ignored_files_that_match_are_included(wanting: GitSandbox) -> None:
    for name in (".env", ".env.production", "deep/er/.env.local", "key.pem", "other.ignored", "node_modules/x/.env"):
        wanting.write(name, "x")
    odd = os.fsdecode(b"caf\xe9\n.pem")
    wanting.write(odd, "x")
    assert found(wanting) == (".env", odd, "deep/er/.env.local", "key.pem", "node_modules/x/.env")


def test_what_git_would_commit_is_not(wanting: GitSandbox) -> None:
    wanting.write("notes.txt", "not ignored")
    wanting.write("tracked.pem", "x")
    wanting.git("add", "-f", "tracked.pem")
    assert found(wanting) == ()


def test_worktrees_of_jobs_and_other_repositories_are_no_part_of_it(wanting: GitSandbox) -> None:
    lab = JobLab(wanting)
    lab.provision()
    lab.write(".env", "x")
    GitSandbox.create(wanting.path / "sub" / "inner", wanting.environ).write(".env", "x")
    (lab.folder.base / "temp" / ".env").write_text("x", encoding="utf-8")
    wanting.write("kept.pem", "x")
    assert found(wanting) == ("kept.pem",)


def test_where_the_user_stands_counts(wanting: GitSandbox, tmp_path: Path) -> None:
    wanting.git("worktree", "add", "-q", "--detach", tmp_path / "linked")
    (tmp_path / "linked" / ".env").write_text("x", encoding="utf-8")
    assert found(wanting) == ()
    assert found(wanting, tmp_path / "linked") == (".env",)


def test_a_bare_repository_has_none(wanting: GitSandbox, tmp_path: Path) -> None:
    wanting.git("clone", "-q", "--bare", wanting.path, tmp_path / "bare.git")
    assert found(wanting, tmp_path / "bare.git") == ()


def test_a_repository_without_an_index_has_some(repo: GitSandbox) -> None:
    repo.write(".worktreeinclude", ".env\n")
    repo.write(".git/info/exclude", ".env\n.worktreeinclude\n")
    repo.write(".env", "x")
    (repo.path / ".git" / "index").unlink()
    assert found(repo) == (".env",)


def test_they_are_brought_into_the_worktree(wanting: GitSandbox) -> None:
    wanting.write(".env", "SECRET=1\n").chmod(0o600)
    wanting.write("deep/er/.env.local", "x")
    (wanting.path / "link.pem").symlink_to(".env")
    lab = JobLab(wanting)
    assert lab.provision(include=found(wanting)).notes == ()
    assert (lab.workspace / ".env").read_text(encoding="utf-8") == "SECRET=1\n"
    assert (lab.workspace / ".env").stat().st_mode & 0o777 == 0o600
    assert (lab.workspace / "deep" / "er" / ".env.local").exists()
    assert (lab.workspace / "link.pem").readlink() == Path(".env")
    assert lab.git("status", "--porcelain") == ""
    assert lab.harvest().files == 0
    # As a fresh worktree has them, so has a clean one.
    (lab.workspace / ".env").write_text("changed", encoding="utf-8")
    lab.provision(include=found(wanting), clean=True)
    assert (lab.workspace / ".env").read_text(encoding="utf-8") == "SECRET=1\n"


def test_nothing_is_written_through_a_link_or_over_a_file(folder: Path) -> None:
    source, workspace, victim = (folder / name for name in ("source", "workspace", "victim"))
    for made in (source / "linked", source / "file", workspace, victim):
        made.mkdir(parents=True)
    for name in ("linked/a", "file/b", "present"):
        (source / name).write_text("of the user", encoding="utf-8")
    (workspace / "linked").symlink_to(victim)
    (workspace / "file").write_text("x", encoding="utf-8")
    (workspace / "present").symlink_to(victim / "c")
    os.mkfifo(source / "pipe")
    notes = copy_included(source, workspace, ["linked/a", "file/b", "present", "gone", "gone/too", "pipe"])
    assert notes == (
        "'linked/a' was not brought along: a link or a file is in its way.",
        "'file/b' was not brought along: a link or a file is in its way.",
        "'present' was not brought along: the worktree has one already.",
        "'gone' was not brought along: it is gone.",
        "'gone/too' was not brought along: it is gone.",
        "'pipe' was not brought along: it is no file.",
    )
    assert list(victim.iterdir()) == []
