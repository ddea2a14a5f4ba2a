"""Finds the repository around a place, as git does, and refuses with a clear word what cannot be used."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pygit2

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
    try:
        found = pygit2.discover_repository(os.fspath(folder))
    except (KeyError, pygit2.GitError) as defect:
        raise RepositoryError(
            f"The repository around {folder} cannot be read: {defect}.", hint="Compare with: git status"
        ) from defect
    if not found:
        raise _nothing_at(folder)
    raw = _opened(found, folder)
    git_dir = Path(raw.path)
    common_dir = _common_dir(git_dir)
    main = raw if common_dir == git_dir else _opened(os.fspath(common_dir), folder)
    return Place(git_dir, common_dir, _workdir(raw), _workdir(main))


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


def _opened(path: str, folder: Path) -> pygit2.Repository:
    try:
        return pygit2.Repository(path)
    except (KeyError, ValueError, pygit2.GitError) as defect:
        raise _unusable(path, folder, str(defect)) from defect


def _unusable(path: str, folder: Path, reason: str) -> RepositoryError:
    where = Path(path).parent if Path(path).name == ".git" else Path(path)
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
    return RepositoryError(f"The repository around {folder} cannot be used: {reason}.", hint="Compare with: git status")


def _nothing_at(folder: Path) -> RepositoryError:
    for parent in (folder, *folder.parents):
        link = parent / ".git"
        if link.is_file():
            return RepositoryError(
                f"The file {link} leads to a git directory that does not exist.",
                hint="If the main worktree was moved, run there: git worktree repair",
            )
    return RepositoryError(
        f"There is no git repository at {folder} or above it.", hint="Go to one, or make one with: git init"
    )


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
