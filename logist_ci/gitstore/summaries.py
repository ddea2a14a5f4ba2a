"""A job in short, as lists show it: read from a manifest without reading what lists do not show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from logist_ci.errors import JobStateError
from logist_ci.job.codec import MANIFEST_BYTES, decode
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.manifest import SCHEMA, Blocked, Manifest, Phase
from logist_ci.job.states import State

__all__ = ["UNKNOWN_TIME", "Summary", "damaged_summary", "summarise", "summary_in"]

#: When a job was created whose manifest cannot be read.
UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Summary(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What a list shows of a job; ``commit`` is where its manifest is.

    ``defect`` says why the manifest cannot be read; ``state`` and ``phase`` are ``None`` then.
    ``verdict`` is the one of the last attempt that ended.
    """

    id: JobId
    commit: CommitId
    title: str = ""
    state: State | None = None
    phase: Phase | None = None
    attempt: int = 0
    agent: str = ""
    runtime: str = ""
    recipe: str | None = None
    created_at: datetime = UNKNOWN_TIME
    priority: int = 0
    keep: bool = False
    needs: tuple[str, ...] = ()
    branch: str = ""
    base_ref: str = ""
    owner: str = ""
    resume_to: State | None = None
    wanted: Literal["suspend", "cancel"] | None = None
    not_before: datetime | None = None
    blocked_code: str = ""
    verdict: str = ""
    head: str | None = None
    files: int = 0
    insertions: int = 0
    deletions: int = 0
    cost_usd: float | None = None
    tokens: int | None = None
    wall_s: float = 0.0
    pull: int | None = None
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    defect: str = ""


class _AgentView(msgspec.Struct, frozen=True, gc=False):
    name: str


class _SpecView(msgspec.Struct, frozen=True, gc=False):
    agent: _AgentView
    runtime: str = "auto"
    recipe: str | None = None
    needs: tuple[str, ...] = ()
    priority: int = 0
    keep: bool = False


class _SourceView(msgspec.Struct, frozen=True, gc=False):
    branch: str
    base_ref: str = ""


class _AttemptView(msgspec.Struct, frozen=True, gc=False):
    verdict: str | None = None


class _PhaseView(msgspec.Struct, frozen=True, gc=False):
    name: Phase
    attempts: tuple[_AttemptView, ...] = ()


class _UsageView(msgspec.Struct, frozen=True, gc=False):
    tokens: int | None = None
    cost_usd: float | None = None
    wall_s: float = 0.0


class _ResultView(msgspec.Struct, frozen=True, gc=False):
    head: str | None = None
    files: int = 0
    insertions: int = 0
    deletions: int = 0


class _PublicationView(msgspec.Struct, frozen=True, gc=False):
    pull: int | None = None
    merged_at: datetime | None = None


class _View(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The parts of a manifest that a summary needs; the rest is skipped, which saves most of the time."""

    id: JobId
    title: str
    created_at: datetime
    source: _SourceView
    spec: _SpecView
    state: State
    phase: Phase
    schema: int = 0
    resume_to: State | None = None
    wanted: Literal["suspend", "cancel"] | None = None
    not_before: datetime | None = None
    attempt: int = 1
    owner: str = ""
    blocked: Blocked | None = None
    phases: tuple[_PhaseView, ...] = ()
    usage: _UsageView = _UsageView()
    result: _ResultView = _ResultView()
    publication: _PublicationView = _PublicationView()
    closed_at: datetime | None = None


_VIEW = msgspec.json.Decoder(_View)


def summary_in(data: bytes, job: JobId, commit: CommitId) -> Summary:
    """Return the summary of the manifest ``data`` of ``job``; its defect, where it has one that is seen from here.

    What a list does not show is not checked; validating a job reads all of it.
    """
    try:
        return summarise(_viewed(data), job, commit)
    except JobStateError as defect:
        return damaged_summary(job, commit, str(defect))


def summarise(manifest: Manifest | _View, job: JobId, commit: CommitId) -> Summary:
    """Return the summary of ``manifest``, which is to be the one of ``job``.

    Raises:
        JobStateError: it is another job's.
    """
    if manifest.id != job:
        raise JobStateError(f"The manifest stored for {job} is the one of {manifest.id}.")
    source, spec, result, usage = manifest.source, manifest.spec, manifest.result, manifest.usage
    return Summary(
        id=job,
        commit=commit,
        title=manifest.title,
        state=manifest.state,
        phase=manifest.phase,
        attempt=manifest.attempt,
        agent=spec.agent.name,
        runtime=spec.runtime,
        recipe=spec.recipe,
        created_at=manifest.created_at,
        priority=spec.priority,
        keep=spec.keep,
        needs=spec.needs,
        branch=source.branch,
        base_ref=source.base_ref,
        owner=manifest.owner,
        resume_to=manifest.resume_to,
        wanted=manifest.wanted,
        not_before=manifest.not_before,
        blocked_code=manifest.blocked.code if manifest.blocked else "",
        verdict=_verdict(manifest),
        head=result.head,
        files=result.files,
        insertions=result.insertions,
        deletions=result.deletions,
        cost_usd=usage.cost_usd,
        tokens=usage.tokens,
        wall_s=usage.wall_s,
        pull=manifest.publication.pull,
        merged_at=manifest.publication.merged_at,
        closed_at=manifest.closed_at,
    )


def damaged_summary(job: JobId, commit: CommitId, defect: str) -> Summary:
    """Return what is known about a job whose manifest cannot be read."""
    return Summary(id=job, commit=commit, defect=defect)


def _viewed(data: bytes) -> Manifest | _View:
    if len(data) > MANIFEST_BYTES:
        return decode(data)
    try:
        view = _VIEW.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # The full reader says what is wrong with it, or migrates it.
        return decode(data)
    return view if view.schema == SCHEMA else decode(data)


def _verdict(manifest: Manifest | _View) -> str:
    last = ""
    for record in manifest.phases:
        for attempt in record.attempts:
            if attempt.verdict:
                last = attempt.verdict
        if last and record.name == manifest.phase:
            break
    return last
