"""Hands one program to a shim and waits until the shim says how it ended."""

from __future__ import annotations

import math
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from logist_ci.gitstore.folders import set_aside
from logist_ci.gitstore.local import LocalFacts, write_local
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import Manifest
from logist_ci.process.command import Command
from logist_ci.process.files import write_atomically
from logist_ci.process.tree import alive, end_all, send, with_cookie
from logist_ci.runner.listener import Happening
from logist_ci.runner.work import Work
from logist_ci.runtimes.base import Mounts, Runtime
from logist_ci.shim.client import ShimHandle, read_exit
from logist_ci.shim.protocol import ExitRecord, RunRequest

__all__ = ["Program", "launch"]

#: How much longer than its limits allow a shim may take before it counts as lost, in seconds.
_MARGIN_S = 10.0
#: How often a waiting runner looks for a request to stop, in seconds.
_LOOK_S = 0.2


@dataclass(frozen=True)
class Program:
    """One program to be run in the worktree: what it is called in the log, its command line and its input."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes = b""
    secrets: tuple[str, ...] = field(default=())


def launch(work: Work, manifest: Manifest, runtime: Runtime, program: Program) -> ExitRecord | None:
    """Run ``program`` under a shim of its own; return its exit record, or ``None`` when the shim died."""
    folder = work.folder
    set_aside(folder.exit_record)
    request = _request(work, manifest, runtime, program)
    with work.stage(program.name):
        handle = work.parts.nursery().spawn(request, work.lock)
        _remember(work, handle)
        if not _waited(work, handle, manifest.spec.limits):
            work.say("The process that supervises the program does not answer, and is ended.")
            end_all(lambda: [handle.process] if alive(handle.process) else [], grace_s=0.0, clock=work.parts.clock)
    record = read_exit(folder.exit_record)
    if record is None:
        _end_strays(work, manifest)
    return record


def _request(work: Work, manifest: Manifest, runtime: Runtime, program: Program) -> RunRequest:
    folder = work.folder
    mounts = Mounts(workspace=folder.workspace, writable=(folder.temp,), readonly=())
    command = runtime.wrap(
        Command(program.argv, folder.workspace, program.env, program.secrets), mounts, work.parts.settings.network
    )
    stdin_file: Path | None = None
    if program.stdin:
        stdin_file = folder.temp / "stdin"
        write_atomically(stdin_file, program.stdin, mode=0o600)
    return RunRequest(
        job_id=manifest.id,
        phase=manifest.phase,
        attempt=manifest.attempt,
        argv=command.argv,
        cwd=str(command.cwd),
        env=dict(command.env),
        stdin_file=str(stdin_file) if stdin_file else None,
        log=str(folder.log(manifest.phase, manifest.attempt)),
        exit_record=str(folder.exit_record),
        job_log=str(folder.job_log),
        worktree=str(folder.workspace),
        limits=manifest.spec.limits,
        secrets=program.secrets,
    )


def _end_strays(work: Work, manifest: Manifest) -> None:
    """End what a shim that died has left running: it would go on in a worktree that is being harvested."""
    survivors = end_all(
        lambda: with_cookie(work.job_id, workspace=work.folder.workspace),
        grace_s=manifest.spec.limits.grace_s,
        clock=work.parts.clock,
    )
    if survivors:
        work.say(f"These processes could not be ended: {', '.join(str(process.pid) for process in survivors)}.")


def _remember(work: Work, handle: ShimHandle) -> None:
    """Write down who runs the program on this machine, for those who have to find it when we are gone."""
    write_local(work.folder.local, LocalFacts.here(work.parts.clock, shim=handle.process))


def _waited(work: Work, handle: ShimHandle, limits: Limits) -> bool:
    """Wait for the shim's end; ``False`` when it is far behind what it should have done.

    On ``host`` an agent can stop the very process that watches it, and then nothing would end it.
    """
    clock = work.parts.clock
    deadline = math.inf if limits.wall_s is None else clock.monotonic() + limits.wall_s + limits.grace_s + _MARGIN_S
    asked = False
    while not handle.wait(_LOOK_S):
        progress = handle.progress()
        if progress is not None:
            work.listener.on(Happening(work.job_id, "progress", progress.last_line, progress=progress))
        if work.stop.requested and not asked:
            handle.stop()
            asked = True
            deadline = min(deadline, clock.monotonic() + limits.grace_s + _MARGIN_S)
        send(handle.process, signal.SIGCONT)
        if clock.monotonic() > deadline:
            return False
    return True
