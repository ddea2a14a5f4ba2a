"""A task in throw-away folders, and a way to run an agent's command for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from logist_ci.agents.base import Agent, Task
from logist_ci.agents.task_file import TASK_VARIABLE
from logist_ci.job.manifest import Phase
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.process.environment import job_environment

Play = Callable[..., Completed]


@pytest.fixture
def task(tmp_path: Path) -> Task:
    job = tmp_path / "job with 'quotes'"
    (job / "workspace").mkdir(parents=True)
    (job / "temp").mkdir()
    return Task(
        prompt="do it",
        workspace=job / "workspace",
        phase=Phase.GENERATE,
        attempt=1,
        feedback="",
        result=job / "temp" / "result.json",
        scratch=job / "temp",
        title="Do it",
    )


@pytest.fixture
def play(task: Task, git_env: dict[str, str]) -> Play:
    """Run what an agent makes of the task, as a job would; keywords change the task."""

    def run(agent: Agent, *, timeout_s: float = 20.0, **changes: object) -> Completed:
        changed = replace(task, **changes)  # type: ignore[arg-type]  # tests name real fields
        command = agent.command(changed)
        env = job_environment(
            git_env,
            home=changed.scratch / "home",
            job_id="mock-job",
            phase=changed.phase.value,
            workspace=changed.workspace,
            result=changed.result,
            extra=dict(command.env),
        )
        return capture(Command(command.argv, changed.workspace, env), stdin=command.stdin, timeout_s=timeout_s)

    return run


@pytest.fixture
def document(task: Task) -> Callable[..., dict[str, Any]]:
    """Return what an agent's program is told; keywords change the task."""

    def told(agent: Agent, **changes: object) -> dict[str, Any]:
        command = agent.command(replace(task, **changes))  # type: ignore[arg-type]  # tests name real fields
        found: dict[str, Any] = json.loads(Path(command.env[TASK_VARIABLE]).read_bytes())
        return found

    return told
