"""The words of a cleanup: what it may touch, and what it would do, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from logist_ci.errors import RefusedError
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.cleanup.facts import Orphan

__all__ = ["Action", "CleanupPlan", "CleanupPolicy", "JobPlan", "Kept", "OrphanPlan", "Removal", "When"]

#: The values of ``cleanup.when``.
When = Literal["finished", "merged", "never"]


class Action(StrEnum):
    """One step of a cleanup; a plan has them in this order."""

    END_PROCESSES = "end processes"
    SAVE_LEFTOVERS = "save uncommitted changes"
    SAVE_BRANCH = "save commits"
    REMOVE_WORKSPACE = "remove workspace"
    DELETE_BRANCH = "delete branch"
    ARCHIVE = "archive manifest"
    DELETE_FOLDER = "delete folder"
    REMOVE_ORPHAN = "remove orphan"


@dataclass(frozen=True)
class CleanupPolicy:
    """What a cleanup may touch.

    Args:
        when: the configured ``cleanup.when``; it rules only what nobody asked for.
        names: remove everything of exactly these jobs.
        merged: remove everything of ended jobs whose work is proven to be merged.
        stale_s: also touch jobs to which nothing has happened for so many seconds.
        force: go on where work is uncommitted or unmerged, after a backup.
    """

    when: When = "finished"
    names: frozenset[JobId] = frozenset()
    merged: bool = False
    stale_s: float | None = None
    force: bool = False


@dataclass(frozen=True)
class Removal:
    """One step: what it is about, and the proof that nothing is lost by it."""

    action: Action
    target: str
    proof: str


@dataclass(frozen=True)
class Kept:
    """Something that stays: why, and what a person can do about it."""

    target: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class JobPlan:
    """What happens to one job; ``asked`` says that somebody named it."""

    id: JobId
    removals: tuple[Removal, ...] = ()
    kept: tuple[Kept, ...] = ()
    asked: bool = False

    @property
    def refused(self) -> bool:
        """Whether somebody asked for this by name and does not get it."""
        return self.asked and not self.removals and bool(self.kept)


@dataclass(frozen=True)
class OrphanPlan:
    """What happens to something that no job answers for: exactly one of the two is there."""

    orphan: Orphan
    removal: Removal | None = None
    kept: Kept | None = None


@dataclass(frozen=True)
class CleanupPlan:
    """Everything that would be done under ``policy``, and everything that stays."""

    policy: CleanupPolicy = field(default_factory=CleanupPolicy)
    jobs: tuple[JobPlan, ...] = ()
    orphans: tuple[OrphanPlan, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would be removed."""
        return not any(job.removals for job in self.jobs) and not any(each.removal for each in self.orphans)

    def refusal(self) -> RefusedError | None:
        """Return the error for what was asked for by name and is refused, ``None`` when nothing is."""
        kept = [(job.id, job.kept[0]) for job in self.jobs if job.refused]
        named = [each.orphan.job in self.policy.names for each in self.orphans]
        kept += [
            (each.orphan.job, each.kept)
            for each, asked in zip(self.orphans, named, strict=True)
            if asked and each.kept and each.orphan.job
        ]
        if not kept:
            return None
        text = "\n".join(f"The job {job} was not removed: {each.reason}." for job, each in kept)
        return RefusedError(text, hint="\n".join(dict.fromkeys(each.remedy for _, each in kept if each.remedy)))
