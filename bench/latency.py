"""From the moment a limit is passed to the moment the last process of the tree is gone."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bench.ground import Ground
from bench.measuring import Row, amount
from bench.report import main
from logist_ci.testing import GitSandbox

__all__ = ["measure"]

_WALL_S = 1.0
_GRACE_S = 0.5
_IDLE_S = 1.5
_START_S = 30.0

# Three generations; each writes who it is, and the last has a session of its own.
_OBEDIENT = 'echo $$ >> "$1"; sh -c \'echo $$ >> "$1"; setsid sh -c "echo \\$\\$ >> $1; exec sleep 60"\' sh "$1"'
_STUBBORN = f"trap '' TERM; {_OBEDIENT}"
# One line after another; the output limit is passed at once.
_FLOOD = 'echo $$ >> "$1"; echo $$ >> "$1"; echo $$ >> "$1"; exec yes'


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Let jobs run into their limits, and watch their processes from outside."""
    repository = ground.repository("limits")

    def late(limits: dict[str, str], script: str, due: Callable[[float], float]) -> tuple[float, ...]:
        return tuple(_lateness(ground, repository, number, limits, script, due) for number in range(rounds))

    wall = {"wall": f"{_WALL_S}s", "grace": f"{_GRACE_S}s"}
    obedient = late(wall, _OBEDIENT, lambda begun: begun + _WALL_S)
    stubborn = late(wall, _STUBBORN, lambda begun: begun + _WALL_S + _GRACE_S)
    idle = late({"idle": f"{_IDLE_S}s", "grace": f"{_GRACE_S}s"}, _OBEDIENT, lambda begun: begun + _IDLE_S)
    flood = late({"output": "1MB", "grace": f"{_GRACE_S}s"}, _FLOOD, lambda begun: begun)
    return [
        amount("latency, wall", "wall limit passed → tree gone, tree obeys TERM", "s", obedient, at_most=0.2),
        amount("latency, ladder", "the same beyond the grace period, tree ignores TERM", "s", stubborn, at_most=0.2),
        amount(
            "latency, output", "flood begins → tree gone", "s", flood, at_most=0.2,
            notes=("counted from the agent's first line: writing the megabyte is part of it",),
        ),
        amount("latency, idle", "idle limit passed → tree gone (sampled)", "s", idle, at_most=1.0),
    ]  # fmt: skip


def _lateness(
    ground: Ground,
    repository: GitSandbox,
    number: int,
    limits: dict[str, str],
    script: str,
    due: Callable[[float], float],
) -> float:
    pids = ground.folder / f"pids-{'-'.join(limits)}-{len(script)}-{number}"
    words = [word for name, value in limits.items() for word in ("--limit", f"{name}={value}")]
    runner = subprocess.Popen(
        [ground.program, "run", *words, "--", "sh", "-c", script, "sh", str(pids)],
        cwd=repository.path,
        env=dict(ground.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        begun, tree = _tree(pids, runner)
        gone = max(_gone(descriptor) for descriptor in tree)
    finally:
        runner.wait()
    return gone - due(begun)


def _tree(pids: Path, runner: subprocess.Popen[bytes]) -> tuple[float, list[int]]:
    """Wait for three processes to have written their numbers; return when the first did, and all as descriptors."""
    begun = 0.0
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and runner.poll() is None:
        if not begun and pids.exists():
            begun = time.monotonic()
        found = pids.read_text().split() if begun else []
        if len(found) >= 3:
            return begun, [os.pidfd_open(int(pid)) for pid in found]
        time.sleep(0.001)
    raise SystemExit("The job did not start its three processes.")


def _gone(descriptor: int) -> float:
    select.select([descriptor], [], [], 60)
    os.close(descriptor)
    return time.monotonic()


if __name__ == "__main__":
    main(measure)
