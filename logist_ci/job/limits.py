"""What a job may use, in units a person writes (``10m``, ``2GB``) and units a program counts."""

from __future__ import annotations

import math
import re
from typing import Annotated

import msgspec
from msgspec import Meta

from logist_ci.errors import UsageError

__all__ = ["UNLIMITED_NAMES", "Limits", "parse_duration", "parse_size", "with_limit"]

_DURATION = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}

UNLIMITED_NAMES = ("none", "unlimited")

_Amount = Annotated[float, Meta(gt=0)]
_Count = Annotated[int, Meta(gt=0)]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of one job; ``null`` means unlimited.

    Durations are seconds, sizes are bytes; ``memory``, ``processes`` and ``disk`` count the whole
    process tree and worktree; ``attempts`` counts tries of the whole job.
    """

    wall_s: _Amount | None = 1800.0
    idle_s: _Amount | None = 300.0
    output_bytes: _Count | None = 50_000_000
    memory_bytes: _Count | None = 4_000_000_000
    processes: _Count | None = 512
    disk_bytes: _Count | None = 2_000_000_000
    cost_usd: _Amount | None = 5.0
    tokens: _Count | None = None
    turns: _Count | None = None
    attempts: _Count = 3
    grace_s: Annotated[float, Meta(ge=0)] = 10.0


def parse_duration(text: str) -> float:
    """Return ``text`` (``90s``, ``1h30m``, ``250ms``, or bare seconds) in seconds.

    Raises:
        UsageError: it is not a positive duration.
    """
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)", text)
    whole = "".join(number + unit for number, unit in parts)
    if parts and whole == text:
        seconds = sum(float(number) * _DURATION[unit] for number, unit in parts)
    elif re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds = float(text)
    else:
        raise UsageError(f"{text!r} is not a duration.", hint="Write for example 90s, 10m or 1h30m.")
    if not (0 < seconds < math.inf):
        raise UsageError(f"{text!r} is not a positive duration.", hint="Write for example 90s, or none for no limit.")
    return seconds


def parse_size(text: str) -> int:
    """Return ``text`` (``50MB``, ``2GiB``, or bare bytes) in bytes.

    Raises:
        UsageError: it is not a positive size.
    """
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{1,9})?) ?([A-Za-z]*)", text)
    if not match or match[2].upper() not in _SIZE:
        raise UsageError(f"{text!r} is not a size.", hint="Write for example 500KB, 50MB or 2GiB.")
    size = int(float(match[1]) * _SIZE[match[2].upper()])
    if size <= 0:
        raise UsageError(f"{text!r} is not a positive size.", hint="Write for example 50MB, or none for no limit.")
    return size


def _parse_count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text) or int(text) <= 0:
        raise UsageError(f"{text!r} is not a positive whole number.", hint="Write for example 3.")
    return int(text)


def _parse_amount(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) or float(text) <= 0:
        raise UsageError(f"{text!r} is not a positive amount.", hint="Write for example 2.50.")
    return float(text)


_PARSERS = {
    "wall": ("wall_s", parse_duration),
    "idle": ("idle_s", parse_duration),
    "grace": ("grace_s", parse_duration),
    "output": ("output_bytes", parse_size),
    "memory": ("memory_bytes", parse_size),
    "disk": ("disk_bytes", parse_size),
    "cost_usd": ("cost_usd", _parse_amount),
    "processes": ("processes", _parse_count),
    "tokens": ("tokens", _parse_count),
    "turns": ("turns", _parse_count),
    "attempts": ("attempts", _parse_count),
}


def with_limit(limits: Limits, name: str, text: str) -> Limits:
    """Return ``limits`` with the limit that users call ``name`` (``wall``, ``memory``, …) set to ``text``.

    Raises:
        UsageError: there is no such limit, or ``text`` is not a value for it.
    """
    if name not in _PARSERS:
        raise UsageError(f"There is no limit called {name!r}.", hint=f"Limits are: {', '.join(sorted(_PARSERS))}.")
    field, parse = _PARSERS[name]
    if text in UNLIMITED_NAMES:
        if name in ("attempts", "grace"):
            raise UsageError(f"The limit {name!r} cannot be switched off.", hint=f"Give it a number, as in {name}=3.")
        return msgspec.structs.replace(limits, **{field: None})
    return msgspec.structs.replace(limits, **{field: parse(text)})
