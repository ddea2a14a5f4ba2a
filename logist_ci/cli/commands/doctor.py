"""``doctor``: what there is, where settings came from, and what needs attention."""

from __future__ import annotations

import typer

from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci doctor
logist-ci -v doctor
logist-ci doctor --json | jq '.problems'
"""


def command(context: typer.Context, json: JsonOption = False) -> int:
    """Show versions, settings with their origins, and what needs attention.

    Stale, orphaned and half-made workspaces are named with the command to run. Exit
    status: 4 when something is missing without which jobs cannot run.
    """
    from logist_ci.cli.views.diagnosis import diagnosis_page
    from logist_ci.lifecycle.doctor import examine

    session = Session.of(context)
    terminal = session.terminal
    diagnosis = examine(session.app.surroundings())
    everything = terminal.verbosity > 0
    session.show(diagnosis, lambda: diagnosis_page(diagnosis, terminal.palette, everything=everything), as_json=json)
    return 4 if diagnosis.missing else 0
