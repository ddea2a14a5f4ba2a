"""Find processes and end them: all of them, none but them, and with a proof.

A process is known by its number *and* its start: every signal goes through a descriptor of the
process that was looked at, so a number that was given to somebody else is never hit.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from logist_ci.process.clock import Clock
from logist_ci.process.environment import COOKIE, WORKSPACE
from logist_ci.process.system_table import system_table
from logist_ci.process.table import GONE_STATES, ProcessFacts, ProcessId, ProcessTable

__all__ = [
    "ProcessId",
    "alive",
    "descendants",
    "end_all",
    "identify",
    "inside",
    "look_at_tree",
    "send",
    "with_cookie",
]

# How long KILL may take; only a process inside a broken driver or file system needs more.
_KILL_S = 5.0
_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.1
_STOP_ROUNDS = 50


def identify(pid: int, table: ProcessTable | None = None) -> ProcessId | None:
    """Return the process that has the number ``pid`` now, or ``None``."""
    facts = (table or system_table()).facts(pid)
    return facts.id if facts else None


def alive(process: ProcessId, table: ProcessTable | None = None) -> bool:
    """Say whether ``process`` still runs; a zombie does not."""
    facts = (table or system_table()).facts(process.pid)
    return facts is not None and facts.id == process and facts.state not in GONE_STATES


def descendants(pid: int, table: ProcessTable | None = None) -> list[ProcessId]:
    """Return the living children of ``pid``, their children, and so on.

    One look can miss what is forked, or loses its parent, meanwhile; :func:`end_all` looks again.
    """
    return [facts.id for facts in look_at_tree(pid, table) if facts.state not in GONE_STATES]


def look_at_tree(pid: int, table: ProcessTable | None = None) -> list[ProcessFacts]:
    """Return the facts of all descendants of ``pid``, parents before children, zombies included."""
    table = table or system_table()
    found: dict[int, ProcessFacts] = {}
    waiting = table.children(pid)
    while waiting:
        number = waiting.pop(0)
        facts = table.facts(number)
        if facts is None or number in found:
            continue
        found[number] = facts
        waiting += table.children(number)
    return list(found.values())


def with_cookie(
    job_id: str, table: ProcessTable | None = None, *, workspace: str | Path | None = None
) -> list[ProcessId]:
    """Return the processes started with ``LOGIST_JOB_ID=job_id`` in their environment, never ourselves.

    With ``workspace`` they must have been started for that worktree too: a job of another repository may have
    the same id. Only processes of this user can be read. A process may wipe its environment, so this finds
    strays, not adversaries.
    """
    table = table or system_table()
    marks = [f"{COOKIE}={job_id}", *([] if workspace is None else [f"{WORKSPACE}={os.fspath(workspace)}"])]
    entries = [b"\0" + os.fsencode(mark) + b"\0" for mark in marks]

    def carries(pid: int) -> bool:
        environ = b"\0" + table.environ(pid) + b"\0"
        return all(entry in environ for entry in entries)

    return _chosen(table, table.pids(), carries)


def inside(folder: Path, table: ProcessTable | None = None) -> list[ProcessId]:
    """Return the processes that stand in ``folder``, or have a file below it open, never ourselves."""
    table = table or system_table()
    top = os.fsencode(folder.resolve())
    below = top.rstrip(b"/") + b"/"

    def touches(pid: int) -> bool:
        return any(place == top or place.startswith(below) for place in table.places(pid))

    return _chosen(table, table.pids(), touches)


def send(process: ProcessId, number: signal.Signals, table: ProcessTable | None = None) -> bool:
    """Send a signal to exactly ``process``; ``False`` when it is gone or belongs to somebody else."""
    descriptor = _descriptor_of(process.pid)
    try:
        # A descriptor is of whoever has the number now, and stays with it: now it can be compared.
        if identify(process.pid, table) != process:
            return False
        if descriptor is None:
            os.kill(process.pid, number)
        else:
            signal.pidfd_send_signal(descriptor, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        if descriptor is not None:
            os.close(descriptor)
    return True


def end_all(find: Callable[[], Collection[ProcessId]], *, grace_s: float, clock: Clock) -> list[ProcessId]:
    """End what ``find`` finds: TERM, up to ``grace_s`` seconds, then KILL until two looks find nothing.

    Stopped processes are continued, so that they see TERM. Returns the survivors: normally none; a process
    that belongs to somebody else, or hangs inside the kernel.
    """
    found = find()
    for number in (signal.SIGTERM, signal.SIGCONT):
        for process in found:
            send(process, number)
    if found:
        _wait(find, grace_s, clock)
    deadline = clock.monotonic() + _KILL_S
    # This is the second look that finds nothing: in one alone a process can slip from a dying parent to a new one.
    while left := find():
        if clock.monotonic() >= deadline:
            return sorted(left)
        _kill(find)
        clock.sleep(_FIRST_PAUSE_S)
    return []


def _wait(find: Callable[[], Collection[ProcessId]], seconds: float, clock: Clock) -> None:
    deadline = clock.monotonic() + seconds
    pause = _FIRST_PAUSE_S
    while find() and (remaining := deadline - clock.monotonic()) > 0:
        clock.sleep(min(pause, remaining))
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _kill(find: Callable[[], Collection[ProcessId]]) -> None:
    # What forks faster than it is killed is stopped first, as often as there is something new.
    stopped: set[ProcessId] = set()
    for _ in range(_STOP_ROUNDS):
        fresh = set(find()) - stopped
        if not fresh:
            break
        stopped |= fresh
        for process in fresh:
            send(process, signal.SIGSTOP)
    for process in stopped:
        send(process, signal.SIGKILL)


def _descriptor_of(pid: int) -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        # It is gone, which the comparison finds out, or the kernel is older than 5.3.
        return None


def _chosen(table: ProcessTable, numbers: Iterable[int], wanted: Callable[[int], bool]) -> list[ProcessId]:
    ourselves = os.getpid()
    found: list[ProcessId] = []
    for pid in numbers:
        before = table.facts(pid) if pid != ourselves and wanted(pid) else None
        if before is not None and before.state not in GONE_STATES:
            found.append(before.id)
    return found
