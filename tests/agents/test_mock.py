"""Every step of the mock agent, played for real."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from logist_ci.agents.answer import read_answer
from logist_ci.agents.base import AgentEvent, Task
from logist_ci.agents.mock import MockAgent
from logist_ci.agents.mock_program import MALFORMED, STEPS, steps_of
from logist_ci.agents.mock_program import play as play_here
from logist_ci.errors import ConfigError, JobStateError
from logist_ci.process.capture import Completed
from logist_ci.testing.sandbox import GitSandbox

Play = Callable[..., Completed]


def script(*steps: object) -> str:
    return json.dumps(list(steps))


def test_files_are_written_changed_and_removed(task: Task, play: Play) -> None:
    (task.workspace / "old.txt").write_text("old")
    (task.workspace / "gone.txt").write_text("gone")
    done = play(
        MockAgent(),
        prompt=script(
            {"write": {"path": "new/a b.txt", "text": "hé\n", "executable": True}},
            {"append": {"path": "new/a b.txt", "text": "more\n"}},
            {"write": {"path": "b.bin", "hex": "00ff"}},
            {"rename": ["old.txt", "moved/new.txt"]},
            {"delete": "gone.txt"},
            {"mkdir": "empty/folder"},
            {"symlink": {"path": "link", "target": "b.bin"}},
            {"chmod": {"path": "b.bin", "mode": "600"}},
            {"save": {"path": "phase", "what": "phase"}},
            "succeed",
        ),
    )
    assert done.returncode == 0, done.stderr
    space = task.workspace
    assert (space / "new" / "a b.txt").read_text() == "hé\nmore\n"
    assert (space / "new" / "a b.txt").stat().st_mode & 0o111
    assert (space / "b.bin").read_bytes() == b"\0\xff"
    assert (space / "b.bin").stat().st_mode & 0o777 == 0o600
    assert (space / "moved" / "new.txt").read_text() == "old"
    assert not (space / "gone.txt").exists()
    assert (space / "empty" / "folder").is_dir()
    assert (space / "link").readlink() == Path("b.bin")
    assert (space / "phase").read_text() == "generate"
    answer = read_answer(task.result, space)
    assert answer is not None
    assert (answer.action, answer.summary) == ("COMPLETED", "mock: completed")


@pytest.mark.parametrize(
    ("step", "action", "summary"),
    [
        ({"succeed": "done"}, "COMPLETED", "done"),
        ({"stuck": "no key"}, "STUCK", "no key"),
        ("retry", "RETRY", "mock: retry"),
        ({"succeed": {"summary": "s", "evidence_files": ["a"]}}, "COMPLETED", "s"),
    ],
)
def test_answers_are_given(task: Task, play: Play, step: object, action: str, summary: str) -> None:
    (task.workspace / "a").write_text("")
    assert play(MockAgent(), options={"script": script(step, "crash")}).returncode == 0
    answer = read_answer(task.result, task.workspace)
    assert answer is not None
    assert (answer.action, answer.summary) == (action, summary)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_results_are_malformed(task: Task, play: Play, name: str) -> None:
    play(MockAgent(), options={"script": script({"malformed": name})})
    with pytest.raises(JobStateError):
        read_answer(task.result, task.workspace)


def test_paths_can_leave_the_worktree(task: Task, play: Play) -> None:
    play(MockAgent(), prompt="outside")
    assert (task.workspace.parent / "outside.txt").exists()
    with pytest.raises(JobStateError, match=r"its evidence '\.\./outside\.txt' cannot be used"):
        read_answer(task.result, task.workspace)


@pytest.mark.parametrize(
    ("step", "status"),
    [
        ("fail", 1),
        ({"fail": 7}, 7),
        ("crash", -signal.SIGSEGV),
        ({"crash": "KILL"}, -signal.SIGKILL),
        ({"crash": "ABRT"}, -signal.SIGABRT),
        ({"run": ["sh", "-c", "exit 3"]}, 1),
        ({"run": ["true"]}, 0),
    ],
)
def test_it_ends_as_it_is_told(play: Play, step: object, status: int) -> None:
    assert play(MockAgent(), prompt=script(step)).returncode == status


@pytest.mark.parametrize("step", ["hang", "ask", {"sleep": 60}, "busy"])
def test_it_goes_on_until_it_is_stopped(play: Play, step: object) -> None:
    done = play(MockAgent(), prompt=script(step), timeout_s=0.5)
    assert done.timed_out
    if step == "ask":
        assert done.stdout == b"Do you want to continue? [y/N] "


def test_short_waits_end(play: Play) -> None:
    begun = time.monotonic()
    assert play(MockAgent(), prompt=script({"sleep": 0.1}, {"busy": 0.1})).returncode == 0
    assert time.monotonic() - begun >= 0.2


def test_it_prints_and_floods(play: Play) -> None:
    done = play(MockAgent(), prompt=script({"print": "one"}, {"print": ["progress: two", "three"]}, {"flood": 200_000}))
    assert done.stdout.startswith(b"one\nprogress: two\nthree\nThe quick brown fox")
    assert len(done.stdout) == len("one\nprogress: two\nthree\n") + 200_000
    assert MockAgent().events(b"progress: two\n") == (AgentEvent("progress", "two"),)
    assert MockAgent().events(b"three\n") == ()


def test_it_shows_its_environment(play: Play) -> None:
    done = play(MockAgent(), prompt=script({"print_environment": ["LOGIST_JOB_ID", "MISSING"]}))
    assert done.stdout == b"LOGIST_JOB_ID=mock-job\nMISSING=\n"
    assert b"LOGIST_PHASE=generate\n" in play(MockAgent(), prompt="print_environment").stdout


def test_it_can_ignore_the_first_signal_and_leave_a_child_in_another_session(task: Task, play: Play) -> None:
    steps = (
        "ignore_term",
        {"spawn": {"seconds": 60, "ignore_term": True, "pid_file": "child.pid"}},
        {"spawn": {"seconds": 60, "session": False, "pid_file": "sibling.pid"}},
        {"run": ["sh", "-c", "kill -TERM $PPID"]},
        {"write": {"path": "still.here"}},
    )
    done = play(MockAgent(), prompt=script(*steps), timeout_s=3.0)
    assert (task.workspace / "still.here").exists(), done.stderr
    child = int((task.workspace / "child.pid").read_text())
    sibling = int((task.workspace / "sibling.pid").read_text())
    try:
        assert os.getsid(child) == child
    finally:
        for pid in (child, sibling):
            os.kill(pid, signal.SIGKILL)


def test_it_commits(repo: GitSandbox, play: Play) -> None:
    steps = script({"write": {"path": "a.txt"}}, {"commit": "Add a"}, {"git": ["tag", "v1"]}, {"git": ["bisect", "no"]})
    done = play(MockAgent(), prompt=steps, workspace=repo.path)
    assert done.returncode == 1
    assert repo.git("log", "-1", "--format=%an %s %D") == "Mock Agent Add a HEAD -> main, tag: v1"


def test_each_attempt_can_have_its_own_steps() -> None:
    text = json.dumps({"attempts": [["fail"], [{"print": "two"}, "succeed"]]})
    assert steps_of(text, 1) == [("fail", None)]
    assert steps_of(text, 2) == steps_of(text, 9) == [("print", "two"), ("succeed", None)]


def test_feedback_after_a_script_is_left_out() -> None:
    assert steps_of('["hang"]\n\n---\nThis is attempt 2.', 2) == [("hang", None)]
    assert steps_of("hang\n\n---\nThis is attempt 2.", 2) == [("hang", None)]
    assert steps_of('{"print": "a", "succeed": null}', 1) == [("print", "a"), ("succeed", None)]


def test_a_plain_request_is_written_down(task: Task, play: Play) -> None:
    assert play(MockAgent(), prompt="fix the login").returncode == 0
    assert (task.workspace / "mock.md").read_text() == "fix the login\n"
    assert read_answer(task.result, task.workspace) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('["dance"]', "there is no step called 'dance'"),
        ("[1]", "1 is not a step"),
        ("[", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ('{"attempts": []}', "`attempts` is not a list"),
        ('{"attempts": [5]}', "neither a list nor an object"),
    ],
)
def test_a_script_that_cannot_be_played_is_an_error_before_anything_runs(task: Task, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be played") as caught:
        MockAgent().command(replace(task, prompt=text))
    assert said in str(caught.value)
    assert "succeed" in caught.value.hint


def test_every_step_is_played_in_this_file() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in STEPS if f'"{name}"' not in source] == []


def test_the_option_wins_over_the_prompt(play: Play) -> None:
    assert play(MockAgent(), prompt="hang", options={"script": '[{"print": "x"}]'}).stdout == b"x\n"


def test_the_attempt_and_the_feedback_reach_the_script(task: Task, play: Play) -> None:
    steps = script({"save": {"path": "f", "what": "feedback"}}, {"save": {"path": "n", "what": "attempt"}})
    play(MockAgent(), prompt="told\n---\nfeedback", request=steps, feedback="fix a", attempt=2)
    assert ((task.workspace / "f").read_text(), (task.workspace / "n").read_text()) == ("fix a", "2")


Told = Callable[..., dict[str, Any]]


def test_the_same_script_can_be_played_without_a_process(
    repo: GitSandbox, document: Told, task: Task, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = script(
        {"write": {"path": "d/a", "text": "1", "executable": True}},
        {"append": {"path": "d/a", "text": "2"}},
        {"write": {"path": "b", "hex": "00"}},
        {"rename": ["b", "e/c"]},
        {"delete": "README.md"},
        {"symlink": {"path": "l", "target": "d/a"}},
        {"mkdir": "x"},
        {"chmod": {"path": "e/c", "mode": "600"}},
        {"save": {"path": "t", "what": "title"}},
        {"print": ["p", 1]},
        {"print_environment": ["NOT_SET"]},
        {"flood": 100},
        {"busy": 0.01},
        {"sleep": 0.01},
        {"commit": "All"},
        {"succeed": "done"},
    )
    with pytest.raises(SystemExit):
        play_here(document(MockAgent(), prompt=steps, workspace=repo.path))
    assert repo.git("status", "--porcelain") == ""
    assert set(repo.git("ls-files").split()) == {"d/a", "e/c", "l", "t"}
    assert json.loads(task.result.read_bytes()) == {"action": "COMPLETED", "summary": "done"}
    shown = capfd.readouterr().out
    assert shown.startswith("p\n1\nNOT_SET=\nThe quick")


@pytest.mark.parametrize(
    ("step", "status"),
    [({"fail": 4}, 4), ("outside", 0), ("stuck", 0), ("retry", 0), ("malformed", 0), ({"run": ["false"]}, None)],
)
def test_every_end_is_an_exit(document: Told, step: object, status: int | None) -> None:
    with pytest.raises(SystemExit) as ended:
        play_here(document(MockAgent(), prompt=script(step)))
    assert status is None or ended.value.code == status
