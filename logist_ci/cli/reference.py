"""The page about all commands, made from the commands themselves (``docs/cli.md``)."""

from __future__ import annotations

import re

from logist_ci.cli.catalog import COMMANDS, overview
from logist_ci.cli.loading import load

__all__ = ["cli_page"]

_WIDTH = 100


def cli_page() -> str:
    """Return the Markdown page: the overview, then the help of every command."""
    sections = ["# The command line", _INTRODUCTION.strip(), f"```text\n{overview().rstrip()}\n```"]
    for heading, commands in COMMANDS:
        sections.append(f"## {heading}")
        for name, summary in commands:
            sections.append(f"### {name}\n\n{summary}\n\n```text\n{_help(name)}\n```")
    return "\n\n".join(sections) + "\n"


def _help(name: str) -> str:
    command = load(name)
    context = command.make_context(
        f"logist-ci {name}", [], resilient_parsing=True, terminal_width=_WIDTH, max_content_width=_WIDTH, color=False
    )
    return re.sub(r"[ \t]+$", "", command.get_help(context), flags=re.MULTILINE).strip()


_INTRODUCTION = """
This page is made from the commands (`python docs/generate.py`) and compared by a test.

Data goes to stdout and talk to stderr; `--json` prints data for programs. A job is named by its id, a unique
beginning of it, or `@last`. The global options may stand before or after a command's name. `--` separates
the command that a job runs (`run`, `create`) or the paths that matter (`diff`).

With several jobs the exit status is the worst of theirs: a failed one (1) is worse than one that waits
(8), and what kept a job from running (2, 4, 5) is worse than both. Ctrl-C asks running programs to stop, keeps
their work and ends with 130; a second Ctrl-C leaves at once, and `logist-ci recover` does the rest.

Commands that a repository brings along run only after somebody has trusted exactly these: configured ones are
refused with exit status 4 until then. Checks that were only detected from the project's files are asked about on a
terminal and left out elsewhere, which the result says. A command after `--` and `--check` need no trust.
"""
