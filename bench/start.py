"""``--version`` and ``--help``, against an interpreter that does nothing."""

from __future__ import annotations

import sys

from bench.ground import Ground
from bench.measuring import Row, Timing, alternately, ratio, stopwatch
from bench.report import main

__all__ = ["measure"]

_NOTHING = "python -c pass"


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Time what shells, prompts and completions call all the time."""

    def take(*argv: str) -> float:
        return stopwatch(lambda: ground.run(argv))

    version, overview, command, nothing = alternately(
        rounds,
        lambda: take(ground.program, "--version"),
        lambda: take(ground.program, "--help"),
        lambda: take(ground.program, "list", "--help"),
        lambda: take(sys.executable, "-c", "pass"),
    )
    return [
        _row("version", "logist-ci --version", version, nothing, 2.0),
        _row("help", "logist-ci --help", overview, nothing, 10.0),
        _row("help of a command", "logist-ci list --help", command, nothing, 20.0),
    ]


def _row(name: str, what: str, subject: Timing, nothing: Timing, at_most: float) -> Row:
    return ratio(name, what, _NOTHING, subject, nothing, at_most=at_most)


if __name__ == "__main__":
    main(measure, rounds=25)
