"""When anything in a folder last changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["changed_since"]

# Longer than this nobody walks: output has to be drained meanwhile.
_BUDGET_S = 1.0


def changed_since(folder: Path, moment: float, *, monotonic: Callable[[], float] = time.monotonic) -> float | None:
    """Return when (seconds since 1970) something below ``folder`` changed after ``moment``, or ``None``.

    It asks for the time of change, which no program can set, and stops at the first find, or after a second.
    """
    deadline = monotonic() + _BUDGET_S
    waiting = [os.fspath(folder)]
    while waiting and monotonic() < deadline:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    facts = entry.stat(follow_symlinks=False)
                    if facts.st_ctime > moment:
                        return facts.st_ctime
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            # It is being changed or removed at this very moment, or is closed to us: somebody else's entries tell.
            continue
    return None
