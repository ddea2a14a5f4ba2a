"""What a user has in a repository, as values that can be compared before and after."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from logist_ci.testing import GitSandbox

_OURS = ("refs/logist/", "refs/heads/logist/")


@dataclass(frozen=True)
class Picture:
    """Everything of a worktree and its repository that is the user's own."""

    head: str
    index: str
    config: str
    hooks: tuple[str, ...]
    status: str
    refs: str
    files: dict[str, str]


@dataclass(frozen=True)
class Footprint:
    """Everything that making a job could have left in a repository."""

    refs: str
    worktrees: str
    folders: tuple[str, ...]
    admin: tuple[str, ...]


def picture(repository: GitSandbox, at: Path | None = None) -> Picture:
    """Return the picture of the main worktree, or of the linked one ``at``; taking it changes nothing."""
    root = at or repository.path
    own, common = (_git_folder(repository, root, which) for which in ("--absolute-git-dir", "--git-common-dir"))
    refs = repository.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
    return Picture(
        head=(own / "HEAD").read_text(),
        index=_digest(own / "index"),
        config=_digest(common / "config"),
        hooks=tuple(sorted(hook.name for hook in (common / "hooks").glob("*"))),
        status=repository.git("--no-optional-locks", "status", "--porcelain=v2", "--branch", at=root),
        refs="\n".join(ref for ref in refs if not ref.split()[1].startswith(_OURS)),
        files=_files(root),
    )


def footprint(repository: GitSandbox) -> Footprint:
    """Return what there is of jobs, finished or half-made."""
    common = _git_folder(repository, repository.path, "--git-common-dir")
    jobs = repository.path / ".logist" / "jobs"
    return Footprint(
        refs=repository.git("for-each-ref", "--format=%(objectname) %(refname)"),
        worktrees=repository.git("worktree", "list", "--porcelain"),
        folders=tuple(sorted(folder.name for folder in jobs.glob("*") if folder.is_dir())),
        admin=tuple(sorted(folder.name for folder in (common / "worktrees").glob("*"))),
    )


def assert_sound(repository: GitSandbox) -> None:
    """Fail unless git finds nothing wrong, and no worktree but those that are there is registered."""
    repository.git("fsck", "--strict", "--no-dangling")
    listed = repository.git("worktree", "list", "--porcelain").split("\n\n")
    assert not [entry for entry in listed if "\nprunable" in entry], listed


def _git_folder(repository: GitSandbox, root: Path, which: str) -> Path:
    return Path(root, repository.git("rev-parse", which, at=root))


def _files(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder, subfolders, names in os.walk(root):
        # A submodule's .git is a file, a repository's a folder; neither is the user's work.
        subfolders[:] = [name for name in subfolders if name not in (".git", ".logist")]
        for name in (*names, *(each for each in subfolders if Path(folder, each).is_symlink())):
            path = Path(folder, name)
            content = os.readlink(path) if path.is_symlink() else _digest(path)
            found[str(path.relative_to(root))] = f"{path.lstat().st_mode:o} {content}"
    return found


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else ""
