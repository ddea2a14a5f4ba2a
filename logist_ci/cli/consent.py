"""Asks a person once whether the repository's own commands may run, showing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from logist_ci.cli.session import Session
from logist_ci.cli.wording import printable

if TYPE_CHECKING:
    from logist_ci.lifecycle.trusting import RepositoryCommands

__all__ = ["consent", "shown"]


def consent(session: Session, *, yes: bool = False) -> Callable[[RepositoryCommands], bool]:
    """Return what a use case asks when it meets commands that nobody has trusted; a yes is remembered."""

    def ask(commands: RepositoryCommands) -> bool:
        from logist_ci.lifecycle.trusting import trust

        terminal = session.terminal
        if not yes and not terminal.interactive:
            return False
        terminal.warn(shown(commands))
        agreed = yes or terminal.ask("Trust exactly these, now and in future?")
        if agreed:
            trust(session.parts, commands)
        return agreed

    return ask


def shown(commands: RepositoryCommands) -> str:
    """Return the repository's commands as a person reads them before trusting them."""
    whence = "detected in" if commands.detected else "configured by"
    lines = "\n".join(f"  {printable(line)}" for line in commands.lines)
    return f"These commands are {whence} this repository, and jobs will run them:\n{lines}"
