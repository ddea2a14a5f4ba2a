"""What Ctrl-C and TERM mean: the first asks running jobs to stop, the second ends this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

    from logist_ci.runner.listener import StopSignal

__all__ = ["INTERRUPTED", "Stopper"]

INTERRUPTED = 130

_FIRST = b"\nStopping: programs are ended and their work is kept. Press Ctrl-C again to leave at once.\n"
_SECOND = b"\nLeft at once. Bring what was running home with: logist-ci recover\n"


def _to_stderr(text: bytes) -> None:
    # A signal may arrive in the middle of a print, whose buffer must not be entered twice.
    os.write(2, text)


class Stopper:
    """Receives the signals. Outside of :meth:`armed` a signal is simply the end of the command."""

    def __init__(
        self, *, say: Callable[[bytes], object] = _to_stderr, leave: Callable[[int], object] = os._exit
    ) -> None:
        self._say = say
        self._leave = leave
        self._signal: StopSignal | None = None
        self._elsewhere = False

    @property
    def stopped(self) -> bool:
        """Whether a signal has asked the runs to stop."""
        return self._signal is not None and self._signal.requested

    @contextmanager
    def armed(self, signal: StopSignal) -> Iterator[StopSignal]:
        """Let the first signal during the block set ``signal``, and the second leave the process."""
        self._signal = signal
        try:
            yield signal
        finally:
            # Once asked to stop, the next signal still means: leave at once.
            if not signal.requested:
                self._signal = None

    @contextmanager
    def left_to_program(self) -> Iterator[None]:
        """Let a program that has the terminal, such as an editor, deal with signals during the block."""
        self._elsewhere = True
        try:
            yield
        finally:
            self._elsewhere = False

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """Handle one signal; in the form that ``signal.signal`` expects."""
        if self._elsewhere:
            return
        if self._signal is None:
            raise KeyboardInterrupt
        if not self._signal.requested:
            self._signal.set()
            self._say(_FIRST)
            return
        # Threads that wait for their programs could hold up an orderly end; the shims go on without us.
        self._say(_SECOND)
        self._leave(INTERRUPTED)
