"""What there is to say about jobs, as values: the same for people, for JSON and for programs that embed us."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from logist_ci.gitstore.manifests import HistoryEntry
from logist_ci.gitstore.summaries import Summary
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.manifest import Attempt, CheckResult, Finding, Manifest, Phase
from logist_ci.job.states import TRANSIENT, State

__all__ = [
    "Detail",
    "Facts",
    "LimitUse",
    "Line",
    "Owner",
    "Past",
    "Stats",
    "Try",
    "detail",
    "limits_used",
    "line",
    "milestones",
    "next_commands",
    "past",
    "shown_state",
    "statistics",
]

Owner = Literal["alive", "gone", "none"]
_MILESTONES = {
    Phase.PLAN: "planned",
    Phase.GENERATE: "generated",
    Phase.REVIEW: "reviewed",
    Phase.VALIDATE: "validated",
    Phase.PACKAGE: "packaged",
    Phase.DEPLOY: "deployed",
}


class _Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is shown."""


class Facts(_Shown, frozen=True, kw_only=True):
    """What this machine knows about a job beside its manifest; ``disk_bytes`` is ``None`` where nobody measured."""

    owner: Owner = "none"
    folder: str = ""
    workspace: str | None = None
    output: str | None = None
    disk_bytes: int | None = None
    trouble: str = ""


class Line(_Shown, frozen=True, kw_only=True):
    """One job in a list; ``state`` and ``phase`` are ``None`` where its manifest has a ``defect``."""

    id: JobId
    title: str
    state: State | None
    shown: str
    phase: Phase | None
    attempt: int
    agent: str
    runtime: str
    branch: str
    priority: int
    created_at: datetime
    wanted: str | None = None
    not_before: datetime | None = None
    needs: tuple[str, ...] = ()
    verdict: str = ""
    blocked: str = ""
    files: int = 0
    owner: Owner = "none"
    defect: str = ""
    next: str = ""


class LimitUse(_Shown, frozen=True, kw_only=True):
    """How much of a limit is used; ``None`` is unlimited, or unknown. ``of`` says what it counts for."""

    name: str
    used: float | None
    allowed: float | None
    unit: Literal["s", "bytes", "usd", "count"]
    of: Literal["attempt", "job"] = "attempt"


class Try(_Shown, frozen=True, kw_only=True):
    """One attempt at one phase."""

    phase: Phase
    number: int
    role: str
    agent: str
    attempt: Attempt


class Detail(_Shown, frozen=True, kw_only=True):
    """Everything about one job. ``checked`` is ``None`` where no check has run."""

    manifest: Manifest
    shown: str
    facts: Facts
    limits: tuple[LimitUse, ...]
    tries: tuple[Try, ...]
    checked: bool | None
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    milestones: tuple[str, ...]
    next: tuple[str, ...]


class Stats(_Shown, frozen=True, kw_only=True):
    """How many jobs there are. ``queued`` could be run now; ``disk_bytes`` are those of all jobs' folders."""

    jobs: int
    by_state: dict[str, int]
    by_agent: dict[str, int]
    queued: int
    waiting: int
    running: int
    archived: int
    damaged: int
    disk_bytes: int


class Past(_Shown, frozen=True, kw_only=True):
    """One change of a manifest."""

    at: datetime
    state: State | None
    what: str
    commit: CommitId


def shown_state(state: State, phase: Phase, owner: Owner) -> str:
    """Return the state as people see it: REVIEWING is running in a phase that judges, and a dead owner is said."""
    name = "REVIEWING" if state is State.RUNNING and phase in (Phase.REVIEW, Phase.VALIDATE) else state.value
    return f"{name} (owner gone)" if state in TRANSIENT and owner != "alive" else name


def line(summary: Summary, owner: Owner, now: datetime) -> Line:
    """Return a job as a line of a list."""
    state, phase = summary.state, summary.phase
    shown = "DAMAGED" if state is None or phase is None else shown_state(state, phase, owner)
    closed = summary.closed_at is not None
    following = next_commands(summary.id, state, owner, now, summary.not_before, changed=bool(summary.files))
    return Line(
        id=summary.id,
        title=summary.title,
        state=state,
        shown=f"{shown} (cleaned up)" if closed else shown,
        phase=phase,
        attempt=summary.attempt,
        agent=summary.agent,
        runtime=summary.runtime,
        branch=summary.branch,
        priority=summary.priority,
        created_at=summary.created_at,
        wanted=summary.wanted,
        not_before=summary.not_before,
        needs=summary.needs,
        verdict=summary.verdict,
        blocked=summary.blocked_code,
        files=summary.files,
        owner=owner,
        defect=summary.defect,
        next=f"logist-ci restore {summary.id}" if closed else following[0],
    )


def next_commands(
    job_id: JobId,
    state: State | None,
    owner: Owner,
    now: datetime,
    not_before: datetime | None = None,
    *,
    changed: bool = True,
) -> tuple[str, ...]:
    """Return the commands that lead on from where a job is, the likeliest first; ``None`` is a damaged manifest.

    ``changed`` says that there is something to look at and to apply.
    """
    if state is None:
        return (f"logist-ci validate {job_id}",)
    if state in TRANSIENT and owner != "alive":
        return (f"logist-ci recover {job_id}",)
    if state is State.PENDING and not_before and not_before > now:
        return (f"logist-ci run --job {job_id}   (after {not_before:%Y-%m-%d %H:%M:%S} UTC)",)
    if state is State.SUCCESS and not changed:
        return (f"logist-ci cleanup {job_id}",)
    return tuple(f"logist-ci {words} {job_id}" for words in _LEADS_ON[state])


_LEADS_ON: Mapping[State, tuple[str, ...]] = {
    State.DRAFT: ("activate",),
    State.PENDING: ("run --job",),
    State.PROVISIONING: ("logs -f", "stop"),
    State.RUNNING: ("logs -f", "stop"),
    State.HARVESTING: ("logs -f",),
    State.APPROVAL_REQUIRED: ("diff", "approve", "reject"),
    State.INTERVENTION_REQUIRED: ("logs", "diff", "rerun"),
    State.SUSPENDED: ("resume",),
    State.SUCCESS: ("diff", "apply"),
    State.CANCELED: ("cleanup",),
}


def detail(manifest: Manifest, facts: Facts, now: datetime) -> Detail:
    """Return everything about a job."""
    checks = manifest.result.checks
    return Detail(
        manifest=manifest,
        shown=shown_state(manifest.state, manifest.phase, facts.owner),
        facts=facts,
        limits=limits_used(manifest, facts, now),
        tries=_tries(manifest),
        checked=all(check.ok for check in checks) if checks else None,
        checks=checks,
        findings=manifest.result.findings,
        milestones=milestones(manifest),
        next=next_commands(
            manifest.id, manifest.state, facts.owner, now, manifest.not_before, changed=bool(manifest.result.files)
        ),
    )


def limits_used(manifest: Manifest, facts: Facts, now: datetime) -> tuple[LimitUse, ...]:
    """Return each limit of a job with what is used of it; time counts for the newest attempt."""
    limits, usage = manifest.spec.limits, manifest.usage
    newest = max((each.attempt for each in _tries(manifest)), key=lambda attempt: attempt.started_at, default=None)
    elapsed = None if newest is None else ((newest.ended_at or now) - newest.started_at).total_seconds()
    return (
        LimitUse(name="wall", used=elapsed, allowed=limits.wall_s, unit="s"),
        LimitUse(name="idle", used=None, allowed=limits.idle_s, unit="s"),
        LimitUse(name="output", used=None, allowed=limits.output_bytes, unit="bytes"),
        LimitUse(name="memory", used=usage.peak_rss or None, allowed=limits.memory_bytes, unit="bytes"),
        LimitUse(name="disk", used=facts.disk_bytes, allowed=limits.disk_bytes, unit="bytes", of="job"),
        LimitUse(name="attempts", used=manifest.attempt, allowed=limits.attempts, unit="count", of="job"),
        LimitUse(name="cost_usd", used=usage.cost_usd, allowed=limits.cost_usd, unit="usd", of="job"),
        LimitUse(name="tokens", used=usage.tokens, allowed=limits.tokens, unit="count", of="job"),
        LimitUse(name="turns", used=usage.turns, allowed=limits.turns, unit="count", of="job"),
    )


def milestones(manifest: Manifest) -> tuple[str, ...]:
    """Return how far a job has come: ``created``, what its completed phases reached, then ``done`` or ``failed``."""
    completed = [
        record.name for record in manifest.phases if record.attempts and record.attempts[-1].verdict == "completed"
    ]
    reached = [_MILESTONES[phase] for phase in manifest.spec.phases if phase in completed]
    end = {State.SUCCESS: ["done"], State.CANCELED: ["failed"], State.INTERVENTION_REQUIRED: ["failed"]}
    return ("created", *reached, *end.get(manifest.state, []))


def statistics(summaries: Sequence[Summary], *, now: datetime, archived: int = 0, disk_bytes: int = 0) -> Stats:
    """Return how many jobs there are in which state."""
    return Stats(
        jobs=len(summaries),
        by_state={state.value: number for state in State if (number := sum(job.state is state for job in summaries))},
        by_agent=_counted(job.agent for job in summaries if job.agent),
        queued=sum(_ready(job, now) for job in summaries),
        waiting=sum(job.state in (State.APPROVAL_REQUIRED, State.INTERVENTION_REQUIRED) for job in summaries),
        running=sum(job.state in TRANSIENT for job in summaries),
        archived=archived,
        damaged=sum(bool(job.defect) for job in summaries),
        disk_bytes=disk_bytes,
    )


def past(entries: Sequence[HistoryEntry]) -> tuple[Past, ...]:
    """Return a job's history, oldest first; ``entries`` come newest first."""
    return tuple(
        Past(at=entry.at, state=entry.state, what=entry.message.splitlines()[0], commit=entry.commit)
        for entry in reversed(entries)
    )


def _tries(manifest: Manifest) -> tuple[Try, ...]:
    return tuple(
        Try(phase=record.name, number=number, role=record.role, agent=record.agent, attempt=attempt)
        for record in manifest.phases
        for number, attempt in enumerate(record.attempts, start=1)
    )


def _ready(job: Summary, now: datetime) -> bool:
    return job.state is State.PENDING and not job.wanted and not (job.not_before and job.not_before > now)


def _counted(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))
