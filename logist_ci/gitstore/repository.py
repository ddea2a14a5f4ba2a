"""A user's repository, found from wherever they stand, and what it says without being changed."""

from __future__ import annotations

import difflib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, RepositoryOpenFlag

from logist_ci.errors import RepositoryError, StoreError
from logist_ci.gitstore.configuration import Configuration, read_configuration, without_credentials
from logist_ci.gitstore.discovery import Place, discover
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.job.ids import CommitId
from logist_ci.process.environment import without_git

__all__ = ["FALLBACK_IDENTITY", "Head", "Identity", "Repository", "list_files", "read_file"]

# One entry of a tree object: mode, name and id.
_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)


@dataclass(frozen=True)
class Identity:
    """Whose name a commit carries."""

    name: str
    email: str


#: Who commits where the user has not told git their name.
FALLBACK_IDENTITY = Identity("Logist CI", "logist-ci@localhost")


@dataclass(frozen=True)
class Head:
    """Where the user's worktree stands: ``ref`` is empty when detached, ``commit`` ``None`` before the first one."""

    ref: str
    commit: CommitId | None


@dataclass(frozen=True)
class Repository:
    """A repository and the worktree in which the user stands; made by :meth:`open`.

    ``git_dir`` is that worktree's own git directory and ``common_dir`` the one that all share.
    ``worktree`` is ``None`` in a bare repository, and so is ``main_worktree`` where all worktrees are
    linked to a bare one, or to a git directory that was put elsewhere (``--separate-git-dir``).
    ``environ`` is free of what would lead git elsewhere.
    """

    git_dir: Path
    common_dir: Path
    worktree: Path | None
    main_worktree: Path | None
    environ: Mapping[str, str]
    _handles: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    @classmethod
    def open(cls, start: Path, *, environ: Mapping[str, str]) -> Repository:
        """Return the repository that ``start`` lies in: a file or folder of a worktree, or a git directory.

        Raises:
            RepositoryError: there is none, or Logist CI cannot use it; the message says why.
        """
        place: Place = discover(start)
        return cls(place.git_dir, place.common_dir, place.worktree, place.main_worktree, without_git(environ))

    @property
    def bare(self) -> bool:
        """Whether the repository has no main worktree, or none that git knows of."""
        return self.main_worktree is None

    @property
    def raw(self) -> pygit2.Repository:
        """The calling thread's own handle of libgit2; for this package only."""
        handle: pygit2.Repository | None = getattr(self._handles, "handle", None)
        if handle is None:
            with translated_git_errors(f"open the repository {self.git_dir}"):
                # Of a separate git directory only the worktree's own file says which files belong to it.
                place = os.fspath(self.worktree or self.git_dir)
                handle = self._handles.handle = pygit2.Repository(place, RepositoryOpenFlag.NO_SEARCH)
        return handle

    def head(self) -> Head:
        """Return where the user's worktree stands."""
        raw = self.raw
        with translated_git_errors("read HEAD"):
            target = raw.lookup_reference("HEAD").target
            ref = target if isinstance(target, str) else ""
            return Head(ref, None if raw.head_is_unborn else CommitId(str(raw.head.peel(pygit2.Commit).id)))

    def resolve(self, name: str) -> CommitId:
        """Return the commit that ``name`` means: a branch, a tag, a remote branch, an id or the beginning of one.

        Raises:
            RepositoryError: nothing, or more than one thing, answers to it.
        """
        if not name or name.startswith("-") or "\0" in name:
            raise RepositoryError(f"{name!r} cannot name a commit.", hint="Name a branch, a tag or a commit id.")
        if name in ("HEAD", "@") and self.raw.head_is_unborn:
            raise RepositoryError(
                "The repository has no commit yet, so there is nothing to start from.",
                hint="Make a first one with: git commit --allow-empty -m 'Begin'",
            )
        try:
            return CommitId(str(self.raw.revparse_single(name).peel(pygit2.Commit).id))
        except (KeyError, OSError, ValueError, pygit2.GitError) as defect:
            raise self._unresolved(name, defect) from defect

    @cached_property
    def _configuration(self) -> Configuration:
        return read_configuration(self.git_dir, self.environ)

    def configuration(self) -> Configuration:
        """Return git's configuration as it was when it was first asked for: before any program of a job ran."""
        return self._configuration

    def identity(self) -> Identity:
        """Return who commits: the user as git's configuration names them, else :data:`FALLBACK_IDENTITY`."""
        settings = self.configuration()

        def said(key: str) -> str:
            return _plain(settings.value(f"committer.{key}") or settings.value(f"user.{key}") or "")

        name, email = said("name"), said("email")
        return Identity(name, email) if name and email else FALLBACK_IDENTITY

    def remote_url(self, name: str = "origin") -> str | None:
        """Return where the remote ``name`` is, never with a password, or ``None`` when there is no such remote."""
        url = self.configuration().value(f"remote.{name}.url")
        return without_credentials(url) if url else None

    def _unresolved(self, name: str, defect: Exception) -> RepositoryError:
        if "ambiguous" in str(defect):
            return RepositoryError(f"{name!r} could mean several commits.", hint="Give more digits of the commit's id.")
        close = difflib.get_close_matches(name, list(self.raw.branches), n=3)
        near = f"Did you mean {' or '.join(close)}?" if close else "See what there is with: git branch --all"
        return RepositoryError(f"There is no branch, tag or commit {name!r} in this repository.", hint=near)


def read_file(repository: Repository, commit: CommitId, path: str) -> bytes | None:
    """Return the content of the file ``path`` as of ``commit``; ``None`` where it is missing or no regular file.

    Raises:
        StoreError: the commit or the file's content is not in the object store.
    """
    with translated_git_errors(f"read {path!r} of the commit {commit[:10]}"):
        try:
            entry = _tree(repository, commit)[path]
        except KeyError:
            return None
        if entry.filemode not in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE):
            return None
        return repository.raw.odb.read(entry.id)[1]


def list_files(repository: Repository, commit: CommitId) -> tuple[str, ...]:
    """Return the paths of all files and links as of ``commit``; bytes that are not UTF-8 become surrogates.

    Raises:
        StoreError: a tree is not in the object store.
    """
    with translated_git_errors(f"list the files of the commit {commit[:10]}"):
        tree = _tree(repository, commit)
        return tuple(path.decode("utf-8", "surrogateescape") for path in _paths(repository.raw.odb, tree.id, b""))


def _paths(objects: pygit2.Odb, tree: pygit2.Oid, folder: bytes) -> Iterator[bytes]:
    # libgit2 makes an object of every entry, which is most of the time that a large repository takes.
    for mode, name, entry in _ENTRY.findall(objects.read(tree)[1]):
        if mode == b"40000":
            yield from _paths(objects, pygit2.Oid(raw=entry), folder + name + b"/")
        elif mode != b"160000":
            yield folder + name


def _tree(repository: Repository, commit: CommitId) -> pygit2.Tree:
    found = repository.raw.get(commit)
    if found is None:
        raise StoreError(f"The commit {commit[:10]} is not in this repository.", hint="Fetch it, then try again.")
    return found.peel(pygit2.Tree)


def _plain(name: str) -> str:
    """Return ``name`` without what a commit's header cannot hold."""
    return "".join(sign for sign in name if sign.isprintable() and sign not in "<>").strip()
