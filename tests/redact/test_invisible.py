"""The texts in which secrets are looked for, and the way back from them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logist_ci.redact.invisible import boundary_at, joined, texts, unfinished_at, views, visible

data_of_any_kind = st.lists(
    st.one_of(
        st.sampled_from([b"\n", b"\0", "\u200b".encode(), b"\x1b[0m", b"\xe2\x80", b"\x1b["]), st.binary(max_size=5)
    )
).map(b"".join)


def test_what_a_reader_does_not_see_is_left_out() -> None:
    assert visible("a\u200bb\u00adc\ufe0f\n\U000e0061d".encode() + b"\x1b[1;31me\x00") == b"abcde"
    assert joined(b"a\r\nb\x1b[0m") == b"ab\x1b[0m"
    assert visible("…–✓ é".encode()) == "…–✓ é".encode()


def test_plain_text_is_looked_at_once() -> None:
    assert list(texts(b"a\nb")) == [b"ab"]
    assert list(texts(b"a\x1b[0mb")) == [b"a\x1b[0mb", b"ab"]


def test_a_sequence_that_the_end_cuts_off_is_noticed() -> None:
    assert unfinished_at(b"abc") == 3
    assert unfinished_at(b"abc\x1b[1;3") == 3
    assert unfinished_at(b"abc\xe2\x80") == 3
    assert unfinished_at(b"abc\xf3\xa0\x81") == 3
    assert unfinished_at(b"") == 0


@given(data_of_any_kind)
def test_the_way_back_leads_to_the_same_byte(data: bytes) -> None:
    assert [view.text for view in views(data)] == list(texts(data))
    for view in views(data):
        origins = [view.origin(index) for index in range(len(view.text))]
        assert origins == sorted(set(origins))
        assert bytes(data[place] for place in origins) == view.text


def test_a_place_within_a_sequence_is_moved_to_its_start() -> None:
    data = b"ab\x1b[31mcd\xe2\x80\x8be"
    assert [boundary_at(data, place) for place in range(len(data) + 1)] == [
        *(0, 1, 2, 2, 2, 2, 2, 7, 8),
        *(9, 9, 9, 12, 13),
    ]
