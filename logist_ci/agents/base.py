"""The contract of an agent: from a task to a command, from a line of output to events. An adapter runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from logist_ci.job.manifest import Phase
from logist_ci.job.usage import Usage

__all__ = ["Agent", "AgentCommand", "AgentEvent", "AgentNeeds", "EventKind", "Task"]

EventKind = Literal["progress", "message", "usage", "awaiting_input", "error", "session"]


@dataclass(frozen=True)
class Task:
    """What an agent is to do.

    Args:
        prompt: The whole request in words; on a retry it has the feedback in it already.
        workspace: The worktree to work in.
        phase: Which phase this is.
        attempt: The try, counted from 1.
        feedback: What was wrong with the try before, empty on the first.
        result: The file an agent may write its answer to (see ``agents/answer.py``).
        scratch: A folder of the job's own, outside the worktree, gone with the job.
        argv: The command line of the agent ``command``; empty for others.
        options: Options of the adapter, as configured.
        title: The job's title, one line.
        request: The request without any feedback; empty means that it is the prompt.
    """

    prompt: str
    workspace: Path
    phase: Phase
    attempt: int
    feedback: str
    result: Path
    scratch: Path
    argv: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    request: str = ""


@dataclass(frozen=True)
class AgentCommand:
    """What to start for a task; ``env`` is added to the environment of the job."""

    argv: tuple[str, ...]
    stdin: bytes = b""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AgentEvent:
    """Something an agent said in its structured output."""

    kind: EventKind
    text: str = ""
    usage: Usage | None = None


@dataclass(frozen=True)
class AgentNeeds:
    """What an agent has to be given.

    Args:
        env_pass: Names of environment variables, such as the one with its API key.
        credential_files: Files below the user's HOME that it may read.
        program: The program that has to be installed, empty when Logist CI brings it.
    """

    env_pass: tuple[str, ...] = ()
    credential_files: tuple[str, ...] = ()
    program: str = ""


class Agent(Protocol):
    """An adapter. It holds no state: the same task is always the same command."""

    @property
    def name(self) -> str:
        """What users call it."""

    @property
    def needs(self) -> AgentNeeds:
        """What it has to be given."""

    def command(self, task: Task) -> AgentCommand:
        """Return what to start; files that the command reads are written to ``task.scratch``.

        Raises:
            ConfigError: the task or its options make no sense for this agent.
        """

    def events(self, line: bytes) -> tuple[AgentEvent, ...]:
        """Return what one line of the program's output says."""
