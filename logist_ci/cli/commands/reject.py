"""``reject``: a person wants another attempt."""

from __future__ import annotations

import typer

from logist_ci.cli.decisions import decide_each
from logist_ci.cli.options import FeedbackOption, JobsArgument
from logist_ci.lifecycle import decide

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci reject fix-login -m "Keep the old signature"
logist-ci run --job fix-login
"""


def command(context: typer.Context, jobs: JobsArgument, message: FeedbackOption = "") -> int:
    """Send a job back with a word for its next attempt."""
    return decide_each(
        context, jobs, lambda parts, job_id, listener: decide.reopen(parts, job_id, listener, feedback=message)
    )
