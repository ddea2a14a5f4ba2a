"""Shell completion: the one place where all commands are named to typer at once."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import typer
from typer.main import get_command

from logist_ci.cli.catalog import COMMANDS
from logist_ci.cli.loading import PLAIN, load
from logist_ci.cli.session import Invocation, Session
from logist_ci.errors import LogistError

__all__ = ["complete", "complete_job"]


def complete(arguments: Sequence[str], invocation: Invocation) -> int:
    """Answer a shell that asks for completions, or install what makes it ask; return the exit status."""
    app = typer.Typer(name="logist-ci", **PLAIN)
    for _, commands in COMMANDS:
        for name, summary in commands:
            app.command(name, help=summary)(_not_called)
    group = get_command(app)
    for name in _called(invocation):
        group.add_command(load(name), name)  # type: ignore[attr-defined]  # several commands make it a group
    try:
        group.main(list(arguments), prog_name="logist-ci", obj=invocation)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def complete_job(context: typer.Context, incomplete: str) -> list[str]:
    """Return the ids that begin with ``incomplete``; none where there is no repository."""
    if not isinstance(context.find_root().obj, Invocation):
        return []
    session = Session(context.find_root().obj)
    try:
        return [name for name in (*session.parts.store.ids(), "@last") if name.startswith(incomplete)]
    except LogistError:
        return []
    finally:
        session.close()


def _not_called() -> None:
    """Stand for a command whose options nobody has asked for."""


def _called(invocation: Invocation) -> list[str]:
    line = invocation.terminal.environ.get("COMP_WORDS") or invocation.terminal.environ.get("_TYPER_COMPLETE_ARGS", "")
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    known = {name for _, commands in COMMANDS for name, _ in commands}
    return [word for word in words[1:] if word in known][:1]
