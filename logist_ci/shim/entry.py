"""The life of a shim: from the fork to the exit record, its last act."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from logist_ci.gitstore.joblog import JobLog
from logist_ci.process.clock import SystemClock
from logist_ci.process.locks import KernelLock
from logist_ci.process.system_table import system_table
from logist_ci.process.table import ProcessId
from logist_ci.process.tree import descendants, end_all, identify
from logist_ci.shim.channel import Reporter, receive_request
from logist_ci.shim.prctl import become_subreaper
from logist_ci.shim.protocol import (
    ExitRecord,
    Progress,
    RunRequest,
    decode_request,
    encode_record,
    encode_request,
)
from logist_ci.shim.record import RecordFile
from logist_ci.shim.supervise import Surroundings, supervise

__all__ = ["attend", "rehearse"]

# Handlers that do nothing, not SIG_IGN: the program would inherit that it is to ignore them.
_UNMOVED_BY = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD)


@dataclass
class _Signals:
    """What signals have asked for."""

    stop: bool = False
    wake: int = -1

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


def rehearse() -> None:
    """Go through the motions once, before the fork: what is made then is shared by all shims, and ready."""
    here = os.fspath(Path(__file__).parent)
    request = RunRequest(
        job_id="rehearsal",
        phase="",
        attempt=0,
        argv=(here,),
        cwd=here,
        env={},
        log=os.devnull,
        exit_record=os.devnull,
        worktree=here,
    )
    around = _surroundings(decode_request(encode_request(request)), _Signals(), lambda progress: True, subreaper=False)
    # A folder is no program: this goes as far as one can without starting anything.
    encode_record(supervise(request, around))
    identify(os.getpid())


def attend(control: socket.socket, taken: int) -> NoReturn:
    """Wait for one request at ``control``, close ``taken`` when it has come, serve it, and end this process."""
    status = 1
    try:
        os.setsid()
        subreaper = become_subreaper()
        signals = _Signals()
        signals.install()
        me = identify(os.getpid())
        asked, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        control.close()
        os.close(taken)
        if asked and me is not None:
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            number, lock = descriptors
            _live(me, signals, socket.socket(fileno=number), lock, subreaper)
        status = 0
    finally:
        os._exit(status)


def _live(me: ProcessId, signals: _Signals, channel: socket.socket, lock: int, subreaper: bool) -> None:
    request = receive_request(channel)
    reporter = Reporter(channel)
    try:
        file = RecordFile.reserve(Path(request.exit_record))
    except OSError as failure:
        reporter.refuse(f"The exit record {request.exit_record} cannot be made: {failure.strerror}.")
        return
    # A runner that is killed before it has written down who we are leaves this.
    KernelLock.adopt(lock, Path()).sign(me)
    reporter.hello(me)
    around = _surroundings(request, signals, reporter.progress, subreaper=subreaper)
    file.write(_supervised(request, around))
    # In this order: who is told may read the record and take the lock.
    os.close(lock)
    reporter.farewell()
    # Nobody has to wait for the disk.
    file.sync()


def _supervised(request: RunRequest, around: Surroundings) -> ExitRecord:
    started_at = around.clock.now()
    try:
        return supervise(request, around)
    except BaseException:  # the last handler of this process: a mistake of ours must not leave a program without limits
        import traceback  # only a mistake needs it

        left = end_all(lambda: descendants(os.getpid()), grace_s=0.0, clock=around.clock)
        report = f"The supervisor of this run failed, which is a mistake in Logist CI:\n{traceback.format_exc()}"
        return ExitRecord(
            reason="stopped", started_at=started_at, ended_at=around.clock.now(), survivors=len(left), report=report
        )


def _surroundings(
    request: RunRequest, signals: _Signals, tell: Callable[[Progress], bool], *, subreaper: bool
) -> Surroundings:
    clock = SystemClock()
    return Surroundings(
        clock=clock,
        table=system_table(),
        subreaper=subreaper,
        wake=signals.wake,
        stop_asked=lambda: signals.stop,
        tell=tell,
        note=_job_log(request, clock),
    )


def _job_log(request: RunRequest, clock: SystemClock) -> Callable[[str], None]:
    if request.job_log is None:
        return lambda text: None
    log = JobLog(Path(request.job_log), clock)

    def note(text: str) -> None:
        for line in text.splitlines():
            log.line(line)

    return note


def _nothing(number: int, frame: FrameType | None) -> None:
    """Do nothing; the wakeup descriptor has been told already."""
