"""The agents that there are: those that Logist CI brings, then those of installed packages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from logist_ci.agents.base import Agent
from logist_ci.errors import ConfigError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["ENTRY_POINTS", "AgentMaker", "AgentRegistry", "builtin_agents", "from_entry_points"]

#: Packages name their agents in this group of entry points; each is called without arguments.
ENTRY_POINTS = "logist_ci.agents"

# Modules and classes by name: an adapter is imported when a job uses it.
_BUILTIN = {
    "command": ("logist_ci.agents.command", "CommandAgent"),
    "mock": ("logist_ci.agents.mock", "MockAgent"),
    "template": ("logist_ci.agents.template", "TemplateAgent"),
}

AgentMaker = Callable[[], Agent]


class AgentRegistry:
    """Finds an agent by its name; it never changes.

    ``installed`` returns the makers of agents from elsewhere; it is asked only for names that are not
    among ``makers``, because looking through all packages takes time.
    """

    def __init__(
        self, makers: Mapping[str, AgentMaker], installed: Callable[[], Mapping[str, AgentMaker]] = dict
    ) -> None:
        self._makers = dict(makers)
        self._installed = installed

    def get(self, name: str) -> Agent:
        """Return the agent called ``name``.

        Raises:
            ConfigError: there is none.
        """
        maker = self._makers.get(name) or self._installed().get(name)
        if maker is None:
            raise ConfigError(f"There is no agent called {name!r}.", hint=f"There are: {', '.join(self.names())}.")
        return maker()

    def names(self) -> tuple[str, ...]:
        """Return the names of all agents, in order."""
        return tuple(sorted({**self._installed(), **self._makers}))


def builtin_agents(more: Iterable[tuple[str, AgentMaker]] = ()) -> AgentRegistry:
    """Return the agents that Logist CI brings, ``more``, and those of installed packages."""
    makers: dict[str, AgentMaker] = {name: _maker(*place) for name, place in _BUILTIN.items()}
    return AgentRegistry({**makers, **dict(more)}, _installed)


def _maker(module: str, name: str) -> AgentMaker:
    def make() -> Agent:
        agent: Agent = getattr(import_module(module), name)()
        return agent

    return make


def from_entry_points(points: Iterable[EntryPoint]) -> dict[str, AgentMaker]:
    """Return the makers of agents that ``points`` name; each is loaded when it is asked for."""
    return {point.name: _loading(point) for point in points}


def _installed() -> dict[str, AgentMaker]:
    from importlib.metadata import entry_points  # late: it reads the metadata of every package

    return from_entry_points(entry_points(group=ENTRY_POINTS))


def _loading(point: EntryPoint) -> AgentMaker:
    def make() -> Agent:
        try:
            agent: Agent = point.load()()
        except (ImportError, AttributeError, TypeError) as defect:
            raise ConfigError(
                f"The agent {point.name!r} of an installed package cannot be loaded: {defect}.",
                hint="Upgrade or remove that package.",
            ) from defect
        return agent

    return make
