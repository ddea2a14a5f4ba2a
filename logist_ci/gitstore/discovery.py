"""Finds the repository around a place, as git does, and refuses with a clear word what cannot be used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import RepositoryOpenFlag

from logist_ci.errors import RepositoryError

__all__ = ["Place", "discover"]


@dataclass(frozen=True)
class Place:
    """Where a repository is: see :class:`logist_ci.gitstore.repository.Repository`."""

    git_dir: Path
    common_dir: Path
    worktree: Path | None
    main_worktree: Path | None


def discover(start: Path) -> Place:
    """Return where the repository around ``start`` is.

    Raises:
        RepositoryError: there is none, or it is damaged, foreign or of a kind that libgit2 cannot read.
    """
    folder = _folder(start)
    _accept_partial_clones()
    raw = _opened(folder, folder, RepositoryOpenFlag.DEFAULT)
    git_dir, workdir = Path(raw.path), _workdir(raw)
    common_dir = _common_dir(git_dir)
    main = raw if common_dir == git_dir else _opened(common_dir, folder, RepositoryOpenFlag.NO_SEARCH)
    return Place(git_dir, common_dir, workdir, _main_worktree(main, common_dir))


def _folder(start: Path) -> Path:
    try:
        folder = start.resolve(strict=True)
    except (OSError, ValueError) as defect:
        raise RepositoryError(f"There is no folder {start}.", hint="Name an existing folder after -C.") from defect
    return folder if folder.is_dir() else folder.parent


def _accept_partial_clones() -> None:
    # Old versions of git marked partial clones with an extension that libgit2 reads when told to.
    known = pygit2.settings.extensions
    if "partialclone" not in known:
        pygit2.settings.set_extensions([*known, "partialclone"])


def _opened(path: Path, folder: Path, flag: RepositoryOpenFlag) -> pygit2.Repository:
    try:
        return pygit2.Repository(os.fspath(path), flag)
    except (KeyError, OSError, ValueError, pygit2.GitError) as defect:
        raise _unusable(folder, str(defect)) from defect


def _unusable(folder: Path, reason: str) -> RepositoryError:
    where = _marked(folder) or folder
    if "object format" in reason or "extensions.objectformat" in reason:
        return RepositoryError(
            f"The repository {where} names its commits by SHA-256; Logist CI reads SHA-1 repositories only.",
            hint="Nothing was changed. Use a clone made with: git init --object-format=sha1",
        )
    if "refstorage" in reason:
        return RepositoryError(
            f"The repository {where} keeps its references in a reftable; Logist CI reads the `files` format only.",
            hint="Nothing was changed. Convert it with: git refs migrate --ref-format=files",
        )
    if "not owned by" in reason:
        return RepositoryError(
            f"The repository {where} belongs to another user, and git does not trust it.",
            hint=f"If you do, say so with: git config --global --add safe.directory '{where}'",
        )
    link = where / ".git"
    if link.is_file() and "not found" in reason.lower():
        return RepositoryError(
            f"The file {link} leads to a git directory that does not exist.",
            hint="If the main worktree was moved, run there: git worktree repair",
        )
    if "not found" in reason.lower() and not link.exists():
        return RepositoryError(
            f"There is no git repository at {folder} or above it.", hint="Go to one, or make one with: git init"
        )
    return RepositoryError(f"The repository around {folder} cannot be used: {reason}.", hint="Compare with: git status")


def _marked(folder: Path) -> Path | None:
    """Return the nearest folder that says it is a worktree, whether or not that is true."""
    return next((parent for parent in (folder, *folder.parents) if os.path.lexists(parent / ".git")), None)


def _common_dir(git_dir: Path) -> Path:
    try:
        named = os.fsdecode((git_dir / "commondir").read_bytes()).rstrip("\n")
    except FileNotFoundError:
        return git_dir
    except OSError as defect:
        raise RepositoryError(f"{git_dir / 'commondir'} cannot be read: {defect.strerror}.") from defect
    return (git_dir / named).resolve()


def _workdir(raw: pygit2.Repository) -> Path | None:
    workdir: str | None = raw.workdir
    return Path(workdir) if workdir else None


def _main_worktree(main: pygit2.Repository, common_dir: Path) -> Path | None:
    # Of a separate git directory git does not know where its files are, so nobody does from a linked worktree.
    known = common_dir.name == ".git" or "core.worktree" in main.config
    return _workdir(main) if known else None
