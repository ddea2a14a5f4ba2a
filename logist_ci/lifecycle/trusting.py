"""Which commands of the repository a job would execute, and whether the user has trusted them.

Commands that a person writes on the command line need no trust. Commands that come from the
repository's files do, whether somebody configured them or Logist CI detected them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logist_ci.checks.detect import detect
from logist_ci.config.trust import commands_digest
from logist_ci.gitstore.repository import list_files, read_file
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import CheckSpec
from logist_ci.runner.parts import Parts

__all__ = ["PRE_COMMIT_CONFIG", "RepositoryCommands", "repository_commands", "trust"]

PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"


@dataclass(frozen=True)
class RepositoryCommands:
    """The commands that the repository would have a job execute.

    ``detected`` says that nobody configured the checks: they were recognised by the project's files.
    """

    checks: tuple[CheckSpec, ...]
    setup: tuple[str, ...]
    detected: bool
    digest: str
    trusted: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """The commands as a person reads them, one a line."""
        set_up = (f"setup: {' '.join(self.setup)}",) if self.setup else ()
        return (*set_up, *(f"check: {check.name}" for check in self.checks))


def repository_commands(parts: Parts, base: CommitId) -> RepositoryCommands:
    """Return what a job based on ``base`` would execute because the repository says so."""
    configured = parts.settings.checks
    checks = configured if configured is not None else detect(list_files(parts.repository, base), _reader(parts, base))
    setup = parts.settings.setup
    if not checks and not setup:
        return RepositoryCommands((), (), detected=False, digest="", trusted=True)
    files = {}
    if any(check.kind == "pre_commit" for check in checks):
        files[PRE_COMMIT_CONFIG] = read_file(parts.repository, base, PRE_COMMIT_CONFIG) or b""
    commands = [(check.kind, check.name, *check.argv) for check in checks]
    digest = commands_digest([*commands, ("setup", *setup)] if setup else commands, files)
    return RepositoryCommands(
        tuple(checks), setup, detected=configured is None, digest=digest, trusted=parts.trust.trusted(digest)
    )


def trust(parts: Parts, commands: RepositoryCommands) -> None:
    """Remember that the user trusts exactly these commands with exactly these files."""
    parts.trust.trust(commands.digest, "\n".join(commands.lines), parts.clock.now())


def _reader(parts: Parts, base: CommitId) -> Callable[[str], bytes | None]:
    return lambda path: read_file(parts.repository, base, path)
