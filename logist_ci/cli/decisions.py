"""What the commands for a person's decisions share: several jobs at once, one that fails never hides the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from logist_ci.cli.failures import report_error
from logist_ci.cli.session import Session
from logist_ci.cli.talk import Talk
from logist_ci.cli.views.results import decided
from logist_ci.errors import LogistError

if TYPE_CHECKING:
    from logist_ci.job.ids import JobId
    from logist_ci.job.manifest import Manifest
    from logist_ci.runner.listener import Listener
    from logist_ci.runner.parts import Parts

__all__ = ["decide_each"]

_Decision = Callable[["Parts", "JobId", "Listener"], "Manifest"]


def decide_each(context: typer.Context, jobs: Sequence[str], decision: _Decision, *, as_json: bool = False) -> int:
    """Apply ``decision`` to each job, say where each is now, and return the worst exit status."""
    session = Session.of(context)
    listener = Talk(session.terminal, verbose_only=True)
    worst = 0
    manifests: list[Manifest] = []
    for text in dict.fromkeys(jobs):
        try:
            manifests.append(decision(session.parts, session.job(text), listener))
        except LogistError as error:
            worst = max(worst, report_error(session.terminal, error))
    session.parts.index.refresh()
    now = session.parts.clock.now()
    palette = session.terminal.palette
    session.show(manifests, lambda: "\n".join(decided(each, now, palette) for each in manifests), as_json=as_json)
    return worst
