"""What a cleanup has to know before it decides, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.manifest import Manifest
from logist_ci.lifecycle.show import Owner
from logist_ci.process.tree import ProcessId

__all__ = ["BranchFacts", "JobFacts", "Orphan", "Stranger", "Survey", "WorkspaceFacts"]


@dataclass(frozen=True)
class Stranger:
    """A process that stands in a workspace and is not the job's: a user's shell or editor, say."""

    pid: int
    name: str


@dataclass(frozen=True)
class BranchFacts:
    """A job's branch.

    Args:
        merged: the proof that its work is elsewhere, in words; empty when there is none.
        reachable: whether its very commits stay reachable without it.
        checked_out: another worktree that has it checked out.
        needed_by: open jobs that start from it.
    """

    name: str
    tip: CommitId
    merged: str = ""
    reachable: bool = False
    checked_out: str = ""
    needed_by: tuple[JobId, ...] = ()


@dataclass(frozen=True)
class WorkspaceFacts:
    """A job's worktree on this machine.

    Args:
        present: whether its folder exists.
        registered: whether git knows it as a worktree.
        unfinished: whether an earlier removal could not delete everything.
        locked_by: the reason of a worktree lock that is not ours.
        owned: whether the folder lies where jobs' worktrees belong, and is no symbolic link.
        leftovers: how many paths differ from the branch, ignored ones left out; ``None``: it cannot be told.
        untold: why it cannot be told.
        nested: other worktrees of the repository inside it.
        processes: the job's own processes that are still there.
        strangers: other processes that are inside it.
    """

    path: Path
    present: bool = True
    registered: bool = True
    unfinished: bool = False
    locked_by: str = ""
    owned: bool = True
    leftovers: int | None = 0
    untold: str = ""
    nested: tuple[str, ...] = ()
    processes: tuple[ProcessId, ...] = ()
    strangers: tuple[Stranger, ...] = ()


@dataclass(frozen=True)
class JobFacts:
    """One job: its manifest as of ``commit``, last changed at ``changed_at``, and what it has on this machine.

    ``manifest`` and ``commit`` are ``None`` when it cannot be read, for the reason in ``defect``. ``lasting`` is
    what is in its folders and is kept when they go; ``unknown`` is what of it is no part of a job.
    """

    id: JobId
    manifest: Manifest | None
    commit: CommitId | None
    changed_at: datetime
    folder: Path
    owner: Owner = "none"
    defect: str = ""
    branch: BranchFacts | None = None
    workspace: WorkspaceFacts | None = None
    lasting: tuple[Path, ...] = ()
    unknown: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Orphan:
    """Something that no job answers for.

    ``safe`` is the proof that nothing is lost with it; ``doubt`` says what might be, when there is no proof.
    """

    kind: Literal["folder", "workspace", "registration", "leftover"]
    path: Path
    job: JobId | None = None
    safe: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class Survey:
    """Everything that one cleanup decides about."""

    jobs: tuple[JobFacts, ...] = ()
    orphans: tuple[Orphan, ...] = ()
