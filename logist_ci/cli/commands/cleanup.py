"""``cleanup``: what ended jobs left behind goes, and no work with it."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.failures import report_error
from logist_ci.cli.options import JsonOption, OptionalJobsArgument
from logist_ci.cli.session import Session
from logist_ci.cli.views.cleaning import plan_page, report_page
from logist_ci.errors import UnknownJobError
from logist_ci.job.ids import JobId
from logist_ci.job.limits import parse_duration
from logist_ci.lifecycle.cleanup.decisions import CleanupPolicy
from logist_ci.lifecycle.cleanup.execute import apply_plan
from logist_ci.lifecycle.cleanup.plan import plan
from logist_ci.lifecycle.survey import survey

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci cleanup --dry-run
logist-ci cleanup fix-login
logist-ci cleanup --merged
logist-ci cleanup --stale 7d
"""


def command(
    context: typer.Context,
    jobs: OptionalJobsArgument = None,
    merged: Annotated[
        bool, typer.Option("--merged", help="Everything of jobs whose work is proven to be merged.")
    ] = False,
    stale: Annotated[
        str | None, typer.Option("--stale", metavar="TIME", help="Also jobs to which nothing happened for TIME (7d).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also unmerged or uncommitted work, after a backup.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    json: JsonOption = False,
) -> int:
    """Remove what ended jobs left behind, losing no work.

    Without a job: the worktrees of ended jobs, whose work is on their branches, and what
    no job answers for. With a job: everything of it, once its work is merged or applied.
    A running job, a foreign branch and a locked worktree are never touched.
    """
    session = Session.of(context)
    parts, palette = session.parts, session.terminal.palette
    policy = CleanupPolicy(
        when=parts.settings.cleanup.when,
        names=frozenset(_named(session, text) for text in jobs or ()),
        merged=merged,
        stale_s=parse_duration(stale) if stale else None,
        force=force,
    )
    planned = plan(survey(parts, policy.names), policy, parts.clock.now())
    if dry_run:
        session.show(planned, lambda: plan_page(planned, palette), as_json=json)
        return 0
    done = apply_plan(parts, planned)
    error = done.error()
    # What only repeats the error that follows is left out.
    session.show(done, lambda: "" if error and not done.done else report_page(done, palette), as_json=json)
    return report_error(session.terminal, error) if error else 0


def _named(session: Session, text: str) -> JobId:
    try:
        return session.job(text)
    except UnknownJobError:
        # A folder that was left without a manifest has a name too.
        left = [job_id for job_id in session.parts.root.existing() if job_id == text]
        if not left:
            raise
        return left[0]
