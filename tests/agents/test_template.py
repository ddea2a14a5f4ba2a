"""The agent that begins a project: run for real, in worktrees that are empty, full, or in the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from logist_ci.agents.answer import read_answer
from logist_ci.agents.base import AgentEvent, Task
from logist_ci.agents.template import TemplateAgent
from logist_ci.agents.template_program import begin
from logist_ci.errors import ConfigError
from logist_ci.process.capture import Completed

Play = Callable[..., Completed]


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_request_becomes_a_project(task: Task, play: Play) -> None:
    done = play(TemplateAgent(), prompt="create a landing page for my startup", title="Landing page")
    assert done.returncode == 0, done.stderr
    assert files_below(task.workspace) == {"README.md", "icon.svg", "index.html", "styles.css"}
    assert "<title>Landing page</title>" in (task.workspace / "index.html").read_text()
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert (answer.action, answer.summary) == ("COMPLETED", "Wrote 4 files of a new static_html.")
    assert "index.html" in answer.evidence_files
    assert b"This is about static_html (word: landing page)." in done.stdout
    assert TemplateAgent().events(b"wrote index.html\n") == (AgentEvent("progress", "wrote index.html"),)
    assert TemplateAgent().events(b"else") == ()


def test_a_kind_can_be_named_and_the_files_have_a_say(task: Task, play: Play) -> None:
    play(TemplateAgent(), prompt="a landing page", options={"kind": "python_package", "title": "Date Tools"})
    assert (task.workspace / "src" / "date_tools" / "__init__.py").exists()


def test_the_type_of_the_repository_counts(task: Task, play: Play) -> None:
    (task.workspace / "tsconfig.json").write_text("{}")
    play(TemplateAgent(), prompt="begin")
    assert (task.workspace / "package.json").exists()


def test_doing_it_again_changes_nothing(task: Task, play: Play) -> None:
    request = {"prompt": "make an Express API server\nwith tests", "title": ""}
    play(TemplateAgent(), **request)
    before = {path: path.stat().st_mtime_ns for path in task.workspace.rglob("*")}
    again = f"{request['prompt']}\n\n---\nThe check failed: python landing page discord bot"
    done = play(TemplateAgent(), prompt=again, request=request["prompt"], title="", attempt=2, feedback="…")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in task.workspace.rglob("*")} == before
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert answer.summary == "Every file of a node_project was there."


def test_nothing_is_ever_overwritten(task: Task, play: Play) -> None:
    (task.workspace / "index.html").write_text("mine\n")
    (task.workspace / "styles.css").symlink_to("elsewhere.css")
    play(TemplateAgent(), prompt="a landing page")
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert answer.action == "STUCK"
    assert answer.summary == "These are there already, and are not overwritten: index.html, styles.css."
    assert files_below(task.workspace) == {"index.html"}
    assert (task.workspace / "index.html").read_text() == "mine\n"


@pytest.mark.parametrize("obstacle", ["file", "symlink"])
def test_a_folder_that_is_something_else_is_in_the_way(task: Task, play: Play, tmp_path: Path, obstacle: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    if obstacle == "file":
        (task.workspace / "src").write_text("")
    else:
        (task.workspace / "src").symlink_to(outside)
    (task.workspace / "package.json").mkdir()
    play(TemplateAgent(), prompt="x", options={"kind": "node_project"})
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert "package.json, src/app.js, src/server.js" in answer.summary
    assert not list(outside.iterdir())


def test_an_unknown_type_is_stuck_with_an_explanation(task: Task, play: Play) -> None:
    play(TemplateAgent(), prompt="make me a sandwich")
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert answer.action == "STUCK"
    assert "Name one with the option `kind`." in answer.summary
    assert files_below(task.workspace) == set()


def test_templates_of_the_repository_win_and_run_in_the_sandbox(task: Task, play: Play) -> None:
    own = task.workspace / ".logist" / "templates" / "scaffolds" / "static_html"
    own.mkdir(parents=True)
    (own / "README.md.j2").write_text("# Ours: {{ title | markdown }}\n")
    play(TemplateAgent(), prompt="a landing page", title="Page")
    assert (task.workspace / "README.md").read_text() == "# Ours: Page\n"
    (own / "index.html.j2").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    play(TemplateAgent(), prompt="a landing page", title="Page")
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert answer.action == "STUCK"
    assert "unsafe" in answer.summary


def test_a_kind_that_does_not_exist_is_an_error_before_anything_runs(task: Task) -> None:
    with pytest.raises(ConfigError, match="no kind of project called 'rails'"):
        TemplateAgent().command(replace(task, options={"kind": "rails"}))


def test_the_worktree_cannot_change_what_is_imported(task: Task, play: Play) -> None:
    for name in ("json", "jinja2", "logist_ci", "sitecustomize"):
        (task.workspace / f"{name}.py").write_text("raise SystemExit('logist-canary')\n")
    done = play(TemplateAgent(), prompt="a landing page")
    assert done.returncode == 0
    assert b"canary" not in done.stderr + done.stdout
    assert json.loads(task.result.read_bytes())["action"] == "COMPLETED"


Told = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("prompt", "options", "action"),
    [
        ("a landing page", {}, "COMPLETED"),
        ("a sandwich", {}, "STUCK"),
        ("a sandwich", {"kind": "discord_bot"}, "COMPLETED"),
    ],
)
def test_the_same_happens_without_a_process(
    task: Task, document: Told, prompt: str, options: dict[str, str], action: str
) -> None:
    for _ in range(2):
        with pytest.raises(SystemExit) as ended:
            begin(document(TemplateAgent(), prompt=prompt, options=options))
        assert not ended.value.code
        assert json.loads(task.result.read_bytes())["action"] == action


def test_what_is_in_the_way_is_named(task: Task, document: Told) -> None:
    (task.workspace / "tests").symlink_to(task.scratch)
    (task.workspace / "README.md").mkdir()
    (task.workspace / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(SystemExit):
        begin(document(TemplateAgent(), options={"kind": "discord_bot"}))
    summary = json.loads(task.result.read_bytes())["summary"]
    assert summary.endswith(": README.md, pyproject.toml, tests/test_commands.py.")


def test_a_template_that_fails_is_reported(task: Task, document: Told) -> None:
    own = task.workspace / ".logist" / "templates" / "scaffolds" / "static_html"
    own.mkdir(parents=True)
    (own / "README.md.j2").write_text("\n{{ missing }}")
    with pytest.raises(SystemExit):
        begin(document(TemplateAgent(), options={"kind": "static_html"}))
    summary = json.loads(task.result.read_bytes())["summary"]
    assert "scaffolds/static_html/README.md.j2, line 2, failed: 'missing' is undefined" in summary


def test_a_repository_keeps_its_own_readme(task: Task, play: Play) -> None:
    (task.workspace / "README.md").write_text("mine\n")
    play(TemplateAgent(), prompt="a landing page")
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert answer.action == "COMPLETED"
    assert answer.summary.endswith("Left README.md as it was.")
    assert (task.workspace / "README.md").read_text() == "mine\n"
    assert (task.workspace / "index.html").exists()
