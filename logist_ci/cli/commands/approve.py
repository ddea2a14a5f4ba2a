"""``approve``: a person accepts the result."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci diff fix-login
logist-ci approve fix-login
"""


def command(context: typer.Context, jobs: JobsArgument) -> int:
    """Accept what a job asks approval for."""
    return decide_each(context, jobs, decide.approve)
