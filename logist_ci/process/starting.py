"""Why a program could not be started, in words that tell a person what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from logist_ci.errors import LogistError, MissingError, StoreError, UsageError
from logist_ci.process.command import Command

__all__ = ["explain_start_failure"]


def explain_start_failure(command: Command, failure: OSError | ValueError) -> LogistError:
    """Return the error to raise for ``failure``, which starting ``command`` brought.

    ``MissingError`` where a program or a permission is missing, ``UsageError`` where the command
    cannot be one, ``StoreError`` where the machine refused.
    """
    program = Command(command.argv[:1], command.cwd, {}, command.secrets)
    if isinstance(failure, ValueError):
        return UsageError(f"{program} cannot be started: an argument or variable holds a NUL byte or is malformed.")
    if isinstance(failure, FileNotFoundError | NotADirectoryError):
        return _not_found(command, program)
    if isinstance(failure, PermissionError) and not os.access(command.cwd, os.X_OK):
        return MissingError(f"{program} cannot be started: its folder {command.cwd} may not be entered.")
    if isinstance(failure, PermissionError):
        return MissingError(f"{program} may not be executed.", hint="Make it executable with: chmod +x FILE")
    if failure.errno == errno.ENOEXEC:
        return MissingError(
            f"{program} is not a program this machine can run.",
            hint="A script needs a first line such as: #!/bin/sh",
        )
    if failure.errno == errno.E2BIG:
        return UsageError(f"{program} cannot be started: its arguments and environment are too long.")
    return StoreError(f"{program} cannot be started: {failure.strerror or failure}.")


def _not_found(command: Command, program: Command) -> LogistError:
    if not Path(command.cwd).is_dir():
        return StoreError(f"{program} cannot be started: its folder {command.cwd} does not exist.")
    if "/" in command.argv[0] and Path(command.cwd, command.argv[0]).is_file():
        return MissingError(
            f"{program} cannot be started: the interpreter that its first line names does not exist.",
            hint="Install that interpreter, or correct the line that begins with #!.",
        )
    return MissingError(
        f"{program}: command not found.",
        hint="Check the spelling, install the program, or give its full path; only the job's own PATH is searched.",
    )
