"""Read a program's output, mask it and append it to the log, whatever comes and however much."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from logist_ci.shim.tail import Tail

__all__ = ["Drain", "Log", "MaskingStream", "PlainStream"]

_CHUNK = 262_144
# A turn of the loop reads at most this much, so that a flood cannot keep it from looking at the clock.
_TURN_BYTES = 4 << 20


class MaskingStream(Protocol):
    """What takes secrets out of a stream (see ``redact.mask``)."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what may be given out after ``chunk``."""
        ...

    def finish(self) -> bytes:
        """Return what was held back."""
        ...


class PlainStream:
    """A stream without secrets."""

    def feed(self, chunk: bytes) -> bytes:
        """Return ``chunk``."""
        return chunk

    def finish(self) -> bytes:
        """Return nothing: nothing is held back."""
        return b""


class Log:
    """The log of a run: only ever appended to, and no reason to stop when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lost = 0
        self._problem = ""
        self._descriptor = -1
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o644)
        except OSError as failure:
            self._problem = failure.strerror or str(failure)

    def write(self, data: bytes) -> None:
        """Append ``data``, or as much of it as the disk takes."""
        rest = memoryview(data)
        try:
            while rest and self._descriptor >= 0:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as failure:
            self._problem = failure.strerror or str(failure)
        self._lost += len(rest)

    def note(self, text: str) -> None:
        """Append lines of our own, marked as such."""
        shown = "".join(f"[logist-ci] {line}\n" for line in text.splitlines())
        self.write(b"\n" + shown.encode("utf-8", "backslashreplace"))

    def warnings(self) -> tuple[str, ...]:
        """Return what is missing in the log, and why."""
        if not self._problem:
            return ()
        shown = str(self._path).encode("utf-8", "backslashreplace").decode("utf-8")
        return (f"The log {shown} is incomplete by {self._lost} bytes: {self._problem}.",)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class Drain:
    """Reads from a pipe and never blocks. The log gets at most ``limit`` bytes; the rest is counted and dropped."""

    def __init__(self, descriptor: int, stream: MaskingStream, log: Log, *, limit: int | None = None) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.ended = False
        self.count = 0
        self.tail = Tail()
        self._stream = stream
        self._log = log
        self._limit = limit

    @property
    def over_limit(self) -> bool:
        """Whether more than the limit has come."""
        return self._limit is not None and self.count > self._limit

    def read(self) -> int:
        """Take what is there, within reason, and return how many bytes that were."""
        before = self.count
        while not self.ended and self.count - before < _TURN_BYTES:
            try:
                chunk = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                break
            self.ended = not chunk
            self._take(chunk)
        return self.count - before

    def finish(self, last_words: str = "") -> None:
        """Take what is left in the pipe, give out what was held back, add ``last_words`` of ours, and close the log."""
        # One turn takes more than any pipe holds; a survivor that goes on writing is not waited for.
        self.read()
        held = self._stream.finish()
        if self.over_limit:
            # What was held back may be the first half of a secret whose other half was dropped.
            self._log.note(f"Output beyond {self._limit} bytes was dropped.")
        else:
            self._give_out(held)
        if last_words:
            self._log.note(last_words)
        self._log.close()

    def warnings(self) -> tuple[str, ...]:
        """Return what went wrong with the log."""
        return self._log.warnings()

    def _take(self, chunk: bytes) -> None:
        room = len(chunk) if self._limit is None else max(0, self._limit - self.count)
        self.count += len(chunk)
        if room:
            self._give_out(self._stream.feed(chunk[:room]))

    def _give_out(self, data: bytes) -> None:
        if data:
            self._log.write(data)
            self.tail.feed(data)
