from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from logist_ci.errors import JobStateError
from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import Attempt, Blocked, Manifest, Phase, PhaseRecord, Protection, Publication, Result
from logist_ci.job.states import FINAL, TABLE, TRANSIENT, Event, State
from logist_ci.job.transitions import (
    INTERRUPTIONS_ALLOWED,
    Activate,
    Adopt,
    Advance,
    Ask,
    Cancel,
    Close,
    End,
    Interrupted,
    Postpone,
    Publish,
    Reopen,
    Resume,
    Retry,
    Run,
    Start,
    Stuck,
    Succeed,
    Suspend,
    Transition,
    Use,
    Want,
    apply,
    create,
    describe,
    next_phase,
)
from logist_ci.job.usage import Usage
from logist_ci.testing import example_in, example_manifest
from logist_ci.testing.manifests import EXAMPLE_MOMENT as NOW

LATER = NOW + timedelta(seconds=90)
HEAD = commit_id("1" * 40)
RESULT = Result(head=HEAD, files=2)
BLOCKED = Blocked(code="stuck", reason="No idea.", remedy="Help.")
PROTECTION = Protection(runtime="host")
TWO_PHASES = (Phase.GENERATE, Phase.VALIDATE)

START = Start(owner="host:1", now=NOW)
RUN = Run(now=NOW, role="agent", agent="mock", protection=PROTECTION)
END = End(now=LATER, verdict="completed")

# One transition for each event, as it would be applied to the example of a state where it is allowed.
WELL_FORMED: dict[Event, Transition] = {
    Event.ACTIVATE: Activate(),
    Event.START: START,
    Event.RUN: RUN,
    Event.END: END,
    Event.ADVANCE: Advance(),
    Event.RETRY: Retry(phase=Phase.GENERATE),
    Event.POSTPONE: Postpone(until=LATER),
    Event.ASK: Ask(),
    Event.SUCCEED: Succeed(head=HEAD),
    Event.STUCK: Stuck(blocked=BLOCKED),
    Event.INTERRUPTED: Interrupted(now=LATER),
    Event.REOPEN: Reopen(),
    Event.SUSPEND: Suspend(),
    Event.RESUME: Resume(),
    Event.CANCEL: Cancel(),
}


def two_phases(state: State = State.PENDING) -> Manifest:
    manifest = example_manifest()
    return example_in(state, replace(manifest, spec=replace(manifest.spec, phases=TWO_PHASES)))


def after(manifest: Manifest, *transitions: Transition) -> Manifest:
    for transition in transitions:
        manifest = apply(manifest, transition)
    return manifest


def refused(manifest: Manifest, transition: Transition, why: str) -> JobStateError:
    with pytest.raises(JobStateError, match=why) as caught:
        apply(manifest, transition)
    assert str(manifest.id) in str(caught.value) + caught.value.hint
    return caught.value


# Every state and every event


def test_every_event_but_create_is_a_transition() -> None:
    assert set(WELL_FORMED) == set(Event) - {Event.CREATE}
    assert all(transition.event is event for event, transition in WELL_FORMED.items())


@pytest.mark.parametrize("event", WELL_FORMED)
@pytest.mark.parametrize("state", State)
def test_an_event_leads_where_the_table_says(state: State, event: Event) -> None:
    manifest = two_phases(state) if event is Event.ADVANCE and state is State.HARVESTING else example_in(state)
    if event is Event.ADVANCE and state is State.APPROVAL_REQUIRED:
        manifest = two_phases(State.HARVESTING)
        manifest = apply(manifest, Ask())
    leads = TABLE[event].leads
    if state not in leads:
        with pytest.raises(JobStateError, match="is not allowed in state"):
            apply(manifest, WELL_FORMED[event])
        return
    assert apply(manifest, WELL_FORMED[event]).state == (leads[state] or manifest.resume_to)


@pytest.mark.parametrize("transition", [Adopt(owner="x"), Want(wanted="cancel"), Use(usage=Usage(tokens=1)),
                                        Publish(publication=Publication(pull=1)), Close(now=NOW)])  # fmt: skip
@pytest.mark.parametrize("state", State)
def test_an_annotation_keeps_the_state(state: State, transition: Transition) -> None:
    manifest = example_in(state)
    try:
        assert apply(manifest, transition).state is state
    except JobStateError:
        assert isinstance(transition, Adopt | Want | Close)


def test_a_transition_nobody_knows_is_refused() -> None:
    class Event1(Transition, frozen=True, kw_only=True):
        event = Event.ACTIVATE

    class Annotation1(Transition, frozen=True, kw_only=True):
        pass

    with pytest.raises(JobStateError, match="transition Event1"):
        apply(example_in(State.DRAFT), Event1())
    with pytest.raises(JobStateError, match="annotation Annotation1"):
        apply(example_in(State.DRAFT), Annotation1())


# Creating and starting


def test_creating_begins_at_the_first_phase() -> None:
    manifest = replace(two_phases(), phase=Phase.VALIDATE, attempt=7, state=State.SUCCESS)
    made = create(manifest)
    assert (made.state, made.phase, made.attempt) == (State.PENDING, Phase.GENERATE, 1)
    assert create(manifest, draft=True).state is State.DRAFT


def test_creating_refuses_what_contradicts_itself() -> None:
    manifest = example_manifest()
    with pytest.raises(JobStateError, match="branch of its own"):
        create(replace(manifest, source=replace(manifest.source, branch="main")))


def test_starting_takes_the_job() -> None:
    manifest = replace(example_manifest(), not_before=NOW)
    started = apply(manifest, START)
    assert (started.owner, started.not_before) == ("host:1", None)


def test_starting_waits_for_time_needs_and_wishes() -> None:
    manifest = example_manifest()
    refused(replace(manifest, wanted="suspend"), START, "somebody asked to suspend it")
    refused(replace(manifest, not_before=LATER), START, r"it waits until 2026-01-01 00:01:30 UTC")
    needing = replace(manifest, spec=replace(manifest.spec, needs=(job_id("a-1"), job_id("b-2"))))
    refused(needing, START, "it needs a-1, b-2 first")
    refused(needing, replace(START, met=frozenset({"a-1"})), "it needs b-2 first")
    assert apply(needing, replace(START, met=frozenset({"a-1", "b-2"}))).state is State.PROVISIONING


# Attempts


def test_running_records_an_attempt_and_ending_completes_it() -> None:
    running = after(example_manifest(), START, RUN)
    assert running.phases == (
        PhaseRecord(
            name=Phase.GENERATE, role="agent", agent="mock", attempts=(Attempt(started_at=NOW, protection=PROTECTION),)
        ),
    )
    used = Usage(tokens=5, wall_s=90.0)
    ended = apply(running, End(now=LATER, verdict="halted:wall", usage=used))
    (attempt,) = ended.phases[0].attempts
    assert (attempt.ended_at, attempt.duration_ms, attempt.verdict) == (LATER, 90_000, "halted:wall")
    assert attempt.usage == ended.usage == used


def test_attempts_of_a_phase_are_kept_together() -> None:
    again = after(two_phases(State.HARVESTING), Retry(phase=Phase.GENERATE), START, replace(RUN, agent="other"))
    assert [record.name for record in again.phases] == [Phase.GENERATE]
    assert again.phases[0].agent == "other"
    assert [attempt.verdict for attempt in again.phases[0].attempts] == ["completed", None]


def test_a_clock_that_was_set_back_makes_no_negative_duration() -> None:
    ended = after(example_manifest(), START, RUN, End(now=NOW - timedelta(hours=1), verdict="completed"))
    assert ended.phases[0].attempts[0].duration_ms == 0


@pytest.mark.parametrize("phases", [(), (PhaseRecord(name=Phase.GENERATE, role="agent", agent="x"),)])
def test_a_damaged_record_cannot_be_ended_but_recovered(phases: tuple[PhaseRecord, ...]) -> None:
    manifest = replace(example_in(State.RUNNING), phases=phases)
    refused(manifest, END, "no attempt of generate to end")
    recovered = apply(manifest, Interrupted(now=LATER))
    assert (recovered.state, recovered.phases) == (State.HARVESTING, phases)


def test_an_attempt_ends_once() -> None:
    ended = example_in(State.HARVESTING)
    refused(replace(ended, state=State.RUNNING), END, "no attempt of generate to end")


# What follows a harvest


def test_the_head_is_recorded_with_the_attempt_that_brought_it() -> None:
    manifest = after(two_phases(State.HARVESTING), Advance(result=RESULT))
    assert (manifest.phase, manifest.result, manifest.owner) == (Phase.VALIDATE, RESULT, "")
    assert manifest.phases[0].attempts[0].head == HEAD
    # All of it happens at one moment of the fake clock: the phase tells the attempts apart, not the time.
    other = replace(RESULT, head=commit_id("2" * 40))
    done = after(manifest, START, replace(RUN, role="checks"), END, Succeed(result=other))
    assert [record.attempts[0].head for record in done.phases] == [HEAD, other.head]


def test_a_result_outside_a_harvest_belongs_to_no_attempt() -> None:
    before = after(example_in(State.HARVESTING), Retry(phase=Phase.GENERATE, result=RESULT))
    stuck = apply(before, Stuck(blocked=BLOCKED, result=Result(head=None, summary="gone")))
    assert stuck.result.summary == "gone"
    assert stuck.phases[0].attempts[0].head == HEAD


def test_advancing_needs_a_next_phase_and_succeeding_none() -> None:
    assert next_phase(two_phases()) is Phase.VALIDATE
    assert next_phase(example_manifest()) is None
    assert next_phase(replace(two_phases(), phase=Phase.DEPLOY)) is None
    refused(example_in(State.HARVESTING), Advance(), "generate is its last phase")
    refused(two_phases(State.HARVESTING), Succeed(), "generate is not its last phase")


def test_retrying_counts_and_tells_the_agent_why() -> None:
    manifest = after(two_phases(State.HARVESTING), Advance(), START, RUN, END)
    again = apply(manifest, Retry(phase=Phase.GENERATE, feedback="The tests failed.", result=RESULT))
    assert (again.phase, again.attempt, again.feedback, again.owner) == (Phase.GENERATE, 2, "The tests failed.", "")
    uncounted = apply(replace(manifest, feedback="Old."), Retry(phase=Phase.VALIDATE, counted=False))
    assert (uncounted.attempt, uncounted.feedback) == (1, "Old.")
    assert apply(replace(manifest, feedback="Old."), Retry(phase=Phase.VALIDATE)).feedback == ""
    refused(two_phases(State.HARVESTING), Retry(phase=Phase.VALIDATE), "validate comes after generate")
    refused(manifest, Retry(phase=Phase.DEPLOY), r"deploy is not one of its phases \(generate, validate\)")


def test_postponing_keeps_the_attempt() -> None:
    for state in (State.PROVISIONING, State.HARVESTING):
        waiting = apply(example_in(state), Postpone(until=LATER))
        assert (waiting.not_before, waiting.attempt, waiting.owner) == (LATER, 1, "")
        refused(waiting, START, "it waits until")


def test_approval_holds_for_the_head_that_was_shown() -> None:
    asked = apply(example_in(State.HARVESTING), Ask(result=RESULT))
    refused(asked, Succeed(head=commit_id("2" * 40)), "its branch has moved")
    refused(asked, Succeed(), "its branch has moved")
    assert apply(asked, Succeed(head=HEAD)).state is State.SUCCESS


def test_success_leaves_nothing_open() -> None:
    manifest = replace(example_in(State.HARVESTING), wanted="suspend", feedback="Mind the gap.")
    done = apply(manifest, Succeed())
    assert (done.owner, done.wanted, done.feedback) == ("", None, "")


# Interruptions


def test_three_interruptions_in_a_row_are_counted_without_an_attempt() -> None:
    manifest = example_manifest()
    for count in range(1, INTERRUPTIONS_ALLOWED + 2):
        manifest = after(manifest, START, RUN, Interrupted(now=LATER), Retry(phase=Phase.GENERATE, counted=False))
        assert (manifest.interruptions, manifest.attempt) == (count, 1)
    assert {attempt.verdict for attempt in manifest.phases[0].attempts} == {"interrupted"}
    assert apply(manifest, Stuck(blocked=BLOCKED)).state is State.INTERVENTION_REQUIRED


def test_an_interrupted_harvest_keeps_its_owner_until_it_is_adopted() -> None:
    manifest = after(example_in(State.RUNNING), Interrupted(now=LATER))
    assert manifest.owner == "host:1"
    assert apply(manifest, Adopt(owner="host:2")).owner == "host:2"
    assert after(example_in(State.PROVISIONING), Interrupted(now=LATER)).owner == ""


def test_an_ending_of_its_own_ends_the_row_of_interruptions() -> None:
    manifest = replace(example_in(State.RUNNING), interruptions=2)
    assert apply(manifest, END).interruptions == 0
    assert apply(manifest, replace(END, verdict="interrupted")).interruptions == 2


# People


def test_reopening_begins_another_attempt() -> None:
    manifest = after(two_phases(State.HARVESTING), Advance(), START, RUN, END, Stuck(blocked=BLOCKED))
    manifest = replace(manifest, interruptions=3, wanted="suspend", not_before=LATER)
    again = apply(manifest, Reopen(feedback="Try harder."))
    assert (again.phase, again.attempt, again.feedback) == (Phase.GENERATE, 2, "Try harder.")
    assert (again.blocked, again.interruptions, again.wanted, again.not_before) == (None, 0, None, None)
    assert again.spec == manifest.spec
    assert apply(manifest, Reopen(phase=Phase.VALIDATE)).phase is Phase.VALIDATE
    assert apply(manifest, Reopen(limits=Limits(wall_s=5.0))).spec.limits == Limits(wall_s=5.0)
    refused(manifest, Reopen(phase=Phase.PLAN), "plan is not one of its phases")


def test_what_was_merged_stays_closed() -> None:
    done = example_in(State.SUCCESS)
    assert apply(done, Reopen()).state is State.PENDING
    refused(apply(done, Publish(publication=Publication(merged_at=NOW))), Reopen(), "merged")


@pytest.mark.parametrize("state", [State.DRAFT, State.PENDING, State.APPROVAL_REQUIRED, State.INTERVENTION_REQUIRED])
def test_suspending_and_resuming_come_back_to_the_same(state: State) -> None:
    manifest = example_in(state)
    aside = apply(replace(manifest, wanted="suspend"), Suspend())
    assert (aside.state, aside.resume_to, aside.wanted) == (State.SUSPENDED, state, None)
    assert apply(aside, Resume()) == manifest


def test_a_suspended_harvest_resumes_to_pending() -> None:
    aside = apply(example_in(State.HARVESTING), Suspend())
    assert (aside.resume_to, aside.owner) == (State.PENDING, "")
    assert apply(aside, Resume()).state is State.PENDING


def test_suspending_does_not_forget_that_somebody_wants_to_cancel() -> None:
    aside = apply(replace(example_manifest(), wanted="cancel"), Suspend())
    assert aside.wanted == "cancel"


def test_canceling_leaves_nothing_open() -> None:
    manifest = replace(example_in(State.INTERVENTION_REQUIRED), wanted="cancel", not_before=LATER)
    gone = after(manifest, Suspend(), Cancel())
    assert (gone.resume_to, gone.wanted, gone.owner, gone.not_before, gone.blocked) == (None, None, "", None, None)


# Annotations


@pytest.mark.parametrize("state", State)
def test_only_owned_states_are_adopted(state: State) -> None:
    manifest = example_in(state)
    if state in TRANSIENT:
        assert apply(manifest, Adopt(owner="host:2")) == replace(manifest, owner="host:2")
    else:
        refused(manifest, Adopt(owner="host:2"), f"nobody owns a job in state {state.value}")


@pytest.mark.parametrize("state", State)
def test_anybody_may_ask_for_an_end_until_there_is_one(state: State) -> None:
    manifest = example_in(state)
    if state in FINAL:
        refused(manifest, Want(wanted="cancel"), f"it is {state.value} already")
    else:
        assert apply(manifest, Want(wanted="cancel")) == replace(manifest, wanted="cancel")
    assert apply(manifest, Want(wanted=None)) == manifest


def test_usage_adds_up() -> None:
    manifest = after(example_manifest(), Use(usage=Usage(tokens=1)), Use(usage=Usage(tokens=2)))
    assert manifest.usage.tokens == 3


def test_a_publication_is_replaced_but_never_unmerged() -> None:
    done = apply(example_in(State.SUCCESS), Publish(publication=Publication(pull=7)))
    assert done.publication.pull == 7
    merged = apply(done, Publish(publication=Publication(pull=7, merged_at=NOW)))
    assert apply(merged, Publish(publication=Publication(pull=7, merged_at=NOW, comment=1))).publication.comment == 1
    refused(merged, Publish(publication=Publication(pull=7)), "merged, and that stays so")
    refused(merged, Publish(publication=Publication(merged_at=LATER)), "merged, and that stays so")


@pytest.mark.parametrize("state", State)
def test_a_closed_job_waits_for_its_restoration(state: State) -> None:
    manifest = example_in(state)
    if state in TRANSIENT:
        refused(manifest, Close(now=LATER), f"it is {state.value}")
        return
    closed = apply(manifest, Close(now=LATER))
    assert closed.closed_at == LATER
    for event, transition in WELL_FORMED.items():
        if state in TABLE[event].leads and event is not Event.CANCEL:
            assert "logist-ci restore" in refused(closed, transition, "it has been cleaned up").hint
    assert apply(closed, Close(now=None)) == manifest


def test_a_closed_job_can_still_be_canceled() -> None:
    closed = apply(example_in(State.SUSPENDED), Close(now=LATER))
    assert apply(closed, Cancel()).state is State.CANCELED


# The line that a manifest's commit is known by


def test_a_transition_is_described_in_one_line() -> None:
    before, now = example_in(State.RUNNING), example_in(State.HARVESTING)
    assert describe(None, example_manifest()) == "example-000001: new → PENDING"
    assert describe(before, now, "completed") == "example-000001: RUNNING → HARVESTING (completed)"
    assert describe(before, before, "adopted") == "example-000001: RUNNING (adopted)"


def test_a_note_cannot_add_lines_or_trailers() -> None:
    line = describe(None, example_manifest(), "done\n\nSigned-off-by: Somebody <else@example.invalid>\r\x0b")
    assert line.splitlines() == [line]
    assert line.endswith("(done Signed-off-by: Somebody <else@example.invalid>)")
    assert describe(None, example_manifest(), " \n ") == "example-000001: new → PENDING"
    assert len(describe(None, example_manifest(), "x" * 5000)) < 300
