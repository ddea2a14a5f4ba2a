"""Commits of an agent's work: by the agent, committed by the user, signed where the user signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pygit2

from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.private import PrivateGit
from logist_ci.gitstore.repository import FALLBACK_IDENTITY, Identity, Repository
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import Finding

__all__ = ["WorkCommit", "commit_signed", "commit_work", "with_trailers"]

_SIGNING_S = 60.0
_FORMATS = frozenset({"openpgp", "x509", "ssh"})
# What gpg and ssh-keygen need to reach the user's keys and agents.
_KEYRING = (
    "HOME", "GNUPGHOME", "GPG_AGENT_INFO", "GPG_TTY", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "XDG_RUNTIME_DIR", "USER",
)  # fmt: skip


@dataclass(frozen=True)
class WorkCommit:
    """A commit to be made: ``author`` is a name; the address is always that of Logist CI."""

    tree: str
    parent: CommitId
    message: str
    author: str
    committer: Identity
    at: datetime


def with_trailers(message: str, trailers: Mapping[str, str]) -> str:
    """Return ``message`` with ``trailers`` as its last paragraph; a value never grows into another line."""
    lines = [f"{name}: {' '.join(value.split())}" for name, value in trailers.items()]
    return "\n".join([message.strip() or "Work", "", *lines]) + "\n"


def commit_work(repository: Repository, work: WorkCommit) -> CommitId:
    """Store the commit and return it; nothing refers to it yet.

    Raises:
        StoreError: the object store refused.
    """
    seconds = int(work.at.timestamp())
    with translated_git_errors("commit what was harvested"):
        author = pygit2.Signature(_name(work.author), FALLBACK_IDENTITY.email, seconds, 0)
        committer = pygit2.Signature(_name(work.committer.name), _name(work.committer.email), seconds, 0)
        made = repository.raw.create_commit(None, author, committer, work.message, work.tree, [work.parent])
        return CommitId(str(made))


def commit_signed(repository: Repository, git: PrivateGit, work: WorkCommit) -> tuple[CommitId, tuple[Finding, ...]]:
    """Store the commit, signed as the user configured; unsigned, with a finding, where that fails.

    Programs for signing are taken from the user's own configuration only, never from the repository's,
    which an agent may have written.

    Raises:
        StoreError: the object store refused.
    """
    stamp = f"{int(work.at.timestamp())} +0000"
    environ = {name: repository.environ[name] for name in _KEYRING if name in repository.environ}
    people = {
        "GIT_AUTHOR_NAME": _name(work.author), "GIT_AUTHOR_EMAIL": FALLBACK_IDENTITY.email, "GIT_AUTHOR_DATE": stamp,
        "GIT_COMMITTER_NAME": _name(work.committer.name), "GIT_COMMITTER_EMAIL": _name(work.committer.email),
        "GIT_COMMITTER_DATE": stamp,
    }  # fmt: skip
    signed = git.run(
        *_signing(repository), "commit-tree", "-S", "-p", work.parent, "-F", "-", work.tree,
        stdin=work.message.encode(), extra={**environ, **people}, timeout_s=_SIGNING_S,
    )  # fmt: skip
    if signed.returncode == 0:
        return CommitId(signed.stdout.decode("ascii").strip()), ()
    said = " ".join(signed.stderr.decode("utf-8", "replace").split())[:500] or "it took too long"
    message = f"The commit could not be signed, and was made without a signature: {said}"
    return commit_work(repository, work), (Finding(code="LG212", level="warning", message=message),)


def _signing(repository: Repository) -> list[str]:
    arguments: list[str] = []
    for setting in repository.configuration().settings:
        name, value = setting.name, setting.value
        program = name.startswith("gpg.") and name != "gpg.format" and setting.scope in ("system", "global")
        key = name == "user.signingkey" or (name == "gpg.format" and value in _FORMATS)
        if program or key:
            arguments += ["-c", f"{name}={value}"]
    return arguments


def _name(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable() and sign not in "<>").strip() or FALLBACK_IDENTITY.name
