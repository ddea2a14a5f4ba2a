"""One changed path as a value, and what the rules are told besides."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

__all__ = ["EXECUTABLE", "FILE", "PROTECTED", "SUBMODULE", "SYMLINK", "Change", "Policy", "shown"]

#: Modes as git has them.
FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000

#: What decides about a project's own automation and instructions; ``**`` stands for any folders, case does not matter.
PROTECTED = (
    ".logist/**", "logist.toml",
    ".github/workflows/**", ".github/actions/**", "**/action.yml", "**/action.yaml", ".github/dependabot.yml",
    ".gitlab-ci.yml", ".gitlab/ci/**", ".gitea/**", ".forgejo/**", ".circleci/**", ".buildkite/**", ".woodpecker/**",
    ".woodpecker.yml", ".drone.yml", ".travis.yml", "appveyor.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml",
    "jenkinsfile",
    ".pre-commit-config.yaml", ".pre-commit-hooks.yaml", ".husky/**", ".githooks/**", "lefthook.yml", ".lefthook/**",
    "**/codeowners",
    "**/agents.md", "**/claude.md", "**/gemini.md", "**/.mcp.json", ".claude/**", ".codex/**", ".gemini/**",
    ".cursor/**", "**/.cursorrules", "**/.windsurfrules", ".github/copilot-instructions.md",
    ".github/instructions/**", ".aider.conf.yml", "opencode.json", ".opencode/**",
    ".devcontainer/**", ".vscode/tasks.json", ".vscode/settings.json", ".vscode/launch.json", "**/.envrc",
)  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One path that differs between two commits.

    Args:
        path: The path as git has it, bytes with slashes.
        mode: Its mode now, 0 when it is gone.
        old_mode: Its mode before, 0 when it is new.
        content: The blob now (the target of a symlink); ``None`` when it is gone, a submodule, or was not read.
        old_content: The blob before, where it is known: what was there already is not held against the change.
        size: Bytes of the blob now; needed only where ``content`` was not read.
    """

    path: bytes
    mode: int
    old_mode: int
    content: bytes | None = None
    old_content: bytes | None = None
    size: int | None = None

    @property
    def gone(self) -> bool:
        """Whether the path has been removed."""
        return self.mode == 0

    @property
    def new(self) -> bool:
        """Whether the path was not there before."""
        return self.old_mode == 0

    @property
    def bytes(self) -> int:
        """The size of the blob now, in bytes; 0 where there is none."""
        if self.size is not None:
            return self.size
        return len(self.content or b"")

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file now."""
        return stat.S_ISREG(self.mode)

    @cached_property
    def text(self) -> str:
        """The path as text, bytes that are not UTF-8 as surrogates."""
        return self.path.decode("utf-8", "surrogateescape")


def _no_secrets(data: bytes) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Policy:
    """What is allowed.

    Args:
        protected: Patterns of paths that a job may not change.
        file_bytes: The largest file, in bytes.
        total_bytes: The largest change, in bytes of all blobs together.
        files: The most files that may change.
        find_secrets: Names the known secrets in some bytes (see ``redact/mask.py``).
        mask: Replaces known secrets in a text: findings are shown to everybody.
    """

    protected: tuple[str, ...] = PROTECTED
    file_bytes: int = 5_000_000
    total_bytes: int = 50_000_000
    files: int = 1_000
    find_secrets: Callable[[bytes], tuple[str, ...]] = _no_secrets
    mask: Callable[[str], str] = str


def shown(data: bytes) -> str:
    """Return a path as printable text: what is not a visible character is written as an escape."""
    text = data.decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
