"""``create``: a job comes to be, and waits."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.new_job import NewJob, create_from, with_job_options
from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci create "set up a python package called swift" --agent template
logist-ci create --draft --recipe upgrade --var version=3.12
logist-ci run --pending -j 2
"""


@with_job_options
def command(
    context: typer.Context,
    new: NewJob,
    draft: Annotated[bool, typer.Option("--draft", help="Leave it as a draft until it is activated.")] = False,
    json: JsonOption = False,
) -> None:
    """Create a job without executing it.

    The job's id is printed; nothing else happens before it is run.
    """
    session = Session.of(context)
    stored = create_from(session, new, draft=draft)
    session.parts.index.refresh()
    session.show(stored.manifest, lambda: stored.manifest.id, as_json=json)
    leads = f"activate {stored.manifest.id}" if draft else f"run --job {stored.manifest.id}"
    session.terminal.say(f"Next: logist-ci {leads}")
