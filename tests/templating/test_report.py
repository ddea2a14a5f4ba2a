"""The report of one job, as people read it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.manifest import (
    AgentSpec,
    Artifact,
    Attempt,
    Blocked,
    CheckResult,
    Finding,
    Input,
    Manifest,
    Phase,
    PhaseRecord,
    Result,
    Source,
    Spec,
    Trigger,
)
from logist_ci.job.states import State
from logist_ci.job.usage import Usage
from logist_ci.templating.render import Templates

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def manifest(**more: object) -> Manifest:
    fields: dict[str, object] = {
        "id": job_id("fix-login-k3v9q2"),
        "title": "Fix the *login* | now",
        "created_at": MOMENT,
        "created_by": "me",
        "input": Input(prompt="Fix it"),
        "source": Source(
            base_commit=commit_id("a" * 40),
            base_ref="main",
            branch="logist/fix-login-k3v9q2",
            trigger=Trigger(event="run"),
        ),
        "spec": Spec(agent=AgentSpec(name="mock")),
        "state": State.SUCCESS,
        "phase": Phase.GENERATE,
        **more,
    }
    return Manifest(**fields)  # type: ignore[arg-type]  # tests name real fields


def report(job: Manifest) -> str:
    return Templates().render("report.md.j2", {"job": job})


def test_a_job_that_has_nothing_yet_is_reported() -> None:
    text = report(manifest(state=State.PENDING))
    assert text.startswith("# Fix the \\*login\\* \\| now\n\n| | |\n| --- | --- |\n| Job | `fix-login-k3v9q2` |\n")
    assert "| State | **PENDING** |" in text
    assert "## " not in text


def test_everything_that_happened_is_reported() -> None:
    attempt = Attempt(started_at=MOMENT, ended_at=MOMENT + timedelta(seconds=2), duration_ms=2000, verdict="completed")
    result = Result(
        files=2,
        insertions=10,
        deletions=3,
        summary="Done.\n```\nnot a fence",
        checks=(
            CheckResult(name="pytest -q", ok=True, exit_status=0, duration_ms=1500),
            CheckResult(name="ruff | check", ok=False, exit_status=1, output="E501 | too long\n"),
        ),
        findings=(Finding(code="LG101", level="error", message="Changes <a>.", path=".github/x|y"),),
        artifacts=(Artifact(path="a b.txt", sha256="0" * 64, bytes=5),),
    )
    text = report(
        manifest(
            state=State.INTERVENTION_REQUIRED,
            result=result,
            usage=Usage(wall_s=2.04, cpu_s=1.0, cost_usd=0.5, cost_source="reported", tokens=1200),
            blocked=Blocked(code="gate", reason="The gate found errors.", remedy="logist-ci gate fix-login-k3v9q2"),
            phases=(
                PhaseRecord(
                    name=Phase.GENERATE, role="agent", agent="mock", attempts=(attempt, Attempt(started_at=MOMENT))
                ),
            ),
        )
    )
    for expected in (
        "| Changes | 2 files, +10 −3 |",
        "| Used | 2.0 s of time, 1.0 s of processor, $0.50 (reported), 1200 tokens |",
        "````text\nDone.\n```\nnot a fence\n````",
        "| pytest -q | passed | 1.5 s |",
        "| ruff \\| check | **failed** with status 1 | 0.0 s |",
        "```text\nE501 | too long\n```",
        "| LG101 | error | .github/x\\|y | Changes \\<a\\>. |",
        f"| a b.txt | 5 | `{'0' * 64}` |",
        "| generate | 1 | completed | 2.0 s |",
        "| generate | 2 | running | 0.0 s |",
        "logist-ci gate fix-login-k3v9q2",
    ):
        assert expected in text, text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)
    assert "\n\n\n" not in text
