"""Run a program that has the terminal to itself, such as a person's editor, and wait for it."""

from __future__ import annotations

import subprocess

from logist_ci.process.command import Command
from logist_ci.process.starting import explain_start_failure

__all__ = ["run_in_foreground"]


def run_in_foreground(command: Command) -> int:
    """Run ``command`` on this process's own streams and return its exit status.

    Raises:
        MissingError: the program does not exist or may not be executed.
        UsageError: the arguments cannot be passed to a program.
        StoreError: the folder does not exist, or the machine refused.
    """
    try:
        return subprocess.run(command.argv, cwd=command.cwd, env=command.env, check=False).returncode
    except (OSError, ValueError) as failure:
        raise explain_start_failure(command, failure) from failure
