"""The real program on a real terminal: what it draws, what can be typed, what Ctrl-C does."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import logist_ci

PROJECT = Path(logist_ci.__file__).parents[1]
_PATIENCE_S = 30.0


class Console:
    """One call of ``logist-ci`` on a pseudo-terminal of its own."""

    def __init__(self, *words: str, at: Path, environ: Mapping[str, str], columns: int = 100) -> None:
        complete = {"TERM": "xterm", "NO_COLOR": "1", **environ, "PYTHONPATH": str(PROJECT)}
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.chdir(at)
            os.execve(sys.executable, [sys.executable, "-m", "logist_ci", *words], complete)
        termios.tcsetwinsize(self._terminal, (24, columns))
        self._seen = b""

    @property
    def text(self) -> str:
        """Everything that was written so far, line ends as a program writes them."""
        return self._seen.decode("utf-8", "replace").replace("\r\n", "\n")

    def screen(self) -> str:
        """What a person sees in the end: what was drawn again in place is gone."""
        lines: list[str] = []
        for part in re.split(r"\x1b\[(\d+)A\x1b\[J", self.text)[::1]:
            if part.isdigit():
                del lines[len(lines) - int(part) :]
            else:
                lines += part.split("\n")[:-1]
        return "\n".join(lines)

    def until(self, text: str | Callable[[str], bool]) -> Console:
        """Read until ``text`` was written."""
        deadline = time.monotonic() + _PATIENCE_S
        found = (lambda seen: text in seen) if isinstance(text, str) else text
        while not found(self.text):
            assert time.monotonic() < deadline, f"Waited in vain for {text!r}:\n{self.text}"
            assert self._read(0.1), f"It ended without {text!r}:\n{self.text}"
        return self

    def type(self, keys: str) -> Console:
        """Type ``keys``; ``\\x03`` is Ctrl-C."""
        os.write(self._terminal, keys.encode())
        return self

    def end(self) -> int:
        """Read to the end and return the exit status."""
        deadline = time.monotonic() + _PATIENCE_S
        while self._read(0.1):
            assert time.monotonic() < deadline, f"It does not end:\n{self.text}"
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self, seconds: float) -> bool:
        """Read what comes within ``seconds``; ``False`` when nothing will come any more."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:
            # The other side of a pseudo-terminal is closed: Linux says so by an error.
            return False
        self._seen += data
        return bool(data)
