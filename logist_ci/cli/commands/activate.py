"""``activate``: a draft becomes a job that can run."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci create --draft "Move to the new API"
logist-ci activate @last
"""


def command(context: typer.Context, jobs: JobsArgument) -> int:
    """Make a draft ready to run."""
    return decide_each(context, jobs, decide.activate)
