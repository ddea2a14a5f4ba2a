"""``demo``: three jobs in a throw-away repository."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from logist_ci.cli.executing import listening
from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.views.demonstration import demonstrated
from logist_ci.lifecycle.demo import demonstrate, make_repository

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci demo
logist-ci demo --keep
"""


def command(
    context: typer.Context,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the repository to look around in it.")] = False,
    json: JsonOption = False,
) -> int:
    """Show three jobs in a throw-away repository, offline.

    One succeeds, one is tried again after a failed check, one is stopped by a limit. It
    takes a few seconds, and every claim it prints was looked at.
    """
    with _folder(context.obj.terminal.environ.get("TMPDIR"), keep=keep) as folder:
        root = make_repository(folder, context.obj.terminal.environ)
        context.obj = replace(context.obj, directory=root, config=None)
        session = Session.of(context)
        session.terminal.say(f"Three jobs in {root}:")
        with session.stoppable() as stop, listening(session) as listener:
            shown = demonstrate(session.parts, listener, stop)
        now, palette = session.parts.clock.now(), session.terminal.palette
        session.show(shown, lambda: demonstrated(shown, now, palette), as_json=json)
        session.close()
    if keep:
        session.terminal.say(f"The repository is {root}; look at it with: logist-ci -C {root} list")
    return 0 if shown.ok else 1


@contextmanager
def _folder(parent: str | None, *, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="logist-ci-demo-", dir=parent))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
