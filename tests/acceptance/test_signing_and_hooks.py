"""The user's own signing is used as configured; the user's own hooks are never run by a job."""

from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.acceptance.program import Program
from tests.acceptance.working import ADD, changes, work

_HOOKS = (
    "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-merge", "post-rewrite",
    "reference-transaction", "post-index-change", "pre-push", "pre-auto-gc",
)  # fmt: skip


def _signing(repo: GitSandbox, script: str) -> None:
    # Programs for signing count in the user's own configuration only: an agent could have written the repository's.
    program = repo.write("../gpg-of-the-user", f"#!/bin/sh\n{script}\n", executable=True)
    repo.git("config", "--global", "gpg.program", program)
    repo.git("config", "--global", "user.signingKey", "0123456789ABCDEF")
    repo.git("config", "commit.gpgSign", "true")


def test_commits_are_signed_as_the_user_configured(logist: Program, repo: GitSandbox) -> None:
    lines = "'-----BEGIN PGP SIGNATURE-----' '' not-a-real-one '-----END PGP SIGNATURE-----'"
    _signing(repo, f"cat >/dev/null; printf '%s\\n' {lines}; printf '\\n[GNUPG:] SIG_CREATED \\n' >&2")

    job = work(logist, repo)

    assert "not-a-real-one" in repo.git("cat-file", "commit", job["result"]["head"])
    assert changes(repo, job) == ["A added.txt"]


def test_signing_that_fails_loses_no_work(logist: Program, repo: GitSandbox) -> None:
    _signing(repo, "echo 'no secret key' >&2; exit 2")

    job = work(logist, repo)

    assert "gpgsig" not in repo.git("cat-file", "commit", job["result"]["head"])
    assert changes(repo, job) == ["A added.txt"]
    [finding] = job["result"]["findings"]
    assert finding["code"] == "LG212"
    assert "without a signature" in finding["message"]


def test_a_repository_cannot_name_the_program_that_signs(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    planted = repo.write("../planted", f"#!/bin/sh\ntouch {tmp_path}/canary\nexit 1\n", executable=True)
    repo.git("config", "gpg.program", planted)
    repo.git("config", "commit.gpgSign", "true")

    work(logist, repo)

    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("configured", ["core.hooksPath", "hooks"])
def test_hooks_are_for_the_user_alone(logist: Program, repo: GitSandbox, tmp_path: Path, configured: str) -> None:
    folder = tmp_path / "my hooks" if configured == "core.hooksPath" else repo.path / ".git" / "hooks"
    ran = tmp_path / "ran"
    for name in _HOOKS:
        repo.write(folder / name, f'#!/bin/sh\necho {name} >> "{ran}"\n', executable=True)
    if configured == "core.hooksPath":
        repo.git("config", "core.hooksPath", folder)
    ran.unlink(missing_ok=True)

    job = work(logist, repo, ADD, "--check", "true")
    during = ran.read_text().split() if ran.exists() else []

    assert changes(repo, job) == ["A added.txt"]
    # `git status` and `git worktree list` of the test itself may speak to some of them; a job must not.
    assert not set(during) & {"pre-commit", "commit-msg", "post-commit", "post-checkout", "reference-transaction"}
    repo.write("mine.txt", "mine\n")
    repo.commit("Mine")
    assert {"pre-commit", "commit-msg", "post-commit"} <= set(ran.read_text().split())
