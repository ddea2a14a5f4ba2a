"""A job's own log, for people: one line in UTC for each thing that happened to it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from logist_ci.process.clock import Clock

__all__ = ["JobLog"]

# O_NONBLOCK: a named pipe in the log's place must not make a job wait.
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class JobLog:
    """Appends lines of the form ``[2026-01-01T00:00:00.000Z] text`` to ``file``.

    Logging never fails a job: what cannot be written is lost. Each line is one write, so lines of several
    processes do not mix.
    """

    def __init__(self, file: Path, clock: Clock) -> None:
        self.file = file
        self._clock = clock

    def line(self, text: str) -> None:
        """Append ``text`` as one line, whatever is in it."""
        moment = self._clock.now()
        stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
        data = f"[{stamp}] {_printable(text)}\n".encode("utf-8", "backslashreplace")
        with suppress(OSError):
            descriptor = self._opened()
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)

    def state(self, old: str, new: str) -> None:
        """Note that the job went from one state to another."""
        self.line(f"{old} → {new}")

    def stage_started(self, name: str) -> None:
        """Note that a stage began."""
        self.line(f"{name} started")

    def stage_ended(self, name: str, ms: int) -> None:
        """Note that a stage ended after ``ms`` milliseconds."""
        self.line(f"{name} ended after {ms} ms")

    def file_made(self, path: Path | str) -> None:
        """Note that a file was made."""
        self.line(f"made {os.fspath(path)}")

    def _opened(self) -> int:
        try:
            return os.open(self.file, _APPEND, 0o644)
        except FileNotFoundError:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self.file, _APPEND, 0o644)


def _printable(text: str) -> str:
    """Return ``text`` without line ends and without what a terminal would obey."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
