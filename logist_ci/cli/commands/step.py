"""``step``: exactly one phase."""

from __future__ import annotations

import typer

from logist_ci.cli.executing import listening, outcome_of, report
from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci create "create a landing page" --agent template
logist-ci step @last
logist-ci diff @last
logist-ci step @last
"""


def command(context: typer.Context, job: JobArgument, json: JsonOption = False) -> int:
    """Execute exactly the next phase of a job."""
    from logist_ci.runner.step import step

    session = Session.of(context)
    job_id = session.job(job)
    with session.stoppable() as stop, listening(session) as listener:
        outcome = outcome_of(job_id, lambda: step(session.parts, job_id, listener, stop))
    return report(session, [outcome], stop, as_json=json)
