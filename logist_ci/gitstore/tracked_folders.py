"""Which folders git tracks, from the part of an index in which git keeps the trees that it knows already.

A worktree's folders that nothing has touched need not be listed again: what was in them is in there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["TrackedFolder", "tracked_folders"]

_EXTENSION = b"TREE"
_HEADER = 8
_HASH = 20
# A name, how many entries it stands for (negative: not known any more), how many folders follow.
_NODE = re.compile(rb"([^\0]*)\0(-?[0-9]+) ([0-9]+)\n")


class TrackedFolder(NamedTuple):
    """A folder with tracked files; ``whole`` says that ``inner`` are all its folders with such."""

    whole: bool
    inner: tuple[bytes, ...]


def tracked_folders(index: bytes) -> dict[bytes, TrackedFolder]:
    """Return the folders in ``index`` by path (``b""`` for the top, others end with a slash), as far as it says.

    An index without that part, or one that is damaged there, says nothing.
    """
    content = _content(index)
    try:
        return _parsed(content) if content else {}
    except (ValueError, IndexError):
        return {}


def _content(index: bytes) -> bytes:
    end = len(index) - _HASH
    at = index.rfind(_EXTENSION, 0, end)
    while at >= 0:
        # It is the last part, so its size says whether this is where it begins, or a name that reads the same.
        if at + _HEADER + int.from_bytes(index[at + 4 : at + _HEADER], "big") == end:
            return index[at + _HEADER : end]
        at = index.rfind(_EXTENSION, 0, at)
    return b""


def _parsed(content: bytes) -> dict[bytes, TrackedFolder]:
    found: dict[bytes, TrackedFolder] = {}
    # Folders come before their inner ones: those that still miss some of them, with how many and which there are.
    unfinished: list[tuple[bytes, bool, int, list[bytes]]] = []
    at = 0
    while at < len(content):
        node = _NODE.match(content, at)
        if node is None:
            raise ValueError("This is no folder.")
        name, entries, inner = node.groups()
        path = b""
        if unfinished:
            path = unfinished[-1][0] + name + b"/"
            unfinished[-1][3].append(path)
        whole = not entries.startswith(b"-")
        at = node.end() + (_HASH if whole else 0)
        unfinished.append((path, whole, int(inner), []))
        while unfinished and len(unfinished[-1][3]) == unfinished[-1][2]:
            done, whole, _, folders = unfinished.pop()
            found[done] = TrackedFolder(whole, tuple(folders))
    return found
