from __future__ import annotations

import pytest
from msgspec.structs import replace

from logist_ci.job.manifest import Blocked, Finding, Phase, Result
from logist_ci.job.states import State
from logist_ci.job.transitions import Advance, Ask, Retry, Stuck, Succeed, apply
from logist_ci.runner.next_move import next_move, retry_phase
from logist_ci.runner.verdicts import Judgement
from tests.runner.making import TIP, harvesting, pending

RESULT = Result(head=TIP, files=1)
BOTH = (Phase.GENERATE, Phase.VALIDATE)


def test_a_completed_last_phase_succeeds_with_its_result() -> None:
    manifest = harvesting(pending())
    move = next_move(manifest, Judgement("completed"), RESULT)
    assert move == Succeed(result=RESULT)
    assert apply(manifest, move).state is State.SUCCESS


def test_a_completed_phase_leads_to_the_next_one() -> None:
    manifest = harvesting(pending(phases=BOTH))
    after = apply(manifest, next_move(manifest, Judgement("completed"), RESULT))
    assert (after.state, after.phase, after.result) == (State.PENDING, Phase.VALIDATE, RESULT)
    assert isinstance(next_move(manifest, Judgement("completed"), RESULT), Advance)


def test_a_person_is_asked_where_the_job_says_so() -> None:
    manifest = harvesting(pending(approval=True))
    assert next_move(manifest, Judgement("completed"), RESULT) == Ask(result=RESULT)


def test_a_retry_carries_the_feedback_while_attempts_remain() -> None:
    manifest = harvesting(pending(attempts=2), "retry")
    move = next_move(manifest, Judgement("retry", feedback="It is red."), RESULT)
    after = apply(manifest, move)
    assert (after.state, after.attempt, after.feedback) == (State.PENDING, 2, "It is red.")


@pytest.mark.parametrize(
    ("attempts", "words"), [(1, "The only attempt failed."), (2, "The last of 2 attempts failed.")]
)
def test_without_attempts_left_a_person_is_needed(attempts: int, words: str) -> None:
    manifest = replace(harvesting(pending(attempts=attempts), "retry"), attempt=attempts)
    move = next_move(manifest, Judgement("retry", feedback="It is red."), RESULT)
    assert isinstance(move, Stuck)
    assert move.blocked.code == "attempts"
    assert move.blocked.reason == f"{words} It is red."
    assert apply(manifest, move).state is State.INTERVENTION_REQUIRED


def test_failed_checks_go_back_to_where_the_agent_worked() -> None:
    manifest = replace(harvesting(pending(phases=BOTH)), phase=Phase.VALIDATE)
    assert retry_phase(manifest) is Phase.GENERATE
    assert isinstance(next_move(manifest, Judgement("retry"), RESULT), Retry)


def test_a_phase_before_which_no_agent_worked_is_tried_again_itself() -> None:
    assert retry_phase(pending(phases=(Phase.PACKAGE,))) is Phase.PACKAGE


def test_an_interruption_is_tried_again_without_counting() -> None:
    manifest = harvesting(pending(), "interrupted")
    after = apply(manifest, next_move(manifest, Judgement("interrupted"), RESULT))
    assert (after.state, after.attempt) == (State.PENDING, 1)


def test_the_third_interruption_in_a_row_needs_a_person() -> None:
    manifest = replace(harvesting(pending(), "interrupted"), interruptions=3)
    move = next_move(manifest, Judgement("interrupted"), RESULT)
    assert isinstance(move, Stuck)
    assert move.blocked.code == "interrupted"


def test_a_halt_and_an_unexplained_end_need_a_person() -> None:
    manifest = harvesting(pending(), "halted:wall")
    why = Blocked(code="halted-wall", reason="Too long.", remedy="Allow more.")
    assert next_move(manifest, Judgement("halted:wall", blocked=why), RESULT) == Stuck(blocked=why, result=RESULT)
    unexplained = next_move(manifest, Judgement("stuck"), RESULT)
    assert isinstance(unexplained, Stuck)
    assert unexplained.blocked.code == "stuck"


def test_tampering_outweighs_every_verdict() -> None:
    finding = Finding(code="LG201", level="error", message="The configuration was changed.")
    move = next_move(harvesting(pending()), Judgement("completed"), Result(head=TIP, findings=(finding,)))
    assert isinstance(move, Stuck)
    assert move.blocked.code == "tampered"
    assert "The configuration was changed." in move.blocked.reason


def test_a_warning_does_not_stop_a_job() -> None:
    finding = Finding(code="LG205", level="warning", message="A branch moved.")
    move = next_move(harvesting(pending()), Judgement("completed"), Result(head=TIP, findings=(finding,)))
    assert isinstance(move, Succeed)
