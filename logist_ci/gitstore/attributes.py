"""The attributes of a commit as one file, so that those an agent leaves in the worktree decide nothing.

Git reads ``info/attributes`` after every ``.gitattributes`` and lets it win. So what the base says in any
folder is rewritten there as if it had been said at the top, below a first line that takes back
whatever the worktree may say. This works with every git; ``--attr-source`` is younger than many.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

import pygit2

from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.private import PrivateGit
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId

__all__ = ["ATTRIBUTES", "base_attributes", "flattened"]

#: The file that says how git is to treat others in its folder and below.
ATTRIBUTES = b".gitattributes"

# All that changes bytes on their way into or out of git; the rest only concerns how they are shown.
_RESET = b"* !text !crlf !eol !ident !filter !working-tree-encoding\n"
# An agent's file could give the built-in macro another meaning.
_MACRO = b"[attr]binary -diff -merge -text\n"
_SPACE = b" \t\r"


def base_attributes(repository: Repository, git: PrivateGit, commit: CommitId) -> bytes:
    """Return the attributes of ``commit``, flattened.

    Files outside a partial clone's sparse checkout may be missing: nothing they apply to is there either.

    Raises:
        StoreError: the commit cannot be read.
    """
    names = git.ask("ls-tree", "-r", "-z", "--full-tree", "--name-only", commit).split(b"\0")
    chosen = [name for name in names if name == ATTRIBUTES or name.endswith(b"/" + ATTRIBUTES)]
    return flattened(dict(_contents(repository, commit, chosen)))


def flattened(files: Mapping[bytes, bytes]) -> bytes:
    """Return one file that says the same as ``files``, attributes files by their paths, and nothing else counts."""
    lines = [_RESET, _MACRO]
    # Files further down win, so they come later.
    for path in sorted(files, key=lambda path: (path.count(b"/"), path)):
        folder = path[: -len(ATTRIBUTES)]
        text = files[path].removeprefix(b"\xef\xbb\xbf")
        lines += [line for line in (_moved(folder, line) for line in text.split(b"\n")) if line]
    return b"".join(lines)


def _contents(repository: Repository, commit: CommitId, paths: Iterable[bytes]) -> Iterable[tuple[bytes, bytes]]:
    with translated_git_errors(f"read the attributes of the commit {commit[:10]}"):
        tree = repository.raw[commit].peel(pygit2.Tree)
        for path in paths:
            entry = tree[os.fsdecode(path)]
            if isinstance(entry, pygit2.Blob) and entry.filemode != pygit2.enums.FileMode.LINK:
                yield path, entry.data


def _moved(folder: bytes, line: bytes) -> bytes:
    """Return ``line``, found in a file in ``folder``, as it has to be written at the top."""
    line = line.strip(_SPACE)
    if not line or line.startswith(b"#"):
        return b""
    if line.startswith(b"[attr]"):
        # Macros count at the top only.
        return b"" if folder else line + b"\n"
    if not folder:
        return line + b"\n"
    pattern, attributes = _split(line)
    if pattern.startswith(b"!"):
        # Git ignores such a line, and would not any more once a folder stands before it.
        return b""
    return _quoted(_escaped(folder) + _below(pattern)) + b" " + attributes + b"\n"


def _below(pattern: bytes) -> bytes:
    # A pattern without a slash means that name in any folder, one with a slash a path from here.
    return pattern.removeprefix(b"/") if b"/" in pattern.rstrip(b"/") else b"**/" + pattern


def _split(line: bytes) -> tuple[bytes, bytes]:
    if line.startswith(b'"') and (quoted := re.match(rb'"((?:[^"\\]|\\.)*)"', line)):
        return _unquoted(quoted[1]), line[quoted.end() :].strip(_SPACE)
    pattern, _, attributes = line.replace(b"\t", b" ").partition(b" ")
    return pattern, attributes.strip(_SPACE)


_ESCAPES = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"\\": b"\\", b'"': b'"'
}  # fmt: skip


def _unquoted(text: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        escape = found[1]
        return bytes([int(escape, 8) & 255]) if escape[:1].isdigit() else _ESCAPES.get(escape, escape)

    return re.sub(rb"\\([0-7]{3}|.)", plain, text, flags=re.DOTALL)


def _quoted(pattern: bytes) -> bytes:
    def octal(found: re.Match[bytes]) -> bytes:
        return b"\\%03o" % found[0][0]

    return b'"' + re.sub(rb'[\x00-\x1f"\\\x7f-\xff]', octal, pattern) + b'"'


def _escaped(folder: bytes) -> bytes:
    return re.sub(rb"([\\*?\[!])", rb"\\\1", folder)
