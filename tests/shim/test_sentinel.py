from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.job.limits import Limits
from logist_ci.shim.sentinel import Sentinel

NONE = Limits(wall_s=None, idle_s=None, output_bytes=None)


def sentinel(
    now: float = 100.0, *, wall: float | None = None, idle: float | None = None, output: int | None = None
) -> Sentinel:
    return Sentinel(Limits(wall_s=wall, idle_s=idle, output_bytes=output), now)


def test_without_limits_nothing_is_ever_passed() -> None:
    watch = Sentinel(NONE, 0)
    assert watch.passed(1e9, 10**15) is None
    assert not watch.seems_idle(1e9)
    assert watch.warnings == ()


def test_the_wall_limit_is_passed_when_its_time_is_up() -> None:
    watch = sentinel(wall=10)
    assert watch.passed(109.9, 0) is None
    assert watch.passed(110.0, 0) == "wall"


def test_the_output_limit_allows_exactly_its_bytes() -> None:
    watch = sentinel(output=50)
    assert watch.passed(101, 50) is None
    assert watch.passed(101, 51) == "output"


def test_at_eighty_percent_there_is_one_warning() -> None:
    watch = sentinel(wall=10, output=1000)
    watch.passed(107.9, 799)
    assert not watch.warnings
    for _ in range(3):
        watch.passed(108.0, 800)
    assert watch.warnings == (
        "80 % of the wall limit (10 seconds) was used.",
        "80 % of the output limit (1000 bytes) was used.",
    )


def test_output_is_a_sign_of_life() -> None:
    watch = sentinel(idle=5)
    watch.heard(103)
    assert not watch.seems_idle(107.9)
    assert watch.seems_idle(108)
    watch.heard(102)
    assert watch.seems_idle(108), "a sign of life that is known already is no new one"


def test_use_of_the_cpu_is_a_sign_of_life() -> None:
    watch = sentinel(idle=5)
    watch.sampled(104, cpu_s=0.5, took_s=0)
    assert watch.active == 104
    watch.sampled(105, cpu_s=0.5, took_s=0)
    assert watch.active == 104


def test_who_only_waits_and_blinks_shows_no_sign_of_life() -> None:
    watch = sentinel(idle=5)
    for second in range(1, 6):
        watch.sampled(100 + second, cpu_s=0.01 * second, took_s=0)
    assert watch.seems_idle(105)


def test_cpu_time_that_went_missing_is_a_sign_of_life() -> None:
    watch = sentinel(idle=5)
    watch.sampled(101, cpu_s=3.0, took_s=0)
    watch.sampled(103, cpu_s=0.0, took_s=0)
    assert watch.active == 103


def test_a_run_is_looked_at_less_and_less_often() -> None:
    watch = sentinel(now=0)
    looks = []
    while watch.next_look() < 6:
        assert watch.sample_due(watch.next_look())
        assert not watch.sample_due(watch.next_look() - 0.001)
        looks.append(round(watch.next_look(), 2))
        watch.sampled(watch.next_look(), cpu_s=0, took_s=0)
    assert looks == [0.05, 0.15, 0.35, 0.75, 1.55, 2.55, 3.55, 4.55, 5.55]


@pytest.mark.parametrize(("took_s", "pause"), [(0.005, 10.0), (10.0, 30.0)])
def test_who_is_expensive_to_look_at_is_looked_at_less_often(took_s: float, pause: float) -> None:
    watch = sentinel()
    watch.sampled(101, 0.0, took_s)
    assert watch.next_look() == pytest.approx(101.1), "at the beginning nobody counts"
    watch.sampled(104, 0.0, took_s)
    assert watch.next_look() == pytest.approx(104 + pause)


def test_it_asks_to_be_woken_for_the_nearest_thing() -> None:
    watch = sentinel(wall=20, idle=4)
    watch.sampled(103.5, 0.0, took_s=0.01)
    assert watch.next_look() == 104
    watch.heard(113)
    assert watch.next_look() == 116, "where the warning is due"
    watch.passed(116, 0)
    assert watch.next_look() == 117
    watch.heard(118)
    assert watch.next_look() == 120


@given(st.floats(0.01, 10_000), st.floats(0.01, 10_000), st.lists(st.floats(0, 100), max_size=20))
def test_it_never_asks_to_be_woken_after_a_limit_is_passed(wall: float, idle: float, steps: list[float]) -> None:
    now = 0.0
    watch = sentinel(now, wall=wall, idle=idle)
    for step in steps:
        now = min(now + step, watch.next_look())
        assert watch.next_look() <= max(wall, now) + 1e-6
        assert watch.next_look() <= watch.active + idle + 1e-6
        if watch.sample_due(now):
            watch.sampled(now, 0.0, 0.0)
        if watch.passed(now, 0):
            break
