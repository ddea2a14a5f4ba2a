"""``rerun``: another attempt, from the beginning."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.executing import execute_jobs
from logist_ci.cli.options import FeedbackOption, JobArgument, JsonOption, LimitOption, pairs
from logist_ci.cli.session import Session
from logist_ci.cli.talk import Talk

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci rerun fix-login
logist-ci rerun fix-login -m "The test must stay as it is" --limit wall=1h
"""


def command(
    context: typer.Context,
    job: JobArgument,
    message: FeedbackOption = "",
    limit: LimitOption = None,
    no_run: Annotated[bool, typer.Option("--no-run", help="Only make it ready; do not execute it.")] = False,
    json: JsonOption = False,
) -> int:
    """Try a job again from its first phase.

    What the branch held before is kept under refs/logist/kept/.
    """
    from logist_ci.lifecycle.decide import reopen

    session = Session.of(context)
    job_id, limits = session.job(job), pairs("--limit", limit)
    reopen(session.parts, job_id, Talk(session.terminal), feedback=message, limits=limits)
    if no_run:
        session.terminal.say(f"Next: logist-ci run --job {job_id}")
        return 0
    return execute_jobs(session, [job_id], as_json=json)
