"""Files that decide what git does, as they were at a moment, and put back as they were."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from logist_ci.gitstore.removal import put_away
from logist_ci.process.files import translated_os_errors, write_atomically

__all__ = ["Kept", "Place", "differing", "kept", "place_of", "put_back"]

#: No file that git reads there comes near this size; what is larger was not written by a person.
_BYTES = 16_000_000
#: More is in no folder of hooks, nor deeper down.
_ENTRIES = 5000
_DEPTH = 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """One file: its permissions and content; of a symbolic link the target, of anything else nothing."""

    kind: str
    mode: int = 0
    content: bytes = b""


@dataclass(frozen=True)
class Place:
    """A file, or the files of a folder, and the code of the finding when they change."""

    code: str
    path: Path
    folder: bool = False


def place_of(places: Mapping[str, Place], name: str) -> Place:
    """Return the file itself, or the folder's file, that :func:`kept` names ``name``."""
    for base in (name, *_parents(name)):
        if base in places and (base == name or places[base].folder):
            place = places[base]
            return Place(place.code, place.path / name[len(base) + 1 :]) if base != name else place
    raise KeyError(name)


def _parents(name: str) -> Iterator[str]:
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name


def kept(places: Mapping[str, Place]) -> dict[str, Kept]:
    """Return what is at ``places`` now, by name; files of a folder as ``name/file``."""
    found: dict[str, Kept] = {}
    for name, place in places.items():
        found.update(_of_folder(name, place.path) if place.folder else _of_file(name, os.fspath(place.path)))
    return found


def differing(before: Mapping[str, Kept], after: Mapping[str, Kept]) -> list[str]:
    """Return the names of what was added, changed or removed."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def put_back(path: Path, was: Kept | None, backups: Path) -> Path | None:
    """Make ``path`` what it was; return where a copy is of what it had become, if it was anything.

    Raises:
        RefusedError, StoreError, MissingError: the disk refused.
    """
    now = next((found for _, found in _of_file("", os.fspath(path))), None)
    if was is not None and now is not None and was.kind == now.kind == "file":
        # Git must not find the file missing in between.
        copy = backups / f"tampered-{os.urandom(6).hex()}"
        with translated_os_errors(f"put {path} back"):
            backups.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(now.content)
            copy.chmod(now.mode | stat.S_IRUSR)
            write_atomically(path, was.content)
            path.chmod(was.mode)
        return copy
    away = put_away(path, backups, path.parent, name="tampered") if now is not None else None
    if was is not None:
        _make(path, was)
    return away


def _make(path: Path, was: Kept) -> None:
    with translated_os_errors(f"put {path} back"):
        path.parent.mkdir(parents=True, exist_ok=True)
        if was.kind == "link":
            path.symlink_to(os.fsdecode(was.content))
        elif was.kind == "folder":
            path.mkdir(exist_ok=True)
        elif was.kind == "file":
            write_atomically(path, was.content)
            path.chmod(was.mode)


def _of_folder(name: str, path: Path) -> Iterator[tuple[str, Kept]]:
    own = _look(os.fspath(path))
    if own is None:
        return
    if own.kind != "folder":
        # Behind a link its files are elsewhere; that place has a name of its own.
        yield name, own
        return
    inside = list(islice(_inside(name, path, 1), _ENTRIES + 1))
    # What cannot be told completely is not told at all.
    yield name, own if len(inside) <= _ENTRIES else Kept("other")
    yield from inside if len(inside) <= _ENTRIES else ()


def _inside(name: str, path: Path, depth: int) -> Iterator[tuple[str, Kept]]:
    with translated_os_errors(f"list {path}"), os.scandir(path) as entries:
        # Git's own examples, which it never runs, are left out.
        inside = [(f"{name}/{entry.name}", entry.path) for entry in entries if depth > 1 or not _is_example(entry)]
    for inner, place in inside:
        found = _look(place)
        if found is None:
            continue
        deeper = found.kind == "folder"
        yield inner, Kept("other") if deeper and depth >= _DEPTH else found
        if deeper and depth < _DEPTH:
            yield from _inside(inner, Path(place), depth + 1)


def _is_example(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(".sample") and entry.is_file(follow_symlinks=False)


def _of_file(name: str, path: str) -> Iterator[tuple[str, Kept]]:
    found = _look(path)
    if found is not None:
        yield name, found


def _look(path: str) -> Kept | None:
    with translated_os_errors(f"read {path}"):
        try:
            descriptor = os.open(path, _READ)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return _look_at_other(path)
        try:
            found = os.fstat(descriptor)
            if stat.S_ISREG(found.st_mode) and found.st_size <= _BYTES:
                return Kept("file", stat.S_IMODE(found.st_mode), _content(descriptor, found.st_size))
            return Kept("folder" if stat.S_ISDIR(found.st_mode) else "other")
        finally:
            os.close(descriptor)


def _content(descriptor: int, size: int) -> bytes:
    content = b""
    while len(content) <= _BYTES and (part := os.read(descriptor, size + 1)):
        content += part
    return content


def _look_at_other(path: str) -> Kept:
    """Return what cannot be opened as a file: a link, or one that we may not read."""
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        return Kept("link", 0, os.fsencode(Path(path).readlink()))
    return Kept("other", stat.S_IMODE(found.st_mode))
