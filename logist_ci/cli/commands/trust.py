"""``trust``: a person allows the repository's own commands, once for exactly their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from logist_ci.cli.consent import shown
from logist_ci.cli.options import JsonOption
from logist_ci.cli.session import Session
from logist_ci.cli.terminal import Terminal
from logist_ci.errors import TrustError

if TYPE_CHECKING:
    from logist_ci.lifecycle.trusting import RepositoryCommands

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci trust --show
logist-ci trust
logist-ci trust --yes
"""


def command(
    context: typer.Context,
    show: Annotated[bool, typer.Option("--show", help="Only show the commands, and whether they are trusted.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trust without being asked.")] = False,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help="Also the checks of the recipe .logist/recipes/NAME.md.")
    ] = None,
    base: Annotated[str, typer.Option(metavar="REV", help="The commit that jobs would start from.")] = "HEAD",
    json: JsonOption = False,
) -> int:
    """Trust the commands that this repository would run.

    Set-up commands and checks come from the repository's files, so they run only after you
    have trusted exactly these. Any change of theirs asks again.
    """
    from logist_ci.lifecycle.create import named_recipe
    from logist_ci.lifecycle.trusting import repository_commands, trust

    session = Session.of(context)
    parts, terminal = session.parts, session.terminal
    written = named_recipe(parts, recipe) if recipe else None
    commands = repository_commands(parts, parts.repository.resolve(base), written)
    if not json:
        terminal.show(_described(commands, show=show))
    agreed = not commands.trusted and not show
    if agreed:
        _ask(terminal, yes=yes)
        trust(parts, commands)
        terminal.say("Trusted, for as long as they stay exactly the same.")
    if json:
        trusted = commands.trusted or agreed
        terminal.show_json({"trusted": trusted, "detected": commands.detected, "commands": commands.lines})
    return 0


def _described(commands: RepositoryCommands, *, show: bool) -> str:
    if not commands.lines:
        return "This repository has no commands that a job would run."
    if commands.trusted:
        return f"{shown(commands)}\nThey are trusted."
    return f"{shown(commands)}\nThey are not trusted." if show else shown(commands)


def _ask(terminal: Terminal, *, yes: bool) -> None:
    if yes:
        return
    if not terminal.interactive:
        raise TrustError(
            "Nothing was trusted: there is no terminal to ask on.", hint="Trust them with: logist-ci trust --yes"
        )
    if not terminal.ask("Trust exactly these?"):
        raise TrustError("Nothing was trusted.")
