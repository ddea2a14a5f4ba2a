from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from logist_ci.cli.terminal import Palette
from logist_ci.cli.views.diagnosis import diagnosis_page
from logist_ci.cli.views.listing import history_table, job_table, stats_table, trouble_lines
from logist_ci.cli.views.results import change_line, check_line, decided, ended, painted
from logist_ci.cli.views.status import amount, status_page
from logist_ci.gitstore.manifests import HistoryEntry
from logist_ci.gitstore.summaries import damaged_summary, summarise
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.manifest import Artifact, CheckResult, CheckSpec, Finding, Manifest, Result
from logist_ci.job.states import State
from logist_ci.lifecycle.doctor import Diagnosis, Fact, Problem, SettingFact, Tool
from logist_ci.lifecycle.show import Facts, Line, detail, line, past, statistics
from logist_ci.lifecycle.troubles import Trouble
from logist_ci.testing import example_in
from logist_ci.testing.manifests import EXAMPLE_MOMENT

NOW = EXAMPLE_MOMENT + timedelta(hours=2)
PLAIN, COLOURED = Palette(), Palette(on=True)
COMMIT = CommitId("a" * 40)
EVIL = "evil\x1b[2J"


def result(state: State = State.SUCCESS, **more: Any) -> Manifest:
    manifest = example_in(state)
    return replace(manifest, result=replace(manifest.result, **more))


def listed(state: State, owner: Any = "none", **changes: Any) -> Line:
    manifest = example_in(state)
    return line(replace(summarise(manifest, manifest.id, COMMIT), **changes), owner, NOW)


def test_a_list_has_a_row_for_each_job() -> None:
    head, row = job_table([listed(State.SUCCESS)], NOW, PLAIN).splitlines()
    assert head.split() == ["JOB", "STATE", "PHASE", "TRY", "AGENT", "AGE", "TITLE"]
    assert row.split() == ["example-000001", "SUCCESS", "generate", "1", "command", "2h", "ago", "Example"]


def test_a_list_tells_who_has_lost_the_owner_or_the_manifest() -> None:
    broken = line(damaged_summary(JobId("broken"), COMMIT, EVIL), "none", NOW)
    text = job_table([listed(State.RUNNING, "gone"), broken], NOW, PLAIN)
    assert "RUNNING (owner gone)" in text
    assert "DAMAGED" in text


def test_what_needs_attention_comes_with_a_command() -> None:
    trouble = Trouble("lost", "fix", EVIL, "logist-ci recover fix")
    assert trouble_lines([trouble], PLAIN) == "evil\\x1b[2J\n  logist-ci recover fix"


def test_long_titles_are_cut_and_evil_ones_made_harmless() -> None:
    text = job_table([listed(State.PENDING, title=EVIL + "x" * 100)], NOW, PLAIN)
    assert "\x1b" not in text
    assert text.endswith("…")


def test_statistics_have_totals() -> None:
    text = stats_table(statistics([], now=NOW, archived=2, disk_bytes=1500), PLAIN)
    assert "archived         2" in text
    assert "on disk          1.5 KB" in text


def test_history_has_a_line_for_each_change() -> None:
    entries = past([HistoryEntry(COMMIT, EXAMPLE_MOMENT, f"fix: new → PENDING {EVIL}", State.PENDING)])
    assert history_table(entries, PLAIN) == "2026-01-01 00:00:00Z  aaaaaaaaaa  fix: new → PENDING evil\\x1b[2J"


def test_a_result_says_what_changed_and_whether_it_was_checked() -> None:
    checks = (CheckResult(name="pytest", ok=True, duration_ms=1500), CheckResult(name=EVIL, ok=False))
    manifest = result(
        files=2, insertions=5, deletions=1, checks=checks, summary=f"Did it.\n{EVIL}",
        findings=(Finding(code="LG206", level="warning", message=EVIL),),
        artifacts=(Artifact(path="dist/a.whl", sha256="0" * 64, bytes=1),),
    )  # fmt: skip
    text = ended(manifest, NOW, PLAIN)
    assert "2 files changed, +5 -1, on branch logist/example-000001" in text
    assert "ok  pytest  (1.5s)" in text
    assert "failed  evil\\x1b[2J" in text
    assert "LG206 evil\\x1b[2J" in text
    assert "artifact dist/a.whl (1 byte)" in text
    assert "Next: logist-ci diff example-000001" in text
    assert "\x1b" not in text


def test_a_result_that_needs_a_person_says_why_and_what_to_do() -> None:
    text = ended(result(State.INTERVENTION_REQUIRED), NOW, PLAIN)
    assert "Why: The example needs a person." in text
    assert "What to do: logist-ci rerun example-000001" in text


def test_nothing_ran_is_not_called_good() -> None:
    assert check_line(result(), PLAIN) == ["not checked"]
    spec = replace(result().spec, checks=(CheckSpec(kind="command", name="pytest", argv=("pytest",)),))
    assert check_line(replace(result(), spec=spec), PLAIN) == ["checks have not run"]
    assert change_line(replace(result(), result=Result())) == "no changes"


def test_a_decision_says_where_the_job_is() -> None:
    assert decided(example_in(State.SUSPENDED), NOW, PLAIN) == (
        "example-000001: SUSPENDED   next: logist-ci resume example-000001"
    )
    wanted = replace(example_in(State.RUNNING), wanted="cancel")
    assert decided(wanted, NOW, PLAIN).startswith("example-000001: asked its owner to cancel it")


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_colour(state: State) -> None:
    assert painted(state, "x", COLOURED) != "x"
    assert painted(state, "x", PLAIN) == "x"


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_page(state: State) -> None:
    text = status_page(detail(example_in(state), Facts(owner="alive"), NOW), NOW, PLAIN)
    assert text.startswith("example-000001\n")
    assert "attempt 1 of 3" in text
    assert "next       logist-ci " in text


def test_a_page_tells_everything_that_is_known() -> None:
    manifest = replace(
        result(State.INTERVENTION_REQUIRED, summary=EVIL, findings=(Finding(code="LG1", level="note", message=EVIL),)),
        wanted="suspend", not_before=NOW,
    )  # fmt: skip
    facts = Facts(owner="none", workspace="/w", output="/o", disk_bytes=1500)
    text = status_page(detail(manifest, facts, NOW), NOW, PLAIN)
    for part in ("suspend asked for", "not before 2026-01-01 02:00:00Z", "/w", "/o", "1.5 KB", "LG1 evil\\x1b[2J",
                 "needs a person", "from a detached HEAD at 0000000000", "host", "wall", "0%"):  # fmt: skip
        assert part in text, part
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(None, "s", "?"), (90, "s", "1m 30s"), (1500, "bytes", "1.5 KB"), (0.5, "usd", "$0.50"),
                                (1200, "count", "1,200")],
)  # fmt: skip
def test_amounts_have_units(value: float | None, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def diagnosis(*problems: Problem) -> Diagnosis:
    return Diagnosis(
        version="1.2", tools=(Tool("git", "2.39.5"), Tool("git-lfs", "", "x")), agents=(Fact("mock", "built in"),),
        runtimes=(Fact("host", "works"),), repository=(), settings=(SettingFact("agent", '"mock"', "logist.toml:1"),
        SettingFact("approval", "false", "default")), problems=problems,
    )  # fmt: skip


def test_a_diagnosis_ends_with_what_needs_attention() -> None:
    text = diagnosis_page(diagnosis(Problem("missing", EVIL, "Install it.")), PLAIN)
    assert text.endswith("Needs attention\n  missing: evil\\x1b[2J\n    Install it.")
    assert "git-lfs  not installed" in text
    assert "logist.toml:1" in text
    assert "approval" not in text


def test_a_clean_diagnosis_says_so_and_may_show_all_settings() -> None:
    text = diagnosis_page(diagnosis(), PLAIN, everything=True)
    assert text.endswith("Everything is as it should be.")
    assert "approval" in text
