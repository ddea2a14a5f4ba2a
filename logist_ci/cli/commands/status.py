"""``status``: everything about a job, or what is going on."""

from __future__ import annotations

import typer

from logist_ci.cli.options import JsonOption, OptionalJobArgument
from logist_ci.cli.session import Session
from logist_ci.cli.views.listing import job_table
from logist_ci.cli.views.status import status_page
from logist_ci.job.states import FINAL, State
from logist_ci.lifecycle.looking import detail_of, job_lines

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci status
logist-ci status @last
logist-ci status fix-login --json | jq .limits
"""


def command(context: typer.Context, job: OptionalJobArgument = None, json: JsonOption = False) -> None:
    """Show everything about a job: limits, checks, next command.

    Without a job: the jobs that run, wait, or need you.
    """
    session = Session.of(context)
    parts, palette = session.parts, session.terminal.palette
    now = parts.clock.now()
    if job is not None:
        detail = detail_of(parts, session.job(job))
        session.show(detail, lambda: status_page(detail, now, palette), as_json=json)
        return
    lines = job_lines(parts, states=frozenset(State) - FINAL)
    session.show(lines, lambda: job_table(lines, now, palette) if lines else "", as_json=json)
    if not lines:
        session.terminal.say("No job runs or waits. See all of them with: logist-ci list")
