from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.shim.tail import LINE_CHARACTERS, TAIL_BYTES, Tail


def fed(*chunks: bytes) -> Tail:
    tail = Tail()
    for chunk in chunks:
        tail.feed(chunk)
    return tail


def test_short_output_is_kept_whole() -> None:
    assert fed(b"one\n", b"two\n").text() == "one\ntwo\n"


def test_of_long_output_the_end_is_kept() -> None:
    tail = fed(*[b"%06d\n" % number for number in range(10_000)])
    assert tail.text().endswith("009998\n009999\n")
    assert len(tail.text()) == TAIL_BYTES


def test_one_huge_chunk_costs_no_more_than_its_end() -> None:
    assert fed(b"x" * 10_000_000 + b"end").text().endswith("end")


@given(st.lists(st.binary(max_size=6000), max_size=6))
def test_the_tail_is_the_end_of_the_output_and_never_too_long(chunks: list[bytes]) -> None:
    text = fed(*chunks).text()
    assert len(text.encode()) <= TAIL_BYTES
    whole = b"".join(chunks)
    if len(whole) <= TAIL_BYTES // 3:
        assert text == whole.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", ""),
        (b"\n\n", ""),
        (b"one\ntwo", "two"),
        (b"one\ntwo\n\n  \n", "two"),
        (b"  10%\r  20%\r  30%", "30%"),
        (b"done\r\n", "done"),
        (b"\x1b[1;31mred\x1b[0m alert\n", "red alert"),
        (b"\x1b]0;title\x07text\n", "text"),
        (b"a\x00b\tc\x08", "a b c"),
        (b"caf\xe9", "caf�"),
        ("né\u202etxt".encode(), "né txt"),
    ],
)
def test_the_last_line_is_what_a_person_would_see(data: bytes, line: str) -> None:
    assert fed(data).last_line() == line


def test_a_long_line_is_cut() -> None:
    line = fed(b"x" * 100_000).last_line()
    assert len(line) == LINE_CHARACTERS
    assert line.endswith("…")
    assert fed(b"y" * LINE_CHARACTERS).last_line() == "y" * LINE_CHARACTERS
