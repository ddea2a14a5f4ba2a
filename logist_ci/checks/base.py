"""The contract of a check: plain values in, commands to run and a result out. A check itself runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from logist_ci.job.manifest import CheckResult, CheckSpec

__all__ = ["OUTPUT_BYTES", "Check", "CheckCommand", "CheckContext", "plain_result"]

#: How much of the end of a check's output is kept in its result.
OUTPUT_BYTES = 8_000


@dataclass(frozen=True)
class CheckCommand:
    """One command of a check, to be run in the worktree; ``env`` is added to the environment of the job."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckContext:
    """What a check may look at.

    Args:
        workspace: the worktree that has what was harvested.
        changed: the paths that differ from the base, relative to the worktree; bytes that are no text are
            surrogates, and a path may be gone.
        scratch: a folder of the job's own, outside the worktree.
        base_file: returns a file as of the base commit, ``None`` when the base has none.
    """

    workspace: Path
    changed: tuple[str, ...]
    scratch: Path
    base_file: Callable[[str], bytes | None]


class Check(Protocol):
    """One kind of check."""

    kind: str

    def plan(self, spec: CheckSpec, context: CheckContext) -> tuple[CheckCommand, ...]:
        """Return the commands to run, one after another until one fails; none when there is nothing to look at.

        Raises:
            ConfigError: the check cannot be done as it is configured.
            MissingError: a program that it needs is missing.
        """

    def report(self, spec: CheckSpec, exit_status: int | None, output: bytes) -> CheckResult:
        """Return the result of one command that ended with ``exit_status`` (``None``: by a signal)."""


def plain_result(spec: CheckSpec, exit_status: int | None, output: bytes) -> CheckResult:
    """Return a result that is good when the exit status is 0, with the end of the output, cut at a line."""
    return CheckResult(name=spec.name, ok=exit_status == 0, exit_status=exit_status, output=_tail(output))


def _tail(output: bytes) -> str:
    cut = output[-OUTPUT_BYTES:]
    if len(cut) < len(output):
        cut = cut[cut.find(b"\n") + 1 :]
    return cut.decode("utf-8", "replace")
