"""What all jobs that run at the same time share: the files as they were before the first of them began.

Without it a job that starts after another one's agent has planted something would take that for the
normal state, and put it back later. The state is kept beside the jobs, under a kernel lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from logist_ci.errors import LogistError
from logist_ci.gitstore.guarded_files import Kept, Place
from logist_ci.gitstore.records import decoded, encoded
from logist_ci.process.clock import SystemClock
from logist_ci.process.files import read_bounded, write_atomically
from logist_ci.process.locks import is_locked, lock

__all__ = ["Watch", "watching"]

_BYTES = 256_000_000
_WAIT_S = 60.0


class Watch(msgspec.Struct):
    """The jobs that run, the files as they were before, and the references that somebody put back since.

    ``places`` is where the files are: code, path and whether it is a folder, by name.
    """

    jobs: list[str] = []
    places: dict[str, tuple[str, str, bool]] = {}
    files: dict[str, Kept] = {}
    restored: dict[str, str] = {}

    def guarded(self) -> dict[str, Place]:
        """Return the places of the files."""
        return {name: Place(code, Path(path), folder) for name, (code, path, folder) in self.places.items()}


@contextmanager
def watching(jobs_root: Path) -> Iterator[Watch]:
    """Be the only one to look at, and change, what is shared; it is stored at the end of the block.

    Jobs that nobody owns any more are not among those that run.

    Raises:
        BusyError: another process did not finish with it for a minute.
    """
    file = jobs_root / "watch.json"
    with lock(jobs_root / ".watch", _WAIT_S, SystemClock()):
        watch = _read(file)
        watch.jobs = [job for job in watch.jobs if is_locked(jobs_root / job / "shim" / "lock")]
        yield watch
        write_atomically(file, encoded(watch), mode=0o600, sync=False)


def _read(file: Path) -> Watch:
    try:
        return decoded(read_bounded(file, _BYTES), Watch)
    except (FileNotFoundError, LogistError, msgspec.DecodeError):
        return Watch()
