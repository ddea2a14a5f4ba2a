"""``init``: the repository gets a commented configuration and an example recipe."""

from __future__ import annotations

import typer

from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci init
logist-ci doctor
git add logist.toml .logist/recipes
"""


def command(context: typer.Context, json: JsonOption = False) -> None:
    """Write a commented logist.toml and an example recipe.

    Nothing is needed to run jobs; this is where to change how they run. Files that exist
    stay as they are.
    """
    from logist_ci.lifecycle.initialise import initialise

    session = Session.of(context)
    done = initialise(session.parts)
    rows = [*(f"wrote {name}" for name in done.made), *(f"kept {name}" for name in done.kept)]
    session.show(done, lambda: "\n".join(rows), as_json=json)
    if done.made:
        session.terminal.say('Next: read them, commit them, then: logist-ci run "what is to be done"')
