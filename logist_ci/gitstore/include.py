"""Files that a worktree needs and git does not carry (``.env``, a local certificate): named in ``.worktreeinclude``.

The file stands at the top of the user's worktree and is written like a ``.gitignore``. Only files that
git ignores are brought along: any other would come back as the agent's work.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from logist_ci.errors import StoreError
from logist_ci.gitstore.checkout_settings import checkout_settings
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.repository import Repository
from logist_ci.process.files import translated_os_errors

__all__ = ["INCLUDE", "copy_included", "included_files"]

#: The file with the patterns.
INCLUDE = ".worktreeinclude"

_OURS = b".logist/"


def included_files(repository: Repository) -> tuple[str, ...]:
    """Return the files to be brought along, relative to the user's worktree; none without ``.worktreeinclude``.

    Raises:
        StoreError: git could not match the patterns.
    """
    worktree = repository.worktree or repository.main_worktree
    if worktree is None or not (worktree / INCLUDE).is_file():
        return ()
    setup = Setup(worktree=worktree, settings=checkout_settings(repository))
    with private_git(Path(tempfile.gettempdir()), repository, setup) as git:
        index = repository.git_dir / "index"
        with translated_os_errors(f"copy {index}"):
            if index.is_file():
                shutil.copy2(index, git.index)
        return tuple(sorted(os.fsdecode(path) for path in _matching(git, worktree)))


def copy_included(source: Path, workspace: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Copy the files ``paths`` from ``source`` into ``workspace``; return a sentence about each that had to stay.

    What is in the worktree already is never overwritten, and nothing is written through a link.

    Raises:
        StoreError, MissingError: the disk refused.
    """
    return tuple(
        f"{path!r} was not brought along: {reason}." for path in paths if (reason := _copied(source, workspace, path))
    )


def _matching(git: PrivateGit, worktree: Path) -> list[bytes]:
    patterns = f"--exclude-from={worktree / INCLUDE}"
    found = git.ask("ls-files", "-z", "--others", "--ignored", patterns).split(b"\0")
    # A repository inside the worktree is listed as one folder; other jobs' worktrees are such.
    wanted = [path for path in found if path and not path.endswith(b"/") and not path.startswith(_OURS)]
    if not wanted:
        return []
    # It ends with 1 when it prints nothing. It knows no literal pathspecs; what begins with a dot has no magic.
    asked = b"".join(b"./" + path + b"\0" for path in wanted)
    ignored = git.run("check-ignore", "-z", "--stdin", stdin=asked, extra={"GIT_LITERAL_PATHSPECS": "0"})
    if ignored.returncode not in (0, 1):
        said = ignored.stderr.decode("utf-8", "replace").strip()
        raise StoreError(f"git check-ignore failed: {said}", hint=f"Look at the patterns in {INCLUDE} and .gitignore.")
    return [path.removeprefix(b"./") for path in ignored.stdout.split(b"\0") if path]


def _copied(source: Path, workspace: Path, path: str) -> str:
    """Copy one file; return why not."""
    origin, target = source / path, workspace / path
    with translated_os_errors(f"copy {origin}"):
        try:
            mode = origin.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return "it is gone"
        if os.path.lexists(target):
            return "the worktree has one already"
        if not _real_folder(workspace, target.parent):
            return "a link or a file is in its way"
        if stat.S_ISLNK(mode):
            target.symlink_to(origin.readlink())
        elif stat.S_ISREG(mode):
            shutil.copy2(origin, target, follow_symlinks=False)
        else:
            return "it is no file"
    return ""


def _real_folder(workspace: Path, folder: Path) -> bool:
    """Make ``folder`` below ``workspace``, unless that would lead elsewhere."""
    below = [inner for inner in reversed((folder / "x").parents) if workspace in inner.parents]
    for inner in below:
        if not os.path.lexists(inner):
            inner.mkdir()
        elif inner.is_symlink() or not inner.is_dir():
            return False
    return True
