"""Run a short program to its end and return what it said; meant for git and the like.

The program has its own session, so a Ctrl-C in the terminal reaches only us, and both pipes are
always drained, so neither side can wait for the other.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Self

from logist_ci.process.command import Command
from logist_ci.process.starting import explain_start_failure

__all__ = ["Completed", "capture"]

_CHUNK = 65536
_KILL_S = 2.0
# No pipe holds more than this many chunks, unless root made it larger.
_LAST_READS = 16
_POLL_S = 0.02


@dataclass(frozen=True)
class Completed:
    """How a captured program ended.

    ``returncode`` is negative for a signal. ``truncated`` says that more than the allowed bytes came
    on a stream; what came later was read and dropped.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    truncated: bool


def capture(
    command: Command,
    *,
    stdin: bytes = b"",
    timeout_s: float = 60.0,
    grace_s: float = 2.0,
    output_bytes: int = 10_000_000,
) -> Completed:
    """Run ``command`` with ``stdin`` and return its output, at most ``output_bytes`` of each stream.

    After ``timeout_s`` its process group gets TERM, ``grace_s`` later KILL. What the program leaves running
    in the background is not waited for.

    Raises:
        MissingError: the program does not exist or may not be executed.
        UsageError: the arguments cannot be passed to a program.
        StoreError: the folder does not exist, or the machine refused.
    """
    try:
        process = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=command.env,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as failure:
        raise explain_start_failure(command, failure) from failure
    with process:
        try:
            return _talk(process, stdin, timeout_s, grace_s, output_bytes)
        except BaseException:
            # A Ctrl-C reaches us, not the program's session: it would run on.
            _abandon(process, grace_s)
            raise


def _talk(
    process: subprocess.Popen[bytes], stdin: bytes, timeout_s: float, grace_s: float, output_bytes: int
) -> Completed:
    with _Conversation(process, stdin, output_bytes) as conversation:
        timed_out = not conversation.run(time.monotonic() + timeout_s)
        if timed_out:
            _end_group(process, conversation, grace_s)
        process.wait()
        return conversation.completed(timed_out)


def _abandon(process: subprocess.Popen[bytes], grace_s: float) -> None:
    _signal_group(process, signal.SIGTERM)
    _signal_group(process, signal.SIGCONT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _end_group(process: subprocess.Popen[bytes], conversation: _Conversation, grace_s: float) -> None:
    _signal_group(process, signal.SIGTERM)
    # A stopped process does not see TERM before it goes on.
    _signal_group(process, signal.SIGCONT)
    conversation.run(time.monotonic() + grace_s)
    _signal_group(process, signal.SIGKILL)
    conversation.run(time.monotonic() + _KILL_S)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # Once it is reaped its number is anybody's.
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _exit_descriptor(pid: int) -> int | None:
    """Return a descriptor that becomes readable when ``pid`` exits; ``None`` on macOS and before Linux 5.3."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


class _Conversation:
    """Feeds the input and drains both outputs of one process until it has exited."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, limit: int) -> None:
        self._process = process
        self._input = memoryview(stdin)
        self._limit = limit
        self._kept: dict[int, bytearray] = {}
        self._truncated = False
        self._ended = False
        self._selector = selectors.DefaultSelector()
        self._exit: int | None = None

    def __enter__(self) -> Self:
        for stream in (self._process.stdout, self._process.stderr):
            self._kept[self._watch(stream, selectors.EVENT_READ, self._drain)] = bytearray()
        if self._process.stdin is not None:
            self._watch(self._process.stdin, selectors.EVENT_WRITE, self._feed)
        self._exit = _exit_descriptor(self._process.pid)
        if self._exit is not None:
            self._selector.register(self._exit, selectors.EVENT_READ, self._note_end)
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        if self._exit is not None:
            os.close(self._exit)

    def run(self, deadline: float) -> bool:
        """Go on until the process has exited and what it wrote is read; ``False`` at ``deadline``."""
        while not self._ended:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            # Without a descriptor for the exit it has to be asked for.
            for key, _ in self._selector.select(remaining if self._exit is not None else min(remaining, _POLL_S)):
                key.data(key.fd)
            if self._exit is None:
                self._ended = self._process.poll() is not None
        for descriptor in self._kept:
            # Descendants may hold the pipe open, and write on: what a pipe can hold is all that is waited for.
            for _ in range(_LAST_READS):
                if not self._drain(descriptor):
                    break
        return True

    def completed(self, timed_out: bool) -> Completed:
        """Return the result; the process must have been reaped."""
        out, err = (bytes(kept) for kept in self._kept.values())
        return Completed(self._process.returncode, out, err, timed_out, self._truncated)

    def _watch(self, stream: IO[bytes] | None, event: int, serve: Callable[[int], object]) -> int:
        if stream is None:
            raise ValueError("The process was started without this pipe.")
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream.fileno(), event, serve)
        return stream.fileno()

    def _note_end(self, _descriptor: int) -> None:
        self._ended = True

    def _feed(self, descriptor: int) -> None:
        try:
            self._input = self._input[os.write(descriptor, self._input[:_CHUNK]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input = self._input[:0]
        if not self._input and self._process.stdin is not None:
            self._selector.unregister(descriptor)
            self._process.stdin.close()

    def _drain(self, descriptor: int) -> bool:
        """Read once; ``False`` when nothing is there now."""
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            with suppress(KeyError):
                self._selector.unregister(descriptor)
            return False
        kept = self._kept[descriptor]
        room = self._limit - len(kept)
        self._truncated |= len(data) > room
        kept += data[: max(room, 0)]
        return True
