"""Time as an argument: the day for people, a monotonic count for deadlines."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What knows the time. Deadlines use ``monotonic``: the day can jump, and does when a laptop wakes up."""

    def now(self) -> datetime:
        """Return the moment as an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go backwards, from an arbitrary start."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``; nothing happens when there is nothing to wait for."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the moment as an aware datetime in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; the same for every process of this machine."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``; zero and less return at once."""
        if seconds > 0:
            time.sleep(seconds)
