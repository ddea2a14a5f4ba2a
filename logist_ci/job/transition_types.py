"""What can happen to a job, as values: sixteen events that follow the table, and annotations that keep the state.

Times and everything else that is not in the manifest yet come in with the transition;
:func:`logist_ci.job.transitions.apply` carries it out.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

import msgspec

from logist_ci.job.limits import Limits
from logist_ci.job.manifest import Blocked, Phase, Protection, Publication, Result, Verdict
from logist_ci.job.states import Event
from logist_ci.job.usage import Usage

__all__ = [
    "Activate",
    "Adopt",
    "Advance",
    "Ask",
    "Cancel",
    "Close",
    "End",
    "Interrupted",
    "Postpone",
    "Publish",
    "Reopen",
    "Resume",
    "Retry",
    "Run",
    "Start",
    "Stuck",
    "Succeed",
    "Suspend",
    "Transition",
    "Use",
    "Want",
]


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to happen to a job; ``event`` is ``None`` for an annotation."""

    event: ClassVar[Event | None] = None


class Activate(Transition, frozen=True, kw_only=True):
    """A draft is ready to run."""

    event: ClassVar[Event | None] = Event.ACTIVATE


class Start(Transition, frozen=True, kw_only=True):
    """``owner`` takes the job at ``now``; ``met`` are the ids of needed jobs that have succeeded."""

    event: ClassVar[Event | None] = Event.START
    owner: str
    now: datetime
    met: frozenset[str] = frozenset()


class Run(Transition, frozen=True, kw_only=True):
    """The phase's program is about to be started."""

    event: ClassVar[Event | None] = Event.RUN
    now: datetime
    role: str
    agent: str
    protection: Protection


class End(Transition, frozen=True, kw_only=True):
    """The phase's program is gone, with a verdict."""

    event: ClassVar[Event | None] = Event.END
    now: datetime
    verdict: Verdict
    usage: Usage = Usage()


class Advance(Transition, frozen=True, kw_only=True):
    """The phase is complete and the next one is to follow; ``result`` is what there is so far."""

    event: ClassVar[Event | None] = Event.ADVANCE
    result: Result | None = None


class Retry(Transition, frozen=True, kw_only=True):
    """Try again at ``phase``, telling the agent ``feedback``; ``counted`` is false after an interruption."""

    event: ClassVar[Event | None] = Event.RETRY
    phase: Phase
    feedback: str = ""
    result: Result | None = None
    counted: bool = True


class Postpone(Transition, frozen=True, kw_only=True):
    """Wait until ``until``, then make the same attempt again."""

    event: ClassVar[Event | None] = Event.POSTPONE
    until: datetime
    result: Result | None = None


class Ask(Transition, frozen=True, kw_only=True):
    """A person has to approve what was harvested."""

    event: ClassVar[Event | None] = Event.ASK
    result: Result | None = None


class Succeed(Transition, frozen=True, kw_only=True):
    """The last phase is complete. ``head`` must be given to succeed from APPROVAL_REQUIRED."""

    event: ClassVar[Event | None] = Event.SUCCEED
    result: Result | None = None
    head: str | None = None


class Stuck(Transition, frozen=True, kw_only=True):
    """Only a person can help; ``blocked`` says why and how."""

    event: ClassVar[Event | None] = Event.STUCK
    blocked: Blocked
    result: Result | None = None


class Interrupted(Transition, frozen=True, kw_only=True):
    """The owner or the shim died, or the machine did."""

    event: ClassVar[Event | None] = Event.INTERRUPTED
    now: datetime


class Reopen(Transition, frozen=True, kw_only=True):
    """A person wants another attempt, at ``phase`` (default: where work began), with a word for it.

    ``limits`` replace those the job was created with; ``None`` keeps them.
    """

    event: ClassVar[Event | None] = Event.REOPEN
    phase: Phase | None = None
    feedback: str = ""
    limits: Limits | None = None


class Suspend(Transition, frozen=True, kw_only=True):
    """Put the job aside."""

    event: ClassVar[Event | None] = Event.SUSPEND


class Resume(Transition, frozen=True, kw_only=True):
    """Take a suspended job up again."""

    event: ClassVar[Event | None] = Event.RESUME


class Cancel(Transition, frozen=True, kw_only=True):
    """Give the job up; its branch stays until it is cleaned up."""

    event: ClassVar[Event | None] = Event.CANCEL


class Adopt(Transition, frozen=True, kw_only=True):
    """A new owner takes over a job whose owner is gone."""

    owner: str


class Want(Transition, frozen=True, kw_only=True):
    """Ask the owner to suspend or cancel the job at the next opportunity; ``None`` takes it back."""

    wanted: Literal["suspend", "cancel"] | None


class Use(Transition, frozen=True, kw_only=True):
    """More was used than an attempt's end reported."""

    usage: Usage


class Publish(Transition, frozen=True, kw_only=True):
    """The publication has changed."""

    publication: Publication


class Close(Transition, frozen=True, kw_only=True):
    """Everything the job left behind was removed at ``now``; ``None`` says that it has been restored."""

    now: datetime | None
