"""What a cleanup has to know about a job's branch: proof that its work is elsewhere, and who else needs it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from logist_ci.errors import InvalidNameError, StoreError
from logist_ci.gitstore.branches import Proof, is_ancestor, merged_into
from logist_ci.gitstore.index import Summary
from logist_ci.job.ids import CommitId, JobId, ref_name
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import FINAL
from logist_ci.lifecycle.cleanup.facts import BranchFacts
from logist_ci.runner.parts import Parts

__all__ = ["Surroundings", "Worktree", "branch_facts", "surroundings", "worktrees_of"]

_HEADS = "refs/heads/"
_FILE_BYTES = 65_536


@dataclass(frozen=True)
class Worktree:
    """A worktree of the repository, whoever made it; ``head`` is the reference it stands on, empty when detached."""

    place: Path
    head: str


@dataclass(frozen=True)
class Surroundings:
    """What all jobs have in common: the user's HEAD, remote branches, worktrees, and which jobs are open."""

    head: CommitId | None
    remotes: dict[str, CommitId]
    worktrees: tuple[Worktree, ...]
    open_bases: dict[str, tuple[JobId, ...]]


def surroundings(parts: Parts, summaries: Iterable[Summary]) -> Surroundings:
    """Return what holds for all jobs at this moment."""
    bases: dict[str, tuple[JobId, ...]] = {}
    for summary in summaries:
        if summary.base_ref and summary.state not in FINAL:
            name = summary.base_ref.removeprefix(_HEADS)
            bases[name] = (*bases.get(name, ()), summary.id)
    remotes = {str(ref): commit for ref, commit in parts.refs.list("refs/remotes/").items()}
    return Surroundings(parts.repository.head().commit, remotes, worktrees_of(parts), bases)


def branch_facts(parts: Parts, manifest: Manifest, around: Surroundings) -> BranchFacts | None:
    """Return what is to be known about the branch of a job, ``None`` when there is none."""
    name = manifest.source.branch
    try:
        tip = parts.refs.read(ref_name(_HEADS + name))
    except InvalidNameError:
        return None
    if tip is None:
        return None
    own = parts.root.folder(manifest.id).workspace
    merged, reachable = _merged(parts, manifest, tip, around)
    elsewhere = [tree for tree in around.worktrees if tree.head == _HEADS + name and tree.place != own]
    return BranchFacts(
        name=name,
        tip=tip,
        merged=merged,
        reachable=reachable,
        checked_out=str(elsewhere[0].place) if elsewhere else "",
        needed_by=tuple(job for job in around.open_bases.get(name, ()) if job != manifest.id),
    )


def worktrees_of(parts: Parts) -> tuple[Worktree, ...]:
    """Return all worktrees of the repository, the main one first."""
    repository = parts.repository
    found: list[Worktree] = []
    if repository.main_worktree is not None:
        found.append(Worktree(repository.main_worktree, _head(repository.common_dir)))
    with suppress(FileNotFoundError, NotADirectoryError):
        admins = sorted((repository.common_dir / "worktrees").iterdir())
        found += [Worktree(_place(admin), _head(admin)) for admin in admins]
    return tuple(found)


def _merged(parts: Parts, manifest: Manifest, tip: CommitId, around: Surroundings) -> tuple[str, bool]:
    """Return the proof that the work at ``tip`` is elsewhere, and whether its very commits are."""
    if tip == manifest.source.base_commit and not manifest.spec.dirty:
        return "nothing was committed on it", True
    targets = _targets(parts, manifest, around)
    for name, commit in targets.items():
        if _proof(parts, tip, commit, cheap=True):
            return f"it is an ancestor of {name}", True
    words = {"equal tree": "{} has exactly its files", "patch-id": "{} has exactly its changes"}
    for name, commit in targets.items():
        proof = _proof(parts, tip, commit, cheap=False)
        if proof is not None:
            return words.get(proof, "it is an ancestor of {}").format(name), proof == "ancestor"
    return "", False


def _proof(parts: Parts, tip: CommitId, into: CommitId, *, cheap: bool) -> Proof | None:
    try:
        if cheap:
            return "ancestor" if is_ancestor(parts.repository, tip, into) else None
        return merged_into(parts.repository, tip, into)
    except StoreError:
        return None  # what cannot be compared is not proven


def _targets(parts: Parts, manifest: Manifest, around: Surroundings) -> dict[str, CommitId]:
    """Return where a job's work may have been merged: HEAD, the branch it started from, and that branch elsewhere."""
    base = manifest.source.base_ref.removeprefix(_HEADS)
    targets: dict[str, CommitId] = {}
    with suppress(InvalidNameError):
        local = parts.refs.read(ref_name(_HEADS + base)) if base else None
        if local is not None:
            targets[base] = local
    if around.head is not None:
        targets["HEAD"] = around.head
    for ref, commit in around.remotes.items():
        branch = ref.split("/", 3)[-1]
        if branch in (base, "HEAD"):
            targets[ref.removeprefix("refs/remotes/")] = commit
    return targets


def _place(admin: Path) -> Path:
    # Newer gits may write a path that begins at the file's own folder.
    return Path(os.path.normpath(admin / _text(admin / "gitdir"))).parent


def _head(admin: Path) -> str:
    text = _text(admin / "HEAD")
    return text.removeprefix("ref: ") if text.startswith("ref: ") else ""


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_FILE_BYTES).decode("utf-8", "surrogateescape").strip("\n")
    except OSError:
        return ""
