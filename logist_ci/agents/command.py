"""The agent ``command``: any program that changes files, given after ``--``."""

from __future__ import annotations

from logist_ci.agents.base import AgentCommand, AgentEvent, AgentNeeds, Task
from logist_ci.errors import ConfigError
from logist_ci.process.files import write_atomically

__all__ = ["CommandAgent"]


class CommandAgent:
    """Runs the command as it stands; whoever wants the prompt finds it on stdin and in ``$LOGIST_PROMPT_FILE``."""

    name = "command"
    needs = AgentNeeds()

    def command(self, task: Task) -> AgentCommand:
        """Return the command of the task."""
        if not task.argv:
            raise ConfigError(
                "The agent `command` has no command to run.",
                hint="Give it after --, as in: logist-ci run -- ruff check --fix .",
            )
        prompt = task.prompt.encode("utf-8", "surrogateescape")
        task.scratch.mkdir(parents=True, exist_ok=True)
        file = task.scratch / "prompt.md"
        write_atomically(file, prompt, mode=0o600, sync=False)
        env = {"LOGIST_PROMPT_FILE": str(file), "LOGIST_ATTEMPT": str(task.attempt)}
        return AgentCommand(task.argv, stdin=prompt, env=env)

    def events(self, line: bytes) -> tuple[AgentEvent, ...]:
        """Return nothing: a command has no structured output."""
        return ()
