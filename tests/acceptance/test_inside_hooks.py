"""Jobs that are made from inside git's own hooks, where git's variables point at the user's commit."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound
from tests.acceptance.program import Program
from tests.acceptance.working import changes

_MESSAGE = ("-q", "-m", "The user's commit")
_COMMITS = {
    "staged": ("commit", *_MESSAGE),
    # These two commit from an index of their own, whose lock is held while hooks run.
    "all": ("commit", *_MESSAGE, "-a"),
    "only": ("commit", *_MESSAGE, "--", "tracked.txt"),
}


@pytest.mark.parametrize("where", ["main", "linked"])
@pytest.mark.parametrize(
    ("hook", "how"),
    [("pre-commit", "staged"), ("pre-commit", "all"), ("pre-commit", "only"), ("post-commit", "staged")],
)
def test_a_job_made_while_the_user_commits(
    logist: Program, repo: GitSandbox, tmp_path: Path, where: str, hook: str, how: str
) -> None:
    worktree = _worktree(repo, tmp_path, where)
    _install(logist, repo, hook)
    before = repo.git("rev-parse", "HEAD", at=worktree)
    repo.write(worktree / "tracked.txt", "changed by the user\n")
    repo.write(worktree / "untracked.txt", "untracked\n")
    if how == "staged":
        repo.git("add", "tracked.txt", at=worktree)

    _git(logist, repo, worktree, *_COMMITS[how])

    assert repo.git("log", "-1", "--format=%P %s", at=worktree) == f"{before} The user's commit"
    assert repo.git("diff", "--name-status", "HEAD~", "HEAD", at=worktree) == "M\ttracked.txt"
    assert repo.git("status", "--porcelain", at=worktree) == "?? untracked.txt"
    after = repo.git("rev-parse", "HEAD", at=worktree)
    _one_job_ended_well(logist, repo, worktree, base=before if hook == "pre-commit" else after)
    if where == "linked":
        assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize("where", ["main", "linked"])
def test_a_job_made_while_the_user_checks_out(logist: Program, repo: GitSandbox, tmp_path: Path, where: str) -> None:
    worktree = _worktree(repo, tmp_path, where)
    repo.git("branch", "other")
    _install(logist, repo, "post-checkout")

    _git(logist, repo, worktree, "checkout", "-q", "other")

    assert repo.git("symbolic-ref", "HEAD", at=worktree) == "refs/heads/other"
    assert repo.git("status", "--porcelain", at=worktree) == ""
    _one_job_ended_well(logist, repo, worktree, base=repo.head("other"))


def _worktree(repo: GitSandbox, tmp_path: Path, where: str) -> Path:
    repo.write("tracked.txt", "tracked\n")
    repo.commit("Files")
    if where == "main":
        return repo.path
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "side", linked)
    return linked


def _install(logist: Program, repo: GitSandbox, hook: str) -> None:
    words = shlex.join([*logist.argv, "run", "--", "sh", "-c", "echo made in a hook > from-hook.txt"])
    log = shlex.quote(str(repo.path.parent / "hook.log"))
    repo.write(f".git/hooks/{hook}", f"#!/bin/sh\nexec {words} >>{log} 2>&1\n", executable=True)


def _git(logist: Program, repo: GitSandbox, worktree: Path, *arguments: str) -> None:
    user = GitSandbox(worktree, logist.environ)
    try:
        user.git(*arguments)
    finally:
        log = repo.path.parent / "hook.log"
        print(log.read_text() if log.exists() else "The hook did not run.")


def _one_job_ended_well(logist: Program, repo: GitSandbox, worktree: Path, base: str) -> None:
    [line] = logist.jobs(worktree).values()
    assert line["state"] == "SUCCESS"
    job = logist("status", line["id"], "--json", at=worktree).json["manifest"]
    assert job["source"]["base_commit"] == base
    assert changes(repo, job) == ["A from-hook.txt"]
    assert_sound(repo)
