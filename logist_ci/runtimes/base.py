"""What a runtime is: something that wraps a command so that it can do less harm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logist_ci.job.manifest import Protection
from logist_ci.process.command import Command

__all__ = ["Mounts", "Probe", "Runtime"]


@dataclass(frozen=True)
class Mounts:
    """What a program is to see: its worktree, other folders it may write, and some it may only read."""

    workspace: Path
    writable: tuple[Path, ...] = ()
    readonly: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Probe:
    """Whether a runtime works here.

    ``proved`` names the escapes that were tried and failed; what was not tried is not claimed. When it
    does not work ``reason`` says why, and ``remedy`` what to do about it.
    """

    works: bool
    proved: tuple[str, ...] = ()
    reason: str = ""
    remedy: str = ""


class Runtime(Protocol):
    """One way to execute a program.

    Every runtime passes the contract in ``tests/runtimes/test_contract.py``: exact arguments, environment,
    folder, input and exit status; both outputs; signals reach the program, and its end ends the wrapper.
    """

    @property
    def name(self) -> str:
        """The name that users choose it by."""
        ...

    def probe(self) -> Probe:
        """Try it out, escapes included; it is asked before each use and must be quick, or remember."""
        ...

    def protection(self) -> Protection:
        """Return what the manifest records: the name, and in words what it does not protect against."""
        ...

    def wrap(self, command: Command, mounts: Mounts, network: str) -> Command:
        """Return the command to start instead of ``command``; ``network`` is ``full`` or ``none``.

        Raises:
            MissingError: it cannot give what is asked for.
        """
        ...
