"""One trivial job in a batch of 100, one at a time, against the same in shell."""

from __future__ import annotations

import json
import sys
from itertools import count

from bench.ground import Ground
from bench.measuring import Row, Timing, alternately, ratio, stopwatch
from bench.report import main

__all__ = ["measure"]

JOBS = 100
_AT_MOST = 1.2

#: What one job does: it changes a file, so that there is something to commit.
_TRIVIAL = "echo done >> d000/f00.txt"

# $1 jobs, named $2-1, $2-2, …; what a careful person would write.
_BY_HAND = """
n=0
while [ $n -lt "$1" ]; do
    n=$((n + 1))
    git worktree add -q --no-track -b "by-hand/$2-$n" "../wt-$2-$n" HEAD
    cd "../wt-$2-$n"
    sh -c "$3"
    git add -A
    git commit -q -m "Job $n"
    cd "$OLDPWD"
    git worktree remove --force "../wt-$2-$n"
done
"""


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Time batches of a hundred jobs; what is compared is one job, its creation included."""
    number = count()
    created: list[float] = []

    def ours() -> float:
        # A fresh repository each time: neither side is to meet what earlier rounds left behind.
        repository = ground.repository(f"ours-{next(number)}")
        child = [sys.executable, "-m", "bench.batch_jobs", str(JOBS), "sh", "-c", _TRIVIAL]
        times = json.loads(ground.run(child, at=repository.path))
        created.append(times["created"] / JOBS)
        return float(times["created"] + times["ran"])

    def shell() -> float:
        repository = ground.repository(f"shell-{next(number)}")
        return stopwatch(lambda: ground.shell(_BY_HAND, str(JOBS), "b", _TRIVIAL, at=repository.path))

    subject, comparator = (timing.shared_by(JOBS) for timing in alternately(rounds, ours, shell))
    creating = Timing(tuple(created)).median
    return [
        ratio(
            "batch",
            "one trivial job in a batch of 100, -j 1, host, small repository",
            "the same in shell: worktree add, run, add, commit, worktree remove",
            subject,
            comparator,
            at_most=_AT_MOST,
            notes=(f"creating the job takes {creating * 1000:.1f} ms of it",),
        )
    ]


if __name__ == "__main__":
    main(measure)
