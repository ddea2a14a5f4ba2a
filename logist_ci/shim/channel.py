"""The way between a runner and one shim: a stream socket with the request down, and lines of JSON up."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress

import msgspec

from logist_ci.errors import StoreError
from logist_ci.process.table import ProcessId
from logist_ci.shim.protocol import Progress, RunRequest, decode_request, encode_request

__all__ = ["FAREWELL", "Reporter", "read_hello", "receive_request", "send_request"]

#: The shim's last line: without it, it has died.
FAREWELL = b"farewell"

_LENGTH = struct.Struct("!Q")
_HELLO = struct.Struct("!qq")


def send_request(channel: socket.socket, request: RunRequest) -> None:
    """Send ``request``; the shim reads at the same time, so its size does not matter."""
    data = encode_request(request)
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive_request(channel: socket.socket) -> RunRequest:
    """Return the request that the runner sends.

    Raises:
        EOFError: the runner died before it had sent all of it.
    """
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size))
    return decode_request(_exactly(channel, length))


def read_hello(channel: socket.socket) -> ProcessId:
    """Return who the shim is: the first thing it says.

    Raises:
        StoreError: it cannot serve the request; the message says why.
        EOFError: it died before, or could not be forked.
    """
    pid, number = _HELLO.unpack(_exactly(channel, _HELLO.size))
    if not pid:
        raise StoreError(_exactly(channel, number).decode("utf-8"))
    return ProcessId(pid, number)


class Reporter:
    """The shim's end. It never waits, and that nobody listens any more changes nothing."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._rest = b""

    def hello(self, process: ProcessId) -> None:
        """Say who we are; the first thing on the channel."""
        self._rest = _HELLO.pack(process.pid, process.started)
        self._channel.setblocking(False)
        self._send()

    def refuse(self, reason: str) -> None:
        """Say instead of hello why the request cannot be served."""
        data = reason.encode("utf-8", "backslashreplace")
        self._rest = _HELLO.pack(0, len(data)) + data
        self._send()

    def progress(self, progress: Progress) -> bool:
        """Send ``progress``; ``False`` when the runner has not read earlier ones yet: send the next one later."""
        self._send()
        if not self._rest:
            self._rest = msgspec.json.encode(progress) + b"\n"
            self._send()
        return not self._rest

    def farewell(self) -> None:
        """Say that the record is written and the lock given up, and close the channel."""
        self._rest += FAREWELL + b"\n"
        self._send()
        self._channel.close()

    def _send(self) -> None:
        try:
            while self._rest:
                self._rest = self._rest[self._channel.send(self._rest) :]
        except BlockingIOError:
            return
        except OSError:
            # The runner died; the limits do not depend on it.
            self._rest = b""
            with suppress(OSError):
                self._channel.shutdown(socket.SHUT_WR)


def _exactly(channel: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        chunk = channel.recv(min(length - len(data), 1 << 20))
        if not chunk:
            raise EOFError("The other side is gone.")
        data += chunk
    return bytes(data)
