from __future__ import annotations

import pytest

from logist_ci.errors import JobStateError
from logist_ci.job.states import FINAL, RESUMABLE, TABLE, TRANSIENT, Event, State, events_from, next_state

WAITING = "DRAFT PENDING HARVESTING APPROVAL_REQUIRED INTERVENTION_REQUIRED"

# The design's own table, written down a second time: a slip in one of them shows.
DESIGN = {
    "create": ("-", "PENDING"),
    "activate": ("DRAFT", "PENDING"),
    "start": ("PENDING", "PROVISIONING"),
    "run": ("PROVISIONING", "RUNNING"),
    "end": ("RUNNING", "HARVESTING"),
    "advance": ("HARVESTING APPROVAL_REQUIRED", "PENDING"),
    "retry": ("HARVESTING", "PENDING"),
    "postpone": ("PROVISIONING HARVESTING", "PENDING"),
    "ask": ("HARVESTING", "APPROVAL_REQUIRED"),
    "succeed": ("HARVESTING APPROVAL_REQUIRED", "SUCCESS"),
    "stuck": ("PENDING PROVISIONING HARVESTING", "INTERVENTION_REQUIRED"),
    "interrupted": ("PROVISIONING RUNNING", "PENDING HARVESTING"),
    "reopen": ("APPROVAL_REQUIRED INTERVENTION_REQUIRED SUCCESS", "PENDING"),
    "suspend": (WAITING, "SUSPENDED"),
    "resume": ("SUSPENDED", "resume_to"),
    "cancel": (f"{WAITING} SUSPENDED", "CANCELED"),
}


def design_leads(event: str) -> dict[str, str]:
    sources, targets = (part.split() for part in DESIGN[event])
    return dict(zip(sources, targets if len(targets) > 1 else targets * len(sources), strict=True))


def test_the_design_knows_every_event_in_this_order() -> None:
    assert [event.value for event in TABLE] == list(DESIGN) == [event.value for event in Event]


@pytest.mark.parametrize("event", Event)
def test_the_table_is_the_designs(event: Event) -> None:
    shown = {source.value if source else "-": target or "resume_to" for source, target in TABLE[event].leads.items()}
    assert shown == design_leads(event.value)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", [None, *State])
def test_an_event_leads_where_the_table_says_or_nowhere(state: State | None, event: Event) -> None:
    leads = TABLE[event].leads
    if state in leads:
        assert next_state(state, event, State.DRAFT) == (leads[state] or State.DRAFT)
        assert event in events_from(state)
    else:
        with pytest.raises(JobStateError, match=f"event '{event.value}' is not allowed") as caught:
            next_state(state, event, State.DRAFT)
        assert (state.value if state else "before a job exists") in str(caught.value)
        assert event not in events_from(state)


def test_an_error_says_what_is_allowed() -> None:
    with pytest.raises(JobStateError) as caught:
        next_state(State.RUNNING, Event.CANCEL)
    assert caught.value.hint == "Allowed here: end, interrupted."
    with pytest.raises(JobStateError) as caught:
        next_state(State.CANCELED, Event.REOPEN)
    assert caught.value.hint == "Allowed here: none."


def test_resuming_needs_to_know_where() -> None:
    with pytest.raises(JobStateError, match="does not say where to resume"):
        next_state(State.SUSPENDED, Event.RESUME)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE[Event.CREATE] = TABLE[Event.RUN]  # type: ignore[index]  # this is what the test is about


def test_groups_of_states_agree_with_the_table() -> None:
    assert {state for state in State if not events_from(state)} == {State.CANCELED}
    assert {state for state in State if Event.SUSPEND in events_from(state)} == RESUMABLE | {State.HARVESTING}
    assert all(Event.CANCEL not in events_from(state) for state in FINAL)
    assert {State.PROVISIONING, State.RUNNING, State.HARVESTING} == TRANSIENT


def test_every_state_can_be_reached_and_all_but_canceled_left() -> None:
    reached: set[State | None] = {None, State.DRAFT}
    for _ in State:
        reached |= {rule.leads[source] for rule in TABLE.values() for source in reached & set(rule.leads)}
    assert reached - {None} == set(State)
