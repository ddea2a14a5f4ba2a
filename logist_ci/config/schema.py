"""The JSON Schema of ``logist.toml``, made from the settings' own types, for editors that know schemas."""

from __future__ import annotations

from typing import Any

from logist_ci.config.keys import AGENTS, Key, agent_key, keys
from logist_ci.config.settings import AgentSettings
from logist_ci.config.values import allowed

__all__ = ["json_schema"]

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}
_AMOUNT: dict[str, Any] = {"type": ["string", "number"]}
_COMMAND: dict[str, Any] = {"anyOf": [_TEXT, {**_TEXTS, "minItems": 1}]}
_CHECK: dict[str, Any] = {
    "anyOf": [
        _TEXT,
        _TEXTS,
        {
            "type": "object",
            "properties": {"name": _TEXT, "run": _COMMAND},
            "required": ["run"],
            "additionalProperties": False,
        },
    ]
}
_KINDS: dict[str, dict[str, Any]] = {
    "switch": {"type": "boolean"},
    "duration": _AMOUNT,
    "limit": _AMOUNT,
    "command": _COMMAND,
    "names": _TEXTS,
    "globs": _TEXTS,
    "checks": {"type": "array", "items": _CHECK},
    "options": {"type": "object", "additionalProperties": _TEXT},
}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``logist.toml``."""
    top: dict[str, Any] = {}
    for key in keys().values():
        table = top
        for name in key.name.split(".")[:-1]:
            table = table.setdefault(name, _table())["properties"]
        table[key.name.rpartition(".")[2]] = _schema_of(key)
    own = [agent_key("NAME", field) for field in AgentSettings.__struct_fields__]
    one = _table({key.name.rpartition(".")[2]: _schema_of(key) for key in own if key is not None})
    top[AGENTS] = {"type": "object", "additionalProperties": one}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Logist CI configuration",
        **_table(top),
    }


def _table(properties: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": properties or {}, "additionalProperties": False}


def _schema_of(key: Key) -> dict[str, Any]:
    description = f"{key.meaning} Allowed: {allowed(key)}.".replace("`", "")
    if key.choices:
        return {"enum": list(key.choices), "description": description}
    return {**_KINDS.get(key.kind, _TEXT), "description": description}
