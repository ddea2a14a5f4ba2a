"""Two things that a process of Linux can ask for itself, and that Python has no call for."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["become_subreaper", "hide_memory"]

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> bool:
    """Become the new parent of every orphan below this process; ``False`` where there is no such thing (macOS)."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def hide_memory() -> bool:
    """Keep other processes of the same user from reading this one's memory and environment.

    It holds for what is forked from now on too, not for programs that are executed. Root still can.
    """
    return _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> bool:
    if sys.platform != "linux":
        return False
    # The C library is loaded already: this only finds it.
    refused: int = ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
    return not refused
