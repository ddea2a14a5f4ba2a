"""One run from its start to the proof that nothing of it is left."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from logist_ci.errors import LogistError
from logist_ci.process.clock import Clock
from logist_ci.process.table import ProcessId, ProcessTable
from logist_ci.process.tree import end_all
from logist_ci.redact.mask import Masker, StreamMasker
from logist_ci.shim.changes import changed_since
from logist_ci.shim.drain import Drain, Log
from logist_ci.shim.program import Program
from logist_ci.shim.protocol import ExitRecord, LimitName, Progress, Reason, RunRequest
from logist_ci.shim.sentinel import Sentinel
from logist_ci.shim.why import describe_stop, describe_tree

__all__ = ["Surroundings", "supervise"]

_PROGRESS_S = 0.25
# What runs on after the program itself has ended is given this long to end too.
_LEFTOVER_GRACE_S = 1.0
_SHORT_S = 1.0


@dataclass(frozen=True)
class Surroundings:
    """What a run is supervised with.

    ``subreaper`` says whether orphans become children of this process. ``wake`` becomes readable when a signal
    came, ``stop_asked`` says whether one of them asked to stop. ``tell`` passes progress on, and is false when it
    has to be tried again; ``note`` writes a line to the job's log.
    """

    clock: Clock
    table: ProcessTable
    subreaper: bool
    wake: int
    stop_asked: Callable[[], bool]
    tell: Callable[[Progress], bool]
    note: Callable[[str], None]


def supervise(request: RunRequest, around: Surroundings) -> ExitRecord:
    """Run the program of ``request`` within its limits, end everything it left, and return how it went."""
    started_at = around.clock.now()
    masker = Masker(request.secrets)
    try:
        program = Program.start(request, around.table)
    except LogistError as failure:
        why = _printable(masker.mask_text(" ".join(filter(None, (str(failure), failure.hint)))))
        log = Log(Path(request.log))
        log.note(why)
        log.close()
        return ExitRecord(reason="not_started", started_at=started_at, ended_at=around.clock.now(), report=why)
    with selectors.DefaultSelector() as selector:
        return _Run(request, around, program, masker, selector).run(started_at)


class _Run:
    """The state of a run that has begun."""

    def __init__(
        self,
        request: RunRequest,
        around: Surroundings,
        program: Program,
        masker: Masker,
        selector: selectors.BaseSelector,
    ) -> None:
        self._request = request
        self._around = around
        self._program = program
        self._masker = masker
        self._selector = selector
        self._clock = around.clock
        self._began = self._clock.monotonic()
        self._sentinel = Sentinel(request.limits, self._began)
        self._drain = Drain(
            program.output, StreamMasker(masker), Log(Path(request.log)), limit=request.limits.output_bytes
        )
        self._processes = 1
        self._told = (0, 1)
        self._next_tell = self._began
        selector.register(program.output, selectors.EVENT_READ)
        selector.register(around.wake, selectors.EVENT_READ)

    def run(self, started_at: datetime) -> ExitRecord:
        """Watch until the end, clear up, and return the record."""
        reason, limit = self._watch()
        report = self._report(limit) if reason != "exited" else ""
        survivors = self._end_everything(self._request.limits.grace_s if reason != "exited" else _LEFTOVER_GRACE_S)
        self._drain.finish(report)
        os.close(self._program.output)
        ended = self._program.returncode
        use = self._program.use
        return ExitRecord(
            reason=reason,
            limit=limit,
            exit_status=ended if ended is not None and ended >= 0 else None,
            signal=-ended if ended is not None and ended < 0 else None,
            started_at=started_at,
            ended_at=self._clock.now(),
            wall_s=self._clock.monotonic() - self._began,
            cpu_s=use.cpu_s,
            peak_rss=use.peak_rss,
            output_bytes=self._drain.count,
            tail=self._drain.tail.text(),
            survivors=len(survivors),
            report=report,
            warnings=(*self._sentinel.warnings, *self._drain.warnings(), *_unended(survivors)),
        )

    def _watch(self) -> tuple[Reason, LimitName | None]:
        while True:
            self._turn(self._sentinel.next_look())
            self._program.reap()
            if self._program.returncode is not None:
                # It may have written its last words after our last look, and too many of them.
                self._drain.read()
                return ("limit", "output") if self._drain.over_limit else ("exited", None)
            if self._around.stop_asked():
                return "stopped", None
            if limit := self._limit_passed():
                return "limit", limit

    def _turn(self, until: float) -> bool:
        """Wait for output, a signal or ``until``, whichever comes first; ``True`` for a signal."""
        if self._untold():
            until = min(until, self._next_tell)
        ready = self._selector.select(max(0.0, until - self._clock.monotonic()))
        signalled = False
        for key, _ in ready:
            if key.fd == self._around.wake:
                os.read(self._around.wake, 4096)
                signalled = True
            elif self._drain.read():
                self._sentinel.heard(self._clock.monotonic())
        if self._drain.ended and self._program.output in self._selector.get_map():
            # Closed pipes are always readable: the loop would turn without end.
            self._selector.unregister(self._program.output)
        self._tell()
        return signalled

    def _limit_passed(self) -> LimitName | None:
        now = self._clock.monotonic()
        warned = len(self._sentinel.warnings)
        limit = self._sentinel.passed(now, self._drain.count)
        for warning in self._sentinel.warnings[warned:]:
            self._around.note(warning)
        if limit:
            return limit
        if self._sentinel.sample_due(now) or self._sentinel.seems_idle(now):
            self._sample()
        return "idle" if self._sentinel.seems_idle(self._clock.monotonic()) and not self._worktree_changed() else None

    def _sample(self) -> None:
        # What it costs is our time on the CPU: on a busy machine the clock on the wall says nothing about that.
        before = time.process_time()
        self._processes = len(self._program.sample())
        self._sentinel.sampled(self._clock.monotonic(), self._program.use.cpu_s, time.process_time() - before)

    def _worktree_changed(self) -> bool:
        # File times are times of day, deadlines are not: both are turned into an age.
        now, today = self._clock.monotonic(), self._clock.now().timestamp()
        changed = changed_since(Path(self._request.worktree), today - (now - self._sentinel.active))
        if changed is not None:
            self._sentinel.heard(now - max(0.0, today - changed))
        return changed is not None

    def _untold(self) -> bool:
        return self._told != (self._drain.count, self._processes)

    def _tell(self) -> None:
        now = self._clock.monotonic()
        if not self._untold() or now < self._next_tell:
            return
        self._next_tell = now + _PROGRESS_S
        progress = Progress(
            elapsed_s=now - self._began,
            output_bytes=self._drain.count,
            last_line=self._drain.tail.last_line(),
            processes=self._processes,
        )
        if self._around.tell(progress):
            self._told = (self._drain.count, self._processes)

    def _report(self, limit: LimitName | None) -> str:
        silent_s = self._clock.monotonic() - self._sentinel.active
        tree = describe_tree(os.getpid(), self._program.sample(), self._around.table, self._masker.mask_text)
        last = self._drain.tail.last_line()
        report = (
            f"{describe_stop(limit, self._request.limits)}\n"
            f"The last sign of life came {silent_s:.1f} s before{f', the last output was: {last}' if last else ''}.\n"
            f"{tree}"
        )
        masked = _printable(self._masker.mask_text(report))
        self._around.note(masked)
        return masked

    def _end_everything(self, grace_s: float) -> list[ProcessId]:
        # Below a subreaper nothing is left where no child is. What only the cookie finds was started by somebody else's
        # daemon (`at`, say); looking for that would be most of what a short run costs.
        short = self._clock.monotonic() - self._began < _SHORT_S
        if not self._program.reap() and short and self._around.subreaper:
            return []
        return end_all(self._program.left, grace_s=grace_s, clock=_LifeGoesOn(self._clock, self._turn))


def _printable(text: str) -> str:
    # Names of files need not be text; what is recorded has to be.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _unended(survivors: list[ProcessId]) -> tuple[str, ...]:
    if not survivors:
        return ()
    return (f"These processes could not be ended: {', '.join(str(process.pid) for process in survivors)}.",)


class _LifeGoesOn:
    """A clock whose sleep goes on draining: a program that is being ended may have much to say first."""

    def __init__(self, clock: Clock, turn: Callable[[float], bool]) -> None:
        self._clock = clock
        self._turn = turn

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Sleep for ``seconds``, or until a child has ended."""
        until = self._clock.monotonic() + seconds
        while self._clock.monotonic() < until:
            if self._turn(until):
                return
