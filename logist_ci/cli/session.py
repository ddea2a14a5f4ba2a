"""What a command works with: its streams, where it stands, and the parts, opened when first needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

from logist_ci.cli.stopping import Stopper
from logist_ci.cli.terminal import Terminal

if TYPE_CHECKING:
    import typer

    from logist_ci.app import App
    from logist_ci.errors import ConfigError
    from logist_ci.job.ids import JobId
    from logist_ci.process.clock import Clock
    from logist_ci.runner.listener import StopSignal
    from logist_ci.runner.parts import Parts

__all__ = ["Invocation", "Session"]


@dataclass(frozen=True)
class Invocation:
    """One call of the command line: the global options, and ``rest``, the words after ``--`` where they count.

    ``lenient`` says that the command makes do with default settings where the configuration is wrong.
    """

    terminal: Terminal
    stopper: Stopper
    directory: Path
    config: Path | None = None
    rest: tuple[str, ...] | None = None
    lenient: bool = False
    clock: Clock | None = None


class Session:
    """An invocation at work. Nothing of the repository is opened before ``app`` or ``parts`` is used."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.terminal = invocation.terminal

    @classmethod
    def of(cls, context: typer.Context) -> Session:
        """Return the session of a command; it is closed when the command ends."""
        session = cls(cast(Invocation, context.obj))
        context.call_on_close(session.close)
        return session

    @cached_property
    def app(self) -> App:
        """The opened application."""
        from logist_ci.app import open_app

        invocation = self.invocation
        return open_app(
            invocation.directory,
            self.terminal.environ,
            config=invocation.config,
            clock=invocation.clock,
            misconfigured=self._make_do if invocation.lenient else None,
        )

    def _make_do(self, error: ConfigError) -> None:
        self.terminal.warn(f"Warning: {error} The default settings are used.")

    @property
    def parts(self) -> Parts:
        """The parts that use cases take."""
        return self.app.parts

    @property
    def rest(self) -> tuple[str, ...] | None:
        """The words after ``--``, or ``None`` without one."""
        return self.invocation.rest

    def job(self, text: str) -> JobId:
        """Return the job that a person means by ``text``: an id, a unique prefix, or ``@last``."""
        return self.parts.store.find(text)

    def show(self, value: object, text: Callable[[], str], *, as_json: bool) -> None:
        """Write ``value`` as JSON, or else ``text()`` where it has any."""
        if as_json:
            self.terminal.show_json(value)
        elif words := text():
            self.terminal.show(words)

    @contextmanager
    def stoppable(self) -> Iterator[StopSignal]:
        """Let Ctrl-C during the block ask runs to stop instead of ending the process."""
        from logist_ci.runner.listener import StopSignal

        with self.invocation.stopper.armed(StopSignal()) as signal:
            yield signal

    def close(self) -> None:
        """Close what was opened."""
        if "app" in self.__dict__:
            self.app.close()
