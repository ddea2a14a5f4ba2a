"""Git itself, for what it does best: reading its configuration, and working on the user's own worktree.

Quiet plumbing is captured: no terminal, a complete environment, a deadline. What may run the user's
hooks or ask for a passphrase (a merge) goes through GitPython and keeps the user's terminal.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from logist_ci.errors import MissingError, StoreError
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.process.environment import without_git

__all__ = ["GitAnswer", "ask_git", "tell_git", "try_git"]

_TIMEOUT_S = 600.0

# What git reads from its environment and would work on the wrong thing by. GitPython adds what this
# process inherited to the environment that it is given, so these are taken out by env(1).
_MISLEADING = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ATTR_SOURCE", "GIT_AUTHOR_DATE", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_NAME",
    "GIT_CEILING_DIRECTORIES", "GIT_COMMITTER_DATE", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMON_DIR",
    "GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_DEFAULT_HASH", "GIT_DEFAULT_REF_FORMAT",
    "GIT_DIFF_OPTS", "GIT_DIR", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EDITOR", "GIT_EXTERNAL_DIFF",
    "GIT_GLOB_PATHSPECS", "GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION", "GIT_INTERNAL_SUPER_PREFIX", "GIT_LITERAL_PATHSPECS", "GIT_MERGE_AUTOEDIT", "GIT_NAMESPACE",
    "GIT_NOGLOB_PATHSPECS", "GIT_NO_LAZY_FETCH", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_QUARANTINE_PATH", "GIT_REDIRECT_STDERR", "GIT_REDIRECT_STDIN", "GIT_REDIRECT_STDOUT", "GIT_REFLOG_ACTION",
    "GIT_REF_PARANOIA", "GIT_REPLACE_REF_BASE", "GIT_SEQUENCE_EDITOR", "GIT_SHALLOW_FILE", "GIT_TEMPLATE_DIR",
    "GIT_TRACE", "GIT_TRACE2", "GIT_TRACE2_EVENT", "GIT_TRACE2_PERF", "GIT_TRACE_CURL", "GIT_TRACE_FSMONITOR",
    "GIT_TRACE_PACKET", "GIT_TRACE_PACKFILE", "GIT_TRACE_PACK_ACCESS", "GIT_TRACE_PERFORMANCE", "GIT_TRACE_REFS",
    "GIT_TRACE_SETUP", "GIT_TRACE_SHALLOW", "GIT_WORK_TREE",
)  # fmt: skip


@dataclass(frozen=True)
class GitAnswer:
    """How a git command ended that kept the terminal; both texts are what it printed."""

    status: int
    stdout: str
    stderr: str


def try_git(
    *arguments: str,
    cwd: Path,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    output_bytes: int = 10_000_000,
) -> Completed:
    """Run git quietly in ``cwd`` and return how it ended, whatever that was.

    Nothing of git is inherited through ``environ``; ``extra`` is what this one command needs.

    Raises:
        MissingError: git is not installed.
        StoreError: it took longer than ten minutes.
    """
    env = {**without_git(environ), "LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0", **(extra or {})}
    command = Command(("git", *arguments), cwd, env)
    done = capture(command, stdin=stdin, timeout_s=_TIMEOUT_S, output_bytes=output_bytes)
    if done.timed_out:
        raise StoreError(f"{command} did not end within {_TIMEOUT_S:.0f} seconds.", hint="See what keeps git busy.")
    return done


def ask_git(
    *arguments: str,
    cwd: Path,
    environ: Mapping[str, str],
    extra: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    output_bytes: int = 10_000_000,
) -> bytes:
    """Run git quietly in ``cwd`` and return what it printed.

    Raises:
        MissingError: git is not installed.
        StoreError: it failed, or printed more than ``output_bytes``.
    """
    done = try_git(*arguments, cwd=cwd, environ=environ, extra=extra, stdin=stdin, output_bytes=output_bytes)
    command = Command(("git", *arguments), cwd, {})
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise StoreError(f"{command} ended with status {done.returncode}: {said}", hint=f"It ran in {cwd}.")
    if done.truncated:
        raise StoreError(f"{command} printed more than {output_bytes} bytes.")
    return done.stdout


def tell_git(*arguments: str, cwd: Path, environ: Mapping[str, str]) -> GitAnswer:
    """Run a git command that belongs to the user: with their hooks, their signing key and their terminal.

    Raises:
        MissingError: git is not installed.
    """
    try:
        import git
    except ImportError as defect:
        raise MissingError("Git could not be started.", hint="Install git, and check your PATH.") from defect
    kept = without_git(environ)
    unset = [f"-u{name}" for name in _MISLEADING if name not in kept]
    status, stdout, stderr = git.Git(os.fspath(cwd)).execute(
        ["env", *unset, "git", *arguments],
        env=kept,
        with_extended_output=True,
        with_exceptions=False,
    )
    return GitAnswer(status, _text(stdout), _text(stderr))


def _text(said: str | bytes | None) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said or ""
