"""The keys that users write, derived from the types of :mod:`logist_ci.config.settings`."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from logist_ci.config.settings import AgentSettings, Settings
from logist_ci.job.limits import Limits

__all__ = ["AGENTS", "Key", "agent_key", "keys", "nearest", "sections", "variable_of"]

#: The table whose sub-tables are named by users: ``[agents.claude]``.
AGENTS = "agents"

_LIMITS = {
    "wall_s": "How long one attempt may take.",
    "idle_s": "How long an agent may show no output, no processor time and no change in the worktree.",
    "output_bytes": "How much an agent may print.",
    "memory_bytes": "Memory of the whole process tree.",
    "processes": "Processes of the whole tree.",
    "disk_bytes": "What an agent may add to the disk.",
    "cost_usd": "Money of the whole job, in US dollars.",
    "tokens": "Tokens of the whole job.",
    "turns": "Turns of an agent's conversation.",
    "attempts": "How often a job is tried before a person is asked.",
    "grace_s": "Time between asking a program to stop and killing it.",
}


@dataclass(frozen=True)
class Key:
    """One setting: ``name`` as users write it, ``path`` into the settings, and how its value is written."""

    name: str
    path: tuple[str, ...]
    kind: str
    default: object
    meaning: str
    choices: tuple[str, ...] = ()
    weakens: tuple[str, ...] = ()
    variable: str = ""


@cache
def keys() -> Mapping[str, Key]:
    """Return every setting by the name that users write, agents' own ones left out."""
    return types.MappingProxyType({key.name: key for key in _walk(Settings, Settings(), (), "")})


@cache
def sections() -> tuple[str, ...]:
    """Return the names of the tables, in the order of the settings."""
    tables = dict.fromkeys(name.split(".")[0] for name in keys() if "." in name)
    return (*tables, AGENTS)


def agent_key(agent: str, name: str) -> Key | None:
    """Return the setting ``agents.<agent>.<name>``, or ``None`` when agents have no such setting."""
    found = {key.path[-1]: key for key in _walk(AgentSettings, AgentSettings(), (AGENTS, agent), f"{AGENTS}.{agent}.")}
    return found.get(name)


def variable_of(key: Key) -> str:
    """Return the environment variable that sets ``key``: ``LOGIST_LIMITS_WALL`` for ``limits.wall``."""
    return "LOGIST_" + (key.variable or key.name.upper().replace(".", "_"))


def nearest(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str | None:
    """Return the known name that ``name`` was probably meant to be."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _walk(struct: type[msgspec.Struct], defaults: msgspec.Struct, path: tuple[str, ...], prefix: str) -> list[Key]:
    hints = get_type_hints(struct, include_extras=True)
    found: list[Key] = []
    for field in struct.__struct_fields__:
        default = getattr(defaults, field)
        if isinstance(default, msgspec.Struct):
            found += _walk(type(default), default, (*path, field), f"{prefix}{_written(field)}.")
        elif field != AGENTS:
            found.append(_key(struct, hints[field], default, (*path, field), prefix))
    return found


def _key(struct: type[msgspec.Struct], hint: Any, default: object, path: tuple[str, ...], prefix: str) -> Key:
    field = path[-1]
    if struct is Limits:
        return Key(prefix + _written(field), path, "limit", default, _LIMITS[field])
    plain, meta = _unwrapped(hint)
    extra = (meta.extra if meta else None) or {}
    return Key(
        name=prefix + _written(field),
        path=path,
        kind=extra.get("kind", "") or _kind(plain, field),
        default=default,
        meaning=(meta.description if meta else None) or "",
        choices=get_args(plain) if get_origin(plain) is Literal else (),
        weakens=extra.get("weakens", ()),
        variable=extra.get("variable", ""),
    )


def _unwrapped(hint: Any) -> tuple[Any, msgspec.Meta | None]:
    meta = next((part for part in get_args(hint)[1:] if isinstance(part, msgspec.Meta)), None)
    plain = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(plain) in (Union, types.UnionType):
        plain = next(part for part in get_args(plain) if part is not type(None))
    return plain, meta


def _kind(plain: Any, field: str) -> str:
    if get_origin(plain) is Literal:
        return "choice"
    if get_origin(plain) is dict:
        return "options"
    if plain is float and field.endswith("_s"):
        return "duration"
    return {bool: "switch", str: "text"}[plain]


def _written(field: str) -> str:
    return field.removesuffix("_s").removesuffix("_bytes")
