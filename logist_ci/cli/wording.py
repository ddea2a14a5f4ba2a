"""Numbers, times and foreign text in the form in which people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

__all__ = ["ago", "count", "duration", "moment", "printable", "readable", "size", "table"]

# Everything that moves a cursor, changes a title or hides text; tab and newline stay.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def printable(text: str) -> str:
    r"""Return ``text`` with control and invisible characters as ``\x1b`` and the like: agents write to us too."""
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def readable(path: bytes) -> str:
    r"""Return a file's name as text; bytes that are not UTF-8 become ``\xff`` and the like."""
    return path.decode("utf-8", "backslashreplace")


def duration(seconds: float) -> str:
    """Return ``seconds`` with its two largest units, as in ``1h 5m`` or ``3.2s``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    rest = round(seconds)
    parts: list[str] = []
    for unit, length in _UNITS:
        amount, rest = divmod(rest, length)
        if amount or parts:
            parts.append(f"{amount}{unit}")
    return " ".join(part for part in parts[:2] if not part.startswith("0"))


def ago(then: datetime, now: datetime) -> str:
    """Return how long before ``now`` something happened, by its largest unit: ``3h ago``."""
    seconds = (now - then).total_seconds()
    if seconds < 1:
        return "now"
    unit, length = next((unit, length) for unit, length in _UNITS if seconds >= length)
    return f"{int(seconds // length)}{unit} ago"


def moment(then: datetime) -> str:
    """Return a moment to the second, in UTC: ``2026-01-01 12:00:00Z``."""
    return f"{then:%Y-%m-%d %H:%M:%S}Z"


def size(amount: float) -> str:
    """Return bytes with a decimal unit: ``1.5 MB``."""
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def count(number: int, thing: str, things: str = "") -> str:
    """Return a number with its noun: ``1 job``, ``3 jobs``."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def table(rows: Sequence[Sequence[str]], *, gap: str = "  ", indent: str = "") -> str:
    """Return rows of cells as aligned columns, without blanks at the ends of lines."""
    if not rows:
        return ""
    widths = [
        max(len(_bare(row[column])) for row in rows if column < len(row)) for column in range(max(map(len, rows)))
    ]
    lines = (
        gap.join(cell + " " * (width - len(_bare(cell))) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    )
    return "\n".join(indent + line for line in lines)


def _bare(cell: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", cell)
