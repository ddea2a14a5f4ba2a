"""Rules on what kind of thing a changed path is."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from logist_ci.gate.change import SUBMODULE, SYMLINK, Change, Policy, shown
from logist_ci.gate.names import is_git_folder

__all__ = ["executable_bit", "kind_changed", "submodule", "symlink_outside"]

_KINDS = {0o100000: "a file", 0o120000: "a symbolic link", 0o160000: "a submodule"}


def symlink_outside(change: Change, policy: Policy) -> Iterator[str]:
    """A symbolic link leads out of the repository, or into its git directory."""
    if change.mode != SYMLINK:
        return
    if change.content is None:
        yield f"Where the symbolic link {shown(change.path)} leads is not known."
    elif _leaves(change.path, change.content):
        yield f"The symbolic link {shown(change.path)} leads out of the repository, to {shown(change.content[:200])}."


def executable_bit(change: Change, policy: Policy) -> Iterator[str]:
    """A file that was there has become executable, or is not any more."""
    if stat.S_ISREG(change.mode) and stat.S_ISREG(change.old_mode) and (change.mode ^ change.old_mode) & 0o111:
        became = "executable" if change.mode & 0o111 else "not executable any more"
        yield f"{shown(change.path)} has become {became}."


def kind_changed(change: Change, policy: Policy) -> Iterator[str]:
    """A file has become a symbolic link, a submodule a file, and so on."""
    kind, old_kind = stat.S_IFMT(change.mode), stat.S_IFMT(change.old_mode)
    if not change.gone and not change.new and kind != old_kind:
        before, now = (_KINDS.get(each, "something else") for each in (old_kind, kind))
        yield f"{shown(change.path)} was {before}, and is {now}."


def submodule(change: Change, policy: Policy) -> Iterator[str]:
    """A submodule was added, moved to another commit or removed, or the list of submodules has changed."""
    if SUBMODULE in (change.mode, change.old_mode):
        what = "removed" if change.gone else "added" if change.new else "changed"
        yield f"The submodule {shown(change.path)} was {what}."
    elif change.path.lower() == b".gitmodules":
        yield "The list of submodules has changed."


def _leaves(path: bytes, target: bytes) -> bool:
    if target.startswith(b"/") or b"\0" in target or not target:
        return True
    place = path.split(b"/")[:-1]
    for part in target.replace(b"\\", b"/").split(b"/"):
        if part == b"..":
            if not place:
                return True
            place.pop()
        elif part not in (b"", b"."):
            place.append(part)
    return any(is_git_folder(part.decode("utf-8", "surrogateescape")) for part in place)
