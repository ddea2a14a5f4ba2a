"""What a shim costs while its agent is silent: processor time and memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.ground import Ground
from bench.measuring import Row, amount
from bench.report import main

__all__ = ["measure"]

_SILENT_S = 600
_SETTLE_S = 2.0
_WATCHED_S = 10.0
_START_S = 30.0


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Watch the shim of one silent job for a while, ``rounds`` times."""
    cores: list[float] = []
    megabytes: list[float] = []
    with _silent_job(ground) as shim:
        time.sleep(_SETTLE_S)
        for _ in range(rounds):
            before = _cpu_s(shim)
            time.sleep(_WATCHED_S)
            cores.append((_cpu_s(shim) - before) / _WATCHED_S * 100)
            megabytes.append(_pss_mb(shim))
    notes = (f"watched for {_WATCHED_S:.0f} s each time; the kernel counts in steps of 10 ms, which are 0.1 % here",)
    return [
        amount(
            "shim, processor", "shim for a silent agent, share of a core", "%", tuple(cores), at_most=0.1, notes=notes
        ),
        amount("shim, memory", "shim for a silent agent, PSS", "MB", tuple(megabytes), at_most=3.0),
    ]


@contextmanager
def _silent_job(ground: Ground) -> Iterator[int]:
    """Run a job whose agent sleeps, and yield its shim: the parent of the sleeping process."""
    repository = ground.repository("silent")
    runner = subprocess.Popen(
        [ground.program, "run", "--limit", "idle=none", "--limit", "grace=1s", "--", "sleep", str(_SILENT_S)],
        cwd=repository.path,
        env=dict(ground.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield _shim_below(runner.pid)
    finally:
        runner.terminate()
        runner.wait()


def _shim_below(runner: int) -> int:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        for pid in _descendants(runner):
            if _name(pid) == "sleep":
                return _parent(pid)
        time.sleep(0.05)
    raise SystemExit("The silent job did not start.")


def _descendants(pid: int) -> Iterator[int]:
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, _read(children).split()):
            yield child
            yield from _descendants(child)


def _name(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/comm")).strip()


def _parent(pid: int) -> int:
    return int(_read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()[1])


def _cpu_s(pid: int) -> float:
    # Fields 14 and 15, counted from the state after the name: its own time in user and kernel mode.
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss_mb(pid: int) -> float:
    for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    raise SystemExit("This kernel does not tell the proportional size of a process.")


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


if __name__ == "__main__":
    main(measure, rounds=3)
