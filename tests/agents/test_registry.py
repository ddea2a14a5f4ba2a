"""Finding agents, and what every one of them has to fulfil."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from logist_ci.agents.base import Agent, AgentCommand, AgentNeeds, Task
from logist_ci.agents.command import CommandAgent
from logist_ci.agents.registry import ENTRY_POINTS, AgentRegistry, builtin_agents, from_entry_points
from logist_ci.errors import ConfigError


def test_agents_are_found_by_name() -> None:
    registry = builtin_agents()
    assert registry.names() == ("command", "mock", "template")
    assert [registry.get(name).name for name in registry.names()] == ["command", "mock", "template"]


def test_an_unknown_agent_is_an_error_that_names_the_others() -> None:
    with pytest.raises(ConfigError, match="no agent called 'gpt'") as caught:
        builtin_agents().get("gpt")
    assert caught.value.hint == "There are: command, mock, template."


def test_others_can_add_their_own_but_not_replace_ours() -> None:
    asked: list[str] = []

    def installed() -> dict[str, type[CommandAgent]]:
        asked.append("looked")
        return {"theirs": CommandAgent, "command": CommandAgent}

    registry = AgentRegistry({"command": CommandAgent}, installed)
    assert isinstance(registry.get("command"), CommandAgent)
    assert asked == [], "looking through all packages takes time"
    assert isinstance(registry.get("theirs"), CommandAgent)
    assert registry.names() == ("command", "theirs")


def test_more_agents_can_be_handed_in() -> None:
    assert "mine" in builtin_agents([("mine", CommandAgent)]).names()


@pytest.mark.parametrize("name", ["command", "mock", "template"])
def test_every_agent_keeps_the_contract(name: str, task: Task) -> None:
    agent: Agent = builtin_agents().get(name)
    ready = replace(task, argv=("true",) if name == "command" else ())
    command = agent.command(ready)
    assert isinstance(command, AgentCommand)
    assert command == agent.command(ready), "the same task is always the same command"
    assert all(isinstance(word, str) and "\0" not in word for word in command.argv)
    assert not [variable for variable in command.env if not variable.startswith("LOGIST_")]
    assert isinstance(agent.needs, AgentNeeds)
    assert agent.name == name
    for line in (b"", b"\xff\xfe\n", b"{" * 10_000, b'{"type": 1}'):
        assert isinstance(agent.events(line), tuple)
    assert not list(ready.workspace.iterdir()), "the worktree is the program's business"


def test_installed_packages_bring_agents_by_entry_points() -> None:
    points = [
        EntryPoint("theirs", "logist_ci.agents.command:CommandAgent", ENTRY_POINTS),
        EntryPoint("gone", "no_such_package:Agent", ENTRY_POINTS),
    ]
    makers = from_entry_points(points)
    assert isinstance(makers["theirs"](), CommandAgent)
    with pytest.raises(ConfigError, match="The agent 'gone' of an installed package cannot be loaded"):
        makers["gone"]()
