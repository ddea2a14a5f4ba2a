"""Values of settings: from what a file or a variable says to what the program uses.

Everything here raises :class:`UsageError` with a clause (``it is not …``); :mod:`logist_ci.config.load`
adds the place and the key and makes a :class:`ConfigError` of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from logist_ci.config.commands import parse_checks, parse_command
from logist_ci.config.keys import Key
from logist_ci.errors import LogistError, UsageError
from logist_ci.job.ids import ref_name
from logist_ci.job.limits import Limits, parse_duration, with_limit

__all__ = ["allowed", "from_text", "parse"]

_ALLOWED = {
    "text": "a line of text",
    "switch": "true or false",
    "choice": "one of the names listed",
    "duration": 'a duration such as "90s", "10m" or "7d"',
    "limit_s": 'a duration such as "90s" or "10m"',
    "limit_bytes": 'a size such as "500KB" or "2GB"',
    "limit_usd": "an amount such as 2.5",
    "limit": "a whole number",
    "command": 'a command such as "npm ci", or a list of its words',
    "names": 'a list of names of environment variables such as ["HTTPS_PROXY"]',
    "globs": 'a list of globs below the worktree such as ["dist/*.whl"]',
    "folder": "a path, absolute or below the repository",
    "prefix": 'the beginning of a branch name such as "logist/"',
    "author": "a name, in which {agent} stands for the agent's",
    "checks": 'a list of commands, of "pre-commit", or of tables with `name` and `run`',
    "options": "a table of names and values",
}
_NEVER_OFF = ("limits.attempts", "limits.grace")


def allowed(key: Key) -> str:
    """Return which values ``key`` takes, as the end of the sentence "Allowed: …"."""
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    if key.kind != "limit":
        return _ALLOWED[key.kind]
    unit = next((unit for unit in ("_s", "_bytes", "_usd") if key.path[-1].endswith(unit)), "")
    return _ALLOWED[f"limit{unit}"] + ("" if key.name in _NEVER_OFF else ', or "none"')


def parse(key: Key, value: object) -> object:
    """Return ``value``, as a TOML file has it, as what the settings hold for ``key``.

    Raises:
        UsageError: it is not a value for this key.
    """
    return _PARSERS[key.kind](key, value)


def from_text(key: Key, text: str) -> object:
    """Return ``text``, from a variable or a flag, as the value that a TOML file would have.

    Lists are TOML arrays, or items separated by commas; checks are separated by line breaks.

    Raises:
        UsageError: it is not a value for this key.
    """
    if key.kind == "switch":
        return _switch_from_text(text)
    if key.kind in ("names", "globs", "checks", "command") and text.lstrip().startswith("["):
        return _array(text)
    if key.kind in ("names", "globs"):
        return [item.strip() for item in text.split(",") if item.strip()]
    if key.kind == "checks":
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text


def _switch_from_text(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "on": True, "false": False, "no": False, "0": False, "off": False}
    if text.lower() not in words:
        raise UsageError(f"{text!r} is neither true nor false")
    return words[text.lower()]


def _array(text: str) -> object:
    import tomllib

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as defect:
        raise UsageError(f"{text!r} is not a list: {defect}") from defect


def _text(key: Key, value: object) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise UsageError(f"{value!r} is not a line of text")
    return value


def _switch(key: Key, value: object) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"{value!r} is neither true nor false")
    return value


def _choice(key: Key, value: object) -> str:
    if not isinstance(value, str) or value not in key.choices:
        raise UsageError(f"{value!r} is not one of {', '.join(key.choices)}")
    return value


def _amount(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{value!r} is neither text nor a number")
    return str(value)


def _duration(key: Key, value: object) -> float:
    return parse_duration(_amount(value))


def _limit(key: Key, value: object) -> object:
    limits = with_limit(Limits(), key.name.removeprefix("limits."), _amount(value))
    return getattr(limits, key.path[-1])


def _command(key: Key, value: object) -> tuple[str, ...]:
    return () if value in ("", []) else parse_command(value)


def _list(value: object, what: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{value!r} is not a list of {what}")
    return value


def _names(key: Key, value: object) -> tuple[str, ...]:
    for name in _list(value, "names"):
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*\*?", name):
            raise UsageError(f"{name!r} is not the name of an environment variable")
    return tuple(dict.fromkeys(_list(value, "names")))


def _globs(key: Key, value: object) -> tuple[str, ...]:
    for glob in _list(value, "globs"):
        path = PurePosixPath(glob)
        if not glob or path.is_absolute() or ".." in path.parts or "\0" in glob:
            raise UsageError(f"{glob!r} does not stay below the worktree")
    return tuple(_list(value, "globs"))


def _folder(key: Key, value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise UsageError(f"{value!r} is not a path")
    return value


def _prefix(key: Key, value: object) -> str:
    try:
        ref_name(f"refs/heads/{_text(key, value)}x")
    except LogistError as defect:
        raise UsageError(f"{value!r} cannot begin the name of a branch") from defect
    return _text(key, value)


def _author(key: Key, value: object) -> str:
    if any(sign in _text(key, value) for sign in "<>"):
        raise UsageError(f"{value!r} is not a name: < and > stand around an address")
    return _text(key, value)


def _checks(key: Key, value: object) -> object:
    return parse_checks(value)


def _options(key: Key, value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{value!r} is not a table")
    return {str(name): _option(str(name), entry) for name, entry in value.items()}


def _option(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise UsageError(f"the option {name!r} is neither text nor a number")
    return str(value)


_PARSERS: dict[str, Callable[[Key, object], object]] = {
    "text": _text,
    "switch": _switch,
    "choice": _choice,
    "duration": _duration,
    "limit": _limit,
    "command": _command,
    "names": _names,
    "globs": _globs,
    "folder": _folder,
    "prefix": _prefix,
    "author": _author,
    "checks": _checks,
    "options": _options,
}
