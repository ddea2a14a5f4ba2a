"""Rules on what a changed path is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from logist_ci.gate.change import SYMLINK, Change, Policy, shown

__all__ = ["case_clash", "git_entry", "is_git_folder", "odd_name", "protected_path", "unportable_name"]

# What HFS+ leaves out when it compares names.
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_RESERVED_ON_WINDOWS = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\]|[ .]$')
_READ_BY_GIT = frozenset({".gitmodules", ".gitattributes", ".gitignore", ".mailmap"})
_NAME_BYTES = 255


def protected_path(change: Change, policy: Policy) -> Iterator[str]:
    """A path that decides about automation or instructions has changed."""
    if _matcher(policy.protected).fullmatch(change.text.lower()):
        what = "removes" if change.gone else "adds" if change.new else "changes"
        yield f"The change {what} {shown(change.path)}, which is protected."


def git_entry(change: Change, policy: Policy) -> Iterator[str]:
    """A path would end up inside a git directory, or lead git elsewhere."""
    if change.gone:
        return
    parts = change.text.split("/")
    if any(part in ("", ".", "..") for part in parts):
        yield f"{shown(change.path)} is not a path that git allows."
    elif any(is_git_folder(part) for part in parts):
        yield f"{shown(change.path)} would be inside a git directory on some systems."
    elif change.mode == SYMLINK and parts[-1].lower() in _READ_BY_GIT:
        yield f"{shown(change.path)} is read by git, and is a symbolic link."


def is_git_folder(name: str) -> bool:
    """Return whether some file system takes ``name`` for ``.git``."""
    folded = _IGNORED_BY_HFS.sub("", name).lower()
    # NTFS drops spaces and dots at the end, and what follows a colon or is after a backslash is another matter.
    return any(part.rstrip(" .") in (".git", "git~1") for part in re.split(r"[\\:]", folded))


def odd_name(change: Change, policy: Policy) -> Iterator[str]:
    """A new path does not look like what it is, or would be taken for an option."""
    if not change.new:
        return
    for part in change.text.split("/"):
        why = _oddity(part)
        if why:
            yield f"The name {shown(change.path)} {why}."
            return


def unportable_name(change: Change, policy: Policy) -> Iterator[str]:
    """A new path cannot be checked out everywhere."""
    if not change.new:
        return
    parts = change.text.split("/")
    if any(_RESERVED_ON_WINDOWS.match(part) or _NOT_ON_WINDOWS.search(part) for part in parts):
        yield f"{shown(change.path)} cannot be checked out on Windows."
    elif any(len(part.encode("utf-8", "surrogateescape")) > _NAME_BYTES for part in parts):
        yield f"{shown(change.path[:80])}… has a name that is longer than {_NAME_BYTES} bytes."
    elif any("\udc80" <= sign <= "\udcff" for sign in change.text):
        yield f"{shown(change.path)} is not UTF-8."


def case_clash(changes: Sequence[Change], policy: Policy) -> Iterator[tuple[Change, str]]:
    """Two paths of the change are one where case or composition of letters does not matter."""
    seen: dict[str, Change] = {}
    for change in changes:
        if change.gone:
            continue
        folded = unicodedata.normalize("NFC", change.text).casefold()
        first = seen.setdefault(folded, change)
        if first is not change:
            yield change, f"{shown(change.path)} and {shown(first.path)} are the same file on some systems."


def _oddity(name: str) -> str:
    if name.startswith("-"):
        return "begins with a hyphen, and programs would take it for an option"
    if name != name.strip():
        return "begins or ends with a space"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in name):
        return "has control or invisible characters"
    return ""


@lru_cache(maxsize=8)
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(_expressions(patterns)), re.DOTALL)


def _expressions(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.lower())
        wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
        yield "".join(wild.get(part, re.escape(part)) for part in parts)
