"""What each key of a recipe's front matter may hold, and what becomes of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from logist_ci.errors import UsageError
from logist_ci.job.limits import Limits, with_limit
from logist_ci.job.manifest import CheckSpec, Phase

__all__ = ["READERS"]

_PRE_COMMIT = "pre-commit"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise UsageError("it has to be one line of text")
    return value


def _scalar(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError("it has to be a text or a number")
    return str(value)


def _runtime(value: object) -> str:
    if _text(value) == "host":
        raise UsageError(
            "a repository's own files cannot take the protection away",
            hint='Set runtime = "host" in your own configuration, or give --runtime host.',
        )
    return _text(value)


def _approval(value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError("it has to be true or false")
    return value


def _table(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise UsageError(f"it has to be a table of {what}")
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise UsageError(f"it has to be a list of {what}")
    return value


def _limits(value: object) -> dict[str, str]:
    limits = {name: _scalar(amount) for name, amount in _table(value, "limits").items()}
    for name, text in limits.items():
        with_limit(Limits(), name, text)
    return limits


def _variables(value: object) -> dict[str, str | None]:
    read: dict[str, str | None] = {}
    for name, default in _table(value, "variables").items():
        if not name.isidentifier():
            raise UsageError(f"{name!r} is not the name of a variable", hint="Use letters, digits and underscores.")
        read[name] = None if default is None else _scalar(default)
    return read


def _phases(value: object) -> tuple[Phase, ...]:
    known = {phase.value: phase for phase in Phase}
    asked = [_text(name) for name in _list(value, "phases")]
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise UsageError(f"there is no phase {unknown[0]!r}", hint=f"Phases are: {', '.join(known)}.")
    order = [phase for phase in Phase if phase in asked]
    if not asked or asked != order:
        raise UsageError("phases are named once each, in order", hint=f"The order is: {', '.join(known)}.")
    return tuple(order)


def _artifacts(value: object) -> tuple[str, ...]:
    globs = tuple(_text(glob) for glob in _list(value, "globs"))
    if any(glob.startswith("/") or ".." in glob.split("/") for glob in globs):
        raise UsageError("globs are relative to the worktree and do not leave it")
    return globs


def _checks(value: object) -> tuple[CheckSpec, ...]:
    checks = tuple(_check(entry) for entry in _list(value, "commands"))
    names = [check.name for check in checks]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"two checks are called {twice[0]!r}", hint="Give one of them another name.")
    return checks


def _check(entry: object) -> CheckSpec:
    if entry == _PRE_COMMIT:
        return CheckSpec(kind="pre_commit", name=_PRE_COMMIT)
    if isinstance(entry, dict):
        if set(entry) != {"name", "run"}:
            raise UsageError("a check that is a table has `name` and `run`, nothing else")
        if entry["run"] == _PRE_COMMIT:
            return CheckSpec(kind="pre_commit", name=_text(entry["name"]))
        return CheckSpec(kind="command", name=_text(entry["name"]), argv=_words(entry["run"]))
    words = _words(entry)
    return CheckSpec(kind="command", name=shlex.join(words), argv=words)


def _words(value: object) -> tuple[str, ...]:
    try:
        words = shlex.split(value) if isinstance(value, str) else [_scalar(word) for word in _list(value, "words")]
    except ValueError as defect:
        raise UsageError(f"{value!r} cannot be split into words: {str(defect).lower()}") from defect
    if not words or not words[0] or any("\0" in word for word in words):
        raise UsageError("a command needs the name of a program")
    return tuple(words)


#: From a key to the function that reads its value; a defect is a :class:`UsageError`.
READERS: Mapping[str, Callable[[object], Any]] = {
    "title": _text,
    "agent": _text,
    "runtime": _runtime,
    "limits": _limits,
    "checks": _checks,
    "phases": _phases,
    "artifacts": _artifacts,
    "approval": _approval,
    "variables": _variables,
}
