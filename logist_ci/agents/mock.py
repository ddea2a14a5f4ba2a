"""The agent ``mock``: does what a script says, for trying things out and for tests."""

from __future__ import annotations

from logist_ci.agents import mock_program
from logist_ci.agents.base import AgentCommand, AgentEvent, AgentNeeds, Task
from logist_ci.agents.task_file import program_command
from logist_ci.errors import ConfigError

__all__ = ["MockAgent"]


class MockAgent:
    """Plays the script in its option ``script``, or else in the prompt; ``mock_program`` says how to write one."""

    name = "mock"
    needs = AgentNeeds()

    def command(self, task: Task) -> AgentCommand:
        """Return the program that plays the script."""
        script = task.options.get("script", task.request or task.prompt)
        try:
            mock_program.steps_of(script, task.attempt)
        except ValueError as defect:
            raise ConfigError(
                f"The script of the agent `mock` cannot be played: {defect}.",
                hint=f"Its steps are: {', '.join(sorted(mock_program.STEPS))}.",
            ) from defect
        return program_command(task, mock_program.__name__, script=script)

    def events(self, line: bytes) -> tuple[AgentEvent, ...]:
        """Return a progress event for a line that begins with ``progress:``."""
        text = line.decode("utf-8", "replace").strip()
        return (AgentEvent("progress", text.removeprefix("progress:").strip()),) if text.startswith("progress:") else ()
