from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from msgspec.structs import replace

from logist_ci.gitstore.summaries import UNKNOWN_TIME, Summary, damaged_summary, summarise, summary_in
from logist_ci.job.codec import encode
from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.manifest import Attempt, Phase, PhaseRecord, Publication, Result
from logist_ci.job.states import State
from logist_ci.job.transitions import create
from logist_ci.job.usage import Usage
from logist_ci.testing.manifests import EXAMPLE_MOMENT, example_in, example_manifest

ID = job_id("example-000001")
COMMIT = commit_id("c" * 40)


def test_a_summary_has_what_lists_show() -> None:
    manifest = replace(
        example_in(State.SUCCESS),
        usage=Usage(tokens=7, cost_usd=0.5, wall_s=1.5),
        result=Result(head=commit_id("1" * 40), files=1, insertions=2, deletions=3),
        publication=Publication(pull=12, merged_at=EXAMPLE_MOMENT),
        closed_at=EXAMPLE_MOMENT,
    )
    summary = summary_in(encode(manifest), ID, COMMIT)
    assert summary == summarise(manifest, ID, COMMIT)
    assert (summary.state, summary.phase, summary.attempt) == (State.SUCCESS, Phase.GENERATE, 1)
    assert (summary.title, summary.agent, summary.branch) == ("Example", "command", "logist/example-000001")
    assert (summary.verdict, summary.head, summary.pull) == ("completed", "1" * 40, 12)
    assert (summary.tokens, summary.cost_usd, summary.wall_s) == (7, 0.5, 1.5)
    assert summary.created_at == summary.merged_at == summary.closed_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert summary.commit == COMMIT


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_summary(state: State) -> None:
    summary = summary_in(encode(example_in(state)), ID, COMMIT)
    assert (summary.state, summary.defect) == (state, "")
    assert summary.blocked_code == ("stuck" if state is State.INTERVENTION_REQUIRED else "")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"nonsense", "damaged"),
        (b'{"name": "foreign"}', "no `schema`"),
        (b'{"schema": 99}', "schema 99"),
        (encode(create(example_manifest("other-000001"))), "other-000001"),
        (encode(create(example_manifest())).replace(b"PENDING", b"FLYING"), "FLYING"),
        (b" " * 16_000_001, "more than"),
    ],
)
def test_a_damaged_manifest_has_a_summary_that_says_so(data: bytes, words: str) -> None:
    summary = summary_in(data, ID, COMMIT)
    assert words in summary.defect
    assert (summary.id, summary.state, summary.created_at) == (ID, None, UNKNOWN_TIME)


def attempts(*verdicts: str | None) -> tuple[Attempt, ...]:
    return tuple(Attempt(started_at=EXAMPLE_MOMENT, verdict=verdict) for verdict in verdicts)


@pytest.mark.parametrize(
    ("generate", "validate", "phase", "verdict"),
    [
        ((), (), Phase.GENERATE, ""),
        ((None,), (), Phase.GENERATE, ""),
        (("retry", "completed"), (), Phase.GENERATE, "completed"),
        (("completed",), ("stuck",), Phase.VALIDATE, "stuck"),
        (("completed",), (None,), Phase.VALIDATE, "completed"),
        # Back at the first phase: what the later one ended with is older.
        (("halted:wall",), ("retry",), Phase.GENERATE, "halted:wall"),
    ],
)
def test_the_verdict_is_the_last_one_of_the_phase(
    generate: tuple[str | None, ...], validate: tuple[str | None, ...], phase: Phase, verdict: str
) -> None:
    records = tuple(
        PhaseRecord(name=name, role="agent", agent="command", attempts=attempts(*verdicts))
        for name, verdicts in ((Phase.GENERATE, generate), (Phase.VALIDATE, validate))
    )
    spec = replace(example_manifest().spec, phases=(Phase.GENERATE, Phase.VALIDATE))
    manifest = replace(example_in(State.RUNNING), spec=spec, phase=phase, phases=records)
    assert summarise(manifest, ID, COMMIT).verdict == verdict
    assert summary_in(encode(manifest), ID, COMMIT).verdict == verdict


def test_what_lists_do_not_show_is_not_checked() -> None:
    # Validating a job reads all of its manifest; listing ten thousand must not.
    data = encode(create(example_manifest())).replace(b'"prompt": "Do nothing."', b'"prompt": 3')
    assert summary_in(data, ID, COMMIT).defect == ""


def test_a_summary_is_kept_as_a_row() -> None:
    summary = summarise(example_in(State.SUCCESS), ID, COMMIT)
    row = msgspec.json.encode(summary)
    assert row.startswith(b'["example-000001","cccc')
    assert msgspec.json.decode(row, type=Summary) == summary
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(row[:-1] + b',"more"]', type=Summary)


def test_a_damaged_one_knows_its_name_only() -> None:
    assert damaged_summary(ID, COMMIT, "lost") == Summary(id=ID, commit=COMMIT, defect="lost")
