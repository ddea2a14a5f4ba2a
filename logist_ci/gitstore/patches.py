"""The change that a commit makes, as a value: equal only where somebody made exactly the same change.

Git's own patch-id leaves white space out, and libgit2's the content of binary files. Work is deleted
on this proof, so here both count.
"""

from __future__ import annotations

import hashlib

import pygit2
from pygit2.enums import DiffOption

__all__ = ["fingerprint", "touched"]


def touched(before: pygit2.Tree, after: pygit2.Tree) -> frozenset[bytes]:
    """Return the names of the files that differ; cheap, and different for most changes."""
    deltas = before.diff_to_tree(after, flags=DiffOption.SKIP_BINARY_CHECK).deltas
    return frozenset(name for delta in deltas for name in (delta.old_file.raw_path, delta.new_file.raw_path))


def fingerprint(before: pygit2.Tree, after: pygit2.Tree) -> bytes:
    """Return a digest of the change between two trees: names, modes, every line with its surroundings.

    Line numbers do not count, so the change is the same where others added lines far away.
    """
    digest = hashlib.sha256()

    def add(part: bytes) -> None:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)

    for patch in before.diff_to_tree(after):
        if patch is None:
            continue
        delta = patch.delta
        for file in (delta.old_file, delta.new_file):
            add(file.raw_path)
            add(f"{file.mode:o}".encode())
            if delta.is_binary:
                add(file.id.raw)
        for hunk in patch.hunks:
            add(b"@@")
            for line in hunk.lines:
                add(line.origin.encode())
                add(line.raw_content)
    return digest.digest()
