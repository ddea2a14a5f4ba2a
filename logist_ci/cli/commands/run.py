"""``run``: create a job and execute it, or execute jobs that exist."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.executing import execute_jobs
from logist_ci.cli.new_job import NewJob, create_from, with_job_options
from logist_ci.cli.options import JobCountOption, JobListOption, JsonOption
from logist_ci.cli.session import Session
from logist_ci.errors import UsageError
from logist_ci.job.ids import JobId

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci run -- ruff check --fix .
logist-ci run "create a landing page for my startup" --agent template
logist-ci run --recipe upgrade --var version=3.12 --limit wall=10m
logist-ci run --check "pytest -q" --include-dirty -- ./codemod.sh
logist-ci run --job fix-login
logist-ci run --pending -j 4
"""


@with_job_options
def command(
    context: typer.Context,
    new: NewJob,
    job: JobListOption = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Run all jobs that wait: higher priority first, then the oldest.")
    ] = False,
    jobs: JobCountOption = 1,
    json: JsonOption = False,
) -> int:
    """Create a job and execute it, or execute jobs that exist.

    The work happens on a branch of its own in a worktree of its own; your files, your
    branch and your index stay as they are. Exit status: 0 success, 1 failed, 8 waiting.
    """
    session = Session.of(context)
    return execute_jobs(session, _chosen(session, new, job or [], pending=pending), jobs=jobs, as_json=json)


def _chosen(session: Session, new: NewJob, named: list[str], *, pending: bool) -> list[JobId]:
    if not named and not pending:
        return [create_from(session, new).manifest.id]
    if new.described or session.rest is not None:
        raise UsageError(
            "--job and --pending run jobs that exist, so nothing about a new one can be said with them.",
            hint="Create the new one on its own with: logist-ci create",
        )
    from logist_ci.lifecycle.run import pending as waiting

    chosen = [session.job(text) for text in named]
    return list(dict.fromkeys([*chosen, *(waiting(session.parts) if pending else ())]))
