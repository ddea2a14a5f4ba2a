"""Decides which limit a run has passed, from what it is told; it looks at nothing itself."""

from __future__ import annotations

from logist_ci.job.limits import Limits
from logist_ci.shim.protocol import LimitName

__all__ = ["Sentinel"]

_SAMPLE_S = 1.0
_FIRST_SAMPLE_S = 0.05
_LONGEST_SAMPLE_S = 30.0
_SHORTEST_SAMPLE_S = 0.02
# A look at the tree may take this share of a core.
_LOOKING = 0.0005
_SETTLED_S = 3.0
# What uses less than this share of a core only waits: a spinner, a timer, a loop around sleep.
_BUSY = 0.02
_WARN_AT = 0.8


class Sentinel:
    """Watches ``wall``, ``idle`` and ``output``. All times are monotonic seconds."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._started = now
        self._active = now
        self._sampled = now
        self._cpu_s = 0.0
        self._interval = min(_SAMPLE_S, max((limits.idle_s or 60.0) / 4, _SHORTEST_SAMPLE_S))
        # Short runs are looked at sooner, or nobody would know what they used.
        self._pause = min(_FIRST_SAMPLE_S, self._interval)
        self._next_sample = now + self._pause
        self._warned: dict[LimitName, str] = {}

    @property
    def active(self) -> float:
        """When the last sign of life was seen."""
        return self._active

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return a sentence for each limit of which 80 % was used."""
        return tuple(self._warned.values())

    def next_look(self) -> float:
        """Return when :meth:`passed` has to be asked again, if nothing happens before."""
        moments = [self._next_sample]
        if self._limits.wall_s is not None:
            warned = "wall" in self._warned
            moments.append(self._started + self._limits.wall_s * (1.0 if warned else _WARN_AT))
        if self._limits.idle_s is not None:
            moments.append(self._active + self._limits.idle_s)
        return min(moments)

    def sample_due(self, now: float) -> bool:
        """Say whether the processes should be looked at."""
        return now >= self._next_sample

    def heard(self, now: float) -> None:
        """Take note of output, or of another sign of life at ``now``."""
        self._active = max(self._active, now)

    def sampled(self, now: float, cpu_s: float, took_s: float) -> None:
        """Take note that the tree has used ``cpu_s`` seconds of CPU in all; looking ``took_s`` seconds to find out."""
        # Time goes missing when a child is not waited for; that one has ended, which is a sign of life too.
        used = abs(cpu_s - self._cpu_s)
        if used > _BUSY * (now - self._sampled):
            self._active = now
        self._cpu_s, self._sampled = cpu_s, now
        self._pause = min(self._pause * 2, self._interval)
        # The first looks cost more than later ones, and there are few of them.
        fair = took_s / _LOOKING if now - self._started > _SETTLED_S else 0.0
        self._next_sample = now + min(max(self._pause, fair), _LONGEST_SAMPLE_S)

    def seems_idle(self, now: float) -> bool:
        """Say whether there was no sign of life for as long as ``idle`` allows, as far as is known."""
        return self._limits.idle_s is not None and now - self._active >= self._limits.idle_s

    def passed(self, now: float, output_bytes: int) -> LimitName | None:
        """Return which of ``wall`` and ``output`` is used up."""
        elapsed = now - self._started
        self._warn("wall", elapsed, self._limits.wall_s, "seconds")
        self._warn("output", output_bytes, self._limits.output_bytes, "bytes")
        if self._limits.wall_s is not None and elapsed >= self._limits.wall_s:
            return "wall"
        if self._limits.output_bytes is not None and output_bytes > self._limits.output_bytes:
            return "output"
        return None

    def _warn(self, name: LimitName, used: float, limit: float | None, unit: str) -> None:
        if limit is not None and name not in self._warned and used >= limit * _WARN_AT:
            self._warned[name] = f"80 % of the {name} limit ({limit:g} {unit}) was used."
