"""All jobs at a glance: summaries cached by the commit that they were read from.

The cache can be lost, stale or damaged at any time: the references decide. Reading never writes it;
whoever has changed jobs calls :meth:`SummaryIndex.refresh` when done.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from logist_ci.errors import JobStateError, LogistError
from logist_ci.gitstore.bulk_blobs import read_many
from logist_ci.gitstore.manifest_objects import MANIFEST_NAME, blob_of
from logist_ci.gitstore.manifests import JOBS, ManifestStore, job_of
from logist_ci.gitstore.packing import pack_manifests
from logist_ci.gitstore.summaries import Summary, damaged_summary, summary_in
from logist_ci.job.codec import MANIFEST_BYTES
from logist_ci.job.ids import CommitId, JobId
from logist_ci.process.files import read_bounded, write_atomically

__all__ = ["Summary", "SummaryIndex"]

#: Another form of the file has another number, and is read as if it were not there.
_VERSION = 1
_INDEX_BYTES = 500_000_000
# Starting git takes as long as reading this many manifests one by one.
_MANY = 50


class _File(msgspec.Struct, frozen=True):
    version: int
    summaries: tuple[Summary, ...]


_DECODER = msgspec.json.Decoder(_File)


class SummaryIndex:
    """The summaries of all jobs of a store that are not archived; ``file`` is the cache."""

    def __init__(self, store: ManifestStore, file: Path) -> None:
        self._store = store
        self._file = file

    def summaries(self) -> list[Summary]:
        """Return every job's summary as of now, in the order of their ids; nothing is written.

        A job whose manifest is damaged is there with its ``defect``.
        """
        return self._current(self._cached())

    def refresh(self) -> list[Summary]:
        """Return what :meth:`summaries` does, bring the cache up to date, and pack manifests that have become many.

        That neither can be written is no error.
        """
        cached = self._cached()
        current = self._current(cached)
        good = tuple(summary for summary in current if not summary.defect)
        if {summary.id: summary for summary in good} != cached and self._file.parent.is_dir():
            self._write(good)
        with suppress(LogistError):
            pack_manifests(self._store.refs)
        return current

    def rebuild(self) -> list[Summary]:
        """Return every job's summary, all read anew, and write the cache.

        Raises:
            MissingError: the cache may not be written.
            StoreError: the disk refused.
        """
        current = self._current({})
        write_atomically(self._file, _encoded(summary for summary in current if not summary.defect))
        return current

    def _cached(self) -> dict[str, Summary]:
        try:
            stored = _DECODER.decode(read_bounded(self._file, _INDEX_BYTES))
        except (FileNotFoundError, LogistError, msgspec.DecodeError, UnicodeDecodeError):
            return {}
        return {summary.id: summary for summary in stored.summaries} if stored.version == _VERSION else {}

    def _current(self, cached: dict[str, Summary]) -> list[Summary]:
        refs = self._store.refs.survey(JOBS)
        found: dict[JobId, Summary] = {}
        stale: list[tuple[JobId, CommitId]] = []
        for ref, commit in refs.good.items():
            known = cached.get(ref[len(JOBS) :])
            if known is not None and known.commit == commit:
                found[known.id] = known
            elif job := job_of(ref):
                stale.append((job, commit))
        found.update((summary.id, summary) for summary in self._read(stale))
        for ref in refs.damaged:
            if job := job_of(ref):
                found[job] = damaged_summary(job, CommitId(""), f"The reference {ref} is damaged.")
        return [found[job] for job in sorted(found)]

    def _read(self, stale: list[tuple[JobId, CommitId]]) -> list[Summary]:
        repository = self._store.refs.repository
        blobs: Iterable[bytes | None] = [None] * len(stale)
        if len(stale) >= _MANY:
            blobs = read_many(repository, [commit for _, commit in stale], MANIFEST_NAME)
        return [
            self._read_one(job, commit) if blob is None else summary_in(blob, job, commit)
            for (job, commit), blob in zip(stale, blobs, strict=True)
        ]

    def _read_one(self, job: JobId, commit: CommitId) -> Summary:
        try:
            blob = blob_of(self._store.refs.repository.raw, commit, MANIFEST_NAME, MANIFEST_BYTES)
        except JobStateError as defect:
            return damaged_summary(job, commit, str(defect))
        return summary_in(blob, job, commit)

    def _write(self, summaries: tuple[Summary, ...]) -> None:
        with suppress(LogistError):
            write_atomically(self._file, _encoded(summaries), sync=False)


def _encoded(summaries: Iterable[Summary]) -> bytes:
    return msgspec.json.encode(_File(_VERSION, tuple(summaries)))
