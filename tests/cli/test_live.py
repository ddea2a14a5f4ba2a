from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from logist_ci.cli.live import LiveView, Row, fitted, frame
from logist_ci.cli.terminal import Palette, Terminal
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import AgentSpec, Input, Manifest, Phase, Source, Spec, Trigger
from logist_ci.job.states import State
from logist_ci.runner.listener import Happening
from logist_ci.shim.protocol import Progress
from logist_ci.testing import FakeClock
from tests.cli.conftest import Screen

JOB = JobId("fix-login")


def manifest(state: State = State.RUNNING, **more: Any) -> Manifest:
    source = Source(base_commit=CommitId("0" * 40), branch=f"logist/{JOB}", trigger=Trigger(event="run"))
    made = Manifest(
        id=JOB, title="Fix", created_at=datetime(2026, 1, 1, tzinfo=UTC), created_by="me", input=Input(prompt="Fix"),
        source=source, spec=Spec(agent=AgentSpec(name="mock"), limits=Limits(wall_s=600.0)), state=state,
        phase=Phase.GENERATE,
    )  # fmt: skip
    return replace(made, **more)


def progress(text: str, **more: Any) -> Progress:
    values = {"elapsed_s": 12.0, "output_bytes": 1500, "last_line": text, "processes": 1, **more}
    return Progress(**values)


def row(**more: Any) -> Row:
    return Row(JOB, 0.0, **{"state": State.RUNNING, "limits": Limits(wall_s=600.0), **more})


def test_a_row_says_where_a_job_is_and_what_it_may_use() -> None:
    [line] = frame([row(progress=progress("compiling"))], 12.0, 120, 20, Palette())
    assert "fix-login" in line
    assert "RUNNING generate" in line
    assert "12s/10m" in line
    assert "1.5 KB/50.0 MB" in line
    assert line.endswith("compiling")


def test_a_row_without_progress_counts_by_itself() -> None:
    [line] = frame(
        [row(stage="provisioning", attempt=2, limits=Limits(wall_s=None, attempts=3))], 3.0, 120, 20, Palette()
    )
    assert "3.0s  provisioning" in line
    assert "(attempt 2 of 3)" in line


def test_no_row_is_wider_than_the_terminal() -> None:
    [line] = frame([row(progress=progress("世界" * 100))], 0.0, 60, 20, Palette())
    assert sum(2 if ord(sign) > 0x3000 else 1 for sign in line) <= 60
    assert line.endswith("…")


def test_what_a_program_prints_cannot_move_the_cursor() -> None:
    [line] = frame([row(progress=progress("\x1b[2J\x1b[H\rgone"))], 0.0, 200, 20, Palette())
    assert "\x1b" not in line
    assert "\r" not in line


def test_more_jobs_than_lines_are_counted() -> None:
    rows = [Row(JobId(f"job-{number}"), 0.0) for number in range(10)]
    lines = frame(rows, 0.0, 80, 4, Palette())
    assert len(lines) == 4
    assert lines[-1].strip() == "and 7 more jobs"


@pytest.mark.parametrize(
    ("text", "width", "fits"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("e\u0301x", 2, "e\u0301x"), ("世世", 3, "世…")]
)
def test_text_is_cut_to_columns(text: str, width: int, fits: str) -> None:
    assert fitted(text, width) == fits or len(fitted(text, width)) <= width


class Stage:
    """A view on a terminal of 80 columns, and what it wrote."""

    def __init__(self) -> None:
        self.screen = Screen(tty=True)
        terminal = Terminal(Screen(tty=True), Screen(), self.screen, environ={"TERM": "xterm"}, color=False)
        self.view = LiveView(terminal, FakeClock(), measure=lambda: (80, 24))

    def text(self) -> str:
        return self.screen.getvalue()


def test_the_view_draws_in_place_and_leaves_only_what_lasts() -> None:
    stage = Stage()
    with stage.view as view:
        view.on(Happening(JOB, "state", "fix-login: PENDING → RUNNING", manifest=manifest()))
        view.on(Happening(JOB, "progress", "x", progress=progress("working")))
        view.on(Happening(JOB, "note", "LG206 something odd"))
        assert "fix-login: LG206 something odd\n" in stage.text()
        assert "working" in stage.text()
        view.on(Happening(JOB, "state", "fix-login: HARVESTING → SUCCESS", manifest=manifest(State.SUCCESS)))
    text = stage.text()
    assert text.endswith("fix-login: HARVESTING → SUCCESS\n")
    # Every block that was drawn was taken back before the next.
    drawn = len(re.findall(r"^.? ?fix-login  ", re.sub(r"\x1b\[\d+A\x1b\[J", "", text), flags=re.MULTILINE))
    assert len(re.findall(r"\x1b\[\d+A\x1b\[J", text)) == drawn


def test_the_view_paints_by_itself() -> None:
    stage = Stage()
    with stage.view as view:
        view.on(Happening(JOB, "stage", "provisioning"))
        for _ in range(100):
            if "provisioning" in stage.text():
                break
            view._over.wait(0.02)
    assert "provisioning" in stage.text()


def test_a_stream_without_a_size_has_eighty_columns() -> None:
    terminal = Terminal(Screen(), Screen(), Screen(tty=True), environ={"TERM": "xterm"})
    assert LiveView(terminal, FakeClock())._terminal_size() == (80, 24)
