from __future__ import annotations

import re
from pathlib import Path

from logist_ci.errors import LogistError

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def test_two_commands_set_it_up_and_test_it() -> None:
    """`.ci/run` takes them from here and executes them."""
    setup, tests = re.findall(r"^\$ (.*)$", section("Start"), re.MULTILINE)
    assert setup.endswith("logist-ci demo")
    assert "pytest" in tests


def every_error(kind: type[LogistError] = LogistError) -> list[type[LogistError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in every_error(child))]


def test_every_exit_status_is_explained() -> None:
    told = {int(status) for status in re.findall(r"^\| (\d+) \|", section("Exit status"), re.MULTILINE)}
    assert told == {0, 3} | {error.exit_status for error in every_error()}
