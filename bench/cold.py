"""``logist-ci run -- true`` from a cold start, against the same in shell."""

from __future__ import annotations

from itertools import count

from bench.ground import Ground
from bench.measuring import Row, above, alternately, stopwatch
from bench.report import main

__all__ = ["measure"]

_AT_MOST_MS = 130.0

# $1 is a name that has not been used; there is nothing to commit, and git says so with status 1.
_BY_HAND = """
git worktree add -q --no-track -b "by-hand/$1" "../wt-$1" HEAD
cd "../wt-$1"
true
git add -A
git commit -q -m "Job" >/dev/null || :
cd "$OLDPWD"
git worktree remove --force "../wt-$1"
"""


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Time single runs, each in a process of its own."""
    repository = ground.repository("cold")
    number = count()
    subject, comparator = alternately(
        rounds,
        lambda: stopwatch(lambda: ground.logist("run", "--", "true", at=repository.path)),
        lambda: stopwatch(lambda: ground.shell(_BY_HAND, str(next(number)), at=repository.path)),
    )
    return [
        above(
            "cold",
            "logist-ci run -- true, cold, one job",
            "the same in shell",
            subject,
            comparator,
            at_most=_AT_MOST_MS,
        )
    ]


if __name__ == "__main__":
    main(measure, rounds=15)
