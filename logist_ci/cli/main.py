"""The entry point: everything that touches this process itself happens here, and only here.

``--version`` and ``--help`` are answered before anything is imported, because editors, hooks and
completions ask for them all the time.
"""

from __future__ import annotations

import os
import sys

__all__ = ["main"]

_VERSION = ("--version", "-V")
_COMPLETING = "_LOGIST_CI_COMPLETE"
_HELP = ("--help", "-h", "help")


def main() -> int:
    """Run the command line of this process and return its exit status."""
    arguments = sys.argv[1:] or ["--help"]
    if _COMPLETING in os.environ:
        return _enter(arguments)
    if arguments[0] in _VERSION:
        from logist_ci import __version__

        return _print(f"logist-ci {__version__}\n")
    if len(arguments) == 1 and arguments[0] in _HELP:
        from logist_ci.cli.catalog import overview

        return _print(overview())
    return _enter(arguments)


def _print(text: str) -> int:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    return 0


def _enter(arguments: list[str]) -> int:
    import signal

    from logist_ci.cli.execute import execute
    from logist_ci.cli.stopping import Stopper
    from logist_ci.cli.terminal import Terminal
    from logist_ci.process.environment import without_git

    # Inside a hook git hands down GIT_DIR and GIT_INDEX_FILE; any git that we start, and the
    # libraries in this process, would work on the user's commit instead of on the job.
    for name in set(os.environ) - set(without_git(os.environ)):
        del os.environ[name]
    for stream in (sys.stdout, sys.stderr):
        # File names are bytes; what is no text in them is printed as the same bytes again.
        stream.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]  # a real process has TextIOWrapper
    environ = dict(os.environ)
    stopper = Stopper()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stopper.on_signal)
    status = execute(arguments, Terminal(sys.stdin, sys.stdout, sys.stderr, environ=environ), stopper=stopper)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except OSError as failure:
        _forget_stdout()
        sys.stderr.write(f"Error: The output could not be written: {failure.strerror}.\n")
        return status or 1
    return status


def _forget_stdout() -> None:
    # The interpreter flushes once more at exit and would complain about the closed pipe.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
