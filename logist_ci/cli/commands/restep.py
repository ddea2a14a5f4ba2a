"""``restep``: another attempt at one phase."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.executing import listening, outcome_of, report
from logist_ci.cli.options import FeedbackOption, JobArgument, JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci restep fix-login validate
logist-ci restep fix-login generate -m "Use the existing helper"
"""


def command(
    context: typer.Context,
    job: JobArgument,
    phase: Annotated[str, typer.Argument(metavar="PHASE", help="One of the job's phases: generate, validate, ...")],
    message: FeedbackOption = "",
    json: JsonOption = False,
) -> int:
    """Try a job again from a phase that you name.

    That phase is executed once; go on with step or run --job. What the branch held
    before is kept under refs/logist/kept/.
    """
    from logist_ci.lifecycle.decide import restep
    from logist_ci.runner.step import step

    session = Session.of(context)
    job_id = session.job(job)
    with session.stoppable() as stop, listening(session) as listener:
        restep(session.parts, job_id, phase, listener, feedback=message)
        outcome = outcome_of(job_id, lambda: step(session.parts, job_id, listener, stop))
    return report(session, [outcome], stop, as_json=json)
