"""Says in plain lines what runs are doing, for pipes, logs and ``-v``."""

from __future__ import annotations

from threading import Lock

from logist_ci.cli.terminal import Terminal
from logist_ci.cli.wording import printable
from logist_ci.runner.listener import Happening

__all__ = ["Talk"]


class Talk:
    """A listener that writes a line to stderr for every change of state and every note."""

    def __init__(self, terminal: Terminal, *, verbose_only: bool = False) -> None:
        self._terminal = terminal
        self._verbose_only = verbose_only
        self._lock = Lock()

    def on(self, event: Happening) -> None:
        """Write ``event`` down, if it is worth a line."""
        if event.kind == "progress":
            return
        # A state's text begins with the job's id already.
        text = event.text if event.kind == "state" else f"{event.job_id}: {event.text}"
        with self._lock:
            if event.kind == "stage" or self._verbose_only:
                self._terminal.detail(printable(text))
            else:
                self._terminal.say(printable(text))
