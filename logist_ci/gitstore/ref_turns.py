"""One writer of references at a time, and nothing left locked by a writer that died.

Git locks a reference by a file beside it, and a process that is killed leaves that file behind for
ever. So our writers first take a kernel lock, which dies with its holder, and note in its file which
reference they are about to lock. Whoever comes next and finds such a note knows what to tidy up.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from logist_ci.errors import BusyError, InvalidNameError
from logist_ci.job.ids import RefName, ref_name
from logist_ci.process.clock import Clock
from logist_ci.process.files import translated_os_errors
from logist_ci.process.locks import KernelLock, try_lock

__all__ = ["RefTurns"]

_NOTE_BYTES = 1000
_FIRST_PAUSE_S = 0.0005
_LONGEST_PAUSE_S = 0.02
# A git that works on the same reference is done with it long before this.
_STALE_AFTER_S = 0.2


class RefTurns:
    """Lets the writers of one repository's references take turns, in all processes and threads."""

    def __init__(self, common_dir: Path, clock: Clock, patience_s: float) -> None:
        self._common_dir = common_dir
        self._file = common_dir / "logist-ci-refs"
        self._clock = clock
        self._patience_s = patience_s

    @contextmanager
    def hold(self, ref: RefName) -> Iterator[None]:
        """Be the only writer for the duration of the block, which is to lock ``ref`` and nothing else.

        Raises:
            BusyError: others kept writing longer than anybody should.
            MissingError: the repository may not be written.
        """
        with self._waited() as kernel, translated_os_errors(f"write to {self._file}"):
            left = os.pread(kernel.fd, _NOTE_BYTES, 0)
            if left:
                self._tidy(left)
                os.ftruncate(kernel.fd, 0)
            os.pwrite(kernel.fd, ref.encode(), 0)
            try:
                yield
            finally:
                os.ftruncate(kernel.fd, 0)

    def _waited(self) -> KernelLock:
        deadline = self._clock.monotonic() + self._patience_s
        pause = _FIRST_PAUSE_S
        while (held := try_lock(self._file)) is None:
            if self._clock.monotonic() >= deadline:
                raise BusyError(
                    f"Other processes have been writing references of this repository for {self._patience_s:.0f} s.",
                    hint="See what runs with: logist-ci list",
                )
            # Chance keeps waiting processes out of step with each other.
            self._clock.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - nothing secret
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        return held

    def _tidy(self, note: bytes) -> None:
        """Remove the lock files of a writer that died: nobody else changes or renews them."""
        with suppress(InvalidNameError):
            dead = ref_name(note.decode("ascii", "replace"))
            self._remove_stale(self._common_dir / f"{dead}.lock")
            self._remove_stale(self._common_dir / "packed-refs.lock")

    def _remove_stale(self, file: Path) -> None:
        with suppress(FileNotFoundError):
            before = file.lstat()
            self._clock.sleep(_STALE_AFTER_S)
            after = file.lstat()
            if (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns):
                file.unlink()
