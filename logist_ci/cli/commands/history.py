"""``history``: from state to state."""

from __future__ import annotations

import typer

from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.views.listing import history_table
from logist_ci.errors import UnknownJobError
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.looking import history_of
from logist_ci.lifecycle.restore import find_archived

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci history fix-login
git log refs/logist/jobs/fix-login-k3v9q2
"""


def command(context: typer.Context, job: JobArgument, json: JsonOption = False) -> None:
    """Show how a job went from state to state.

    It is the log of the job's reference in git; an archived job has it too.
    """
    session = Session.of(context)
    entries = history_of(session.parts, _found(session, job))
    session.show(entries, lambda: history_table(entries, session.terminal.palette), as_json=json)


def _found(session: Session, text: str) -> JobId:
    try:
        return session.job(text)
    except UnknownJobError as unknown:
        try:
            return find_archived(session.parts, text)
        except UnknownJobError:
            raise unknown from None
