"""The process table where there is no ``/proc``: psutil's. Slower, and used on macOS only."""

from __future__ import annotations

import os

import psutil

from logist_ci.process.table import ProcessFacts, ProcessId

__all__ = ["PsutilTable"]

_GONE = (psutil.NoSuchProcess, psutil.AccessDenied, OSError)
_STATES = {
    psutil.STATUS_ZOMBIE: "Z",
    psutil.STATUS_DEAD: "X",
    psutil.STATUS_STOPPED: "T",
    psutil.STATUS_RUNNING: "R",
}


class PsutilTable:
    """Asks psutil."""

    def pids(self) -> list[int]:
        """Return the numbers of all processes."""
        return psutil.pids()

    def facts(self, pid: int) -> ProcessFacts | None:
        """Return what psutil says; times and memory of somebody else's process count as zero."""
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                number = ProcessId(pid, round(process.create_time() * 100))
                state = _STATES.get(process.status(), "S")
                return ProcessFacts(number, process.name(), state, process.ppid() or 0, *_use(process, state))
        except _GONE:
            return None

    def children(self, pid: int) -> list[int]:
        """Return the direct children of ``pid``."""
        try:
            return [child.pid for child in psutil.Process(pid).children()]
        except _GONE:
            return []

    def environ(self, pid: int) -> bytes:
        """Return the environment of ``pid`` in the form of ``/proc``."""
        try:
            values = psutil.Process(pid).environ()
        except _GONE:
            return b""
        return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in values.items())

    def places(self, pid: int) -> list[bytes]:
        """Return the folder and the open files of ``pid``."""
        try:
            process = psutil.Process(pid)
            return [os.fsencode(process.cwd()), *(os.fsencode(file.path) for file in process.open_files())]
        except _GONE:
            return []

    def command_line(self, pid: int) -> str:
        """Return what psutil says."""
        try:
            return " ".join(psutil.Process(pid).cmdline()).encode("utf-8", "backslashreplace").decode("utf-8")
        except _GONE:
            return ""

    def waits_in(self, pid: int) -> str:
        """Return nothing: psutil does not know."""
        return ""


def _use(process: psutil.Process, state: str) -> tuple[float, int]:
    if state in "ZX":
        return 0.0, 0
    try:
        times = process.cpu_times()
        return times.user + times.system, process.memory_info().rss
    except _GONE:
        return 0.0, 0
