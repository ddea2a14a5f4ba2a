"""The runtime that protects against nothing: the program runs as the user, on the user's machine."""

from __future__ import annotations

from logist_ci.errors import MissingError
from logist_ci.job.manifest import Protection
from logist_ci.process.command import Command
from logist_ci.runtimes.base import Mounts, Probe

__all__ = ["HostRuntime"]

_UNPROTECTED = (
    "files: the program can read and change everything that you can",
    "git: it can reach the repository's own git directory; what it changed there is found and restored afterwards",
    "network: it can reach everything that you can",
    "processes: it can signal your other programs, and read their environment",
    "limits: when the supervisor itself is killed, what it supervised runs on until the next command finds it",
)


class HostRuntime:
    """Runs the command as it is. It works everywhere, so what it lacks has to be said loudly."""

    name = "host"

    def probe(self) -> Probe:
        """Return that it works; there is nothing that it could have proved."""
        return Probe(works=True)

    def protection(self) -> Protection:
        """Return what it does not protect against: everything."""
        return Protection(runtime=self.name, unprotected=_UNPROTECTED)

    def wrap(self, command: Command, mounts: Mounts, network: str) -> Command:
        """Return ``command`` unchanged.

        Raises:
            MissingError: ``network`` is not ``full``: nothing here could keep a program off it.
        """
        if network != "full":
            raise MissingError(
                "The host runtime cannot keep a program off the network.",
                hint='Set network = "full", or choose a runtime that isolates.',
            )
        return command
