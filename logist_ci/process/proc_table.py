"""The process table of Linux, read from ``/proc`` with as few system calls as it takes."""

from __future__ import annotations

import os
from contextlib import suppress

from logist_ci.process.table import ProcessFacts, ProcessId

__all__ = ["ProcTable"]

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CHUNK = 65536
# A process that ends between two calls shows as any of these.
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


class ProcTable:
    """Reads ``/proc``; needs a kernel with ``CONFIG_PROC_CHILDREN``, as every distribution's is."""

    def pids(self) -> list[int]:
        """Return the numbers of all processes."""
        with os.scandir("/proc") as entries:
            return [int(entry.name) for entry in entries if entry.name.isdecimal()]

    def facts(self, pid: int) -> ProcessFacts | None:
        """Return what ``/proc/PID/stat`` says."""
        line = _read(f"/proc/{pid}/stat")
        # The name may hold spaces and parentheses: it ends at the last one.
        opening, closing = line.find(b"("), line.rfind(b")")
        if closing < 0:
            return None
        fields = line[closing + 2 :].split()
        return ProcessFacts(
            id=ProcessId(pid, int(fields[19])),
            name=line[opening + 1 : closing].decode("utf-8", "backslashreplace"),
            state=fields[0].decode("ascii"),
            parent=int(fields[1]),
            cpu_s=sum(map(int, fields[11:15])) / _TICKS,
            rss=int(fields[21]) * _PAGE,
        )

    def children(self, pid: int) -> list[int]:
        """Return the children of every thread: 70 times cheaper than asking each process for its parent."""
        try:
            with os.scandir(f"/proc/{pid}/task") as entries:
                threads = [entry.name for entry in entries]
        except _GONE:
            return []
        return [int(child) for thread in threads for child in _read(f"/proc/{pid}/task/{thread}/children").split()]

    def environ(self, pid: int) -> bytes:
        """Return ``/proc/PID/environ``: nothing for a kernel thread, a zombie, or somebody else's process."""
        return _read(f"/proc/{pid}/environ")

    def places(self, pid: int) -> list[bytes]:
        """Return where ``cwd``, ``root`` and the open descriptors lead."""
        links = [f"/proc/{pid}/cwd", f"/proc/{pid}/root"]
        with suppress(*_GONE), os.scandir(f"/proc/{pid}/fd") as entries:
            links += [entry.path for entry in entries]
        found: list[bytes] = []
        for link in links:
            with suppress(*_GONE):
                found.append(os.readlink(os.fsencode(link)))  # noqa: PTH115 - a Path knows no bytes
        return found

    def command_line(self, pid: int) -> str:
        """Return ``/proc/PID/cmdline``: nothing for a zombie."""
        return _read(f"/proc/{pid}/cmdline").rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "backslashreplace")

    def waits_in(self, pid: int) -> str:
        """Return the wait channel; the kernel says ``0`` where it does not tell."""
        channel = _read(f"/proc/{pid}/wchan").decode("ascii", "replace")
        return "" if channel == "0" else channel


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except _GONE:
        return b""
    try:
        data = os.read(descriptor, _CHUNK)
        while data and len(data) % 4096 == 0 and (more := os.read(descriptor, _CHUNK)):
            data += more
    except (*_GONE, OSError):
        return b""
    finally:
        os.close(descriptor)
    return data
