"""Times one thing against another, alternately, and says how they compare.

The machine's mood changes from minute to minute, so the two are taken in turns, and the comparator
is always measured in the same run. Medians are compared; the extremes are shown beside them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Row", "Timing", "above", "alternately", "amount", "ratio", "stopwatch"]


@dataclass(frozen=True)
class Timing:
    """How long one thing took each time, in seconds, in the order in which it was measured."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the measurements."""
        return statistics.median(self.seconds)

    @property
    def lowest(self) -> float:
        """The quickest measurement."""
        return min(self.seconds)

    @property
    def highest(self) -> float:
        """The slowest measurement."""
        return max(self.seconds)

    def minus(self, seconds: float) -> Timing:
        """Return these measurements without a part of constant length."""
        return Timing(tuple(each - seconds for each in self.seconds))

    def shared_by(self, count: int) -> Timing:
        """Return these measurements of ``count`` equal things as those of one."""
        return Timing(tuple(each / count for each in self.seconds))


@dataclass(frozen=True)
class Row:
    """One measured number: what was compared with what, and what it should be at most.

    ``lowest`` and ``highest`` are the extremes of ``value``; ``unit`` is ``×`` for a ratio.
    """

    name: str
    what: str
    against: str
    unit: str
    value: float
    lowest: float
    highest: float
    at_most: float
    subject: Timing | None = None
    comparator: Timing | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def held(self) -> bool:
        """Whether the number is what it should be."""
        return self.value <= self.at_most


def stopwatch(work: Callable[[], object]) -> float:
    """Return how many seconds ``work`` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def alternately(rounds: int, *takes: Callable[[], float], warm_up: bool = True) -> tuple[Timing, ...]:
    """Call each of ``takes`` in turn, ``rounds`` times, and return what each of them measured.

    Every second round goes backwards, so that none always follows the same other. With ``warm_up``
    each is called once before, uncounted.
    """
    if warm_up:
        for take in takes:
            take()
    measured: list[list[float]] = [[] for _ in takes]
    for number in range(rounds):
        order = range(len(takes)) if number % 2 == 0 else reversed(range(len(takes)))
        for place in order:
            measured[place].append(takes[place]())
    return tuple(Timing(tuple(each)) for each in measured)


def ratio(
    name: str,
    what: str,
    against: str,
    subject: Timing,
    comparator: Timing,
    *,
    at_most: float,
    notes: tuple[str, ...] = (),
) -> Row:
    """Return how many times as long ``subject`` takes as ``comparator``; the extremes are of single rounds."""
    each = [mine / theirs for mine, theirs in zip(subject.seconds, comparator.seconds, strict=True)]
    value = subject.median / comparator.median
    return Row(name, what, against, "×", value, min(each), max(each), at_most, subject, comparator, notes)


def above(
    name: str,
    what: str,
    against: str,
    subject: Timing,
    comparator: Timing,
    *,
    at_most: float,
    notes: tuple[str, ...] = (),
) -> Row:
    """Return how many milliseconds longer ``subject`` takes than ``comparator``; ``at_most`` is in milliseconds."""
    each = [(mine - theirs) * 1000 for mine, theirs in zip(subject.seconds, comparator.seconds, strict=True)]
    value = (subject.median - comparator.median) * 1000
    return Row(name, what, against, "ms", value, min(each), max(each), at_most, subject, comparator, notes)


def amount(
    name: str, what: str, unit: str, values: tuple[float, ...], *, at_most: float, notes: tuple[str, ...] = ()
) -> Row:
    """Return the median of ``values``, which are compared with nothing but ``at_most``."""
    return Row(name, what, "", unit, statistics.median(values), min(values), max(values), at_most, notes=notes)
