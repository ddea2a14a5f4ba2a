from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.private import Setup, private_git
from logist_ci.gitstore.repository import Identity, Repository
from logist_ci.gitstore.work_commit import WorkCommit, commit_signed, commit_work, with_trailers
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import Finding
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.testing.manifests import EXAMPLE_MOMENT
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import Canary

FORMAT = "%an <%ae> %at|%cn <%ce> %ct|%P|%T|%B"


@pytest.fixture
def work(repo: GitSandbox) -> WorkCommit:
    return WorkCommit(
        tree=repo.git("rev-parse", "HEAD^{tree}"),
        parent=repo.head(),
        message="Do it\n",
        author="claude (Logist CI)",
        committer=Identity("Test Person", "person@example.invalid"),
        at=EXAMPLE_MOMENT,
    )


def shown(repo: GitSandbox, commit: CommitId) -> str:
    return repo.git("log", "-1", f"--format={FORMAT}", commit)


def expected(repo: GitSandbox) -> str:
    people = "claude (Logist CI) <logist-ci@localhost> 1767225600|Test Person <person@example.invalid> 1767225600"
    return f"{people}|{repo.head()}|{repo.git('rev-parse', 'HEAD^{tree}')}|Do it\n"


Sign = Callable[..., tuple[CommitId, tuple[Finding, ...]]]


@pytest.fixture
def sign(repo: GitSandbox, work: WorkCommit, tmp_path: Path) -> Sign:
    def signed(**environ: str) -> tuple[CommitId, tuple[Finding, ...]]:
        repository = Repository.open(repo.path, environ={**repo.environ, **environ})
        with private_git(tmp_path / "temp", repository, Setup()) as git:
            return commit_signed(repository, git, work)

    return signed


def test_a_commit_says_who_worked_and_who_committed(repo: GitSandbox, repository: Repository, work: WorkCommit) -> None:
    assert shown(repo, commit_work(repository, work)) == expected(repo)


def test_names_cannot_break_a_commit(repo: GitSandbox, repository: Repository, work: WorkCommit) -> None:
    odd = replace(work, author="<evil>\nparent 0\n", committer=Identity("<>\n", "a>b\n@c"))
    commit = commit_work(repository, odd)
    assert repo.git("log", "-1", "--format=%an|%cn|%ce", commit) == "evilparent 0|Logist CI|ab@c"
    repo.git("fsck", "--strict", commit)


def test_a_tree_that_is_not_there_is_an_error(repository: Repository, work: WorkCommit) -> None:
    with pytest.raises(StoreError, match="could not commit what was harvested"):
        commit_work(repository, replace(work, tree="1" * 40))


def test_trailers_are_the_last_paragraph(repo: GitSandbox) -> None:
    text = with_trailers("Do it\n\nBecause.\n\n", {"Logist-Job": "a-1", "Logist-Agent": "x\nSigned-off-by: y"})
    assert text == "Do it\n\nBecause.\n\nLogist-Job: a-1\nLogist-Agent: x Signed-off-by: y\n"
    assert repo.git("interpret-trailers", "--parse", stdin=text.encode()).splitlines()[0] == "Logist-Job: a-1"
    assert with_trailers(" ", {"A": "b"}) == "Work\n\nA: b\n"


def key_for_ssh(repo: GitSandbox, tmp_path: Path) -> Path:
    program = shutil.which("ssh-keygen")
    if program is None:
        pytest.skip("ssh-keygen is not installed")
    key = tmp_path / "key"
    done = capture(Command((program, "-q", "-t", "ed25519", "-N", "", "-f", str(key)), tmp_path, repo.environ))
    assert done.returncode == 0
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    (tmp_path / "signers").write_text(f"person@example.invalid {public}", encoding="utf-8")
    repo.git("config", "--global", "gpg.ssh.allowedSignersFile", tmp_path / "signers")
    return key


def test_it_is_signed_as_the_user_signs(repo: GitSandbox, sign: Sign, tmp_path: Path) -> None:
    key = key_for_ssh(repo, tmp_path)
    repo.git("config", "--global", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", key)
    commit, findings = sign()
    assert findings == ()
    assert repo.git("log", "-1", "--format=%G?", commit) == "G"
    assert shown(repo, commit) == expected(repo)


def test_a_signature_that_fails_costs_no_work(repo: GitSandbox, sign: Sign, tmp_path: Path) -> None:
    repo.git("config", "gpg.format", "ssh")
    repo.git("config", "user.signingKey", tmp_path / "no-key")
    commit, (finding,) = sign()
    assert (finding.code, finding.level) == ("LG212", "warning")
    assert shown(repo, commit) == expected(repo)
    assert repo.git("log", "-1", "--format=%G?", commit) == "N"


@pytest.mark.parametrize("key", ["gpg.program", "gpg.openpgp.program", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand"])
@pytest.mark.parametrize("kind", ["openpgp", "ssh"])
def test_the_repository_names_no_program(repo: GitSandbox, sign: Sign, canary: Canary, key: str, kind: str) -> None:
    repo.git("config", "gpg.format", kind)
    repo.git("config", key, canary.program)
    commit, _ = sign()
    assert shown(repo, commit) == expected(repo)
    assert canary.sang == ""


def test_the_users_own_program_is_used(repo: GitSandbox, sign: Sign, tmp_path: Path) -> None:
    program = tmp_path / "my-gpg"
    signature = "-----BEGIN PGP SIGNATURE-----\n\nmine\n-----END PGP SIGNATURE-----"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '{signature}'\n", "utf-8")
    program.chmod(0o755)
    repo.git("config", "--global", "gpg.program", program)
    repo.git("config", "gpg.format", "evil")
    commit, findings = sign()
    assert findings == ()
    assert "mine" in repo.git("cat-file", "commit", commit)
