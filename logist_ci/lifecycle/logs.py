"""Reads what the programs of a job printed, also while they are still printing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from logist_ci.errors import StoreError
from logist_ci.gitstore.folders import JobFolder
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Phase
from logist_ci.lifecycle.owner import owner_of
from logist_ci.process.files import translated_os_errors
from logist_ci.runner.parts import Parts

__all__ = ["Chunk", "LogFile", "follow", "log_files", "tail"]

_CHUNK = 65536
_LOOK_S = 0.25
_ORDER = {phase.value: place for place, phase in enumerate(Phase)}


class LogFile(NamedTuple):
    """The log of one attempt at one phase."""

    attempt: int
    phase: str
    path: Path


class Chunk(NamedTuple):
    """Some bytes of a log, and where they end in it."""

    path: Path
    data: bytes
    end: int


def log_files(folder: JobFolder, *, phase: str | None = None, attempt: int | None = None) -> list[LogFile]:
    """Return a job's logs in the order in which they were written: of one ``phase``, of one ``attempt``, or all."""
    with translated_os_errors(f"list {folder.logs}"):
        names = [path.name for path in folder.logs.iterdir()] if folder.logs.is_dir() else []
    matches = (re.fullmatch(r"([a-z]+)\.(\d+)\.log", name) for name in names)
    found = [LogFile(int(m[2]), m[1], folder.logs / m[0]) for m in matches if m and m[1] in _ORDER]
    wanted = [each for each in found if phase in (None, each.phase) and attempt in (None, each.attempt)]
    return sorted(wanted, key=lambda each: (each.attempt, _ORDER[each.phase]))


def tail(path: Path, *, offset: int = 0, lines: int | None = None) -> Iterator[Chunk]:
    """Yield what ``path`` holds from ``offset`` on, or its last ``lines``.

    Raises:
        StoreError: it cannot be read, or is no regular file.
    """
    with translated_os_errors(f"read {path}"):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            position = _start_of(descriptor, size, lines) if lines is not None else min(offset, size)
            while data := os.pread(descriptor, _CHUNK, position):
                position += len(data)
                yield Chunk(path, data, position)
        finally:
            os.close(descriptor)


def follow(
    parts: Parts, job_id: JobId, choose: Callable[[], list[Path]], *, lines: int | None = None
) -> Iterator[Chunk]:
    """Yield what is and what will be in the logs that ``choose`` names, until nobody works on the job any more.

    ``lines`` limits what is yielded of what was there already.
    """
    offsets: dict[Path, int] = {}
    over = False
    while True:
        for path in choose():
            known = path in offsets
            begin = offsets.setdefault(path, 0)
            with suppress(StoreError):  # a cleanup may have taken it meanwhile
                for chunk in tail(path, offset=begin, lines=None if known else lines):
                    offsets[path] = chunk.end
                    yield chunk
        if over:
            return
        # Once more after the end: the last words came between reading and looking.
        over = owner_of(parts, job_id, parts.store.read(job_id).manifest.state) != "alive"
        if not over:
            parts.clock.sleep(_LOOK_S)


def _start_of(descriptor: int, size: int, lines: int) -> int:
    """Return where the last ``lines`` of a file begin."""
    if lines <= 0:
        return size
    position, wanted = size, lines
    while position > 0:
        begin = max(0, position - _CHUNK)
        chunk = os.pread(descriptor, position - begin, begin)
        end = len(chunk)
        # The newline at the very end closes the last line, it does not begin another.
        if position == size and chunk.endswith(b"\n"):
            end -= 1
        while (at := chunk.rfind(b"\n", 0, end)) >= 0:
            wanted -= 1
            if wanted == 0:
                return begin + at + 1
            end = at
        position = begin
    return 0
