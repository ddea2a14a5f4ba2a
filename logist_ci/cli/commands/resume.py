"""``resume``: a suspended job goes on."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci resume fix-login
logist-ci run --job fix-login
"""


def command(context: typer.Context, jobs: JobsArgument) -> int:
    """Take a suspended job up again.

    It is where it was before; to execute it, use: logist-ci run --job JOB
    """
    return decide_each(context, jobs, decide.resume)
