"""Loads the one command that was called, and adds the options that every command understands."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from logist_ci.cli.catalog import TAKES_REST, names
from logist_ci.cli.coercion import spare_validation
from logist_ci.cli.session import Invocation
from logist_ci.errors import UsageError

__all__ = ["PLAIN", "load", "registered", "split_command", "split_rest"]

_WITH_VALUE = ("-C", "--config")
_FOOTER = "Global options (-C, --config, -v, -q, --no-color): see logist-ci --help."


def split_command(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command's name and its arguments, with the global options that stood before the name.

    Raises:
        UsageError: there is no command, or none of that name.
    """
    position = 0
    while position < len(arguments) and arguments[position].startswith("-"):
        position += 2 if arguments[position] in _WITH_VALUE else 1
    if position >= len(arguments):
        raise UsageError("A command is missing.", hint="See what there is with: logist-ci --help")
    name = arguments[position]
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1)
        meant = f"Did you mean: logist-ci {close[0]}" if close else "See what there is with: logist-ci --help"
        raise UsageError(f"There is no command {name[:40]!r}.", hint=meant)
    return name, [*arguments[:position], *arguments[position + 1 :]]


def split_rest(name: str, arguments: Sequence[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """Return the arguments, and the words after ``--`` if they are something of their own to the command."""
    if name not in TAKES_REST or "--" not in arguments:
        return list(arguments), None
    dashes = list(arguments).index("--")
    return list(arguments[:dashes]), tuple(arguments[dashes + 1 :])


def load(name: str) -> Any:
    """Return the command ``name``, ready to be given arguments; only its own module is imported."""
    module = importlib.import_module(f"logist_ci.cli.commands.{name}")
    command = get_command(registered(typer.Typer(add_completion=False, **PLAIN), name, module.command, module.EXAMPLES))
    command.params.extend(get_command(_shared()).params)
    spare_validation(command.params)
    return command


def registered(app: typer.Typer, name: str, function: Callable[..., None], examples: str) -> typer.Typer:
    """Add a command to ``app`` and return it."""
    lines = "\n".join(f"  {line}" for line in examples.strip().splitlines())
    app.command(
        name,
        epilog=f"\b\nExamples:\n{lines}\n\n{_FOOTER}",
        context_settings={"max_content_width": 100},
        # Ours is among the shared options: it knows where to print.
        add_help_option=False,
    )(function)
    return app


PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}


def _directory(context: typer.Context, value: Path | None) -> None:
    if value is not None:
        _change(context, directory=context.obj.directory / value)


def _config(context: typer.Context, value: Path | None) -> None:
    if value is not None:
        _change(context, config=context.obj.directory / value)


def _verbose(context: typer.Context, value: int) -> None:
    if value:
        _change(context, terminal=replace(context.obj.terminal, verbosity=value))


def _quiet(context: typer.Context, value: bool) -> None:
    if value:
        _change(context, terminal=replace(context.obj.terminal, verbosity=-1))


def _no_color(context: typer.Context, value: bool) -> None:
    if value:
        _change(context, terminal=replace(context.obj.terminal, color=False))


def _help(context: typer.Context, value: bool) -> None:
    if not value:
        return
    if isinstance(context.obj, Invocation):
        context.obj.terminal.show(context.get_help())
    raise typer.Exit


def _change(context: typer.Context, **changes: Any) -> None:
    # Completion parses without an invocation.
    if isinstance(context.obj, Invocation):
        context.obj = replace(context.obj, **changes)


def _shared() -> typer.Typer:
    def options(
        directory: Annotated[
            Path | None, typer.Option("-C", callback=_directory, expose_value=False, is_eager=True, hidden=True)
        ] = None,
        config: Annotated[
            Path | None, typer.Option("--config", callback=_config, expose_value=False, hidden=True)
        ] = None,
        verbose: Annotated[
            int, typer.Option("-v", "--verbose", count=True, callback=_verbose, expose_value=False, hidden=True)
        ] = 0,
        quiet: Annotated[bool, typer.Option("-q", "--quiet", callback=_quiet, expose_value=False, hidden=True)] = False,
        no_color: Annotated[
            bool, typer.Option("--no-color", callback=_no_color, expose_value=False, hidden=True)
        ] = False,
        show_help: Annotated[
            bool,
            typer.Option(
                "-h", "--help", callback=_help, expose_value=False, is_eager=True, help="Show this message and exit."
            ),
        ] = False,
    ) -> None: ...

    app = typer.Typer(add_completion=False, **PLAIN)
    app.command()(options)
    return app
