"""Walks a worktree for what git would pass over, stumble on or, worse, step into."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from logist_ci.gitstore.tracked_folders import TrackedFolder

__all__ = ["Known", "Oddities", "find_oddities", "made_readable"]

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_GIT_DIRECTORY = frozenset({b"HEAD", b"objects", b"refs"})


@dataclass(frozen=True)
class Oddities:
    """Paths relative to the worktree.

    ``nested`` are inner ``.git`` entries, ``special`` are files that are none, with their kind. Of the
    folders that were closed to us, ``opened`` are open now and ``closed`` are not. ``bare`` are folders that git
    would take for a repository when somebody stands in them.
    """

    nested: list[bytes] = field(default_factory=list)
    special: list[tuple[bytes, str]] = field(default_factory=list)
    opened: list[bytes] = field(default_factory=list)
    closed: list[bytes] = field(default_factory=list)
    bare: list[bytes] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What need not be looked at again: ``folders`` of the index whose listing is older than ``settled_ns``."""

    folders: Mapping[bytes, TrackedFolder] = field(default_factory=dict)
    settled_ns: int = 0

    def unchanged(self, path: bytes, folder: bytes) -> TrackedFolder | None:
        """Return what is in the folder at ``path``, if nothing was put into it or taken out since."""
        tracked = self.folders.get(folder)
        if tracked is None or not tracked.whole or not self.settled_ns:
            return None
        try:
            found = os.lstat(path)
        except OSError:
            return None
        # Nobody can set this time back, and what happened in the same instant counts as later.
        return tracked if stat.S_ISDIR(found.st_mode) and found.st_ctime_ns < self.settled_ns else None


_NOTHING_KNOWN = Known()


def find_oddities(worktree: Path, ignored: Callable[[bytes], bool], known: Known = _NOTHING_KNOWN) -> Oddities:
    """Return what is odd in ``worktree``; folders that ``ignored`` accepts (``build/``, say) are not looked into.

    Links are not followed. A folder of ours that is closed to us is opened.
    """
    found = Oddities()
    root = os.fsencode(worktree) + b"/"
    folders = [b""]
    while folders:
        folder = folders.pop()
        unchanged = known.unchanged(root + folder, folder)
        folders.extend(unchanged.inner if unchanged else _look(root, folder, found, ignored, known))
    found.special.sort()
    for paths in (found.nested, found.opened, found.closed, found.bare):
        paths.sort()
    return found


def _look(
    root: bytes, folder: bytes, found: Oddities, ignored: Callable[[bytes], bool], known: Known
) -> Iterator[bytes]:
    """Note what is odd directly in ``folder``; yield the folders to look into next."""
    names: set[bytes] = set()
    for entry in _entries(root + folder, folder, found):
        name = entry.name
        names.add(name)
        if name == b".git":
            # Only the worktree's own link may be called that.
            if folder:
                found.nested.append(folder + name)
        elif entry.is_dir(follow_symlinks=False):
            inner = folder + name + b"/"
            if inner in known.folders or not ignored(inner):
                yield inner
        elif not (entry.is_file(follow_symlinks=False) or entry.is_symlink()):
            found.special.append((folder + name, _kind(entry)))
    if folder and names >= _GIT_DIRECTORY:
        found.bare.append(folder.rstrip(b"/"))


def made_readable(path: Path) -> bool:
    """Let us read the regular file or folder ``path`` if it is ours; say whether anything was changed for it."""
    with suppress(OSError):
        found = path.lstat()
        needed = {stat.S_IFDIR: stat.S_IRWXU, stat.S_IFREG: stat.S_IRUSR}.get(stat.S_IFMT(found.st_mode), 0)
        mode = stat.S_IMODE(found.st_mode)
        if found.st_uid == os.geteuid() and mode | needed != mode:
            path.chmod(mode | needed)
            return True
    return False


def _entries(path: bytes, folder: bytes, found: Oddities) -> Iterator[os.DirEntry[bytes]]:
    try:
        try:
            entries = os.scandir(path)
        except PermissionError:
            if not made_readable(Path(os.fsdecode(path))):
                raise
            entries = os.scandir(path)
            found.opened.append(folder.rstrip(b"/"))
        with entries:
            yield from entries
    except FileNotFoundError:
        return
    except OSError:
        # Not ours, or deeper than a path can be long: git cannot take it over, either.
        found.closed.append(folder.rstrip(b"/"))


def _kind(entry: os.DirEntry[bytes]) -> str:
    try:
        return _KINDS.get(stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode), "a special file")
    except OSError:
        return "a special file"
