"""The three streams of a command: data on stdout, talk on stderr, questions only to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from logist_ci.cli.wording import printable

__all__ = ["Palette", "Source", "Terminal"]


class Source(Protocol):
    """What answers and prompts are read from; ``sys.stdin`` is one."""

    def readline(self) -> str:
        """Return the next line with its newline, empty at the end."""
        ...

    def read(self) -> str:
        """Return everything that is left."""
        ...

    def isatty(self) -> bool:
        """Whether a person is at the other end."""
        ...


@dataclass(frozen=True)
class Palette:
    """Colours where they are wanted, and the bare text elsewhere."""

    on: bool = False

    def paint(self, text: str, *codes: int) -> str:
        """Return ``text`` between the ANSI codes and a reset."""
        return f"\x1b[{';'.join(map(str, codes))}m{text}\x1b[0m" if self.on and text else text

    def bold(self, text: str) -> str:
        """Return ``text`` as a heading."""
        return self.paint(text, 1)

    def dim(self, text: str) -> str:
        """Return ``text`` in the background."""
        return self.paint(text, 2)

    def good(self, text: str) -> str:
        """Return ``text`` as good news."""
        return self.paint(text, 32)

    def bad(self, text: str) -> str:
        """Return ``text`` as bad news."""
        return self.paint(text, 31)

    def busy(self, text: str) -> str:
        """Return ``text`` as something going on."""
        return self.paint(text, 36)

    def waiting(self, text: str) -> str:
        """Return ``text`` as something that waits for a person."""
        return self.paint(text, 33)


@dataclass(frozen=True)
class Terminal:
    """Where a command reads and writes.

    ``verbosity`` is -1 after ``-q`` and 1 or more after ``-v``; ``color`` is false after ``--no-color``.
    """

    stdin: Source
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str] = field(default_factory=dict)
    verbosity: int = 0
    color: bool = True

    def show(self, text: str) -> None:
        """Write ``text`` as data, with a newline if it has none."""
        self.stdout.write(text if text.endswith("\n") else f"{text}\n")

    def show_bytes(self, data: bytes) -> None:
        """Write ``data`` as it is; on a terminal without what could take it over."""
        if self.stdout.isatty():
            self.stdout.write(printable(data.decode("utf-8", "replace")))
            return
        self.stdout.flush()
        binary = getattr(self.stdout, "buffer", None)
        if binary is None:
            self.stdout.write(data.decode("utf-8", "surrogateescape"))
        else:
            binary.write(data)

    def show_json(self, value: object) -> None:
        """Write ``value`` as one indented JSON document."""
        import msgspec

        try:
            # Paths and errors are written as people read them.
            text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()
        except UnicodeEncodeError:
            # A path that is no UTF-8: its bytes are written as escaped surrogates.
            import json

            text = json.dumps(msgspec.to_builtins(value, enc_hook=str), indent=2)
        self.show(text)

    def say(self, text: str) -> None:
        """Tell people something; nothing after ``-q``."""
        if self.verbosity >= 0:
            self.warn(text)

    def detail(self, text: str) -> None:
        """Tell people who asked for more with ``-v``."""
        if self.verbosity > 0:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Tell people something that matters even after ``-q``."""
        self.stdout.flush()
        self.stderr.write(f"{text}\n")
        self.stderr.flush()

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self.stdin.isatty() and self.stderr.isatty()

    @property
    def lively(self) -> bool:
        """Whether lines on stderr can be drawn again in place."""
        return self.verbosity >= 0 and self.stderr.isatty() and self.environ.get("TERM", "dumb") != "dumb"

    @property
    def palette(self) -> Palette:
        """The colours for stdout."""
        return Palette(self._colored(self.stdout))

    @property
    def talk_palette(self) -> Palette:
        """The colours for stderr."""
        return Palette(self._colored(self.stderr))

    def ask(self, question: str) -> bool:
        """Ask a person and return whether the answer was yes; no answer is a no."""
        self.stdout.flush()
        self.stderr.write(f"{question} [y/N] ")
        self.stderr.flush()
        return self.stdin.readline().strip().lower() in ("y", "yes")

    def _colored(self, stream: TextIO) -> bool:
        wanted = self.color and not self.environ.get("NO_COLOR")
        return wanted and stream.isatty() and self.environ.get("TERM") != "dumb"
