"""What a release promises."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import logist_ci
from tests.house.tree import ROOT, tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_changelog_knows_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == logist_ci.__version__


def test_nothing_tells_whose_machine_it_was_made_on() -> None:
    folders = {ROOT, ROOT.parent, Path(sys.prefix), Path.home()} - {
        Path("/"),
        Path("/root"),
        Path("/usr"),
        Path("/tmp"),
    }
    private = re.compile("|".join(rf"(?<![\w/.~-]){re.escape(str(folder))}/" for folder in folders))
    found = {name: private.search(text) for name, text in tracked().items()}
    assert {name: match[0] for name, match in found.items() if match} == {}


def test_the_top_level_holds_only_what_belongs_there() -> None:
    tops = {name.split("/")[0] for name in tracked()}
    known = {"logist_ci", "templates", "tests", "docs", "bench", ".ci", ".github", "action.yml", "pyproject.toml"}
    files = {".gitignore", ".pre-commit-config.yaml", ".pre-commit-hooks.yaml"}
    pages = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"}
    assert tops - known - files - pages == set()


def test_nothing_large_is_tracked() -> None:
    assert {name: len(text) for name, text in tracked().items() if len(text) > 200_000} == {}


def test_the_command_and_the_plug_in_are_where_the_package_says() -> None:
    project = PROJECT["project"]
    for target in (project["scripts"]["logist-ci"], project["entry-points"]["pytest11"]["logist_ci"]):
        assert (ROOT / (target.partition(":")[0].replace(".", "/") + ".py")).is_file()


def test_the_package_says_that_it_is_typed() -> None:
    assert "Typing :: Typed" in PROJECT["project"]["classifiers"]
    assert (ROOT / "logist_ci" / "py.typed").is_file()
