"""Tells a harmless change of git's configuration from others: a branch that learned which one it tracks.

``git push -u``, ``git checkout -t`` and ``git branch -m`` write that into the shared configuration, in
any worktree and at any time. Whatever this cannot read counts as a change.
"""

from __future__ import annotations

import re

__all__ = ["only_tracking_changed"]

_SECTION = re.compile(rb'\[([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\\n]|\\["\\])*)")?\]\s*')
_ENTRY = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)\s*=\s*([^\\\n]*)")
_REMOTE = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._/-]*")
_REF = re.compile(rb"refs/heads/[^\s\"#;]+")
_WORD = re.compile(rb"true|false|merges")

_Entry = tuple[bytes, bytes | None, bytes, bytes]


def only_tracking_changed(before: bytes, after: bytes) -> bool:
    """Whether ``after`` differs from ``before`` only in what branches track, and names nothing but known remotes."""
    old, new = _entries(before), _entries(after)
    if old is None or new is None:
        return False
    remotes = {subsection for section, subsection, _, _ in old if section == b"remote" and subsection}
    added = [entry for entry in new if entry not in old and _is_tracking(entry)]
    if not all(_is_harmless(entry, remotes) for entry in added):
        return False
    return [entry for entry in old if not _is_tracking(entry)] == [entry for entry in new if not _is_tracking(entry)]


def _is_tracking(entry: _Entry) -> bool:
    section, subsection, key, _ = entry
    return section == b"branch" and bool(subsection) and key in (b"remote", b"merge", b"rebase")


def _is_harmless(entry: _Entry, remotes: set[bytes]) -> bool:
    _, _, key, value = entry
    if key == b"remote":
        # A remote that is not configured would be taken as an address.
        return value == b"." or (value in remotes and bool(_REMOTE.fullmatch(value)))
    return bool((_REF if key == b"merge" else _WORD).fullmatch(value))


def _entries(text: bytes) -> list[_Entry] | None:
    """Return section, subsection, key and value of each line; ``None`` where a line is not the plainest there is."""
    found: list[_Entry] = []
    section: tuple[bytes, bytes | None] | None = None
    for line in text.split(b"\n"):
        line = line.strip()
        if not line or line.startswith((b"#", b";")):
            continue
        if heading := _SECTION.fullmatch(line):
            section = heading[1].lower(), heading[2]
        elif section and (entry := _ENTRY.fullmatch(line)):
            found.append((*section, entry[1].lower(), entry[2].rstrip()))
        else:
            return None
    return found
