"""Harvesting 1,000 changed files among 50,000, against ``git add -A && git commit``."""

from __future__ import annotations

from itertools import count

from bench.ground import Ground
from bench.measuring import Row, alternately, ratio, stopwatch
from bench.report import main
from bench.worktree import FILES

__all__ = ["measure"]

CHANGED = 1_000

# Every fiftieth file, so that every folder has some.
_CHANGE = 'for file in d*/f[05]0.txt; do echo changed >> "$file"; done'
_WORKTREE = 'git worktree add -q --no-track -b "by-hand/$1" "../wt-$1" HEAD'
_COMMIT = 'cd "../wt-$1" && git add -A && git commit -q -m "Job"'
_AWAY = 'git worktree remove --force "../wt-$1"'


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Time the stage of a job that harvests, as the job's own log has it."""
    repository = ground.repository("large", FILES)
    number = count()

    def ours() -> float:
        ground.logist("run", "--", "sh", "-c", _CHANGE, at=repository.path)
        return ground.stages(repository)["harvest"]

    def shell() -> float:
        name = str(next(number))
        ground.shell(_WORKTREE, name, at=repository.path)
        ground.shell(f'cd "../wt-$1"; {_CHANGE}', name, at=repository.path)
        seconds = stopwatch(lambda: ground.shell(_COMMIT, name, at=repository.path))
        ground.shell(_AWAY, name, at=repository.path)
        return seconds

    subject, comparator = alternately(rounds, ours, shell)
    what = f"harvest of {CHANGED:,} changed files among {FILES:,}"
    return [ratio("harvest", what, "git add -A && git commit", subject, comparator, at_most=1.0)]


if __name__ == "__main__":
    main(measure)
