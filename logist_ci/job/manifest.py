"""The manifest: the stored truth about a job, as frozen values.

Field names, their order and their meaning are the file format (``job_manifest.json``); the JSON
Schema and the reference page are generated from these types. Times are aware datetimes in UTC,
durations end in ``_s`` or ``_ms``, money in ``_usd``.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from logist_ci.job.ids import COMMIT_ID_PATTERN, JOB_ID_LENGTH, JOB_ID_PATTERN, PATTERN_END, CommitId, JobId
from logist_ci.job.limits import Limits
from logist_ci.job.states import State
from logist_ci.job.usage import Usage

__all__ = [
    "SCHEMA",
    "AgentSpec",
    "Artifact",
    "Attempt",
    "Blocked",
    "CheckResult",
    "CheckSpec",
    "Finding",
    "Input",
    "Manifest",
    "Phase",
    "PhaseRecord",
    "Preview",
    "Protection",
    "Publication",
    "RemoteStep",
    "Result",
    "Route",
    "Source",
    "Spec",
    "Trigger",
    "Verdict",
]

#: Version of the document; a change of meaning or shape adds a step to ``codec.MIGRATIONS``.
SCHEMA = 1

Verdict = Annotated[str, Meta(pattern="^(completed|retry|stuck|interrupted|halted:[a-z_]+)" + PATTERN_END)]
_JobIdField = Annotated[JobId, Meta(pattern=JOB_ID_PATTERN, max_length=JOB_ID_LENGTH)]
_CommitField = Annotated[CommitId, Meta(pattern=COMMIT_ID_PATTERN)]
_Moment = Annotated[datetime, Meta(tz=True)]
_Count = Annotated[int, Meta(ge=0)]


class Phase(StrEnum):
    """One stretch of a job's way, in the order in which a job passes them."""

    PLAN = "plan"
    GENERATE = "generate"
    REVIEW = "review"
    VALIDATE = "validate"
    PACKAGE = "package"
    DEPLOY = "deploy"


class _Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A frozen part of the manifest; an unknown field is an error, never ignored."""


class Input(_Value, frozen=True, kw_only=True):
    """What was asked: the rendered prompt, and the words it was rendered with."""

    prompt: str
    context: dict[str, str] = {}


class Trigger(_Value, frozen=True, kw_only=True):
    """What made the job: an event, who caused it, and the issue or pull request it belongs to."""

    event: str
    actor: str = ""
    issue: int | None = None
    pull: int | None = None


class Source(_Value, frozen=True, kw_only=True):
    """Where the work starts. ``base_commit`` is fixed at creation; ``base_ref`` is empty when detached."""

    remote: str | None = None
    base_ref: str = ""
    base_commit: _CommitField
    branch: str
    trigger: Trigger


class Route(_Value, frozen=True, kw_only=True):
    """What the router made of the request, and the words and files that it matched."""

    project_type: str | None = None
    matched: tuple[str, ...] = ()
    requires_build: bool = False


class AgentSpec(_Value, frozen=True, kw_only=True):
    """Which agent executes the job; ``argv`` is the command of ``command``, ``options`` are the adapter's own."""

    name: str
    argv: tuple[str, ...] = ()
    options: dict[str, str] = {}


class CheckSpec(_Value, frozen=True, kw_only=True):
    """One check: ``command`` runs ``argv`` in the worktree, ``pre_commit`` the base's hook configuration."""

    kind: Literal["command", "pre_commit"]
    name: str
    argv: tuple[str, ...] = ()


class Spec(_Value, frozen=True, kw_only=True):
    """How the job is to be done, fixed at creation; only a person who reopens it can change the limits.

    ``artifacts`` are globs below the worktree; ``approval`` asks a person before success; ``keep``
    overrides the cleanup policy; ``dirty`` says that the base commit is a snapshot of uncommitted work.
    """

    recipe: str | None = None
    agent: AgentSpec
    runtime: str = "auto"
    limits: Limits = Limits()
    checks: tuple[CheckSpec, ...] = ()
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1)] = (Phase.GENERATE,)
    needs: tuple[_JobIdField, ...] = ()
    priority: int = 0
    artifacts: tuple[str, ...] = ()
    env_pass: tuple[str, ...] = ()
    approval: bool = False
    keep: bool = False
    dirty: bool = False


class Protection(_Value, frozen=True, kw_only=True):
    """The runtime that was used, and what it does not protect against."""

    runtime: str
    unprotected: tuple[str, ...] = ()


class Attempt(_Value, frozen=True, kw_only=True):
    """One try of a phase; ``head`` is the job's branch after its harvest."""

    started_at: _Moment
    ended_at: _Moment | None = None
    duration_ms: _Count | None = None
    verdict: Verdict | None = None
    usage: Usage = Usage()
    head: _CommitField | None = None
    protection: Protection | None = None


class PhaseRecord(_Value, frozen=True, kw_only=True):
    """What happened in one phase: ``role`` is what the phase's program was (``agent`` or ``checks``)."""

    name: Phase
    role: str
    agent: str
    attempts: tuple[Attempt, ...] = ()


class CheckResult(_Value, frozen=True, kw_only=True):
    """How one check ended; ``output`` is the end of what it printed, masked."""

    name: str
    ok: bool
    exit_status: int | None = None
    duration_ms: _Count = 0
    output: str = ""


class Finding(_Value, frozen=True, kw_only=True):
    """Something a rule or a harvest noticed; ``code`` is documented on a page of its own."""

    code: str
    level: Literal["error", "warning", "note"]
    message: str
    path: str = ""


class Artifact(_Value, frozen=True, kw_only=True):
    """A file copied to the job's ``output/``; ``path`` is relative to it."""

    path: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}" + PATTERN_END)]
    bytes: _Count


class Preview(_Value, frozen=True, kw_only=True):
    """Where the result can be looked at."""

    enabled: bool = False
    url: str = ""
    expires_at: _Moment | None = None


class Result(_Value, frozen=True, kw_only=True):
    """What the job has brought so far: the branch's ``head`` and its difference to the base."""

    head: _CommitField | None = None
    files: _Count = 0
    insertions: _Count = 0
    deletions: _Count = 0
    checks: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    preview: Preview | None = None
    summary: str = ""


class RemoteStep(_Value, frozen=True, kw_only=True):
    """One step at the forge: announced by ``intent`` under ``key`` before it is done."""

    name: str
    intent: str
    key: str
    done_at: _Moment | None = None
    value: str = ""


class Publication(_Value, frozen=True, kw_only=True):
    """What was published, and where."""

    remote: str | None = None
    steps: tuple[RemoteStep, ...] = ()
    pull: int | None = None
    comment: int | None = None
    check_run: int | None = None
    merged_at: _Moment | None = None


class Blocked(_Value, frozen=True, kw_only=True):
    """Why the job waits for a person: a short ``code``, the ``reason``, and the ``remedy`` as a command or sentence."""

    code: str
    reason: str
    remedy: str


class Manifest(_Value, frozen=True, kw_only=True):
    """Everything that is stored about a job, and nothing about the machine that runs it.

    ``resume_to`` is where a suspended job goes on; ``wanted`` what somebody asked its owner to do;
    ``not_before`` when it may start. ``phase`` and ``attempt`` are the current ones, ``interruptions``
    counts those in a row, ``owner`` names the process that has it, ``feedback`` is what the next
    attempt is told, ``blocked`` why it waits for a person, ``closed_at`` when it was cleaned up.
    """

    schema: int = SCHEMA
    id: _JobIdField
    title: str
    created_at: _Moment
    created_by: str
    input: Input
    source: Source
    route: Route = Route()
    spec: Spec
    state: State
    resume_to: State | None = None
    wanted: Literal["suspend", "cancel"] | None = None
    not_before: _Moment | None = None
    phase: Phase
    attempt: Annotated[int, Meta(ge=1)] = 1
    interruptions: _Count = 0
    owner: str = ""
    feedback: str = ""
    blocked: Blocked | None = None
    phases: tuple[PhaseRecord, ...] = ()
    usage: Usage = Usage()
    result: Result = Result()
    publication: Publication = Publication()
    closed_at: _Moment | None = None
