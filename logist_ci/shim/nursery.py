"""A small process that forks shims: made early, while there is one thread and little memory to share."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, Self

from logist_ci.errors import StoreError

# What the runner needs and the nursery does not is imported where it is used: whoever starts a nursery
# before anything else keeps every shim small.
if TYPE_CHECKING:
    import subprocess

    from logist_ci.process.locks import KernelLock
    from logist_ci.shim.client import ShimHandle
    from logist_ci.shim.protocol import RunRequest

__all__ = ["Nursery", "main"]

_HELLO_S = 60.0
_FORK_AGAIN_MS = 200
_STANDARD_ERROR = 2
_STARTER = "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from logist_ci.shim.nursery import main; main()"


class Nursery:
    """Starts shims. Ends when it is closed, or when the process that made it dies; its shims live on."""

    def __init__(self, control: socket.socket, process: subprocess.Popen[bytes] | int) -> None:
        """Take charge of a started nursery; use :meth:`start` to get one."""
        self._control = control
        self._process = process

    @classmethod
    def start(cls) -> Self:
        """Fork a nursery; where there are threads already, in which case a fork could hang, it is a fresh interpreter.

        Raises:
            StoreError: the system has no process for it.
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = _forked(ours, theirs) if _may_fork() else _executed(theirs)
        except OSError as failure:
            ours.close()
            raise StoreError(f"Logist CI could not start a process: {failure.strerror}.", hint=_FEWER) from failure
        return cls(ours, process)

    @property
    def pid(self) -> int:
        """The number of the nursery's process."""
        return self._process if isinstance(self._process, int) else self._process.pid

    def spawn(self, request: RunRequest, lock: KernelLock) -> ShimHandle:
        """Start a shim for ``request``, which holds ``lock`` until it ends; any thread may call this.

        The caller keeps its own share of the lock.

        Raises:
            StoreError: no process could be started, or the nursery is gone.
        """
        from logist_ci.shim.channel import read_hello, send_request
        from logist_ci.shim.client import ShimHandle

        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(self._control, [b"+"], [theirs.fileno(), lock.fd])
            ours.settimeout(_HELLO_S)
            send_request(ours, request)
            return ShimHandle(read_hello(ours), ours)
        except (OSError, EOFError) as failure:
            ours.close()
            raise StoreError(f"The run of {request.job_id} could not be started: {failure}.", hint=_FEWER) from failure
        except BaseException:
            ours.close()
            raise

    def close(self) -> None:
        """End the nursery; calling it again does nothing. Running shims are not touched."""
        if self._control.fileno() < 0:
            return
        self._control.close()
        if isinstance(self._process, int):
            os.waitpid(self._process, 0)
        else:
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_FEWER = "Close some programs, or run fewer jobs at once (-j)."


def main() -> NoReturn:
    """Be the nursery whose control socket is the descriptor in the first argument."""
    _serve(socket.socket(fileno=int(sys.argv[1])))


def _may_fork() -> bool:
    if sys.platform != "linux":
        return False
    # Libraries may have threads that Python does not know about.
    with os.scandir("/proc/self/task") as entries:
        return sum(1 for _ in entries) == 1


def _forked(ours: socket.socket, theirs: socket.socket) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        ours.close()
        _serve(theirs)
    except BaseException:
        # Nobody above this would show it.
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        os._exit(1)


def _executed(theirs: socket.socket) -> subprocess.Popen[bytes]:
    import subprocess

    number = str(theirs.fileno())
    return subprocess.Popen(
        [sys.executable, "-I", "-c", _STARTER, number, json.dumps(sys.path)],
        stdin=subprocess.DEVNULL,
        pass_fds=(theirs.fileno(),),
    )


def _serve(control: socket.socket) -> NoReturn:
    _detach(control.fileno())
    # Imported once, here, while the runner does something else.
    from logist_ci.shim import entry
    from logist_ci.shim.prctl import hide_memory

    # Our environment is the runner's, with whatever secrets it holds, and agents know their parent's number.
    hide_memory()
    entry.rehearse()
    # Nobody's folder is held: a file system can be unmounted, a worktree removed.
    os.chdir("/")
    # Until here a mistake would have been shown.
    os.dup2(os.open(os.devnull, os.O_RDWR), _STANDARD_ERROR)
    # What exists by now is never looked at by the collector again, so that it stays shared with every shim.
    gc.disable()
    gc.freeze()
    while True:
        # There is always one shim that waits for a request: forking the next takes nobody's time.
        taken, ends_when_taken = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            _turn_away(control)
            pid = -1
        if pid == 0:
            os.close(taken)
            entry.attend(control, ends_when_taken)
        os.close(ends_when_taken)
        _wait_for(taken, control)
        os.close(taken)


def _wait_for(taken: int, control: socket.socket) -> None:
    poll = select.poll()
    poll.register(taken, select.POLLIN)
    # Only its end is of interest here: what comes over it is for the shim that waits.
    poll.register(control, 0)
    if any(descriptor == control.fileno() for descriptor, _ in poll.poll()):
        os._exit(0)


def _turn_away(control: socket.socket) -> None:
    poll = select.poll()
    poll.register(control, select.POLLIN)
    if poll.poll(_FORK_AGAIN_MS):
        for descriptor in socket.recv_fds(control, 1, 2)[1]:
            # The closed channel tells the runner.
            os.close(descriptor)


def _detach(control: int) -> None:
    # Nothing of the runner's may stay open here: a lock would stay held, a pipe would never end.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in range(_STANDARD_ERROR):
        os.dup2(nowhere, standard)
    with os.scandir("/dev/fd") as entries:
        inherited = [int(entry.name) for entry in entries]
    for descriptor in inherited:
        if descriptor > _STANDARD_ERROR and descriptor != control:
            # The one that the list was read from is closed already.
            with suppress(OSError):
                os.close(descriptor)
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The kernel buries the shims.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
