"""Walks through the life of a job at random: wherever it leads, the rules of the table and the format hold."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from logist_ci.errors import JobStateError
from logist_ci.job.codec import decode, encode
from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.invariants import check
from logist_ci.job.manifest import Blocked, Manifest, Phase, Protection, Publication, Result
from logist_ci.job.states import RESUMABLE, TABLE, TRANSIENT, State
from logist_ci.job.transitions import (
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
)
from logist_ci.job.usage import Usage
from logist_ci.testing import example_manifest
from logist_ci.testing.manifests import EXAMPLE_MOMENT

moments = st.integers(-10, 10_000).map(lambda seconds: EXAMPLE_MOMENT + timedelta(seconds=seconds))
words = st.text(max_size=20)
heads = st.none() | st.sampled_from("123").map(lambda digit: commit_id(digit * 40))
results = st.none() | st.builds(Result, head=heads, summary=words, files=st.integers(0, 9))
phases = st.sampled_from(Phase)
verdicts = st.sampled_from(["completed", "retry", "stuck", "interrupted", "halted:wall"])
usages = st.builds(Usage, tokens=st.none() | st.integers(0, 10**6), wall_s=st.floats(0, 1e6))

transitions: st.SearchStrategy[Transition] = st.one_of(
    st.builds(Activate),
    st.builds(Start, owner=words, now=moments, met=st.frozensets(st.just("other-000002"))),
    st.builds(Run, now=moments, role=words, agent=words, protection=st.builds(Protection, runtime=words)),
    st.builds(End, now=moments, verdict=verdicts, usage=usages),
    st.builds(Advance, result=results),
    st.builds(Retry, phase=phases, feedback=words, result=results, counted=st.booleans()),
    st.builds(Postpone, until=moments, result=results),
    st.builds(Ask, result=results),
    st.builds(Succeed, result=results, head=heads),
    st.builds(Stuck, blocked=st.builds(Blocked, code=words, reason=words, remedy=words), result=results),
    st.builds(Interrupted, now=moments),
    st.builds(Reopen, phase=st.none() | phases, feedback=words),
    st.builds(Suspend),
    st.builds(Resume),
    st.builds(Cancel),
    st.builds(Adopt, owner=words),
    st.builds(Want, wanted=st.sampled_from(["suspend", "cancel", None])),
    st.builds(Use, usage=usages),
    st.builds(Publish, publication=st.builds(Publication, pull=st.none() | st.integers(1, 9))),
    st.builds(Close, now=st.none() | moments),
)


@st.composite
def jobs(draw: st.DrawFn) -> Manifest:
    chosen = tuple(phase for phase in Phase if draw(st.booleans())) or (Phase.GENERATE,)
    needs = (job_id("other-000002"),) if draw(st.booleans()) else ()
    manifest = example_manifest()
    manifest = replace(manifest, spec=replace(manifest.spec, phases=chosen, needs=needs), phase=chosen[0])
    return create(manifest, draft=draw(st.booleans()))


@settings(max_examples=300)
@given(jobs(), st.lists(transitions, min_size=1, max_size=60))
def test_wherever_a_walk_leads_the_rules_hold(manifest: Manifest, walk: list[Transition]) -> None:
    for transition in walk:
        before = manifest
        try:
            manifest = apply(before, transition)
        except JobStateError:
            assert manifest is before
            continue
        assert manifest.state == expected_state(before, transition)
        assert_sound(before, manifest)


@given(st.sampled_from(State), transitions, jobs())
def test_a_state_that_no_walk_led_to_makes_no_traceback(state: State, transition: Transition, job: Manifest) -> None:
    foreign = replace(job, state=state, resume_to=State.PENDING if state is State.SUSPENDED else None)
    try:
        manifest = apply(foreign, transition)
    except JobStateError:
        return
    assert manifest.state == expected_state(foreign, transition)
    assert check(manifest)


def expected_state(before: Manifest, transition: Transition) -> State | None:
    if transition.event is None:
        return before.state
    return TABLE[transition.event].leads[before.state] or before.resume_to


def assert_sound(before: Manifest, now: Manifest) -> None:
    assert decode(encode(now)) == now
    assert (now.id, now.spec, now.source, now.input) == (before.id, before.spec, before.source, before.input)
    assert 0 <= now.attempt - before.attempt <= 1
    assert now.owner == "" or now.state in TRANSIENT
    assert (now.resume_to in RESUMABLE) == (now.state is State.SUSPENDED)
    waits_for_a_person = State.INTERVENTION_REQUIRED in (now.state, now.resume_to)
    assert (now.blocked is not None) == waits_for_a_person
    unended = [record.name for record in now.phases for attempt in record.attempts if attempt.ended_at is None]
    assert unended == ([now.phase] if now.state is State.RUNNING else [])
