"""Changes of guarded files that people make all day, and that make git run, hide or redirect nothing."""

from __future__ import annotations

from collections.abc import Mapping

from logist_ci.gitstore.guarded_files import Kept, Place
from logist_ci.gitstore.harmless_config import only_harmless_changed

__all__ = ["harmless_change"]

_EXECUTE = 0o111


def harmless_change(name: str, place: Place, was: Kept | None, present: Mapping[str, Kept]) -> str | None:
    """Return what to say about the change of ``name`` from ``was`` to what is ``present``; ``None`` if it may harm."""
    now = present.get(name)
    if now is None:
        return None
    if name == "config" and _same_kind(was, now) and was and only_harmless_changed(was.content, now.content):
        return "Settings of git that run, hide and redirect nothing were changed, by you or by the agent, and left so."
    if name == "info/exclude" and (was is None or _same_kind(was, now)) and _only_added(was, now):
        return "Patterns were added to info/exclude, by you or by the agent, and left there."
    if place.code == "LG202" and was is None and _runs_nothing(name, now, present):
        return f"A file that git does not run was added ({name}), by you or by the agent, and left there."
    return None


def _same_kind(was: Kept | None, now: Kept) -> bool:
    return was is not None and (was.kind, was.mode) == (now.kind, now.mode) == ("file", now.mode)


def _only_added(was: Kept | None, now: Kept) -> bool:
    """Whether all lines of before are still there, in their order."""
    after = iter(now.content.splitlines())
    return now.kind == "file" and all(line in after for line in (was.content.splitlines() if was else ()))


def _runs_nothing(name: str, now: Kept, present: Mapping[str, Kept]) -> bool:
    if now.kind == "folder":
        below = [found for inner, found in present.items() if inner.startswith(f"{name}/")]
        return all(found.kind == "folder" or _plain(found) for found in below)
    return _plain(now)


def _plain(found: Kept) -> bool:
    return found.kind == "file" and not found.mode & _EXECUTE
