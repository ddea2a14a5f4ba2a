"""``restore``: a cleaned-up job comes back."""

from __future__ import annotations

import typer

from logist_ci.cli.failures import report_error
from logist_ci.cli.options import JobsArgument, JsonOption
from logist_ci.cli.session import Session
from logist_ci.errors import LogistError, UnknownJobError
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.restore import Restored, find_archived, restore_job

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci list --all
logist-ci restore fix-login
"""


def command(context: typer.Context, jobs: JobsArgument, json: JsonOption = False) -> int:
    """Undo a cleanup.

    The manifest comes back with its history, and the branch where it was; what was saved
    is named. The worktree is made again when the job runs.
    """
    session = Session.of(context)
    worst = 0
    restored: list[Restored] = []
    for text in dict.fromkeys(jobs):
        try:
            restored.append(restore_job(session.parts, _found(session, text)))
        except LogistError as error:
            worst = max(worst, report_error(session.terminal, error))
    session.show(restored, lambda: "\n".join(map(_line, restored)), as_json=json)
    return worst


def _found(session: Session, text: str) -> JobId:
    try:
        return find_archived(session.parts, text)
    except UnknownJobError as unknown:
        # A restoring that was interrupted half-way has taken the job out of the archive already.
        try:
            return session.job(text)
        except UnknownJobError:
            raise unknown from None


def _line(restored: Restored) -> str:
    manifest = restored.manifest
    where = f", {manifest.source.branch} at {restored.tip[:10]}" if restored.tip else ""
    saved = f", saved: {', '.join(restored.saved)}" if restored.saved else ""
    return f"{manifest.id}: {manifest.state.value}{where}{saved}"
