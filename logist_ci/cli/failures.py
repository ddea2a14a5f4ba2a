"""From errors to what a person reads and to exit statuses; a bug of ours leaves a report file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from logist_ci import __version__
from logist_ci.cli.catalog import names
from logist_ci.cli.terminal import Terminal
from logist_ci.cli.wording import printable
from logist_ci.errors import LogistError

__all__ = ["BUG", "report_bug", "report_error"]

BUG = 3


def report_error(terminal: Terminal, error: LogistError) -> int:
    """Tell what failed and what to do next, and return the error's exit status."""
    terminal.warn(f"Error: {printable(str(error))}")
    if error.hint:
        terminal.warn(f"Hint: {printable(error.hint)}")
    return error.exit_status


def report_bug(terminal: Terminal, error: BaseException, arguments: Sequence[str]) -> int:
    """Write what we need to know about an unexpected error to a file, say where it is, and return 3."""
    import platform  # late: hardly any command has a bug to report
    import traceback

    report = "\n".join(
        (
            f"logist-ci {__version__}, Python {platform.python_version()}, {platform.platform()}",
            # Prompts and values are nobody's business: the command and the names of its options are enough.
            f"arguments: {' '.join(_names_of(arguments))}",
            "",
            *traceback.format_exception(error),
        )
    )
    summary = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    terminal.warn(f"Error: This is a bug in Logist CI: {printable(summary)}")
    file = _written(terminal, report)
    if file is not None:
        terminal.warn(f"Hint: Please report it with the file {file}")
    else:
        terminal.warn(report)
    return BUG


def _names_of(arguments: Sequence[str]) -> list[str]:
    options = [word.partition("=")[0] for word in arguments if word.startswith("--")]
    return [*(word for word in arguments if word in names())][:1] + options


def _written(terminal: Terminal, report: str) -> Path | None:
    import tempfile

    state = terminal.environ.get("XDG_STATE_HOME")
    home = terminal.environ.get("HOME")
    folders = [Path(state) if state else None, Path(home, ".local", "state") if home else None]
    for folder in (*(base / "logist-ci" / "reports" for base in folders if base), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", errors="backslashreplace", dir=folder, prefix="bug-", suffix=".txt", delete=False
            ) as file:
                file.write(report)
            return Path(file.name)
        except OSError:
            continue
    return None
