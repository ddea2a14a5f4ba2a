"""What runner and shim tell each other: a request, progress while it runs, and an exit record in the end."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from logist_ci.errors import StoreError
from logist_ci.job.limits import Limits
from logist_ci.process.files import read_bounded

__all__ = [
    "ExitRecord",
    "LimitName",
    "Progress",
    "Reason",
    "RunRequest",
    "decode_request",
    "encode_record",
    "encode_request",
    "read_exit",
]

#: Why a run ended: by itself, by a limit, because somebody asked, or before it began.
Reason = Literal["exited", "limit", "stopped", "not_started"]
LimitName = Literal["wall", "idle", "output"]

#: No record of ours comes near this size.
_RECORD_BYTES = 1_000_000


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a program.

    ``env`` is its complete environment. ``log`` is the file its output is appended to, masked;
    ``exit_record`` the file that says how it ended, written last; ``worktree`` the folder where a
    change counts as a sign of life; ``job_log`` the job's log, which is told about limits.
    """

    job_id: str
    phase: str
    attempt: int
    argv: tuple[str, ...]
    cwd: str
    env: dict[str, str]
    stdin_file: str | None = None
    log: str
    exit_record: str
    job_log: str | None = None
    worktree: str
    limits: Limits = Limits()
    secrets: tuple[str, ...] = ()


class ExitRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended. Written by the shim as the last thing it does, so that it is complete or missing.

    ``exit_status`` or ``signal`` are the program's own end. Sizes are bytes. ``tail`` is the end of the
    output, masked, at most 8 KB. ``survivors`` counts processes that could not be ended: normally
    none. ``report`` says why it did not start, or what the processes did when they were stopped.
    """

    reason: Reason
    limit: LimitName | None = None
    exit_status: int | None = None
    signal: int | None = None
    started_at: datetime
    ended_at: datetime
    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_rss: int = 0
    output_bytes: int = 0
    tail: str = ""
    survivors: int = 0
    report: str = ""
    warnings: tuple[str, ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One look at a run: seconds since it began, bytes of output, the last line of it (masked), processes."""

    elapsed_s: float
    output_bytes: int
    last_line: str
    processes: int


_RECORDS = msgspec.json.Decoder(ExitRecord)


def encode_request(request: RunRequest) -> bytes:
    """Return ``request`` for the way to the shim; names that are no UTF-8 survive it."""
    return json.dumps(msgspec.to_builtins(request)).encode("ascii")


def decode_request(data: bytes) -> RunRequest:
    """Return the request in ``data``, as :func:`encode_request` made it."""
    return msgspec.convert(json.loads(data), RunRequest)


def encode_record(record: ExitRecord) -> bytes:
    """Return ``record`` as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def read_exit(path: Path) -> ExitRecord | None:
    """Return the exit record in the file ``path``; ``None`` when there is none, or none that can be read.

    A missing record means that the shim did not get to its end, and so does a damaged one.
    """
    try:
        return _RECORDS.decode(read_bounded(path, _RECORD_BYTES))
    except (FileNotFoundError, StoreError, msgspec.DecodeError, UnicodeDecodeError):
        return None
