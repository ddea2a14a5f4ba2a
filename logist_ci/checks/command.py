"""A check that is one command: good when it ends with status 0."""

from __future__ import annotations

from logist_ci.checks.base import CheckCommand, CheckContext, plain_result
from logist_ci.errors import ConfigError
from logist_ci.job.manifest import CheckResult, CheckSpec

__all__ = ["CommandCheck"]


class CommandCheck:
    """Runs the words of ``spec.argv`` in the worktree; no shell sees them."""

    kind = "command"

    def plan(self, spec: CheckSpec, context: CheckContext) -> tuple[CheckCommand, ...]:
        """Return the command itself.

        Raises:
            ConfigError: it has no words.
        """
        if not spec.argv:
            raise ConfigError(
                f"The check {spec.name!r} has no command.", hint='Write for example checks = ["pytest -q"].'
            )
        return (CheckCommand(spec.name, spec.argv),)

    def report(self, spec: CheckSpec, exit_status: int | None, output: bytes) -> CheckResult:
        """Return a good result for status 0."""
        return plain_result(spec, exit_status, output)
