"""What the system says about its processes, as values, and what can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

__all__ = ["GONE_STATES", "ProcessFacts", "ProcessId", "ProcessTable"]

#: States of a process that runs no more: a zombie, or one being taken apart.
GONE_STATES = frozenset("ZXx")


@dataclass(frozen=True, order=True)
class ProcessId:
    """One process for ever: its number, and when it started, since numbers are used again.

    ``started`` counts clock ticks since boot on Linux, hundredths of a second since 1970 elsewhere;
    compare it only with another one of the same machine.
    """

    pid: int
    started: int


@dataclass(frozen=True)
class ProcessFacts:
    """One look at a process: ``cpu_s`` includes children it waited for, ``rss`` is bytes."""

    id: ProcessId
    name: str
    state: str
    parent: int
    cpu_s: float
    rss: int


class ProcessTable(Protocol):
    """The processes of this machine. Whatever has ended, or belongs to somebody else, is answered with nothing."""

    def pids(self) -> Iterable[int]:
        """Return the numbers of all processes."""
        ...

    def facts(self, pid: int) -> ProcessFacts | None:
        """Return what is known about ``pid``; zombies are known."""
        ...

    def children(self, pid: int) -> list[int]:
        """Return the numbers of the direct children of ``pid``."""
        ...

    def environ(self, pid: int) -> bytes:
        """Return the environment that ``pid`` started with, as ``NAME=value`` entries that end in NUL."""
        ...

    def places(self, pid: int) -> list[bytes]:
        """Return the paths that ``pid`` has open or stands in."""
        ...

    def command_line(self, pid: int) -> str:
        """Return the words that ``pid`` was started with, separated by spaces, for people to read."""
        ...

    def waits_in(self, pid: int) -> str:
        """Return the kernel function that ``pid`` sleeps in, or nothing."""
        ...
