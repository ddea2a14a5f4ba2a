"""One job in the hands of one runner: its folder, its lock, its log, and the way it moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from logist_ci.errors import BusyError
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.joblog import JobLog
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.transitions import Transition, describe
from logist_ci.process.locks import KernelLock, try_lock
from logist_ci.runner.listener import Happening, Listener, StopSignal
from logist_ci.runner.parts import Parts

__all__ = ["Decision", "Work", "move", "owned"]

Decision = Transition | Callable[[Manifest], Transition | None]


@dataclass(frozen=True)
class Work:
    """A job that this process owns; nobody else changes its worktree while the lock is held."""

    parts: Parts
    job_id: JobId
    folder: JobFolder
    lock: KernelLock
    log: JobLog
    listener: Listener
    stop: StopSignal

    def move(self, decision: Decision, note: str = "") -> Manifest:
        """Apply a transition, or what a function of the current manifest decides, and tell everybody."""
        return move(self.parts, self.job_id, decision, self.listener, note=note)

    def say(self, text: str) -> None:
        """Write one sentence to the job's log and to the listener."""
        self.log.line(text)
        self.listener.on(Happening(self.job_id, "note", text))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Log the beginning and the end of a stage, with its duration."""
        begun = self.parts.clock.monotonic()
        self.log.stage_started(name)
        self.listener.on(Happening(self.job_id, "stage", name))
        try:
            yield
        finally:
            self.log.stage_ended(name, round((self.parts.clock.monotonic() - begun) * 1000))


@contextmanager
def owned(parts: Parts, job_id: JobId, listener: Listener, stop: StopSignal | None = None) -> Iterator[Work]:
    """Own a job for the duration of the block.

    Raises:
        BusyError: another process owns it.
    """
    folder = parts.root.folder(job_id)
    parts.root.make()
    folder.make()
    lock = try_lock(folder.lock)
    if lock is None:
        raise BusyError(
            f"Another process is working on the job {job_id} right now.",
            hint=f"Watch it with: logist-ci logs {job_id} -f   Stop it with: logist-ci stop {job_id}",
        )
    with lock:
        log = JobLog(folder.job_log, parts.clock)
        yield Work(parts, job_id, folder, lock, log, listener, stop or StopSignal())


def move(parts: Parts, job_id: JobId, decision: Decision, listener: Listener, *, note: str = "") -> Manifest:
    """Change a job's manifest by one transition; log it and tell ``listener`` when its state has changed.

    Raises:
        JobStateError: the table does not allow it.
    """
    before: list[Manifest] = []

    def decide(manifest: Manifest) -> Transition | None:
        before[:] = [manifest]
        return decision if isinstance(decision, Transition) else decision(manifest)

    after = parts.store.change(job_id, decide, note=note).manifest
    if after.state is not before[0].state:
        folder = parts.root.folder(job_id)
        if folder.logs.is_dir():
            JobLog(folder.job_log, parts.clock).state(before[0].state.value, after.state.value)
        listener.on(Happening(job_id, "state", describe(before[0], after, note), manifest=after))
    return after
