"""The runner's end of a shim, and how other processes stop one."""

from __future__ import annotations

import select
import signal
import socket
import threading
import time
from typing import Self

import msgspec

from logist_ci.process.table import ProcessId
from logist_ci.process.tree import alive, send
from logist_ci.shim.channel import FAREWELL
from logist_ci.shim.protocol import Progress, read_exit

__all__ = ["ShimHandle", "read_exit", "stop_shim"]

_DYING_S = 2.0
_DYING_LOOK_S = 0.001
_PROGRESS = msgspec.json.Decoder(Progress)


def stop_shim(process: ProcessId) -> bool:
    """Ask the shim ``process`` to end its run (TERM, grace, KILL); ``False`` when it is gone already."""
    return send(process, signal.SIGTERM)


class ShimHandle:
    """A running shim; any thread may use it. Closing it does not end the shim."""

    def __init__(self, process: ProcessId, channel: socket.socket) -> None:
        """Take charge of ``channel``, over which ``process`` has said hello."""
        self.process = process
        self._channel = channel
        self._channel.setblocking(False)
        self._reading = threading.Lock()
        self._rest = b""
        self._latest: Progress | None = None
        self._gone = False
        self._farewell = False

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait up to ``timeout_s`` seconds (``None``: for ever) for the shim's end; ``True`` when it has ended.

        By then the exit record is written, if it will ever be, and the shim's share of the lock given up.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._read():
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining <= 0:
                return False
            # Not select(): its descriptors end at 1024.
            poll = select.poll()
            poll.register(self._channel, select.POLLIN)
            poll.poll(None if remaining is None else remaining * 1000 + 1)
        if not self._farewell:
            self._wait_for_death()
        return True

    def progress(self) -> Progress | None:
        """Return the latest progress without waiting; ``None`` before the first."""
        self._read()
        return self._latest

    def stop(self) -> None:
        """Ask the shim to end its run; it takes the grace period at most, and the exit record says ``stopped``."""
        stop_shim(self.process)

    def close(self) -> None:
        """Stop listening; the run goes on."""
        with self._reading:
            self._gone = True
            self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _wait_for_death(self) -> None:
        # Whoever is killed loses its descriptors one by one: the channel may be gone before the lock.
        deadline = time.monotonic() + _DYING_S
        while alive(self.process) and time.monotonic() < deadline:
            time.sleep(_DYING_LOOK_S)

    def _read(self) -> bool:
        """Read what has come; ``True`` when the other end is gone."""
        with self._reading:
            while not self._gone:
                try:
                    data = self._channel.recv(65536)
                except BlockingIOError:
                    break
                except ConnectionResetError:
                    data = b""
                if not data:
                    self._gone = True
                    self._channel.close()
                    break
                *lines, self._rest = (self._rest + data).split(b"\n")
                if lines and lines[-1] == FAREWELL:
                    self._farewell = True
                    lines.pop()
                if lines:
                    self._latest = _PROGRESS.decode(lines[-1])
            return self._gone
