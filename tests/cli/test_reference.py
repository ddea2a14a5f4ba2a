from __future__ import annotations

from pathlib import Path

from logist_ci.cli.catalog import names
from logist_ci.cli.reference import cli_page

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == cli_page(), "run: python docs/generate.py"


def test_every_command_has_a_section() -> None:
    assert all(f"\n### {name}\n" in cli_page() for name in names())
