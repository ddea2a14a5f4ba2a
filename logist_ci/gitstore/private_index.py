"""The private index of a job's worktree: brought along to each use, put back afterwards, and lent to the agent's git.

Its time matters as much as its content: by it git knows which files may have changed unseen.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pygit2

from logist_ci.gitstore.checkout_record import CheckoutRecord
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.private import PrivateGit
from logist_ci.gitstore.registration import Registration
from logist_ci.gitstore.repository import Repository
from logist_ci.process.files import translated_os_errors

__all__ = ["IndexState", "bring_index", "index_print", "install_index", "lend_index", "submodules", "written_tree"]

_HASH = 20
# A submodule's mode in an index entry; the same four bytes elsewhere only cost a closer look.
_SUBMODULE = b"\x00\x00\xe0\x00"


@dataclass(frozen=True)
class IndexState:
    """Which file an index is at a moment; git replaces it whenever it writes one."""

    inode: int
    mtime_ns: int
    size: int

    @classmethod
    def of(cls, index: Path) -> IndexState | None:
        """Return the state of the file ``index``; ``None`` where there is none."""
        try:
            found = index.stat()
        except FileNotFoundError:
            return None
        return cls(found.st_ino, found.st_mtime_ns, found.st_size)


def bring_index(git: PrivateGit, folder: JobFolder, record: CheckoutRecord) -> None:
    """Give ``git`` the job's private index.

    Where that is gone, or not the recorded one, it gets a new one of the recorded tip that knows no file's time:
    an index can hide files from git.
    """
    with translated_os_errors(f"copy the index {folder.index}"):
        if record.index and index_print(folder.index) == record.index:
            shutil.copy2(folder.index, git.index)
            return
    git.ask("read-tree", record.tip)


def install_index(git: PrivateGit, folder: JobFolder, registration: Registration) -> str:
    """Put the index of ``git`` where the next harvest looks for it, and where the agent's own git does.

    Returns:
        What tells it from another one.
    """
    with translated_os_errors(f"store the index {folder.index}"):
        git.index.replace(folder.index)
    lend_index(folder, registration)
    return index_print(folder.index)


def lend_index(folder: JobFolder, registration: Registration) -> None:
    """Give the agent's git a copy of the private index, in place of what it has."""
    with translated_os_errors(f"copy the index {folder.index}"):
        if registration.exists() and folder.index.is_file():
            copy = registration.admin / f".logist-{os.urandom(6).hex()}"
            shutil.copy2(folder.index, copy)
            copy.replace(registration.admin / "index")


def index_print(index: Path) -> str:
    """Return what tells the index in the file ``index`` from another one: its size and the hash at its end."""
    try:
        with index.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _HASH))
            return f"{size}:{file.read(_HASH).hex()}"
    except FileNotFoundError:
        return ""


def submodules(git: PrivateGit) -> list[bytes]:
    """Return the paths of the submodules in the index of ``git``."""
    with translated_os_errors(f"read {git.index}"):
        if not git.index.exists() or _SUBMODULE not in git.index.read_bytes():
            return []
    entries = git.ask("ls-files", "-z", "--stage").split(b"\0")
    return [entry.partition(b"\t")[2] for entry in entries if entry.startswith(b"160000 ")]


def written_tree(git: PrivateGit, repository: Repository, *, incomplete: bool) -> str:
    """Store the index of ``git`` as a tree and return its id; ``incomplete`` allows that blobs are missing.

    Raises:
        StoreError: the object store refused.
    """
    if incomplete:
        return git.ask("write-tree", "--missing-ok").decode("ascii").strip()
    with translated_git_errors("store the files that were taken over"):
        return str(pygit2.Index(os.fspath(git.index)).write_tree(repository.raw))
