"""``cancel``: nobody wants the job any more."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci cancel fix-login
logist-ci cleanup fix-login
"""


def command(context: typer.Context, jobs: JobsArgument) -> int:
    """Give a job up; its branch stays until it is cleaned up."""
    return decide_each(context, jobs, decide.cancel)
