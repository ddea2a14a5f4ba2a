"""What documentation, hints and templates tell people to type can be typed."""

from __future__ import annotations

import io
import re

import pytest

from logist_ci.cli.catalog import COMMANDS
from logist_ci.cli.execute import execute
from logist_ci.cli.terminal import Terminal
from tests.house.tree import tracked

KNOWN = {name for _, commands in COMMANDS for name, _ in commands}
TYPED = re.compile(r"(?<![\w/.-])logist-ci +(?:-[\w-]+ +)*([a-z][a-z-]+)((?: +(?!--(?: |$))[^\n`#|&]*)?)")
TOLD = [
    name for name in tracked() if name.startswith(("README", "docs/", "logist_ci/", "templates/", "SECURITY", "CONTRI"))
]


def typed(text: str) -> list[tuple[str, list[str]]]:
    """Return the commands in ``text`` with their own options; what follows ``--`` is another program's."""
    found = []
    for name, rest in TYPED.findall(text):
        own = re.split(r" -- ", rest)[0]
        found.append((name, re.findall(r"(?<!\S)(--[a-z][a-z-]*)", own)))
    return found


@pytest.mark.parametrize("file", [name for name in TOLD if name.endswith((".md", ".py", ".j2", ".toml"))])
def test_commands_exist(file: str) -> None:
    # A worktree's lock, the middle of a sentence, and what only a newer version's manifest can lead to.
    no_commands = {"job", "commands", "publish"}
    assert {name for name, _ in typed(tracked()[file])} - KNOWN - no_commands == set()


@pytest.mark.parametrize("command", sorted(KNOWN))
def test_options_exist(command: str) -> None:
    pages = [text for name, text in tracked().items() if name in TOLD and name.endswith(".md")]
    options = {option for page in pages for name, found in typed(page) if name == command for option in found}
    out, err = io.StringIO(), io.StringIO()
    status = execute([command, "--help"], Terminal(io.StringIO(), out, err, environ={}))
    assert (status, err.getvalue()) == (0, "")
    assert {option for option in options if option not in out.getvalue()} == set()
