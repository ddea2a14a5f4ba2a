"""``stop``: a running job ends, its work is kept."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci stop @last
logist-ci resume @last
"""


def command(context: typer.Context, jobs: JobsArgument) -> int:
    """Stop a running job; its work is kept, and it can be resumed.

    The program gets TERM, then after the grace period KILL; what it had done is
    committed to the job's branch.
    """
    return decide_each(context, jobs, decide.stop)
