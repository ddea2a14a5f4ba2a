"""Whom to ask about the processes of this machine."""

from __future__ import annotations

import functools
import sys

from logist_ci.process.proc_table import ProcTable
from logist_ci.process.table import ProcessTable

__all__ = ["system_table"]


@functools.cache
def system_table() -> ProcessTable:
    """Return the fastest table that works here: ``/proc`` on Linux, psutil elsewhere."""
    if sys.platform != "linux":
        from logist_ci.process.psutil_table import PsutilTable  # psutil costs 15 ms: only who needs it pays

        return PsutilTable()
    return ProcTable()
