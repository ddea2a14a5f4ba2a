"""The kinds of check that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from logist_ci.checks.base import Check
from logist_ci.checks.command import CommandCheck
from logist_ci.checks.pre_commit import PreCommitCheck
from logist_ci.errors import ConfigError

__all__ = ["CheckRegistry", "builtin_checks"]


class CheckRegistry:
    """Finds a check by its kind; it never changes."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._checks = {check.kind: check for check in checks}

    def get(self, kind: str) -> Check:
        """Return the check of this kind.

        Raises:
            ConfigError: there is none.
        """
        if kind not in self._checks:
            raise ConfigError(f"There is no check of kind {kind!r}.", hint=f"There are: {', '.join(self.kinds())}.")
        return self._checks[kind]

    def kinds(self) -> tuple[str, ...]:
        """Return every kind, in order."""
        return tuple(sorted(self._checks))


def builtin_checks(environ: Mapping[str, str]) -> CheckRegistry:
    """Return the checks that Logist CI brings; ``environ`` is the user's environment."""
    return CheckRegistry([CommandCheck(), PreCommitCheck(environ)])
