"""Real repositories to try things on, apart from the developer's own git and home."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from logist_ci.errors import StoreError
from logist_ci.job.ids import CommitId, commit_id
from logist_ci.process.capture import capture
from logist_ci.process.command import Command

__all__ = ["GitSandbox", "clean_environment"]

_GITCONFIG = """\
[user]
	name = Test Person
	email = person@example.invalid
[init]
	defaultBranch = main
[commit]
	gpgSign = false
[gc]
	auto = 0
"""


def clean_environment(home: Path, *, path: str = os.defpath) -> dict[str, str]:
    """Return a complete environment in which git sees neither the developer nor the system.

    ``home`` is made, with an identity in its ``.gitconfig``; ``path`` is the search path for programs.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text(_GITCONFIG, encoding="utf-8")
    folders = {"XDG_CONFIG_HOME": ".config", "XDG_STATE_HOME": ".state", "XDG_CACHE_HOME": ".cache"}
    return {
        "PATH": path,
        "HOME": str(home),
        **{name: str(home / folder) for name, folder in folders.items()},
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
    }


class GitSandbox:
    """A git repository in a throw-away folder, worked on by the real git."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = dict(environ)

    @classmethod
    def create(cls, path: Path, environ: Mapping[str, str], *, bare: bool = False) -> GitSandbox:
        """Make a repository at ``path``, its unborn branch being ``main``."""
        path.mkdir(parents=True, exist_ok=True)
        sandbox = cls(path, environ)
        sandbox.git("init", "-q", "-b", "main", *(["--bare"] if bare else []))
        return sandbox

    def git(self, *arguments: str | bytes | Path, stdin: bytes = b"", at: Path | None = None) -> str:
        """Run git in the repository (or in the folder ``at``) and return what it printed, without the last newline.

        Bytes that are not UTF-8 come back as surrogates, as ``os.fsdecode`` would have them.

        Raises:
            StoreError: git failed; the message has what it said.
        """
        command = Command(("git", *map(os.fsdecode, arguments)), at or self.path, self.environ)
        done = capture(command, stdin=stdin)
        if done.returncode != 0:
            said = done.stderr.decode(errors="replace").strip()
            raise StoreError(f"{command} ended with status {done.returncode}: {said}")
        return os.fsdecode(done.stdout).removesuffix("\n")

    def write(self, path: str | bytes | Path, data: str | bytes, *, executable: bool = False) -> Path:
        """Write ``data`` to the file ``path`` below the repository, with the folders it needs; return where it is."""
        file = self.path / os.fsdecode(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        if executable:
            file.chmod(0o755)
        return file

    def commit(self, message: str = "Change something") -> CommitId:
        """Commit everything in the worktree, even nothing, and return the new commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def head(self, revision: str = "HEAD") -> CommitId:
        """Return the commit that ``revision`` names."""
        return commit_id(self.git("rev-parse", "--verify", f"{revision}^{{commit}}"))
