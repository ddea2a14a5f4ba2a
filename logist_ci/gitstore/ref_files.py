"""Reads many references at once from git's own files: one packed file, and one small file for each other.

libgit2 builds an object for every reference; with ten thousand of them that is what takes the time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ref_contents"]

# A pipe must not be waited for, and a link in a reference's place leads to no reference.
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW


def ref_contents(common_dir: Path, prefix: str) -> dict[str, bytes]:
    """Return what the references below ``prefix`` (``refs/logist/jobs/``, say) contain, as it stands in the files.

    A good one has forty hexadecimal digits, or ``ref: `` and another name; what is damaged is returned too.
    """
    # The loose ones first: git packs a reference before it removes its file, so none slips through.
    folder = os.fsencode(prefix.rstrip("/"))
    loose = dict(_loose(os.fsencode(common_dir), folder))
    both = {**_packed(common_dir, folder + b"/"), **loose}
    return {name.decode("utf-8", "surrogateescape"): value for name, value in both.items()}


def _loose(root: bytes, folder: bytes) -> Iterator[tuple[bytes, bytes]]:
    try:
        # Names relative to the open folder spare the kernel the way down to it, ten thousand times.
        descriptor = os.open(root + b"/" + folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                name = os.fsencode(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    yield from _loose(root, folder + b"/" + name)
                elif not name.endswith(b".lock"):
                    content = _content(name, descriptor)
                    if content is not None:
                        yield folder + b"/" + name, content
    finally:
        os.close(descriptor)


def _content(name: bytes, folder: int) -> bytes | None:
    try:
        descriptor = os.open(name, _READ, dir_fd=folder)
    except FileNotFoundError:
        # Deleted or packed since the folder was read.
        return None
    except OSError as failure:
        if failure.errno == errno.ELOOP:
            return b""
        raise
    try:
        return os.read(descriptor, 4096).strip()
    finally:
        os.close(descriptor)


def _packed(common_dir: Path, prefix: bytes) -> dict[bytes, bytes]:
    try:
        data = (common_dir / "packed-refs").read_bytes()
    except FileNotFoundError:
        return {}
    # Comments begin with #, the commits of annotated tags with ^.
    return {line[41:]: line[:40] for line in data.splitlines() if line.startswith(prefix, 41) and line[40:41] == b" "}
