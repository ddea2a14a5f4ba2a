"""Runs one command line: parse, load the command, invoke it, and turn whatever happens into an exit status."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from logist_ci.cli.catalog import names
from logist_ci.cli.failures import report_bug, report_error
from logist_ci.cli.loading import load, split_command, split_rest
from logist_ci.cli.session import Invocation
from logist_ci.cli.stopping import INTERRUPTED, Stopper
from logist_ci.cli.terminal import Terminal
from logist_ci.cli.wording import printable
from logist_ci.errors import LogistError, StoreError, UsageError

if TYPE_CHECKING:
    from logist_ci.process.clock import Clock

__all__ = ["execute", "status_of"]


def execute(
    arguments: Sequence[str],
    terminal: Terminal,
    *,
    stopper: Stopper | None = None,
    directory: Path | None = None,
    clock: Clock | None = None,
) -> int:
    """Execute the command line ``arguments`` and return its exit status; never raises.

    Args:
        arguments: The words after ``logist-ci``.
        terminal: The streams, and the environment without git's own variables.
        stopper: Receives the signals of this process.
        directory: Where the user stands; default is the current folder.
        clock: The time for the use cases; default is the machine's.
    """

    def run() -> object:
        invocation = Invocation(terminal, stopper or Stopper(), directory or _here(), clock=clock)
        return _invoked(list(arguments), invocation)

    return status_of(run, terminal, arguments)


def status_of(run: Callable[[], object], terminal: Terminal, arguments: Sequence[str]) -> int:
    """Call ``run`` and return the exit status that its result or its error means; say what went wrong."""
    try:
        status = run()
    except LogistError as error:
        return report_error(terminal, error)
    except typer.TyperException as error:
        return _wrong_usage(terminal, error, arguments)
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        terminal.warn("Interrupted.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever reads our output has seen enough.
        return 0
    except OSError as failure:
        if failure.errno not in _FULL:
            return report_bug(terminal, failure, arguments)
        return report_error(terminal, StoreError(f"Something could not be written: {failure.strerror}."))
    except Exception as error:  # the last handler: nothing a user sees is a traceback
        return report_bug(terminal, error, arguments)
    return status if isinstance(status, int) else 0


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as gone:
        raise UsageError("The current folder does not exist any more.", hint="Go to one that does.") from gone


def _invoked(arguments: list[str], invocation: Invocation) -> object:
    if "_LOGIST_CI_COMPLETE" in invocation.terminal.environ or arguments[:1] in _COMPLETION:
        from logist_ci.cli.completion import complete

        return complete(arguments, invocation)
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    name, words = split_command(arguments)
    words, rest = split_rest(name, words)
    command = load(name)
    invocation = replace(invocation, rest=rest, lenient=name in _LENIENT)
    with command.make_context(f"logist-ci {name}", words, obj=invocation) as context:
        return command.invoke(context)


# A slip in the configuration must not keep anybody from looking at a job, or from stopping it.
_LENIENT = frozenset(
    {"cancel", "diff", "history", "list", "logs", "path", "report", "stats", "status", "stop", "suspend", "validate"}
)
#: What a full disk answers, behind a redirection too.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_COMPLETION = (["--install-completion"], ["--show-completion"])


def _wrong_usage(terminal: Terminal, error: typer.TyperException, arguments: Sequence[str]) -> int:
    terminal.warn(f"Error: {printable(error.format_message())}")
    command = next((f" {word}" for word in arguments if word in names()), "")
    terminal.warn(f"Hint: See the options with: logist-ci{command} --help")
    return getattr(error, "exit_code", 2)
