"""Which commands of the repository a job would execute, and whether the user has trusted them.

What a person writes on the command line or in their own configuration needs no trust. What comes from
the repository's files does, whether it is configured there, written in a recipe, or detected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from logist_ci.checks.detect import detect
from logist_ci.config.sources import PROJECT_FILE, REPOSITORY_FILE
from logist_ci.config.trust import commands_digest
from logist_ci.gitstore.repository import list_files, read_file
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import CheckSpec
from logist_ci.runner.parts import Parts
from logist_ci.templating.recipe import Recipe

__all__ = ["PRE_COMMIT_CONFIG", "RepositoryCommands", "repository_commands", "trust"]

PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"


@dataclass(frozen=True)
class RepositoryCommands:
    """The checks and the set-up that a job runs unless it says otherwise.

    ``detected`` says that nobody configured the checks: they were recognised by the project's files.
    ``lines`` are the commands that need trust, as a person reads them; ``digest`` names exactly these.
    """

    checks: tuple[CheckSpec, ...]
    setup: tuple[str, ...]
    detected: bool
    lines: tuple[str, ...]
    digest: str
    trusted: bool


def repository_commands(parts: Parts, base: CommitId, recipe: Recipe | None = None) -> RepositoryCommands:
    """Return what a job based on ``base`` would execute without being told to on the command line."""
    configured = parts.settings.checks
    checks = detect(list_files(parts.repository, base), _reader(parts, base)) if configured is None else configured
    of_recipe = recipe.checks if recipe else ()
    foreign = (*(checks if configured is None or _of_repository(parts, "checks") else _hooks(checks)), *of_recipe)
    setup = parts.settings.setup if _of_repository(parts, "setup") else ()
    lines = (*((f"setup: {' '.join(setup)}",) if setup else ()), *(f"check: {check.name}" for check in foreign))
    digest = _digest(parts, base, foreign, setup)
    return RepositoryCommands(
        checks=(*checks, *of_recipe),
        setup=parts.settings.setup,
        detected=configured is None and not setup and not of_recipe,
        lines=lines,
        digest=digest,
        trusted=not lines or parts.trust.trusted(digest),
    )


def trust(parts: Parts, commands: RepositoryCommands) -> None:
    """Remember that the user trusts exactly these commands with exactly these files."""
    parts.trust.trust(commands.digest, "\n".join(commands.lines), parts.clock.now())


def _digest(parts: Parts, base: CommitId, checks: tuple[CheckSpec, ...], setup: tuple[str, ...]) -> str:
    files = {}
    if _hooks(checks):
        files[PRE_COMMIT_CONFIG] = read_file(parts.repository, base, PRE_COMMIT_CONFIG) or b""
    commands = [("setup", *setup), *((check.kind, check.name, *check.argv) for check in checks)]
    # `make test` is something else in every repository.
    return commands_digest(commands, files, where=str(parts.repository.common_dir))


def _hooks(checks: tuple[CheckSpec, ...]) -> tuple[CheckSpec, ...]:
    """Return the checks whose commands the repository chooses whoever asked for them."""
    return tuple(check for check in checks if check.kind == "pre_commit")


def _of_repository(parts: Parts, key: str) -> bool:
    return parts.origins.get(key, "").partition(":")[0] in (REPOSITORY_FILE, PROJECT_FILE)


def _reader(parts: Parts, base: CommitId) -> Callable[[str], bytes | None]:
    return lambda path: read_file(parts.repository, base, path)
