"""The states of a job and the one table of events that leads from state to state.

The table drives the code, the documentation, the command line and the tests. Whatever is not in
it is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from logist_ci.errors import JobStateError

__all__ = ["FINAL", "RESUMABLE", "TABLE", "TRANSIENT", "Event", "Rule", "State", "events_from", "next_state"]


class State(StrEnum):
    """Where a job is; stored in its manifest."""

    DRAFT = "DRAFT"
    PENDING = "PENDING"
    PROVISIONING = "PROVISIONING"
    RUNNING = "RUNNING"
    HARVESTING = "HARVESTING"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    INTERVENTION_REQUIRED = "INTERVENTION_REQUIRED"
    SUSPENDED = "SUSPENDED"
    SUCCESS = "SUCCESS"
    CANCELED = "CANCELED"


class Event(StrEnum):
    """What can happen to a job."""

    CREATE = "create"
    ACTIVATE = "activate"
    START = "start"
    RUN = "run"
    END = "end"
    ADVANCE = "advance"
    RETRY = "retry"
    POSTPONE = "postpone"
    ASK = "ask"
    SUCCEED = "succeed"
    STUCK = "stuck"
    INTERRUPTED = "interrupted"
    REOPEN = "reopen"
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"


class Rule(NamedTuple):
    """One row of the table: where an event may happen, where it leads, and what must hold.

    ``leads`` maps each state to the next one; ``None`` as a key is "no job yet", ``None`` as a value
    is the state remembered in ``resume_to``.
    """

    leads: Mapping[State | None, State | None]
    condition: str = ""


_S = State
_DORMANT = (_S.DRAFT, _S.PENDING, _S.HARVESTING, _S.APPROVAL_REQUIRED, _S.INTERVENTION_REQUIRED)


def _all(sources: tuple[State, ...], target: State) -> Mapping[State | None, State | None]:
    return dict.fromkeys(sources, target)


_RULES: dict[Event, Rule] = {
    Event.CREATE: Rule({None: _S.PENDING}, "or DRAFT, when asked for a draft"),
    Event.ACTIVATE: Rule({_S.DRAFT: _S.PENDING}),
    Event.START: Rule({_S.PENDING: _S.PROVISIONING}, "`needs` met, `not_before` past, nothing `wanted`"),
    Event.RUN: Rule({_S.PROVISIONING: _S.RUNNING}),
    Event.END: Rule({_S.RUNNING: _S.HARVESTING}, "with a verdict"),
    Event.ADVANCE: Rule(_all((_S.HARVESTING, _S.APPROVAL_REQUIRED), _S.PENDING), "to the next phase"),
    Event.RETRY: Rule({_S.HARVESTING: _S.PENDING}, "attempt + 1, at the same or an earlier phase, with feedback"),
    Event.POSTPONE: Rule(
        _all((_S.PROVISIONING, _S.HARVESTING), _S.PENDING), "with `not_before`, same attempt (a rate limit, say)"
    ),
    Event.ASK: Rule({_S.HARVESTING: _S.APPROVAL_REQUIRED}),
    Event.SUCCEED: Rule(
        _all((_S.HARVESTING, _S.APPROVAL_REQUIRED), _S.SUCCESS),
        "from APPROVAL_REQUIRED: in the last phase, head unchanged",
    ),
    Event.STUCK: Rule(
        _all((_S.PENDING, _S.PROVISIONING, _S.HARVESTING), _S.INTERVENTION_REQUIRED), "with a reason and what to do"
    ),
    Event.INTERRUPTED: Rule(
        {_S.PROVISIONING: _S.PENDING, _S.RUNNING: _S.HARVESTING}, "the third time in a row is followed by stuck"
    ),
    Event.REOPEN: Rule(
        _all((_S.APPROVAL_REQUIRED, _S.INTERVENTION_REQUIRED, _S.SUCCESS), _S.PENDING), "SUCCESS only while unmerged"
    ),
    Event.SUSPEND: Rule(_all(_DORMANT, _S.SUSPENDED), "with `resume_to` (HARVESTING resumes to PENDING)"),
    Event.RESUME: Rule({_S.SUSPENDED: None}, "to `resume_to`"),
    Event.CANCEL: Rule(_all((*_DORMANT, _S.SUSPENDED), _S.CANCELED)),
}

#: Every event there is, in the order of a job's life.
TABLE: Mapping[Event, Rule] = MappingProxyType(_RULES)

#: States in which some process owns the job, or should.
TRANSIENT = frozenset({_S.PROVISIONING, _S.RUNNING, _S.HARVESTING})
#: States that no run changes any more; SUCCESS can be reopened while it is unmerged.
FINAL = frozenset({_S.SUCCESS, _S.CANCELED})

#: States that a suspended job may have come from.
RESUMABLE = frozenset(_DORMANT) - {_S.HARVESTING}


def next_state(state: State | None, event: Event, resume_to: State | None = None) -> State:
    """Return where ``event`` leads from ``state`` (``None``: there is no job yet).

    Raises:
        JobStateError: the table does not allow it.
    """
    leads = TABLE[event].leads
    if state not in leads:
        legal = ", ".join(events_from(state)) or "none"
        place = f"in state {state.value}" if state else "before a job exists"
        raise JobStateError(
            f"The event {event.value!r} is not allowed {place}.",
            hint=f"Allowed here: {legal}.",
        )
    target = leads[state] or resume_to
    if target is None:
        raise JobStateError("The job is suspended, but its manifest does not say where to resume.")
    return target


def events_from(state: State | None) -> tuple[Event, ...]:
    """Return the events that the table allows in ``state``."""
    return tuple(event for event, rule in TABLE.items() if state in rule.leads)
