from __future__ import annotations

import os

import msgspec
import pytest

from logist_ci.gitstore.records import decoded, encoded


class Found(msgspec.Struct, frozen=True):
    path: str
    links: dict[str, bytes] = {}
    child: Found | None = None


ODD = os.fsdecode(b"not-utf8-\xff\n")


@pytest.mark.parametrize(
    "value",
    [
        Found("plain"),
        Found("\N{SNOWMAN}", {"\N{PILE OF POO}": b"\0\xff"}),
        Found(ODD, {ODD: b"\xff"}, Found("inner", {"x": b""})),
        Found("\\ud800 as somebody writes it"),
    ],
)
def test_what_is_kept_comes_back(value: Found) -> None:
    assert decoded(encoded(value), Found) == value


DEEP = b"[" * 100_000
DAMAGED = [b"", b"{", b"[]", b'{"path": 1}', b"\xff\xfe", DEEP]
ODDLY_DAMAGED = [b'{"path": "\\udcff"', b'{"path": 1, "x": "\\udcff"}', b'"\\ud' + DEEP]


@pytest.mark.parametrize("data", [*DAMAGED, *ODDLY_DAMAGED])
def test_what_is_damaged_is_one_error(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decoded(data, Found)
