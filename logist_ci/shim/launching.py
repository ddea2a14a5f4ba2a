"""Start a program from a process that has nothing else to do.

``posix_spawn`` takes no folder, so this process goes there and comes back: only a shim may do that.
Compared with ``subprocess`` that saves a shim half a megabyte, and locks that nobody needs.
"""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

from logist_ci.process.command import Command
from logist_ci.process.starting import explain_start_failure

__all__ = ["launch"]

_NOWHERE = "/"
# Those that this process, or whoever started it, ignores or catches: the program must not inherit that.
_DEFAULT = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def launch(command: Command, stdin: int, output: int) -> int:
    """Start ``command`` in a process group of its own, from ``stdin`` to ``output``, and return its number.

    Every other descriptor of this process must be one that programs do not inherit.

    Raises:
        LogistError: it cannot be started; the message says why.
    """
    try:
        os.chdir(command.cwd)
        return os.posix_spawn(
            _found(command),
            command.argv,
            command.env,
            file_actions=[(os.POSIX_SPAWN_DUP2, stdin, 0), *((os.POSIX_SPAWN_DUP2, output, end) for end in (1, 2))],
            setpgroup=0,
            setsigmask=(),
            setsigdef=_DEFAULT,
        )
    except (OSError, ValueError) as failure:
        raise explain_start_failure(command, failure) from failure
    finally:
        # A worktree in which a shim stands could not be told from one that is in use.
        os.chdir(_NOWHERE)


def _found(command: Command) -> str:
    """Return where the program is, looked for as a shell would in the ``PATH`` of its own environment."""
    name = command.argv[0]
    if "/" in name:
        return name
    reason = errno.ENOENT
    for folder in os.get_exec_path(command.env):
        candidate = Path(folder or ".", name)
        if candidate.is_file():
            if os.access(candidate, os.X_OK):
                return str(candidate) if candidate.is_absolute() else f"./{candidate}"
            reason = errno.EACCES
    raise OSError(reason, os.strerror(reason))
