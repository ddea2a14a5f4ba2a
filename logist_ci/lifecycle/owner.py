"""Who owns a job: told by its kernel lock, never by age.

One case needs more: a shim holds the lock for as long as its program runs, also after the runner has
died. Then the facts of this machine say that the runner is gone, and so is the job's owner.
"""

from __future__ import annotations

from logist_ci.errors import LogistError
from logist_ci.gitstore.local import read_local
from logist_ci.job.ids import JobId
from logist_ci.job.states import TRANSIENT, State
from logist_ci.lifecycle.show import Owner
from logist_ci.process.locks import is_locked
from logist_ci.process.tree import ProcessId, alive
from logist_ci.runner.parts import Parts

__all__ = ["lost_jobs", "orphaned_shim", "owner_of"]


def owner_of(parts: Parts, job_id: JobId, state: State) -> Owner:
    """Return whether somebody works on a job that was in ``state`` a moment ago.

    ``gone`` means that it should have an owner and has none: not when the owner has ended properly
    between that moment and this look.
    """
    owner = _owner_now(parts, job_id, state)
    if owner != "gone":
        return owner
    try:
        current = parts.store.read(job_id).manifest.state
    except LogistError:
        return owner
    return owner if current is state else _owner_now(parts, job_id, current)


def orphaned_shim(parts: Parts, job_id: JobId) -> ProcessId | None:
    """Return the shim that still holds a job whose runner is dead, as far as this machine knows."""
    folder = parts.root.folder(job_id)
    if not is_locked(folder.lock):
        return None  # a shim that has given up the lock has written its record, and only has to go
    facts = read_local(folder.local)
    if facts is None or not facts.is_here() or facts.shim is None or not alive(facts.shim):
        return None
    return None if facts.runner is not None and alive(facts.runner) else facts.shim


def lost_jobs(parts: Parts) -> list[JobId]:
    """Return the jobs whose owner is gone."""
    return [
        summary.id
        for summary in parts.index.summaries()
        if summary.state in TRANSIENT and owner_of(parts, summary.id, summary.state) == "gone"
    ]


def _owner_now(parts: Parts, job_id: JobId, state: State) -> Owner:
    lock = parts.root.folder(job_id).lock
    if state not in TRANSIENT:
        return "alive" if is_locked(lock) else "none"
    # Asked twice: the shim may end, and give up the lock, between the first two questions.
    owned = is_locked(lock) and orphaned_shim(parts, job_id) is None and is_locked(lock)
    return "alive" if owned else "gone"
