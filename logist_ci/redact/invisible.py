"""What a program can put between two characters without a reader noticing: line breaks, invisible characters, colours.

Secrets are looked for in the text without them, and cut out of the text with them. Two texts are
looked at, because a sequence such as a colour code could be made to swallow a secret's first letters.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

__all__ = ["UNFINISHED_BYTES", "VisibleText", "boundary_at", "joined", "texts", "unfinished_at", "views", "visible"]

#: No invisible sequence that has begun but not ended is longer.
UNFINISHED_BYTES = 18

_BREAKS = b"\n\r\x00"
# Soft hyphen, combining grapheme joiner, Mongolian vowel separator, zero-width and direction marks, word joiner
# and invisible operators, variation selectors, byte order mark, tag characters; then colours and cursor moves.
_SEQUENCES = (
    rb"\xc2\xad|\xcd\x8f|\xe1\xa0\x8e|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]"
    rb"|\xef\xb8[\x80-\x8f]|\xef\xbb\xbf|\xf3\xa0[\x80-\x87][\x80-\xbf]"
    rb"|\x1b\[[0-9;?]{0,16}[@-~]"
)
_LEADS = (
    b"\xe2\x80",
    b"\xe2\x81",
    b"\xc2\xad",
    b"\xcd\x8f",
    b"\xe1\xa0\x8e",
    b"\xef\xb8",
    b"\xef\xbb\xbf",
    b"\xf3\xa0",
)
_UNFINISHED = re.compile(
    rb"(?:\xc2|\xcd|\xe1\xa0?|\xe2[\x80\x81]?|\xef[\xb8\xbb]?|\xf3(?:\xa0[\x80-\x87]?)?|\x1b(?:\[[0-9;?]{0,16})?)\Z"
)
_ANY_BREAK = re.compile(b"[" + _BREAKS + b"]+")
_ANY_SEQUENCE = re.compile(_SEQUENCES)
_ANYTHING = re.compile(b"[" + _BREAKS + b"]+|" + _SEQUENCES)


def joined(data: bytes) -> bytes:
    """Return ``data`` without line breaks and NULs."""
    return data.translate(None, _BREAKS)


def visible(data: bytes) -> bytes:
    """Return ``data`` without anything that a reader does not see."""
    return joined(_ANY_SEQUENCE.sub(b"", data)) if _may_have_sequences(data) else joined(data)


def texts(data: bytes) -> Iterator[bytes]:
    """Yield the texts in which to look for a secret."""
    yield joined(data)
    if _may_have_sequences(data):
        yield visible(data)


class VisibleText:
    """``text`` is :func:`joined` or :func:`visible` of some data; :meth:`origin` leads back into the data."""

    def __init__(self, data: bytes, invisible: re.Pattern[bytes]) -> None:
        self._text_at: list[int] = []
        self._data_at: list[int] = []
        kept: list[bytes] = []
        length = start = 0
        for at, after in (*(match.span() for match in invisible.finditer(data)), (len(data), len(data))):
            if start < at:
                self._text_at.append(length)
                self._data_at.append(start)
                kept.append(data[start:at])
                length += at - start
            start = after
        self.text = b"".join(kept)

    def origin(self, index: int) -> int:
        """Return where in the data the byte at ``index`` of ``text`` stands."""
        piece = bisect_right(self._text_at, index) - 1
        return self._data_at[piece] + index - self._text_at[piece]


def views(data: bytes) -> Iterator[VisibleText]:
    """Yield the same as :func:`texts`, with the way back into ``data``."""
    yield VisibleText(data, _ANY_BREAK)
    if _may_have_sequences(data):
        yield VisibleText(data, _ANYTHING)


def unfinished_at(data: bytes) -> int:
    """Return where an invisible sequence starts that the end of ``data`` cuts off; its length when there is none."""
    match = _UNFINISHED.search(data, max(0, len(data) - UNFINISHED_BYTES))
    return match.start() if match else len(data)


def boundary_at(data: bytes, place: int) -> int:
    """Return ``place``, or where the invisible sequence starts that it is in the middle of."""
    for match in _ANY_SEQUENCE.finditer(data, max(0, place - UNFINISHED_BYTES)):
        if match.end() > place:
            return min(match.start(), place)
    return place


def _may_have_sequences(data: bytes) -> bool:
    return b"\x1b[" in data or (not data.isascii() and any(lead[0] in data and lead in data for lead in _LEADS))
