from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from logist_ci.process.clock import Clock, SystemClock


def test_now_is_an_aware_moment_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_monotonic_never_goes_backwards_and_agrees_with_other_processes_of_this_machine() -> None:
    clock = SystemClock()
    first, second = clock.monotonic(), clock.monotonic()
    assert first <= second
    assert abs(clock.monotonic() - time.monotonic()) < 5


def test_sleep_waits_as_long_as_it_is_told() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.sleep(0.02)
    assert clock.monotonic() - before >= 0.02


def test_sleeping_for_nothing_returns_at_once() -> None:
    clock: Clock = SystemClock()
    clock.sleep(0)
    clock.sleep(-5)
