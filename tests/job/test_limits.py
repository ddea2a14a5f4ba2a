from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.errors import UsageError
from logist_ci.job.limits import Limits, parse_duration, parse_size, with_limit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("250ms", 0.25),
        ("2d", 172800),
        ("1.5h", 5400),
        ("7", 7),
        ("0.5", 0.5),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0s",
        "-5s",
        "5 s",
        "s",
        "1e5",
        "inf",
        "nan",
        "1h 30m",
        "5S",
        "٣s",
        "9" * 400,
        "10m\n",
        "1h-5m",
        "5.s",
        "0.0ms",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="duration") as caught:
        parse_duration(text)
    assert caught.value.hint.startswith("Write for example 90s")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("50MB", 50_000_000),
        ("2GiB", 2**31),
        ("1.5KB", 1500),
        ("3 kib", 3072),
        ("10B", 10),
        ("4gb", 4 * 10**9),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "0", "0MB", "0.1", "-1", "1TBB", "MB", "1 000", "1e9", "inf", "9" * 400, "٣MB", "5MB\n"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("wall", "10m", "wall_s", 600.0),
        ("idle", "none", "idle_s", None),
        ("grace", "2s", "grace_s", 2.0),
        ("output", "1MB", "output_bytes", 10**6),
        ("memory", "unlimited", "memory_bytes", None),
        ("disk", "5GB", "disk_bytes", 5 * 10**9),
        ("cost_usd", "2.50", "cost_usd", 2.5),
        ("processes", "16", "processes", 16),
        ("tokens", "100000", "tokens", 100_000),
        ("turns", "12", "turns", 12),
        ("attempts", "1", "attempts", 1),
    ],
)
def test_every_limit_can_be_set(name: str, text: str, field: str, value: float | None) -> None:
    changed = with_limit(Limits(), name, text)
    assert getattr(changed, field) == value
    assert changed == msgspec.structs.replace(Limits(), **{field: value})


@pytest.mark.parametrize("name", ["turns", "attempts", "tokens", "processes", "cost_usd"])
@pytest.mark.parametrize("text", ["0", "-1", "nan", "1e3", "many", "9" * 16, ""])
def test_values_of_the_wrong_kind_are_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError, match="is not a"):
        with_limit(Limits(), name, text)


@pytest.mark.parametrize("name", ["attempts", "grace"])
def test_what_must_end_cannot_be_switched_off(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be switched off") as caught:
        with_limit(Limits(), name, "none")
    assert caught.value.hint == f"Give it a number, as in {name}=3."


def test_an_unknown_limit_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no limit called 'walls'") as caught:
        with_limit(Limits(), "walls", "5s")
    assert "wall" in caught.value.hint


@given(st.text(max_size=12), st.sampled_from(["wall", "output", "cost_usd", "turns", "attempts"]))
def test_any_text_is_a_value_or_a_usage_error(text: str, name: str) -> None:
    try:
        limits = with_limit(Limits(), name, text)
    except UsageError:
        return
    # What was accepted can be stored and read again: it is positive and finite.
    assert msgspec.convert(msgspec.to_builtins(limits), Limits) == limits
