"""Checks a job against itself: manifest, owner, folder, branch and worktree; every defect is named, nothing changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from logist_ci.errors import LogistError, RepositoryError, StoreError, UnknownJobError
from logist_ci.gitstore.branches import is_ancestor
from logist_ci.gitstore.checkout_record import read_record
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.registration import Registration
from logist_ci.job.codec import MANIFEST_BYTES, encode
from logist_ci.job.ids import CommitId, JobId, ref_name
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import FINAL, TRANSIENT
from logist_ci.lifecycle.owner import owner_of
from logist_ci.process.files import read_bounded
from logist_ci.runner.parts import Parts

__all__ = ["Defect", "validate_job", "validate_jobs"]

_Part = Literal["manifest", "owner", "folder", "branch", "worktree"]
_LINK_BYTES = 65_536


@dataclass(frozen=True)
class Defect:
    """Something about a job that is not as it should be: a full sentence, and what to do about it."""

    job: JobId
    part: _Part
    message: str
    remedy: str = ""


def validate_jobs(parts: Parts) -> tuple[Defect, ...]:
    """Return the defects of all jobs that are not archived."""
    return tuple(defect for job_id in parts.store.ids() for defect in validate_job(parts, job_id))


def validate_job(parts: Parts, job_id: JobId) -> tuple[Defect, ...]:
    """Return every defect of one job; none when all is well.

    Raises:
        UnknownJobError: there is no such job.
    """
    try:
        manifest = parts.store.read(job_id).manifest
        parts.store.prompt(job_id)
    except UnknownJobError:
        raise
    except LogistError as failure:
        remedy = failure.hint or f"See how it came about: logist-ci history {job_id}"
        return (Defect(job_id, "manifest", str(failure), remedy),)
    checks = (_owner, _folder, _branch, _worktree)
    return tuple(defect for check in checks for defect in check(parts, manifest))


def _owner(parts: Parts, manifest: Manifest) -> Iterator[Defect]:
    if owner_of(parts, manifest.id, manifest.state) == "gone":
        message = f"The job is {manifest.state.value}, and nobody works on it any more."
        yield Defect(manifest.id, "owner", message, f"Bring it home with: logist-ci recover {manifest.id}")


def _folder(parts: Parts, manifest: Manifest) -> Iterator[Defect]:
    folder = parts.root.folder(manifest.id)
    if not os.path.lexists(folder.base):
        if manifest.state not in FINAL and any(record.attempts for record in manifest.phases):
            message = f"The folder {folder.base} is missing, and the job's logs with it."
            yield Defect(manifest.id, "folder", message, "Its next run makes a new one; what was logged is lost.")
        return
    if folder.base.is_symlink() or not folder.base.is_dir():
        yield Defect(manifest.id, "folder", f"{folder.base} is not a folder.", "Look at it, and move it away.")
        return
    try:
        copied = read_bounded(folder.manifest_copy, MANIFEST_BYTES)
    except FileNotFoundError:
        return
    except LogistError as failure:
        yield Defect(manifest.id, "folder", str(failure), failure.hint or "Look at it, and move it away.")
        return
    if copied != encode(manifest):
        message = f"{folder.manifest_copy} is not what the reference holds, which is the truth."
        yield Defect(manifest.id, "folder", message, "It is written again with the job's next change.")


def _branch(parts: Parts, manifest: Manifest) -> Iterator[Defect]:
    source, head = manifest.source, manifest.result.head
    for what, commit in (("base", source.base_commit), ("result", head)):
        if commit is not None and not _is_there(parts, commit):
            message = f"The commit of its {what}, {commit}, is not in this repository."
            yield Defect(manifest.id, "branch", message, "Fetch it from a clone that has it.")
            return
    tip = parts.refs.read(ref_name(f"refs/heads/{source.branch}"))
    if tip is None:
        if head is not None and manifest.closed_at is None:
            message = f"The branch {source.branch} is missing; the work was at {head}."
            yield Defect(manifest.id, "branch", message, f"Make it again with: git branch {source.branch} {head}")
        return
    if manifest.state not in TRANSIENT and not _follows(parts, head or source.base_commit, tip):
        message = f"The branch {source.branch} at {tip[:10]} does not contain what was harvested."
        remedy = f"Compare: git log {source.branch} {head or source.base_commit}"
        yield Defect(manifest.id, "branch", message, remedy)


def _worktree(parts: Parts, manifest: Manifest) -> Iterator[Defect]:
    folder = parts.root.folder(manifest.id)
    path = folder.workspace
    registration = Registration(manifest.id, path, parts.repository.common_dir)
    present = os.path.lexists(path)

    def defect(message: str, remedy: str = "") -> Defect:
        return Defect(manifest.id, "worktree", message, remedy or _make_again(manifest))

    if registration.exists() and not registration.ours():
        yield defect(f"Git has another worktree named {manifest.id} registered.", "See: git worktree list --porcelain")
    elif registration.exists() and not present:
        yield defect(f"The worktree {path} is registered, and its folder is gone.")
    elif present and (path.is_symlink() or not path.is_dir()):
        yield defect(f"{path} is not a folder.", "Look at it, and move it away.")
    elif present and not registration.exists():
        yield defect(f"The folder {path} is not registered as a worktree.")
    elif present:
        yield from (defect(message) for message in _standing(folder, registration, manifest))


def _standing(folder: JobFolder, registration: Registration, manifest: Manifest) -> Iterator[str]:
    """Yield what is wrong with a worktree that is there and registered."""
    if not _leads_home(registration):
        yield f"The file {registration.link} does not lead to the worktree's own git directory."
    wanted = f"ref: refs/heads/{manifest.source.branch}".encode()
    if manifest.state not in TRANSIENT and registration.head() != wanted:
        yield f"The worktree {folder.workspace} does not stand on {manifest.source.branch}."
    record = read_record(folder)
    if manifest.state not in TRANSIENT and (record is None or not record.ready):
        yield f"The worktree {folder.workspace} was never completely made."


def _leads_home(registration: Registration) -> bool:
    try:
        return read_bounded(registration.link, _LINK_BYTES) == registration.link_content
    except (FileNotFoundError, LogistError):
        return False


def _make_again(manifest: Manifest) -> str:
    if manifest.state in FINAL:
        return f"Remove it with: logist-ci cleanup {manifest.id}"
    return "The job's next run makes it again."


def _is_there(parts: Parts, commit: CommitId) -> bool:
    try:
        return parts.repository.resolve(commit) == commit
    except RepositoryError:
        return False


def _follows(parts: Parts, earlier: CommitId, later: CommitId) -> bool:
    try:
        return is_ancestor(parts.repository, earlier, later)
    except StoreError:
        return False
