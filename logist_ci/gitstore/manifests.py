"""The manifests of all jobs: each on a reference of its own, changed only by one legal transition at a time."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import pygit2

from logist_ci.errors import InvalidNameError, JobStateError, LogistError, LostRaceError, RefusedError, UnknownJobError
from logist_ci.gitstore.archive import Archive
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.folders import JobsRoot
from logist_ci.gitstore.manifest_objects import (
    MANIFEST_NAME,
    PROMPT_NAME,
    Draft,
    blob_of,
    contents_of,
    manifest_in,
    parents_of,
    prompt_in,
    write_commit,
)
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity
from logist_ci.job.codec import MANIFEST_BYTES, encode
from logist_ci.job.ids import CommitId, JobId, RefName, job_id
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.job.transitions import Transition, apply, describe
from logist_ci.process.clock import Clock
from logist_ci.process.files import write_atomically

__all__ = ["JOBS", "HistoryEntry", "ManifestStore", "Stored", "job_of", "job_ref"]

#: Where the references of all jobs' manifests are.
JOBS = "refs/logist/jobs/"

_SHOWN = 10
_STATE = re.compile(rb'"state":\s*"([A-Z_]+)"')


@dataclass(frozen=True)
class Stored:
    """A manifest, and the commit that holds it."""

    manifest: Manifest
    commit: CommitId


@dataclass(frozen=True)
class HistoryEntry:
    """One change of a manifest; ``state`` is ``None`` where the stored manifest cannot be read."""

    commit: CommitId
    at: datetime
    message: str
    state: State | None


def job_ref(job: JobId) -> RefName:
    """Return the reference of a job's manifest."""
    return RefName(JOBS + job)


class ManifestStore:
    """The manifests of one repository. All methods may be called from any thread and any process.

    With a ``root`` every change also renews the readable copy in the job's folder, where there is one.
    """

    def __init__(self, refs: RefStore, identity: Identity, clock: Clock, root: JobsRoot | None = None) -> None:
        self.refs = refs
        self._identity = identity
        self._clock = clock
        self._root = root
        self._archive = Archive(refs, identity, clock)

    def create(self, manifest: Manifest, *, prompt: str) -> Stored:
        """Store the first manifest of a job, and the prompt beside it.

        Raises:
            RefusedError: the job exists already, be it in the archive.
        """
        taken = RefusedError(f"The job {manifest.id} exists already.", hint="Choose another id with --id.")
        if self._archive.find(manifest.id) is not None:
            raise taken
        with translated_git_errors(f"store the prompt of {manifest.id}"):
            blob = self._raw.create_blob(prompt.encode("utf-8", "surrogateescape"))
        commit = self._written(manifest, blob, describe(None, manifest), ())
        try:
            self.refs.write(job_ref(manifest.id), commit, expected=None)
        except LostRaceError as defect:
            raise taken from defect
        return self._copied(Stored(manifest, commit))

    def read(self, job: JobId) -> Stored:
        """Return the current manifest of ``job``.

        Raises:
            UnknownJobError: there is no such job.
            JobStateError: its manifest is damaged, or another job's.
            NewerSchemaError: a newer Logist CI wrote it.
        """
        commit = self._tip(job)
        return Stored(manifest_in(self._raw, job, commit), commit)

    def prompt(self, job: JobId) -> str:
        """Return the prompt of ``job`` as it was stored at its creation."""
        return prompt_in(self._raw, self._tip(job))

    def change(self, job: JobId, decide: Callable[[Manifest], Transition | None], *, note: str = "") -> Stored:
        """Change a manifest by what ``decide`` makes of it; nothing is stored where nothing changes.

        When somebody else changes it meanwhile, ``decide`` is asked again with the new one.

        Raises:
            UnknownJobError: there is no such job.
            JobStateError: the transition is not allowed now, or the manifest is damaged.
        """
        while True:
            tip = self._tip(job)
            before, prompt = contents_of(self._raw, job, tip)
            transition = decide(before)
            after = before if transition is None else apply(before, transition)
            if after == before:
                return Stored(before, tip)
            commit = self._written(after, prompt, describe(before, after, note), (tip,))
            try:
                self.refs.write(job_ref(job), commit, expected=tip)
            except LostRaceError:
                continue
            return self._copied(Stored(after, commit))

    def ids(self) -> list[JobId]:
        """Return all jobs that are not archived, in alphabetical order."""
        return sorted(job for job in map(job_of, self.refs.list(JOBS)) if job)

    def find(self, text: str) -> JobId:
        """Return the job that ``text`` means: its id, a beginning that no other has, or ``@last`` for the newest.

        Raises:
            UnknownJobError: no job, or several, answer to it.
        """
        ids = self.ids()
        if text == "@last":
            return self._newest(ids)
        if text in ids:
            return JobId(text)
        matching = [job for job in ids if text and job.startswith(text)]
        if len(matching) == 1:
            return matching[0]
        if matching:
            raise UnknownJobError(f"{text!r} is the beginning of several jobs.", hint=f"Say which: {_some(matching)}")
        close = difflib.get_close_matches(text, ids, n=3)
        near = f"Did you mean: {_some(close)}" if close else "See which there are with: logist-ci list"
        raise UnknownJobError(f"There is no job {text!r}.", hint=near)

    def history(self, job: JobId) -> list[HistoryEntry]:
        """Return all changes of a job's manifest, the newest first; also of an archived job.

        Raises:
            UnknownJobError: there is no such job.
        """
        archived = self._archive.find(job)
        at: CommitId | None = archived.tip if archived and self._read_ref(job) is None else self._tip(job)
        entries = []
        while at is not None:
            entries.append(self._entry(at))
            # A shallow clone lacks what is older.
            older = next(iter(parents_of(self._raw, at)), None)
            at = older if older is not None and older in self._raw else None
        return entries

    def remove(self, job: JobId, expected: CommitId) -> None:
        """Forget a job, provided its manifest is at ``expected``.

        Raises:
            LostRaceError: somebody has changed it.
        """
        self.refs.delete(job_ref(job), expected=expected)

    def archive(self, job: JobId, month: str) -> CommitId:
        """Move a job into the archive of ``month`` (``yyyy-mm``); return the archive's new commit.

        Raises:
            UnknownJobError: there is no such job.
            LostRaceError: somebody changed the job meanwhile; it is not archived then.
        """
        stored = self.read(job)
        commit = self._archive.add(job, stored.commit, month)
        self.remove(job, stored.commit)
        return commit

    def archived_ids(self) -> list[JobId]:
        """Return the jobs in the archive, in alphabetical order."""
        return sorted(self._archive.ids())

    def read_archived(self, job: JobId) -> Stored:
        """Return the last manifest of an archived job.

        Raises:
            UnknownJobError: the archive does not have it.
            JobStateError: it is damaged.
        """
        tip = self._archived_tip(job)
        return Stored(manifest_in(self._raw, job, tip), tip)

    def restore_archived(self, job: JobId) -> Stored:
        """Bring a job back from the archive with its whole history; one that is back already stays as it is.

        Raises:
            UnknownJobError: the archive does not have it.
        """
        if self._read_ref(job) is None:
            tip = self._archived_tip(job)
            self.refs.write(job_ref(job), tip, expected=None)
        self._archive.discard(job)
        return self._copied(self.read(job))

    @property
    def _raw(self) -> pygit2.Repository:
        return self.refs.repository.raw

    def _read_ref(self, job: JobId) -> CommitId | None:
        return self.refs.read(job_ref(job_id(job)))

    def _tip(self, job: JobId) -> CommitId:
        commit = self._read_ref(job)
        if commit is None:
            raise UnknownJobError(f"There is no job {job!r}.", hint="See which there are with: logist-ci list")
        return commit

    def _archived_tip(self, job: JobId) -> CommitId:
        found = self._archive.find(job_id(job))
        if found is None:
            raise UnknownJobError(f"The archive has no job {job!r}.", hint="See: logist-ci list --all")
        return found.tip

    def _written(
        self, manifest: Manifest, prompt: pygit2.Oid | None, message: str, parents: tuple[CommitId, ...]
    ) -> CommitId:
        with translated_git_errors(f"store the manifest of {manifest.id}"):
            files = {
                MANIFEST_NAME: self._raw.create_blob(encode(manifest)),
                PROMPT_NAME: prompt or self._raw.create_blob(b""),
            }
        return write_commit(self._raw, files, Draft(message, self._identity, self._clock.now(), parents))

    def _copied(self, stored: Stored) -> Stored:
        if self._root is not None:
            folder = self._root.folder(stored.manifest.id)
            if folder.base.is_dir():
                # The reference is the truth: a copy that cannot be renewed must not fail what was decided,
                # and after a power cut nobody misses it.
                with suppress(LogistError):
                    write_atomically(folder.manifest_copy, encode(stored.manifest), sync=False)
        return stored

    def _newest(self, ids: list[JobId]) -> JobId:
        def created(job: JobId) -> datetime:
            try:
                return self.read(job).manifest.created_at
            except JobStateError:
                return datetime.min.replace(tzinfo=UTC)

        if not ids:
            raise UnknownJobError("There is no job yet.", hint='Make one with: logist-ci run "what is to be done"')
        return max(ids, key=created)

    def _entry(self, commit: CommitId) -> HistoryEntry:
        with translated_git_errors(f"read the commit {commit[:10]}"):
            found = self._raw[commit].peel(pygit2.Commit)
        at = datetime.fromtimestamp(found.commit_time, UTC)
        return HistoryEntry(commit, at, found.message.strip(), self._state(commit))

    def _state(self, commit: CommitId) -> State | None:
        try:
            match = _STATE.search(blob_of(self._raw, commit, MANIFEST_NAME, MANIFEST_BYTES))
            return State(match[1].decode()) if match else None
        except (JobStateError, ValueError):
            return None


def job_of(ref: RefName) -> JobId | None:
    """Return the job whose manifest ``ref`` is, or ``None`` where no job can be called that."""
    try:
        return job_id(ref.removeprefix(JOBS))
    except InvalidNameError:
        return None


def _some(jobs: Sequence[str]) -> str:
    more = f" and {len(jobs) - _SHOWN} more" if len(jobs) > _SHOWN else ""
    return ", ".join(jobs[:_SHOWN]) + more
