"""What ``list`` and ``doctor`` point at: lost, stale, half-made, orphaned things, each with the command that helps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from logist_ci.gitstore.index import Summary
from logist_ci.job.states import FINAL, TRANSIENT
from logist_ci.lifecycle.orphans import find_orphans
from logist_ci.lifecycle.owner import owner_of
from logist_ci.runner.parts import Parts

__all__ = ["Trouble", "find_troubles"]

_DAY_S = 86_400.0


@dataclass(frozen=True)
class Trouble:
    """Something that needs a person: what it is about, a sentence, and the command to run."""

    kind: Literal["damaged", "lost", "stale", "half-made", "orphan"]
    about: str
    message: str
    command: str


def find_troubles(parts: Parts) -> tuple[Trouble, ...]:
    """Return what needs a person; cheap enough for every listing, and nothing is changed."""
    troubles = [trouble for summary in parts.index.summaries() for trouble in _of_job(parts, summary)]
    for orphan in find_orphans(parts):
        command = "logist-ci cleanup" if orphan.safe else f"logist-ci cleanup --force {orphan.job or ''}".rstrip()
        message = f"{orphan.path} belongs to no job: {orphan.safe or orphan.doubt}."
        troubles.append(Trouble("orphan", str(orphan.path), message, command))
    return tuple(troubles)


def _of_job(parts: Parts, summary: Summary) -> Iterator[Trouble]:
    job = summary.id
    if summary.defect or summary.state is None:
        yield Trouble("damaged", job, f"The manifest of {job} cannot be read.", f"logist-ci validate {job}")
        return
    if summary.state in TRANSIENT:
        if owner_of(parts, job, summary.state) == "gone":
            message = f"{job} is {summary.state.value}, and nobody works on it any more."
            yield Trouble("lost", job, message, f"logist-ci recover {job}")
        return
    folder = parts.root.folder(job)
    if not os.path.lexists(folder.workspace):
        return
    if not (parts.repository.common_dir / "worktrees" / job).is_dir():
        command = f"logist-ci cleanup {job}" if summary.state in FINAL else f"logist-ci run --job {job}"
        yield Trouble("half-made", job, f"The workspace of {job} is not a registered worktree.", command)
        return
    idle = parts.clock.now() - parts.store.history(job)[0].at
    if idle.total_seconds() >= parts.settings.cleanup.stale_s:
        message = f"Nothing has happened to {job} for {idle.days} days, and its workspace is still there."
        yield Trouble("stale", job, message, f"logist-ci cleanup --stale {_age(parts.settings.cleanup.stale_s)}")


def _age(seconds: float) -> str:
    return f"{seconds / _DAY_S:g}d" if seconds >= _DAY_S else f"{seconds:g}s"
