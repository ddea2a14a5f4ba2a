from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.cli.wording import ago, count, duration, moment, printable, readable, size, table

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (3.24, "3.2s"), (12.4, "12s"), (60, "1m"), (65, "1m 5s"), (3600, "1h"), (3905, "1h 5m"),
     (90_000, "1d 1h"), (86_400, "1d"), (3605, "1h"), (9.99, "10.0s")],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 KB"), (123_456, "123 KB"), (2_000_000_000, "2.0 GB"), (3e12, "3.0 TB")],
)
def test_sizes_have_a_unit(amount: float, text: str) -> None:
    assert size(amount) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "now"), (-5, "now"), (1, "1s ago"), (3700, "1h ago"), (200_000, "2d ago")]
)
def test_ages_have_one_unit(seconds: float, text: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == text


def test_moments_are_in_utc() -> None:
    assert moment(NOW) == "2026-01-01 12:00:00Z"


def test_a_number_has_its_noun() -> None:
    assert (count(1, "job"), count(2, "job"), count(1200, "byte")) == ("1 job", "2 jobs", "1,200 bytes")
    assert count(2, "branch", "branches") == "2 branches"


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "a\rb", "\u202egnp.exe", "\u200b", "\x7f"])
def test_what_could_take_a_terminal_over_is_shown_as_text(evil: str) -> None:
    shown = printable(f"before{evil}after")
    assert shown.isprintable()
    assert shown.startswith("before\\") or "\\" in shown


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Grüße, 世界!\n\ttab"
    assert printable(text) == text


def test_columns_are_aligned_without_trailing_blanks() -> None:
    assert table([["a", "bb", "c"], ["aaa", "b", ""]]) == "a    bb  c\naaa  b"
    assert table([]) == ""
    assert table([["a"], ["b", "c"]], indent="  ") == "  a\n  b  c"


def test_colours_do_not_count_as_width() -> None:
    assert table([["\x1b[31mred\x1b[0m", "x"], ["four", "x"]]) == "\x1b[31mred\x1b[0m   x\nfour  x"


@given(st.text())
def test_nothing_printable_moves_a_cursor_or_hides(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(sign) == "Cc" and sign not in "\t\n" for sign in shown)
    assert not any(sign in shown for sign in "\u200b\u202e\u2066\ufeff")
    assert printable(shown) == shown


@given(st.floats(min_value=0, max_value=1e9))
def test_any_duration_is_short_and_has_a_unit(seconds: float) -> None:
    assert len(duration(seconds).split()) <= 2
    assert all(part[-1] in "dhms" for part in duration(seconds).split())


@given(st.integers(min_value=0, max_value=10**18))
def test_any_size_has_a_unit(amount: int) -> None:
    number, unit = size(amount).split()
    assert float(number) >= 0
    assert unit in ("B", "KB", "MB", "GB", "TB")


@given(st.lists(st.lists(st.text(alphabet=st.characters(categories=["L", "N"])), min_size=1, max_size=4), max_size=6))
def test_columns_begin_at_the_same_place(rows: list[list[str]]) -> None:
    lines = table(rows, gap="|").split("\n") if rows else []
    assert len(lines) == len(rows)
    starts = {line.index("|") for line, row in zip(lines, rows, strict=True) if len(row) > 1 and "|" in line}
    assert len(starts) <= 1


@given(st.binary())
def test_any_name_of_a_file_can_be_read(path: bytes) -> None:
    assert readable(path).encode("utf-8").decode("utf-8") == readable(path)
