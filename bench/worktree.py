"""A worktree of 50,000 files until it is ready for the agent, against ``git worktree add``."""

from __future__ import annotations

from itertools import count

from bench.ground import Ground
from bench.measuring import Row, alternately, ratio, stopwatch
from bench.report import main

__all__ = ["FILES", "measure"]

FILES = 50_000

_BY_HAND = 'git worktree add -q --no-track -b "by-hand/$1" "../wt-$1" HEAD'
_AWAY = 'git worktree remove --force "../wt-$1"'


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Time the stage of a job that makes its worktree, as the job's own log has it."""
    repository = ground.repository("large", FILES)
    number = count()

    def ours() -> float:
        ground.logist("run", "--", "true", at=repository.path)
        return ground.stages(repository)["provision"]

    def shell() -> float:
        name = str(next(number))
        seconds = stopwatch(lambda: ground.shell(_BY_HAND, name, at=repository.path))
        ground.shell(_AWAY, name, at=repository.path)
        return seconds

    subject, comparator = alternately(rounds, ours, shell)
    what = f"worktree ready, {FILES:,} files, cold"
    return [ratio("worktree", what, "git worktree add", subject, comparator, at_most=1.1)]


if __name__ == "__main__":
    main(measure)
