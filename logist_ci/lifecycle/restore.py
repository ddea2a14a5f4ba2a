"""Undoing a cleanup: the manifest comes back from the archive with its history, branch and files where they were."""

from __future__ import annotations

import re
from dataclasses import dataclass

from logist_ci.errors import LogistError, LostRaceError, RefusedError, RepositoryError, StoreError, UnknownJobError
from logist_ci.gitstore.branches import KEPT, RESCUED
from logist_ci.job.ids import CommitId, JobId, RefName, commit_id, ref_name
from logist_ci.job.manifest import Manifest
from logist_ci.job.transitions import Close
from logist_ci.lifecycle.cleanup.execute import BRANCH_WAS_AT, CLEANED_UP
from logist_ci.lifecycle.cleanup.keeping import bring_back
from logist_ci.runner.parts import Parts

__all__ = ["Restored", "find_archived", "restore_job"]

_WAS_AT = re.compile(re.escape(BRANCH_WAS_AT) + "([0-9a-f]{40})")


@dataclass(frozen=True)
class Restored:
    """What came back. ``tip`` is where the branch is, ``None`` for a job that had none.

    ``saved`` are the references under which cleanups saved what was uncommitted or unmerged; the worktree
    itself is made again when the job runs.
    """

    manifest: Manifest
    tip: CommitId | None
    saved: tuple[RefName, ...]


def find_archived(parts: Parts, text: str) -> JobId:
    """Return the archived job that ``text`` means: its id, or a beginning that no other has.

    Raises:
        UnknownJobError: none, or several, answer to it.
    """
    ids = parts.store.archived_ids()
    matching = [job for job in ids if job == text] or [job for job in ids if text and job.startswith(text)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise UnknownJobError(f"{text!r} is the beginning of several jobs.", hint=f"Say which: {', '.join(matching)}")
    raise UnknownJobError(f"The archive has no job {text!r}.", hint="See which there are with: logist-ci list --all")


def restore_job(parts: Parts, job_id: JobId) -> Restored:
    """Bring back a job that was cleaned up; one whose restoring was interrupted is finished.

    Raises:
        UnknownJobError: there is no such job.
        RefusedError: its branch exists already, somewhere else, or its commits are gone; nothing has changed then.
    """
    manifest = _last_manifest(parts, job_id)
    tip = _tip(parts, manifest)
    if tip is not None:
        _bring_branch_back(parts, manifest, tip)
    if job_id in parts.store.archived_ids():
        parts.store.restore_archived(job_id)
    # Before the change, which writes the copy of the manifest into the folder.
    bring_back(parts.root.folder(job_id))
    restored = parts.store.change(
        job_id, lambda current: Close(now=None) if current.closed_at else None, note="restored"
    )
    parts.index.refresh()
    return Restored(restored.manifest, tip, tuple(sorted(parts.refs.list(f"{RESCUED}{job_id}/"))))


def _last_manifest(parts: Parts, job_id: JobId) -> Manifest:
    try:
        return parts.store.read_archived(job_id).manifest
    except UnknownJobError:
        return parts.store.read(job_id).manifest


def _tip(parts: Parts, manifest: Manifest) -> CommitId | None:
    """Return where the branch was; ``None`` when the cleanup found none, or the branch is there."""
    ref = ref_name(f"refs/heads/{manifest.source.branch}")
    if manifest.closed_at is None:
        return parts.refs.read(ref)
    newest = next((entry for entry in parts.store.history(manifest.id) if CLEANED_UP in entry.message), None)
    match = _WAS_AT.search(newest.message) if newest else None
    return commit_id(match[1]) if match else None


def _bring_branch_back(parts: Parts, manifest: Manifest, tip: CommitId) -> None:
    branch = manifest.source.branch
    try:
        parts.repository.resolve(tip)
        parts.refs.write(ref_name(f"refs/heads/{branch}"), tip, expected=None, message=f"restore {manifest.id}")
    except (RepositoryError, StoreError) as defect:
        _explain(parts, manifest, tip, defect)


def _explain(parts: Parts, manifest: Manifest, tip: CommitId, defect: LogistError) -> None:
    """Return quietly when the branch is where it should be; refuse otherwise."""
    branch = manifest.source.branch
    present = parts.refs.read(ref_name(f"refs/heads/{branch}"))
    if present == tip:
        return
    if isinstance(defect, LostRaceError) and present is not None:
        raise RefusedError(
            f"The branch {branch} exists already, at {present[:10]}; it was at {tip[:10]} when it was cleaned up.",
            hint=f"Rename it first: git branch --move {branch} {branch}-other",
        ) from defect
    kept = [*parts.refs.list(f"{KEPT}{manifest.id}/"), *parts.refs.list(f"{RESCUED}{manifest.id}/")]
    hint = f"Saved for this job: {', '.join(kept)}" if kept else "Fetch them from a clone that still has them."
    raise RefusedError(
        f"The commits of {branch} ({tip[:10]}) are not in this repository any more, so it cannot be restored.",
        hint=hint,
    ) from defect
