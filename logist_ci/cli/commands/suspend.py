"""``suspend``: the job is put aside."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci suspend fix-login
logist-ci resume fix-login
"""


def command(context: typer.Context, jobs: JobsArgument) -> int:
    """Put a job aside.

    A running one is stopped and what it did is kept.
    """
    return decide_each(context, jobs, decide.suspend)
