from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from logist_ci.gitstore.manifests import HistoryEntry
from logist_ci.gitstore.summaries import Summary, damaged_summary, summarise
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import CheckResult, Manifest, Phase, Result
from logist_ci.job.states import TRANSIENT, State
from logist_ci.job.usage import Usage
from logist_ci.lifecycle.show import (
    Facts,
    LimitUse,
    Owner,
    detail,
    limits_used,
    line,
    milestones,
    next_commands,
    past,
    shown_state,
    statistics,
)
from logist_ci.testing import example_in, example_manifest
from logist_ci.testing.manifests import EXAMPLE_MOMENT

NOW = EXAMPLE_MOMENT + timedelta(minutes=10)
COMMIT = CommitId("a" * 40)


def summary(manifest: Manifest, **changes: Any) -> Summary:
    return replace(summarise(manifest, manifest.id, COMMIT), **changes)


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_next_command(state: State) -> None:
    commands = next_commands(JobId("fix"), state, "alive" if state in TRANSIENT else "none", NOW)
    assert all(command.startswith("logist-ci ") and command.endswith(" fix") for command in commands)


@pytest.mark.parametrize("state", sorted(TRANSIENT))
@pytest.mark.parametrize("owner", ["gone", "none"])
def test_a_job_without_an_owner_is_to_be_recovered(state: State, owner: Owner) -> None:
    assert next_commands(JobId("fix"), state, owner, NOW) == ("logist-ci recover fix",)
    assert shown_state(state, Phase.GENERATE, owner) == f"{state.value} (owner gone)"


def test_a_job_that_waits_says_until_when() -> None:
    [command] = next_commands(JobId("fix"), State.PENDING, "none", NOW, NOW + timedelta(hours=1))
    assert "after 2026-01-01 01:10:00 UTC" in command
    assert next_commands(JobId("fix"), State.PENDING, "none", NOW, NOW) == ("logist-ci run --job fix",)


def test_a_damaged_job_is_to_be_validated() -> None:
    shown = line(damaged_summary(JobId("fix"), COMMIT, "It is empty."), "none", NOW)
    assert (shown.shown, shown.defect, shown.next) == ("DAMAGED", "It is empty.", "logist-ci validate fix")
    assert shown.state is None


def test_a_job_that_was_cleaned_up_can_be_restored() -> None:
    shown = line(summary(example_in(State.SUCCESS), closed_at=NOW), "none", NOW)
    assert (shown.shown, shown.next) == ("SUCCESS (cleaned up)", "logist-ci restore example-000001")


@pytest.mark.parametrize(
    ("state", "phase", "shown"),
    [
        (State.RUNNING, Phase.GENERATE, "RUNNING"),
        (State.RUNNING, Phase.VALIDATE, "REVIEWING"),
        (State.RUNNING, Phase.REVIEW, "REVIEWING"),
        (State.HARVESTING, Phase.VALIDATE, "HARVESTING"),
        (State.PENDING, Phase.VALIDATE, "PENDING"),
    ],
)
def test_running_checks_is_shown_as_reviewing(state: State, phase: Phase, shown: str) -> None:
    assert shown_state(state, phase, "alive") == shown


def test_a_line_has_what_a_list_shows() -> None:
    shown = line(summary(example_in(State.INTERVENTION_REQUIRED)), "none", NOW)
    assert shown.id == "example-000001"
    assert (shown.agent, shown.attempt, shown.blocked) == ("command", 1, "stuck")
    assert shown.next == "logist-ci logs example-000001"


@pytest.mark.parametrize(
    ("state", "reached"),
    [
        (State.PENDING, ("created",)),
        (State.SUCCESS, ("created", "generated", "done")),
        (State.INTERVENTION_REQUIRED, ("created", "generated", "failed")),
        (State.CANCELED, ("created", "failed")),
        (State.RUNNING, ("created",)),
    ],
)
def test_milestones_follow_from_completed_phases(state: State, reached: tuple[str, ...]) -> None:
    assert milestones(example_in(state)) == reached


def uses(manifest: Manifest, **facts: Any) -> dict[str, LimitUse]:
    return {use.name: use for use in limits_used(manifest, Facts(**facts), NOW)}


def test_limits_say_what_is_used_of_them() -> None:
    running = replace(example_in(State.RUNNING), usage=Usage(peak_rss=1000, cost_usd=0.5, tokens=7))
    found = uses(running, disk_bytes=42)
    assert found["wall"].used == 600.0
    assert found["wall"].allowed == 1800.0
    assert (found["memory"].used, found["cost_usd"].used, found["tokens"].used) == (1000, 0.5, 7)
    assert (found["disk"].used, found["attempts"].used) == (42, 1)
    assert found["idle"].used is None


def test_an_attempt_that_ended_uses_no_more_time() -> None:
    assert uses(example_in(State.SUCCESS))["wall"].used == 0.0


def test_a_job_that_never_ran_used_nothing_and_may_be_unlimited() -> None:
    manifest = example_manifest()
    unlimited = replace(manifest, spec=replace(manifest.spec, limits=Limits(wall_s=None)))
    assert uses(unlimited)["wall"].used is None
    assert uses(unlimited)["wall"].allowed is None


@pytest.mark.parametrize(
    ("checks", "checked"),
    [((), None), ((CheckResult(name="a", ok=True),), True),
     ((CheckResult(name="a", ok=True), CheckResult(name="b", ok=False)), False)],
)  # fmt: skip
def test_nothing_ran_is_neither_good_nor_bad(checks: tuple[CheckResult, ...], checked: bool | None) -> None:
    manifest = replace(example_in(State.SUCCESS), result=Result(checks=checks))
    assert detail(manifest, Facts(), NOW).checked is checked


def test_a_detail_has_every_attempt() -> None:
    shown = detail(example_in(State.SUCCESS), Facts(owner="none"), NOW)
    [attempt] = shown.tries
    assert (attempt.phase, attempt.number, attempt.role) == (Phase.GENERATE, 1, "agent")
    assert shown.next == ("logist-ci cleanup example-000001",), "there is nothing to look at and to apply"


def test_changes_are_to_be_looked_at_and_applied() -> None:
    manifest = replace(example_in(State.SUCCESS), result=Result(files=1))
    assert detail(manifest, Facts(), NOW).next == (
        "logist-ci diff example-000001", "logist-ci apply example-000001"
    )  # fmt: skip


def test_statistics_count_by_state() -> None:
    jobs = [
        summary(example_in(State.PENDING)),
        summary(example_in(State.PENDING), not_before=NOW + timedelta(hours=1)),
        summary(example_in(State.PENDING), wanted="cancel"),
        summary(example_in(State.RUNNING)),
        summary(example_in(State.APPROVAL_REQUIRED)),
        summary(example_in(State.SUCCESS), agent="mock"),
        damaged_summary(JobId("broken"), COMMIT, "It is empty."),
    ]
    stats = statistics(jobs, now=NOW, archived=3, disk_bytes=99)
    assert stats.by_state == {"PENDING": 3, "RUNNING": 1, "APPROVAL_REQUIRED": 1, "SUCCESS": 1}
    assert (stats.jobs, stats.queued, stats.running, stats.waiting, stats.damaged) == (7, 1, 1, 1, 1)
    assert stats.by_agent == {"command": 5, "mock": 1}
    assert (stats.archived, stats.disk_bytes) == (3, 99)


def test_history_begins_with_the_oldest() -> None:
    entries = [
        HistoryEntry(COMMIT, NOW, "fix: PENDING → RUNNING\n\nmore", State.RUNNING),
        HistoryEntry(COMMIT, EXAMPLE_MOMENT, "fix: new → PENDING", None),
    ]
    first, second = past(entries)
    assert (first.what, first.state) == ("fix: new → PENDING", None)
    assert second.what == "fix: PENDING → RUNNING"
