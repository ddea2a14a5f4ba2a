"""The life of a shim: from the fork to the exit record, its last act."""

from __future__ import annotations

import os
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import NoReturn

from logist_ci.process.clock import SystemClock
from logist_ci.process.table import system_table
from logist_ci.process.tree import descendants, end_all, identify
from logist_ci.shim.channel import Reporter, receive_request
from logist_ci.shim.protocol import ExitRecord, RunRequest
from logist_ci.shim.record import RecordFile
from logist_ci.shim.subreaper import become_subreaper
from logist_ci.shim.supervise import Surroundings, supervise

__all__ = ["live"]

# Handlers that do nothing, not SIG_IGN: the program would inherit that it is to ignore them.
_UNMOVED_BY = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD)


@dataclass
class _Signals:
    """What signals have asked for."""

    stop: bool = False
    wake: int = field(default=-1)

    def install(self) -> None:
        """Wake the loop for every signal, and stop for TERM."""
        self.wake, writer = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in _UNMOVED_BY:
            signal.signal(number, _nothing)
        signal.signal(signal.SIGTERM, self._on_term)

    def _on_term(self, number: int, frame: FrameType | None) -> None:
        self.stop = True


def live(channel: socket.socket, lock: int) -> NoReturn:
    """Serve the request that comes over ``channel``, write the exit record, close ``lock``, and end this process."""
    status = 1
    try:
        os.setsid()
        become_subreaper()
        signals = _Signals()
        signals.install()
        reporter = Reporter(channel)
        request = receive_request(channel)
        me = identify(os.getpid())
        if me is not None:
            reporter.hello(me)
            _serve(request, signals, reporter)
            status = 0
    finally:
        # First the lock: whoever sees the end of the channel may take it.
        os.close(lock)
        os._exit(status)


def _serve(request: RunRequest, signals: _Signals, reporter: Reporter) -> None:
    clock = SystemClock()
    file = RecordFile.reserve(Path(request.exit_record))
    around = Surroundings(
        clock=clock,
        table=system_table(),
        wake=signals.wake,
        stop_asked=lambda: signals.stop,
        tell=reporter.progress,
        note=_job_log(request, clock),
    )
    started_at = clock.now()
    try:
        record = supervise(request, around)
    except BaseException:  # the last handler of this process: a mistake of ours must not leave a program without limits
        left = end_all(lambda: descendants(os.getpid()), grace_s=0.0, clock=clock)
        report = f"The supervisor of this run failed, which is a mistake in Logist CI:\n{traceback.format_exc()}"
        record = ExitRecord(
            reason="stopped", started_at=started_at, ended_at=clock.now(), survivors=len(left), report=report
        )
    file.write(record)


def _job_log(request: RunRequest, clock: SystemClock) -> Callable[[str], None]:
    return lambda text: None


def _nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing; the wakeup descriptor has been told already."""
