"""``diff``: what a job changed."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.views.results import change_line
from logist_ci.cli.wording import printable, readable

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci diff fix-login
logist-ci diff fix-login --stat
logist-ci diff fix-login -- src/ docs/
"""


def command(
    context: typer.Context,
    job: JobArgument,
    stat: Annotated[bool, typer.Option("--stat", help="Only the names and numbers.")] = False,
    json: JsonOption = False,
) -> None:
    """Print what a job changed.

    It is git's own diff from the job's base to its branch; no filter, driver or pager
    that an agent could have planted takes part.
    """
    from logist_ci.gitstore.diffs import diff_stat, diff_text

    session = Session.of(context)
    parts, paths = session.parts, session.rest or ()
    manifest = parts.store.read(session.job(job)).manifest
    base, head = manifest.source.base_commit, manifest.result.head
    if head is None:
        session.terminal.say(f"The job {manifest.id} has no result yet; it is {manifest.state.value}.")
        return
    if json or stat:
        numbers = diff_stat(parts.repository, base, head)
        names = [readable(path) for path in numbers.paths]
        session.show(
            {"job": manifest.id, "base": base, "head": head, "files": numbers.files, "paths": names,
             "insertions": numbers.insertions, "deletions": numbers.deletions},
            lambda: "\n".join([change_line(manifest), *(f"  {printable(name)}" for name in names)]),
            as_json=json,
        )  # fmt: skip
        return
    session.terminal.show_bytes(
        diff_text(parts.repository, base, head, paths=[_below(session, each) for each in paths])
    )


def _below(session: Session, path: str) -> str:
    """Return ``path``, as a person gives it where they stand, as one below the worktree."""
    root = session.parts.repository.worktree
    return os.path.relpath(session.invocation.directory / path, root) if root else path
