from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest

from logist_ci.cli.catalog import COMMANDS, TAKES_REST, names, overview
from logist_ci.cli.loading import load, split_command, split_rest
from logist_ci.errors import UsageError


def test_every_module_is_a_command_and_every_command_a_module() -> None:
    folder = Path(importlib.import_module("logist_ci.cli.commands").__path__[0])
    modules = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert modules == set(names())


@pytest.mark.parametrize(("name", "summary"), [entry for _, commands in COMMANDS for entry in commands])
def test_the_table_says_what_the_command_says(name: str, summary: str) -> None:
    module = importlib.import_module(f"logist_ci.cli.commands.{name}")
    assert inspect.getdoc(module.command).splitlines()[0] == summary  # type: ignore[union-attr]  # each has one
    assert len(summary) <= 70


@pytest.mark.parametrize("name", names())
def test_every_command_has_examples_that_are_about_it(name: str) -> None:
    module = importlib.import_module(f"logist_ci.cli.commands.{name}")
    assert f"logist-ci {name}" in module.EXAMPLES
    for line in module.EXAMPLES.strip().splitlines():
        words = line.split()
        if words[0] == "logist-ci":
            assert next(word for word in words[1:] if not word.startswith("-")) in names(), line


@pytest.mark.parametrize("name", names())
def test_no_command_hides_another_options_name(name: str) -> None:
    options = [option for parameter in load(name).params for option in parameter.opts if option.startswith("-")]
    assert len(options) == len(set(options)), sorted(options)


def test_the_overview_fits_a_terminal() -> None:
    assert max(map(len, overview().splitlines())) <= 88
    assert all(f"\n  {name} " in overview() for name in names())


def test_options_before_the_command_go_with_it() -> None:
    assert split_command(["-C", "dir", "-v", "list", "--json"]) == ("list", ["-C", "dir", "-v", "--json"])
    assert split_command(["--config", "f", "list"]) == ("list", ["--config", "f"])
    assert split_command(["--config=f", "list"]) == ("list", ["--config=f"])


@pytest.mark.parametrize("words", [[], ["-v"], ["-C"], ["-C", "list"]])
def test_a_command_has_to_be_named(words: list[str]) -> None:
    with pytest.raises(UsageError, match="command is missing"):
        split_command(words)


def test_a_misspelt_command_is_guessed() -> None:
    with pytest.raises(UsageError, match="no command 'lits'") as caught:
        split_command(["lits"])
    assert "logist-ci list" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        split_command(["frobnicate"])
    assert "--help" in caught.value.hint


def test_what_follows_the_dashes_belongs_to_the_job() -> None:
    assert split_rest("run", ["fix", "--", "ruff", "--", "x"]) == (["fix"], ("ruff", "--", "x"))
    assert split_rest("run", ["fix"]) == (["fix"], None)
    assert split_rest("run", ["--"]) == ([], ())
    assert split_rest("list", ["--", "x"]) == (["--", "x"], None)
    assert set(names()) >= TAKES_REST
