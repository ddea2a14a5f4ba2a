"""The agent that is any command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from logist_ci.agents.base import Task
from logist_ci.agents.command import CommandAgent
from logist_ci.errors import ConfigError
from logist_ci.process.capture import Completed

Play = Callable[..., Completed]


def test_the_command_is_run_as_it_stands(task: Task, play: Play) -> None:
    done = play(CommandAgent(), argv=("printf", "%s|", "a b", "$HOME", "{prompt}", "'"))
    assert done.stdout == b"a b|$HOME|{prompt}|'|"


def test_the_prompt_is_on_stdin_and_in_a_file(task: Task, play: Play) -> None:
    script = 'cat; cat "$LOGIST_PROMPT_FILE"; printf %s "$LOGIST_ATTEMPT"'
    done = play(CommandAgent(), argv=("sh", "-c", script), prompt="caf\udce9\n", attempt=2)
    assert done.stdout == b"caf\xe9\ncaf\xe9\n2"


def test_the_prompt_is_nobody_elses(task: Task) -> None:
    CommandAgent().command(replace(task, argv=("true",)))
    assert (task.scratch / "prompt.md").stat().st_mode & 0o777 == 0o600


def test_without_a_command_there_is_nothing_to_run(task: Task) -> None:
    with pytest.raises(ConfigError, match="no command to run"):
        CommandAgent().command(task)


def test_its_output_is_not_interpreted() -> None:
    assert CommandAgent().events(b'{"type": "result"}') == ()
