"""The user's uncommitted work as a commit, made beside their index, HEAD and stash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pygit2

from logist_ci.errors import RefusedError, RepositoryError
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.git_program import ask_git
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.process.clock import Clock, SystemClock

__all__ = ["snapshot_dirty"]

_LISTING_BYTES = 500_000_000
# The user's own programs have no part in this: not their hooks, not their file system monitor.
_QUIET = (
    "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.splitIndex=false",
    "-c", "advice.addEmbeddedRepo=false", "-c", "core.safecrlf=false",
)  # fmt: skip


def snapshot_dirty(repository: Repository, *, clock: Clock | None = None) -> CommitId:
    """Return a commit of the user's worktree as it is now, on top of HEAD; HEAD itself where nothing differs.

    It has tracked changes, staged or not, and new files that are not ignored; nothing refers to it.
    Repositories inside the worktree are left out.

    Raises:
        RepositoryError: there is no worktree, or no commit yet.
        RefusedError: a merge has left conflicts.
        StoreError: git could not read or store a file.
    """
    worktree, head = repository.worktree, repository.head()
    if worktree is None:
        raise RepositoryError(
            "A bare repository has no uncommitted work to include.",
            hint="Go to a worktree, or leave out --include-dirty.",
        )
    if head.commit is None:
        raise RepositoryError(
            "The repository has no commit yet, so there is nothing to start from.",
            hint="Make a first one with: git commit --allow-empty -m 'Begin'",
        )
    with TemporaryDirectory(prefix="logist-ci-") as folder:
        index = Path(folder) / "index"
        _copy_index(repository.git_dir / "index", index)
        tree = _tree_of_everything(_git(repository, worktree, index))
    with translated_git_errors("store a snapshot of your uncommitted work"):
        raw = repository.raw
        if str(raw[head.commit].peel(pygit2.Tree).id) == tree:
            return head.commit
        identity, now = repository.identity(), (clock or SystemClock()).now()
        signature = pygit2.Signature(identity.name, identity.email, int(now.timestamp()), 0)
        where = head.ref.removeprefix("refs/heads/") or "a detached HEAD"
        message = f"Uncommitted work on {where}\n"
        return CommitId(str(raw.create_commit(None, signature, signature, message, tree, [head.commit])))


def _copy_index(source: Path, target: Path) -> None:
    with translated_git_errors(f"copy {source}"):
        try:
            # With its time: git tells by it which files it has to look at again.
            shutil.copy2(source, target)
        except FileNotFoundError:
            # Nothing was ever added; git takes a missing index as an empty one.
            return


def _git(repository: Repository, worktree: Path, index: Path) -> Callable[..., bytes]:
    places = (f"--git-dir={repository.git_dir}", f"--work-tree={worktree}")

    def run(*arguments: str, stdin: bytes = b"") -> bytes:
        return ask_git(
            *places, *_QUIET, *arguments,
            cwd=worktree, environ=repository.environ, extra={"GIT_INDEX_FILE": os.fspath(index)},
            stdin=stdin, output_bytes=_LISTING_BYTES,
        )  # fmt: skip

    return run


def _tree_of_everything(git: Callable[..., bytes]) -> str:
    if git("ls-files", "--unmerged", "-z"):
        raise RefusedError(
            "A merge has left conflicts in your worktree, and a job cannot start from those.",
            hint="Resolve them (see git status), or leave out --include-dirty.",
        )
    git("add", "--all")
    listing = git("diff-index", "--cached", "--diff-filter=A", "--no-renames", "-z", "HEAD")
    headers, names = listing.split(b"\0")[0::2], listing.split(b"\0")[1::2]
    # A repository in the worktree that is no submodule would become a link to nowhere.
    nested = [name for header, name in zip(headers, names, strict=False) if header.split(b" ")[1:2] == [b"160000"]]
    if nested:
        git("update-index", "-z", "--force-remove", "--stdin", stdin=b"".join(name + b"\0" for name in nested))
    return git("write-tree").decode("ascii").strip()
