"""Takes the files of a worktree into a private index, as ``git add -A`` would, and believes none of them.

What git would step into, stumble on or pass over in silence is dealt with first or named afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from logist_ci.errors import StoreError
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.noticed import Level, noticed, shown
from logist_ci.gitstore.oddities import Known, Oddities, find_oddities, made_readable
from logist_ci.gitstore.private import PrivateGit
from logist_ci.gitstore.private_index import submodules
from logist_ci.gitstore.removal import put_away
from logist_ci.gitstore.tracked_folders import tracked_folders
from logist_ci.job.manifest import Finding
from logist_ci.process.capture import Completed
from logist_ci.process.files import translated_os_errors

__all__ = ["Intake", "settled_now", "take_in"]

_ADD = ("add", "-A", "--ignore-errors", "--sparse")
_LEFT = ("ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard")


@dataclass(frozen=True)
class Intake:
    """The files of ``workspace`` on their way into the index of ``git``; inner repositories go to ``backups``."""

    git: PrivateGit
    workspace: Path
    backups: Path
    findings: list[Finding] = field(default_factory=list)

    def find(self, code: str, level: Level, found: Iterable[tuple[bytes, str]]) -> None:
        """Note a sentence about each of some paths."""
        self.findings.extend(noticed(code, level, found))

    def place(self, path: bytes) -> Path:
        """Return where ``path`` is on disk."""
        return self.workspace / os.fsdecode(path)


def take_in(
    git: PrivateGit,
    workspace: Path,
    backups: Path,
    known: Callable[[bytes], bool] = lambda path: False,
    settled_ns: int = 0,
) -> tuple[Finding, ...]:
    """Bring the index of ``git`` up to the files in ``workspace``; return what was noticed on the way.

    ``known`` says which paths were there before, and are nobody's surprise. At ``settled_ns`` all that was in
    the worktree had been looked at, as :func:`settled_now` tells.

    Raises:
        StoreError: git could not write what it read, because the disk is full, say.
    """
    intake = Intake(git, workspace, backups)
    start = _Start.of(git)
    # Git would run `git status` in a submodule, with the configuration that an agent left there.
    _set_aside(intake, [path + b"/.git" for path in submodules(git)], "note", _SUBMODULE)
    with ThreadPoolExecutor(1) as pool:
        adding = pool.submit(git.run, *_ADD)
        odd = find_oddities(workspace, _ignored_by(git), Known(tracked_folders(start.content), settled_ns))
        added = adding.result()
    if odd.nested or odd.opened:
        # Git took inner repositories for submodules: once they are none, their files are files like others.
        _set_aside(intake, odd.nested, "warning", _NESTED)
        start.restore(git)
        added = git.run(*_ADD)
    _report(intake, odd, known)
    if added.returncode != 0:
        _finish(intake, added, {path for path, _ in odd.special})
    return tuple(intake.findings)


def settled_now(workspace: Path) -> int:
    """Return the moment as the worktree's own file system tells it: whatever happens in it from now on is later."""
    link = workspace / ".git"
    try:
        os.utime(link, follow_symlinks=False)
        return link.lstat().st_ctime_ns
    except OSError:
        return 0


@dataclass(frozen=True)
class _Start:
    """The index before anything was added. Git tells by its time which files may have changed unseen."""

    content: bytes
    mtime_ns: int

    @classmethod
    def of(cls, git: PrivateGit) -> _Start:
        with translated_os_errors(f"read {git.index}"):
            return cls(git.index.read_bytes(), git.index.stat().st_mtime_ns)

    def restore(self, git: PrivateGit) -> None:
        with translated_os_errors(f"write {git.index}"):
            git.index.write_bytes(self.content)
            os.utime(git.index, ns=(self.mtime_ns, self.mtime_ns))


_SUBMODULE = (
    "The submodule {} was filled by the job. Its link was set aside in {}, and what changed inside was left out."
)
_NESTED = "The git repository {} inside the worktree was set aside in {}; its files were taken over as files."
_BARE = "The folder {} looks like a git directory: git would use its configuration for whoever works in there."
_SPECIAL = "{} is {}, which git cannot hold, and was left out."
_CLOSED = "The folder {} could not be read and was left out."
_UNREADABLE = "{} could not be read and was left out."
_REFUSED = "Git refuses the name {}: on another system it could stand for a git directory. It was left out."


def _report(intake: Intake, odd: Oddities, known: Callable[[bytes], bool]) -> None:
    bare = [path for path in odd.bare if not known(path + b"/HEAD")]
    intake.find("LG206", "warning", ((path, _BARE.format(shown(path))) for path in bare))
    intake.find("LG211", "warning", ((path, _SPECIAL.format(shown(path), kind)) for path, kind in odd.special))
    intake.find("LG211", "warning", ((path, _CLOSED.format(shown(path))) for path in odd.closed))


def _finish(intake: Intake, added: Completed, special: set[bytes]) -> None:
    """Take in what git could not at first, and name what it cannot at all."""
    left = _left(intake.git)
    closed = [path for path in left if not _readable(intake.place(path))]
    if [path for path in closed if made_readable(intake.place(path))]:
        added = intake.git.run(*_ADD)
        left = _left(intake.git)
    # Where a file was, something stands now that is none: the file is gone.
    gone = b"".join(path + b"\0" for path in left if path in special)
    if gone:
        intake.git.ask("update-index", "-z", "--force-remove", "--stdin", stdin=gone)
    closed = [path for path in left if path not in special and not _readable(intake.place(path))]
    intake.find("LG211", "warning", ((path, _UNREADABLE.format(shown(path))) for path in closed))
    refused = sorted(set(left) - special - set(closed))
    if added.returncode not in (0, 1) or added.stderr.count(b"invalid path") < len(refused):
        said = added.stderr.decode("utf-8", "replace").strip()
        raise StoreError(f"The files in {intake.workspace} could not be taken over: {said}", hint="Is the disk full?")
    intake.find("LG208", "error", ((path, _REFUSED.format(shown(path))) for path in refused))


def _left(git: PrivateGit) -> list[bytes]:
    return sorted({path for path in git.ask(*_LEFT).split(b"\0") if path})


def _readable(path: Path) -> bool:
    return path.is_symlink() or os.access(path, os.R_OK)


def _set_aside(intake: Intake, paths: Iterable[bytes], level: Level, words: str) -> None:
    found: list[tuple[bytes, str]] = []
    for path in paths:
        # Beyond a link lies somebody else's repository.
        away = None if _behind_link(intake, path) else _put_aside(intake, path)
        if away is not None:
            found.append((path, words.format(shown(path.removesuffix(b"/.git")), away)))
    intake.find("LG206", level, found)


def _put_aside(intake: Intake, path: bytes) -> Path | None:
    return put_away(intake.place(path), intake.backups, intake.workspace.parent, name="nested-git")


def _behind_link(intake: Intake, path: bytes) -> bool:
    inside = [folder for folder in intake.place(path).parents if intake.workspace in folder.parents]
    return any(folder.is_symlink() for folder in inside)


def _ignored_by(git: PrivateGit) -> Callable[[bytes], bool]:
    """Return whether git would look into a folder at all; in doubt it would."""
    with translated_git_errors("read the ignore rules"):
        handle = pygit2.Repository(os.fspath(git.folder))

    def ignored(folder: bytes) -> bool:
        try:
            return bool(handle.path_is_ignored(folder.decode()))
        except (UnicodeDecodeError, pygit2.GitError):
            return False

    return ignored
