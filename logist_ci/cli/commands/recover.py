"""``recover``: jobs whose owner died come home."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.executing import listening, report
from logist_ci.cli.options import JsonOption, OptionalJobsArgument
from logist_ci.cli.session import Session
from logist_ci.lifecycle.owner import lost_jobs
from logist_ci.lifecycle.recover import recover_jobs, recovery_of

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci list
logist-ci recover --dry-run
logist-ci recover
"""


def command(
    context: typer.Context,
    jobs: OptionalJobsArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: JsonOption = False,
) -> int:
    """Bring home jobs whose owner is gone.

    Programs that nobody supervises are ended, what they left is committed to the job's
    branch, and the job waits to be run again. Without a job: all of them.
    """
    session = Session.of(context)
    parts = session.parts
    ids = [session.job(text) for text in jobs] if jobs else lost_jobs(parts)
    if dry_run:
        plans = [recovery_of(parts, job_id) for job_id in ids]
        session.show(
            plans, lambda: "\n".join(f"{plan.id}: {plan.action}, {plan.reason}" for plan in plans), as_json=json
        )
        return 0
    if not ids:
        session.show({"jobs": [], "errors": {}}, lambda: "No job has lost its owner.", as_json=json)
        return 0
    with session.stoppable() as stop, listening(session) as listener:
        outcomes = recover_jobs(parts, listener, ids)
    report(session, outcomes, stop, as_json=json)
    # What it leads to is the job's business; here only a failed recovery is a failure.
    return max((outcome.error.exit_status for outcome in outcomes if outcome.error), default=0)
