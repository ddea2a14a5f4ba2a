"""The agent ``template``: begins a project from a scaffold. It needs no model and no network."""

from __future__ import annotations

from logist_ci.agents import template_program
from logist_ci.agents.base import AgentCommand, AgentEvent, AgentNeeds, Task
from logist_ci.agents.router import PROJECT_TYPES
from logist_ci.agents.task_file import program_command
from logist_ci.errors import ConfigError

__all__ = ["TemplateAgent"]


class TemplateAgent:
    """Writes the scaffold that its option ``kind`` names, or the one that the request is about."""

    name = "template"
    needs = AgentNeeds()

    def command(self, task: Task) -> AgentCommand:
        """Return the program that writes the scaffold."""
        kind = task.options.get("kind")
        if kind is not None and kind not in PROJECT_TYPES:
            raise ConfigError(
                f"The agent `template` has no kind of project called {kind!r}.",
                hint=f"Kinds are: {', '.join(PROJECT_TYPES)}.",
            )
        return program_command(task, template_program.__name__)

    def events(self, line: bytes) -> tuple[AgentEvent, ...]:
        """Return a progress event for each file that was written."""
        text = line.decode("utf-8", "replace").strip()
        return (AgentEvent("progress", text),) if text.startswith("wrote ") else ()
