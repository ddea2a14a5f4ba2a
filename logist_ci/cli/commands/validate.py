"""``validate``: is a job what it says?"""

from __future__ import annotations

import typer

from logist_ci.cli.options import JsonOption, OptionalJobsArgument
from logist_ci.cli.session import Session
from logist_ci.cli.wording import count, printable
from logist_ci.lifecycle.validate import Defect, validate_job, validate_jobs

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci validate
logist-ci validate fix-login --json
"""


def command(context: typer.Context, jobs: OptionalJobsArgument = None, json: JsonOption = False) -> int:
    """Check jobs for defects.

    Manifest, owner, folder, branch and worktree of each job are compared; nothing is
    changed. Without a job: all of them. Exit status: 1 when there is a defect.
    """
    session = Session.of(context)
    parts = session.parts
    ids = [session.job(text) for text in jobs or ()]
    defects = [defect for job_id in ids for defect in validate_job(parts, job_id)] if ids else [*validate_jobs(parts)]
    session.show(defects, lambda: "\n".join(map(_lines, defects)), as_json=json)
    checked = len(ids) or len(parts.store.ids())
    session.terminal.say(f"{count(checked, 'job')} checked, {count(len(defects), 'defect')}.")
    return 1 if defects else 0


def _lines(defect: Defect) -> str:
    return f"{defect.job}: {defect.part}: {printable(defect.message)}\n  {printable(defect.remedy)}"
