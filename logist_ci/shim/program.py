"""The program of a run and everything below it, as children of this process."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from logist_ci.errors import LogistError
from logist_ci.process.command import Command
from logist_ci.process.environment import WORKSPACE
from logist_ci.process.files import translated_os_errors
from logist_ci.process.table import ProcessFacts, ProcessId, ProcessTable
from logist_ci.process.tree import descendants, look_at_tree, with_cookie
from logist_ci.shim.launching import launch
from logist_ci.shim.protocol import RunRequest

__all__ = ["Program", "Use"]

# What `ru_maxrss` counts: kilobytes, on macOS bytes.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Use:
    """What all processes used so far: CPU in seconds, and the bytes of the tree at its largest."""

    cpu_s: float = 0.0
    peak_rss: int = 0


class Program:
    """A started program. This process must have no other children, and be the subreaper where there is one."""

    def __init__(self, pid: int, output: int, request: RunRequest, table: ProcessTable) -> None:
        self.output = output
        self._pid = pid
        self._returncode: int | None = None
        self._job_id = request.job_id
        self._workspace = request.env.get(WORKSPACE)
        self._table = table
        self._own_peak = _own_peak()
        self._ended = Use()
        self._sampled = Use()

    @classmethod
    def start(cls, request: RunRequest, table: ProcessTable) -> Program:
        """Start what ``request`` names, in its own process group, both outputs in one pipe.

        Raises:
            LogistError: it cannot be started; the message says why.
        """
        command = Command(request.argv, Path(request.cwd), request.env, request.secrets)
        ours, theirs = os.pipe()
        try:
            with _input(request.stdin_file) as stdin:
                return cls(launch(command, stdin, theirs), ours, request, table)
        except LogistError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)

    @property
    def returncode(self) -> int | None:
        """How the program itself ended, negative for a signal; ``None`` while it runs."""
        return self._returncode

    @property
    def use(self) -> Use:
        """What the processes used, as far as it is known by now."""
        return Use(max(self._ended.cpu_s, self._sampled.cpu_s), max(self._ended.peak_rss, self._sampled.peak_rss))

    def reap(self) -> bool:
        """Take note of every child that has ended; ``False`` when none is left.

        With a subreaper that is a proof: whoever is below this process is below one of its children.
        """
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._pid:
                self._returncode = os.waitstatus_to_exitcode(status)
            peak = usage.ru_maxrss * _MAXRSS_UNIT
            # Until it executed the program the child counted as large as we are.
            known_peak = peak if peak > self._own_peak else 0
            cpu_s = self._ended.cpu_s + usage.ru_utime + usage.ru_stime
            self._ended = Use(cpu_s, max(self._ended.peak_rss, known_peak))

    def sample(self) -> list[ProcessFacts]:
        """Look at every process below, and take its use into account."""
        facts = look_at_tree(os.getpid(), self._table)
        cpu_s = self._ended.cpu_s + sum(each.cpu_s for each in facts)
        rss = sum(each.rss for each in facts)
        self._sampled = Use(max(self._sampled.cpu_s, cpu_s), max(self._sampled.peak_rss, rss))
        return facts

    def left(self) -> list[ProcessId]:
        """Return every process of the run that is still alive, strays that carry the job's cookie included.

        Parents come before their children, so that none of them takes the end of a child for a failure.
        """
        self.reap()
        marked = with_cookie(self._job_id, self._table, workspace=self._workspace)
        return list(dict.fromkeys((*descendants(os.getpid(), self._table), *marked)))


def _own_peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT


@contextmanager
def _input(path: str | None) -> Iterator[int]:
    # No O_NONBLOCK: the program would inherit it and misread its input.
    with translated_os_errors(f"read the input {path}"):
        descriptor = os.open(path or os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
