"""Processes that only sleep, for tests that have to find, spare or end them."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from logist_ci.process.tree import ProcessId, identify

__all__ = ["Sleepers"]

_SCRIPT = 'cd "$0" && echo ready && exec sleep 600 >/dev/null'


class Sleepers:
    """Starts sleeping processes and ends them with the test."""

    def __init__(self) -> None:
        self._pids: list[int] = []

    def start(self, folder: Path, **variables: str) -> ProcessId:
        """Start a process that stands in ``folder``, with ``variables`` added to a small environment."""
        environ = {"PATH": os.environ.get("PATH", os.defpath), **variables}
        started, ready = os.pipe()
        output = [(os.POSIX_SPAWN_DUP2, ready, 1)]
        pid = os.posix_spawnp("sh", ["sh", "-c", _SCRIPT, str(folder)], environ, file_actions=output)
        self._pids.append(pid)
        os.close(ready)
        os.read(started, 10)
        os.close(started)
        found = identify(pid)
        assert found is not None
        return found

    def end(self) -> None:
        """End and bury them all."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
