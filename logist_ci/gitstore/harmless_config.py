"""Tells a harmless change of git's configuration from others: what branches track, colours, names, habits.

``git push -u``, ``git checkout -t`` and ``git branch -m`` write into the shared configuration, in any
worktree and at any time, and so do people. Whatever this cannot read counts as a change.
"""

from __future__ import annotations

import re

__all__ = ["only_harmless_changed"]

_SECTION = re.compile(rb'\[([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\\n]|\\["\\])*)")?\]\s*')
_ENTRY = re.compile(rb"([A-Za-z][A-Za-z0-9-]*)\s*=\s*([^\\\n]*)")
_REMOTE = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._/-]*")
_REF = re.compile(rb"refs/heads/[^\s\"#;]+")
_WORD = re.compile(rb"true|false|merges")

# Git has no key below these, or none of these names, that runs, hides or redirects anything.
_SECTIONS = frozenset({b"advice", b"color", b"column", b"rerere"})
_KEYS = frozenset(
    {
        b"branch.autosetupmerge", b"branch.autosetuprebase", b"branch.sort", b"user.name", b"user.email",
        b"user.useconfigonly", b"pull.rebase", b"push.default", b"diff.renames", b"diff.algorithm", b"diff.colormoved",
        b"merge.conflictstyle", b"merge.ff", b"fetch.prune", b"log.date", b"rebase.autostash", b"init.defaultbranch",
    }
)  # fmt: skip
_VALUE = re.compile(rb"[^\\\"#;\x00-\x1f]*|\"[^\\\"\x00-\x1f]*\"")

_Entry = tuple[bytes, bytes | None, bytes, bytes]


def only_harmless_changed(before: bytes, after: bytes) -> bool:
    """Whether ``after`` differs from ``before`` only in settings that make git run, hide and redirect nothing.

    Of a branch that is what it tracks, as far as that names known remotes.
    """
    old, new = _entries(before), _entries(after)
    if old is None or new is None:
        return False
    remotes = {subsection for section, subsection, _, _ in old if section == b"remote" and subsection}
    added = [entry for entry in new if entry not in old]
    if not all(_is_harmless(entry, remotes) for entry in added if _is_tracking(entry)):
        return False
    return [entry for entry in old if not _is_free(entry)] == [entry for entry in new if not _is_free(entry)]


def _is_tracking(entry: _Entry) -> bool:
    section, subsection, key, _ = entry
    return section == b"branch" and bool(subsection) and key in (b"remote", b"merge", b"rebase")


def _is_free(entry: _Entry) -> bool:
    """Whether a setting may come, change and go."""
    section, subsection, key, value = entry
    if _is_tracking(entry):
        return True
    known = section in _SECTIONS and (subsection is None or section == b"color")
    return (known or (subsection is None and section + b"." + key in _KEYS)) and bool(_VALUE.fullmatch(value))


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
