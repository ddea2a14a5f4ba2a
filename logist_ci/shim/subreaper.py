"""Make this process the new parent of every orphan below it, so that none gets away."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["become_subreaper"]

_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> bool:
    """Adopt orphaned descendants from now on; ``False`` where the system cannot do that (macOS)."""
    if sys.platform != "linux":
        return False
    # Loading the C library that is loaded already costs nothing; there is no other way to prctl.
    refused: int = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return not refused
