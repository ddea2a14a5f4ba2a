"""``list``: which jobs there are."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.views.listing import job_table, trouble_lines
from logist_ci.errors import UsageError
from logist_ci.job.states import State
from logist_ci.lifecycle.looking import job_lines
from logist_ci.lifecycle.troubles import find_troubles

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci list
logist-ci list --state RUNNING --state PENDING
logist-ci list --json | jq -r '.[] | select(.owner == "gone") | .id'
"""


def command(
    context: typer.Context,
    state: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only jobs in this state; repeatable.")
    ] = None,
    agent: Annotated[str, typer.Option(metavar="NAME", help="Only jobs of this agent.", show_default=False)] = "",
    match: Annotated[
        str, typer.Option(metavar="TEXT", help="Only jobs with this in id or title.", show_default=False)
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also jobs that were cleaned up and archived.")] = False,
    json: JsonOption = False,
) -> None:
    """List jobs."""
    session = Session.of(context)
    parts = session.parts
    states = frozenset(map(_state, state or ()))
    lines = job_lines(parts, states=states, agent=agent, text=match, archived=everything)
    now, palette = parts.clock.now(), session.terminal.palette
    session.show(lines, lambda: job_table(lines, now, palette) if lines else "", as_json=json)
    if not json and (troubles := find_troubles(parts)):
        session.terminal.say(trouble_lines(troubles, session.terminal.talk_palette))
    if not lines:
        session.terminal.say('There is no such job. Make one with: logist-ci run "what is to be done"')


def _state(text: str) -> State:
    try:
        return State(text.upper().replace("-", "_"))
    except ValueError as defect:
        known = ", ".join(state.value for state in State)
        raise UsageError(f"There is no state {text!r}.", hint=f"States are: {known}.") from defect
