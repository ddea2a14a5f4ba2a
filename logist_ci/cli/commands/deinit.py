"""``deinit``: what ``init`` wrote goes, unless somebody changed it."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci deinit
"""


def command(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Also while there are jobs; these stay.")] = False,
    json: JsonOption = False,
) -> None:
    """Remove what init made.

    Files that were changed since stay. With jobs in the repository it is refused.
    """
    from logist_ci.lifecycle.initialise import deinitialise

    session = Session.of(context)
    done = deinitialise(session.parts, force=force)
    rows = [*(f"removed {name}" for name in done.removed), *(f"kept {name}: it was changed" for name in done.kept)]
    session.show(done, lambda: "\n".join(rows) or "There was nothing to remove.", as_json=json)
