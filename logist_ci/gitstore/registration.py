"""A linked worktree as git registers it: a handful of small files, written and removed by ourselves.

Running git for it costs a process, provokes hooks, and loses races with other registrations.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from logist_ci.errors import InvalidNameError, RefusedError, StoreError
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.gitstore.removal import delete_tree, put_away
from logist_ci.job.ids import JobId, job_id
from logist_ci.process.files import read_bounded, translated_os_errors, write_atomically

__all__ = ["Registration", "reason_of", "registrations"]

_FILE_BYTES = 65536
_ATTEMPTS = 5
# What git keeps in a worktree's folder while nothing is under way; the rest belongs to a merge, a rebase and so on.
_STANDING = frozenset(
    {
        b"HEAD", b"ORIG_HEAD", b"FETCH_HEAD", b"COMMIT_EDITMSG", b"commondir", b"config.worktree", b"gitdir", b"index",
        b"info", b"locked", b"logs", b"modules", b"refs",
    }
)  # fmt: skip


def reason_of(job: JobId) -> str:
    """Return the reason with which the worktree of ``job`` is locked, so that nothing prunes or removes it."""
    return f"logist-ci job {job}"


@dataclass(frozen=True)
class Registration:
    """The worktree of a job in the eyes of git: ``admin`` is its folder in the git directory."""

    job: JobId
    workspace: Path
    common_dir: Path

    @property
    def admin(self) -> Path:
        """The worktree's own git directory."""
        return self.common_dir / "worktrees" / self.job

    @property
    def link(self) -> Path:
        """The file in the worktree that leads to :attr:`admin`."""
        return self.workspace / ".git"

    @property
    def link_content(self) -> bytes:
        """What :attr:`link` has to hold."""
        return b"gitdir: " + os.fsencode(self.admin) + b"\n"

    def files(self) -> dict[str, bytes]:
        """Return the files that make a worktree of :attr:`admin`; ``locked`` comes first, against ``git prune``."""
        return {
            "locked": reason_of(self.job).encode() + b"\n",
            "gitdir": os.fsencode(self.link) + b"\n",
            "commondir": b"../..\n",
        }

    def exists(self) -> bool:
        """Whether there is a registered worktree of this name, whoever made it."""
        return self.admin.is_dir()

    def ours(self) -> bool:
        """Whether the registered worktree of this name is the job's: locked by us, or not at all, and in our place."""
        reason, place = self._read("locked"), self._read("gitdir")
        if not reason and not place:
            # Its maker was killed before it had written anything; nobody else gives a worktree the name of a job.
            return True
        if reason is not None and reason.strip() != reason_of(self.job).encode():
            return False
        if place == self.files()["gitdir"]:
            return True
        # The repository may have been moved: then what it leads to is not there any more.
        return reason is not None and (place is None or not os.path.lexists(os.fsdecode(place.rstrip(b"\n"))))

    def write(self, branch: str, settings: CheckoutSettings, *, own_config: bool) -> None:
        """Register the worktree on ``branch``, or mend its registration; the caller holds the lock for it.

        ``own_config`` says that worktrees have settings of their own (``extensions.worktreeConfig``).

        Raises:
            StoreError, MissingError: the git directory could not be written.
        """
        with translated_os_errors(f"register the worktree {self.workspace}"):
            for attempt in range(_ATTEMPTS):
                try:
                    self._write(branch, settings, own_config=own_config)
                    return
                except FileNotFoundError:
                    # Git prunes folders that are not complete yet, and removes the last empty one.
                    if attempt == _ATTEMPTS - 1:
                        raise

    def link_up(self) -> None:
        """Make the worktree's ``.git`` file lead to :attr:`admin`, whatever stands there now."""
        with translated_os_errors(f"write {self.link}"):
            if not self.link.is_symlink() and self.link.is_dir():
                raise StoreError(f"{self.link} is a folder, and has to be a file.", hint="Move it out of the way.")
            write_atomically(self.link, self.link_content, sync=False)

    def sound(self, branch: str) -> bool:
        """Whether the worktree is registered on ``branch`` and linked as it was made."""
        wanted = {**self.files(), "HEAD": _head_of(branch)}
        return all(self._read(name) == content for name, content in wanted.items()) and self.linked()

    def intact(self) -> bool:
        """Whether git's files for the worktree are there, and those that no git command changes are as they were."""
        wanted = self.files()
        return all(self._read(name) == content for name, content in wanted.items()) and self._read("HEAD") is not None

    def linked(self) -> bool:
        """Whether the worktree's ``.git`` file is the one that was made."""
        return _bytes(self.link) == self.link_content

    def check_ours(self) -> None:
        """Raise :class:`RefusedError` unless the registered worktree is the job's."""
        if not self.ours():
            raise RefusedError(
                f"The registered worktree {self.admin} is locked by somebody else, or lies elsewhere by now.",
                hint="Look at: git worktree list --porcelain",
            )

    def unregister(self, trash: Path) -> None:
        """Take the worktree out of git's list by way of ``trash``; what is gone already is fine. Needs the lock.

        Raises:
            RefusedError: it is not the job's.
        """
        if not self.exists():
            return
        self.check_ours()
        away = put_away(self.admin, trash, self.common_dir)
        with suppress(OSError):
            # Only when it was the last one.
            self.admin.parent.rmdir()
        if away is not None:
            delete_tree(away)

    def set_aside_unfinished(self, trash: Path) -> list[str]:
        """Move away what a merge, a rebase or a killed git left half-done; return the names."""
        with translated_os_errors(f"list {self.admin}"), os.scandir(os.fsencode(self.admin)) as entries:
            names = sorted(entry.name for entry in entries if entry.name not in _STANDING)
        for name in names:
            put_away(self.admin / os.fsdecode(name), trash, self.common_dir, name="unfinished")
        return [os.fsdecode(name) for name in names]

    def head(self) -> bytes | None:
        """Return the raw content of the worktree's HEAD, without the end of the line."""
        content = self._read("HEAD")
        return None if content is None else content.strip()

    def point_head(self, branch: str) -> None:
        """Let the worktree stand on ``branch``."""
        wanted = _head_of(branch)
        if self._read("HEAD") != wanted:
            write_atomically(self.admin / "HEAD", wanted, sync=False)

    def _write(self, branch: str, settings: CheckoutSettings, *, own_config: bool) -> None:
        self.admin.mkdir(parents=True, exist_ok=True)
        for name, content in {**self.files(), "HEAD": _head_of(branch)}.items():
            (self.admin / name).write_bytes(content)
        if settings.sparse is None:
            return
        (self.admin / "info").mkdir(exist_ok=True)
        (self.admin / "info" / "sparse-checkout").write_bytes(settings.sparse)
        if own_config:
            cone = "true" if settings.cone else "false"
            lines = f"[core]\n\tsparseCheckout = true\n\tsparseCheckoutCone = {cone}\n"
            (self.admin / "config.worktree").write_bytes(lines.encode())

    def _read(self, name: str) -> bytes | None:
        return _bytes(self.admin / name)


def registrations(common_dir: Path) -> Iterator[tuple[JobId, Path]]:
    """Yield the registered worktrees that we have locked: the job, and where its worktree is or was."""
    with suppress(FileNotFoundError), os.scandir(common_dir / "worktrees") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            with suppress(InvalidNameError):
                job = job_id(entry.name)
                reason, place = (_bytes(Path(entry.path, name)) or b"" for name in ("locked", "gitdir"))
                if reason.strip() == reason_of(job).encode():
                    yield job, Path(os.fsdecode(place.rstrip(b"\n"))).parent


def _head_of(branch: str) -> bytes:
    return os.fsencode(f"ref: refs/heads/{branch}\n")


def _bytes(file: Path) -> bytes | None:
    """Return the content of a small file: ``None`` where there is none, nothing where it is no file."""
    try:
        return read_bounded(file, _FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except StoreError:
        return b""
