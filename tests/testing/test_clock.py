from __future__ import annotations

from datetime import UTC, datetime, timedelta

from logist_ci.testing import FakeClock


def test_time_stands_still(clock: FakeClock) -> None:
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.monotonic() == 0


def test_sleeping_and_advancing_move_both_times(clock: FakeClock) -> None:
    start = clock.now()
    clock.sleep(1.5)
    clock.advance(60)
    assert clock.monotonic() == 61.5
    assert clock.now() - start == timedelta(seconds=61.5)


def test_sleeping_never_goes_back_and_advancing_may(clock: FakeClock) -> None:
    clock.sleep(-5)
    assert clock.monotonic() == 0
    clock.advance(-5)
    assert clock.monotonic() == -5
