"""``stats``: how many jobs there are."""

from __future__ import annotations

import typer

from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.views.listing import stats_table
from logist_ci.lifecycle.looking import statistics_of

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci stats
logist-ci stats --json | jq .by_state
"""


def command(context: typer.Context, json: JsonOption = False) -> None:
    """Count jobs by state, and what they use."""
    session = Session.of(context)
    stats = statistics_of(session.parts)
    session.show(stats, lambda: stats_table(stats, session.terminal.palette), as_json=json)
