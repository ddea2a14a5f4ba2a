"""Facts of one machine about a job (``local.json``): who runs it there, and where. They are never pushed."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import msgspec

from logist_ci.errors import LogistError
from logist_ci.gitstore.records import decoded, encoded
from logist_ci.process.clock import Clock
from logist_ci.process.files import read_bounded, write_atomically
from logist_ci.process.tree import ProcessId, identify

__all__ = ["GitFile", "LocalFacts", "Machine", "read_local", "this_machine", "write_local"]

_LOCAL_BYTES = 1_000_000


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where process numbers mean something: one host, from boot to shutdown, in one pid namespace."""

    host: str
    boot_id: str
    pid_namespace: str = ""


class GitFile(msgspec.Struct, frozen=True, kw_only=True):
    """The ``.git`` file of a worktree as it was made."""

    inode: int
    content: str


class LocalFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine has to know about a job to find its processes and its worktree again."""

    machine: Machine
    written_at: str
    runner: ProcessId | None = None
    shim: ProcessId | None = None
    main_worktree: str = ""
    worktree: str = ""
    worktree_admin: str = ""
    worktree_gitfile: GitFile | None = None

    @classmethod
    def here(
        cls,
        clock: Clock,
        *,
        shim: ProcessId | None = None,
        main_worktree: Path | None = None,
        worktree: Path | None = None,
        worktree_admin: Path | None = None,
        worktree_gitfile: GitFile | None = None,
    ) -> LocalFacts:
        """Return the facts about a job that this process runs."""
        return cls(
            machine=this_machine(),
            written_at=clock.now().isoformat(),
            runner=identify(os.getpid()),
            shim=shim,
            main_worktree=_text(main_worktree),
            worktree=_text(worktree),
            worktree_admin=_text(worktree_admin),
            worktree_gitfile=worktree_gitfile,
        )

    def is_here(self) -> bool:
        """Whether the process numbers in here belong to this machine, and to this run of it."""
        return self.machine == this_machine()


def this_machine() -> Machine:
    """Return the machine that this process runs on."""
    return Machine(host=socket.gethostname(), boot_id=_boot_id(), pid_namespace=_pid_namespace())


def read_local(file: Path) -> LocalFacts | None:
    """Return the facts in ``file``; ``None`` where it is missing, damaged or not readable."""
    try:
        return decoded(read_bounded(file, _LOCAL_BYTES), LocalFacts)
    except (FileNotFoundError, LogistError, msgspec.DecodeError):
        return None


def write_local(file: Path, facts: LocalFacts) -> None:
    """Write ``facts`` to ``file``, for the user alone.

    Raises:
        MissingError: the permission is missing.
        StoreError: the disk refused.
    """
    write_atomically(file, msgspec.json.format(encoded(facts), indent=2) + b"\n", mode=0o600, sync=False)


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        import psutil

        return f"{sys.platform}-{int(psutil.boot_time())}"


def _pid_namespace() -> str:
    try:
        return os.fspath(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _text(path: Path | None) -> str:
    # JSON holds no bytes that are not UTF-8; these paths are for people, who see them escaped.
    return "" if path is None else os.fsencode(path).decode("utf-8", "backslashreplace")
