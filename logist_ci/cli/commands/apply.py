"""``apply``: the result comes to the user's own branch."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.wording import count, readable

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci diff fix-login
logist-ci apply fix-login
"""


def command(
    context: typer.Context,
    job: JobArgument,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Also the result of a job that has not succeeded.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Merge a job's branch into the current branch.

    Uncommitted changes of yours that are in the way, and conflicts, refuse it; your files
    are as before then. The result of an --include-dirty job goes to your working tree.
    """
    from logist_ci.lifecycle.apply import apply_job

    session = Session.of(context)
    job_id = session.job(job)
    applied = apply_job(session.parts, job_id, unfinished=unfinished)
    names = [readable(path) for path in applied.paths]
    session.show(
        {"job": job_id, "how": applied.how, "commit": applied.commit, "paths": names},
        lambda: f"{job_id}: {count(len(names), 'file')} applied ({applied.how})",
        as_json=json,
    )
    session.terminal.say(f"Next: logist-ci cleanup {job_id}")
