"""Reads many references at once from git's own files: one packed file, and one small file for each other.

libgit2 builds an object for every reference; with ten thousand of them that is what takes the time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ref_contents"]


def ref_contents(common_dir: Path, prefix: str) -> dict[str, bytes]:
    """Return what the references below ``prefix`` (``refs/logist/jobs/``, say) contain, as it stands in the files.

    A good one has forty hexadecimal digits, or ``ref: `` and another name; what is damaged is returned too.
    """
    # The loose ones first: git packs a reference before it removes its file, so none slips through.
    loose = dict(_loose(os.fsencode(common_dir), os.fsencode(prefix.rstrip("/"))))
    return {os.fsdecode(name): value for name, value in {**_packed(common_dir, os.fsencode(prefix)), **loose}.items()}


def _loose(root: bytes, folder: bytes) -> Iterator[tuple[bytes, bytes]]:
    try:
        entries = list(os.scandir(root + b"/" + folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = folder + b"/" + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _loose(root, name)
        elif not name.endswith(b".lock"):
            content = _content(entry.path)
            if content is not None:
                yield name, content


def _content(path: bytes) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        # Deleted or packed since the folder was read.
        return None
    try:
        return os.read(descriptor, 4096).strip()
    finally:
        os.close(descriptor)


def _packed(common_dir: Path, prefix: bytes) -> dict[bytes, bytes]:
    try:
        data = (common_dir / "packed-refs").read_bytes()
    except FileNotFoundError:
        return {}
    found: dict[bytes, bytes] = {}
    for line in data.splitlines():
        # Comments begin with #, the commits of annotated tags with ^.
        if line.startswith(prefix, 41) and line[40:41] == b" ":
            found[line[41:]] = line[:40]
    return found
