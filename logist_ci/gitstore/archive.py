"""Closed jobs, a month in one reference: thousands of live ones would slow every push and fetch down.

The tree of ``refs/logist/archive/<yyyy-mm>`` has an entry ``<job-id>/`` for each job, with the files of
its last manifest and ``commit``, the id of that manifest's own commit. The archive's commit has it
as a second parent, so that the job's whole history stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pygit2
from pygit2.enums import FileMode

from logist_ci.errors import InvalidNameError, JobStateError, LostRaceError, UsageError
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.manifest_objects import Draft, entries_of, tree_of, write_tree_commit
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity
from logist_ci.job.ids import JOB_ID_PATTERN, CommitId, JobId, RefName, commit_id
from logist_ci.process.clock import Clock

__all__ = ["ARCHIVE", "Archive", "Archived"]

#: Where the references of all months are.
ARCHIVE = "refs/logist/archive/"

_TIP = b"commit"


@dataclass(frozen=True)
class Archived:
    """Where a job is in the archive, and the commit of its last manifest."""

    month: str
    tip: CommitId


class Archive:
    """The archive of one repository."""

    def __init__(self, refs: RefStore, identity: Identity, clock: Clock) -> None:
        self._refs = refs
        self._identity = identity
        self._clock = clock

    def ids(self) -> frozenset[JobId]:
        """Return the jobs of all months."""
        raw = self._refs.repository.raw
        return frozenset(
            JobId(name.decode())
            for _, commit in self._months()
            for name in entries_of(raw, tree_of(raw, commit))
            if re.fullmatch(JOB_ID_PATTERN.encode(), name)
        )

    def find(self, job: JobId) -> Archived | None:
        """Return where ``job`` is, or ``None``; the newest month first.

        Raises:
            JobStateError: its entry is damaged.
        """
        raw = self._refs.repository.raw
        for month, commit in self._months():
            with translated_git_errors(f"read the archive {month}"):
                jobs = raw[commit].peel(pygit2.Tree)
                if job in jobs:
                    return Archived(month, self._tip(job, str(jobs[job].id)))
        return None

    def add(self, job: JobId, tip: CommitId, month: str) -> CommitId:
        """Put ``job`` with the manifest of the commit ``tip`` into ``month``; return the archive's new commit.

        Raises:
            UsageError: ``month`` is not of the form ``yyyy-mm``.
            JobStateError: ``tip`` holds no manifest.
        """
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise UsageError(f"{month!r} is not a month.", hint="Write for example 2026-01.")
        raw = self._refs.repository.raw
        with translated_git_errors(f"archive the job {job}"):
            entry = raw.TreeBuilder(tree_of(raw, tip))
            entry.insert(_TIP.decode(), raw.create_blob(f"{tip}\n".encode()), FileMode.BLOB)
            folder = entry.write()

        def put(tree: pygit2._pygit2.TreeBuilder) -> None:
            tree.insert(job, folder, FileMode.TREE)

        return self._changed(month, put, f"Archive {job}", (tip,))

    def discard(self, job: JobId) -> None:
        """Take ``job`` out of the archive's newest tree; its past commits keep it."""
        while (found := self.find(job)) is not None:
            self._changed(found.month, lambda tree: tree.remove(job), f"Restore {job}", ())

    def _changed(
        self, month: str, change: Callable[[pygit2._pygit2.TreeBuilder], None], message: str, more: tuple[CommitId, ...]
    ) -> CommitId:
        ref = RefName(ARCHIVE + month)
        raw = self._refs.repository.raw
        while True:
            before = self._refs.read(ref)
            with translated_git_errors(f"change the archive {month}"):
                tree = raw.TreeBuilder(tree_of(raw, before)) if before else raw.TreeBuilder()
                change(tree)
                parents = (before, *more) if before else more
                draft = Draft(message, self._identity, self._clock.now(), parents)
                after = write_tree_commit(raw, tree.write(), draft)
            try:
                self._refs.write(ref, after, expected=before)
            except LostRaceError:
                continue
            return after

    def _months(self) -> Iterator[tuple[str, CommitId]]:
        for ref, commit in sorted(self._refs.list(ARCHIVE).items(), reverse=True):
            yield ref.removeprefix(ARCHIVE), commit

    def _tip(self, job: JobId, entry: str) -> CommitId:
        raw = self._refs.repository.raw
        blob = entries_of(raw, entry).get(_TIP)
        if blob is None:
            raise JobStateError(f"The archive's entry of {job} does not say which commit it comes from.")
        try:
            return commit_id(raw.odb.read(pygit2.Oid(hex=blob))[1].decode("ascii", "replace").strip())
        except (InvalidNameError, KeyError) as defect:
            raise JobStateError(f"The archive's entry of {job} is damaged.") from defect
