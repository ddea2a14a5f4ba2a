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


def _signing(repo: GitSandbox, script: str) -> Path:
    program = repo.write("../gpg-of-the-user", f"#!/bin/sh\n{script}\n", executable=True)
    repo.git("config", "gpg.program", program)
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "user.signingKey", "0123456789ABCDEF")
    return program


def test_commits_are_signed_as_the_user_configured(logist: Program, repo: GitSandbox) -> None:
    signature = "-----BEGIN PGP SIGNATURE-----\\n\\nnot-a-real-one\\n-----END PGP SIGNATURE-----\\n"
    _signing(repo, f"cat >/dev/null; printf '{signature}'; printf '\\n[GNUPG:] SIG_CREATED \\n' >&2")

    job = work(logist, repo)

    assert "not-a-real-one" in repo.git("cat-file", "commit", job["result"]["head"])
    assert changes(repo, job) == ["A added.txt"]


def test_signing_that_fails_loses_no_work(logist: Program, repo: GitSandbox) -> None:
    _signing(repo, "echo 'no secret key' >&2; exit 2")

    job = work(logist, repo)

    assert "gpgsig" not in repo.git("cat-file", "commit", job["result"]["head"])
    assert changes(repo, job) == ["A added.txt"]
    assert "LG212" in {finding["code"] for finding in job["result"]["findings"]}


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
