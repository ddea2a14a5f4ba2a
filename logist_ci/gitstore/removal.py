"""Removes trees that nobody answers for: read-only, very deep, full of links; nothing outside is ever touched."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from logist_ci.errors import RefusedError
from logist_ci.process.files import translated_os_errors

__all__ = ["delete_tree", "put_away", "removed_before"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OWNER = 0o700
_REMOVED = re.compile("removed-[0-9a-f]{12}")
_SHOWN = 3
_LONG = 4096
# Each level holds a descriptor open.
_DEPTH = 50


def put_away(path: Path, *places: Path, name: str = "removed") -> Path | None:
    """Move ``path`` into the first folder of ``places`` that is on its file system; return where it is now.

    ``None`` means that there was nothing. It gets a new name that begins with ``name``. A symbolic link
    is moved, not what it leads to.

    Raises:
        RefusedError: it cannot be moved, because it is immutable, say.
    """
    new_name = f"{name}-{os.urandom(6).hex()}"
    for place in places:
        with translated_os_errors(f"make the folder {place}"):
            place.mkdir(parents=True, exist_ok=True)
        try:
            return path.rename(place / new_name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as failure:
            if failure.errno != errno.EXDEV or place == places[-1]:
                raise _refused([(os.fsencode(path), failure)], 1, path) from failure
    return None


def removed_before(place: Path) -> list[Path]:
    """Return what was put away in ``place`` to be deleted, and is still there."""
    with translated_os_errors(f"list {place}"):
        try:
            return sorted(path for path in place.iterdir() if _REMOVED.fullmatch(path.name))
        except (FileNotFoundError, NotADirectoryError):
            return []


def delete_tree(root: Path) -> None:
    """Delete ``root``, a folder, a file or a link, with all that is in it; missing is fine.

    Folders are opened without following links, and moved up to ``root`` where they are far down, so
    neither depth nor the length of a path matters.

    Raises:
        RefusedError: something could not be deleted; what could be is gone.
    """
    sweep = _Sweep(os.fsencode(root))
    try:
        if stat.S_ISDIR(root.lstat().st_mode):
            sweep.run()
        else:
            root.unlink()
    except FileNotFoundError:
        return
    except OSError as failure:
        raise _refused([(os.fsencode(root), failure)], 1, root) from failure
    if sweep.failures:
        raise _refused(sweep.failures, sweep.failed, root) from sweep.failures[0][1]


@dataclass
class _Sweep:
    """One deletion; ``failures`` are the first things that stayed, by where they were, of ``failed`` in all."""

    root: bytes
    failures: list[tuple[bytes, OSError]] = field(default_factory=list)
    failed: int = 0
    #: Folders still to do, all of them directly below the root, and where each was.
    _folders: list[tuple[bytes, bytes]] = field(default_factory=list)
    _mark: bytes = field(default_factory=lambda: b".logist-" + os.urandom(6).hex().encode() + b"-")
    _count: int = 0

    def run(self) -> None:
        top = self._open(self.root, None)
        try:
            self._empty(top, top, self.root, 0)
            while self._folders:
                name, origin = self._folders.pop()
                self._attempt(origin, partial(self._remove, top, top, name, origin, 0))
        finally:
            os.close(top)
        if not self.failed:
            self._attempt(self.root, partial(os.rmdir, self.root))

    def _remove(self, top: int, parent: int, name: bytes, origin: bytes, depth: int) -> None:
        before = self.failed
        folder = self._open(name, parent)
        try:
            self._empty(top, folder, origin, depth + 1)
        finally:
            os.close(folder)
        if self.failed == before:
            os.rmdir(name, dir_fd=parent)

    def _open(self, name: bytes, parent: int | None) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except PermissionError:
            os.chmod(name, _OWNER, dir_fd=parent)
            return os.open(name, _FOLDER, dir_fd=parent)

    def _empty(self, top: int, folder: int, origin: bytes, depth: int) -> None:
        """Delete what is in an open folder; folders that are too far down are moved up."""
        with os.scandir(folder) as found:
            entries = [(os.fsencode(entry.name), entry.is_dir(follow_symlinks=False)) for entry in found]
        for name, is_folder in entries:
            # A path that no call would take any more need not grow.
            path = origin + b"/" + name if len(origin) < _LONG else origin
            if not is_folder:
                self._attempt(path, partial(os.unlink, name, dir_fd=folder), folder)
            elif depth < _DEPTH:
                self._attempt(path, partial(self._remove, top, folder, name, path, depth), folder)
            else:
                self._lift(top, folder, name, path)

    def _lift(self, top: int, folder: int, name: bytes, path: bytes) -> None:
        self._count += 1
        lifted = self._mark + b"%d" % self._count
        lift = partial(os.rename, name, lifted, src_dir_fd=folder, dst_dir_fd=top)
        # Moving a folder rewrites its own entry `..`, so it has to be writable itself.
        if self._attempt(path, lift, folder, inner=name):
            self._folders.append((lifted, path))

    def _attempt(self, path: bytes, action: Callable[[], None], folder: int = -1, inner: bytes = b"") -> bool:
        """Do it, if need be after making the open ``folder``, and ``inner`` in it, writable for us."""
        try:
            try:
                action()
            except PermissionError:
                if folder < 0:
                    raise
                os.fchmod(folder, _OWNER)
                if inner:
                    os.chmod(inner, _OWNER, dir_fd=folder)
                action()
        except FileNotFoundError:
            return True
        except OSError as failure:
            self.failed += 1
            if len(self.failures) < _SHOWN:
                self.failures.append((path, failure))
            return False
        return True


def _refused(failures: list[tuple[bytes, OSError]], count: int, place: Path) -> RefusedError:
    path, failure = failures[0]
    more = f", nor {count - 1} more" if count > 1 else ""
    reason = failure.strerror or str(failure)
    hint = f"Look at what it holds in {place}, then try again."
    if failure.errno == errno.EPERM:
        hint = f"It may be immutable. Make it removable with: sudo chattr -R -i '{place}'   Then try again."
    return RefusedError(f"{os.fsdecode(path)} could not be removed{more}: {reason}.", hint=hint)
