"""The end of a program's output, and its last line, in constant memory."""

from __future__ import annotations

import re

__all__ = ["LINE_CHARACTERS", "TAIL_BYTES", "Tail"]

TAIL_BYTES = 8192
#: What is shown of the last line.
LINE_CHARACTERS = 200

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.")


class Tail:
    """Keeps the last 8 KB of what it is fed."""

    def __init__(self) -> None:
        self._data = b""

    def feed(self, data: bytes) -> None:
        """Take ``data``, already masked."""
        self._data = data[-TAIL_BYTES:] if len(data) >= TAIL_BYTES else (self._data + data)[-TAIL_BYTES:]

    def text(self) -> str:
        """Return the end of the output as text; bytes that are none become replacement characters."""
        # A replacement character is longer than the byte it stands for, so it is cut once more.
        return self._data.decode("utf-8", "replace").encode()[-TAIL_BYTES:].decode("utf-8", "ignore")

    def last_line(self) -> str:
        """Return the last line with anything on it, without colours and control characters, cut to a screen's width."""
        # A progress bar rewrites its line: what follows the last return is what a person would see.
        end = self._data.rstrip()
        start = max(end.rfind(b"\n"), end.rfind(b"\r")) + 1
        line = _ESCAPES.sub("", end[start:].decode("utf-8", "replace"))
        shown = "".join(character if character.isprintable() else " " for character in line).strip()
        return shown if len(shown) <= LINE_CHARACTERS else shown[: LINE_CHARACTERS - 1] + "…"
