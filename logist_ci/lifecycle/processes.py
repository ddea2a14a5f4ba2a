"""The processes of a job that nobody supervises any more, told apart from a user's own."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from logist_ci.gitstore.folders import JobFolder
from logist_ci.process.system_table import system_table
from logist_ci.process.table import ProcessFacts, ProcessId
from logist_ci.process.tree import inside, with_cookie

__all__ = ["ancestors", "strangers_inside", "strays_of"]


def strays_of(folder: JobFolder) -> list[ProcessId]:
    """Return the processes that carry the job's mark; never our own ancestors, since an agent may be asking."""
    ours = ancestors()
    return [process for process in with_cookie(folder.id, workspace=folder.workspace) if process.pid not in ours]


def strangers_inside(folder: Path, own: Collection[ProcessId]) -> list[ProcessFacts]:
    """Return the processes inside ``folder`` that are not among ``own``: a shell of the user's, perhaps our parent."""
    table = system_table()
    found = (table.facts(process.pid) for process in inside(folder) if process not in own)
    return [facts for facts in found if facts is not None]


def ancestors() -> frozenset[int]:
    """Return the numbers of this process, its parent, its parent's parent, and so on."""
    table = system_table()
    found: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in found:
        found.add(pid)
        facts = table.facts(pid)
        pid = facts.parent if facts else 0
    return frozenset(found)
