"""The table of every setting, as the documentation shows it; made from the types, so that it cannot lie."""

from __future__ import annotations

from logist_ci.config.keys import AGENTS, Key, agent_key, keys, variable_of
from logist_ci.config.settings import ANY, AgentSettings
from logist_ci.config.values import allowed

__all__ = ["BEGIN", "END", "reference_table", "shown"]

#: The table stands between these two lines of ``docs/config.md``.
BEGIN = "<!-- settings: made from logist_ci/config/settings.py, compared by a test -->"
END = "<!-- settings: end -->"

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


def reference_table() -> str:
    """Return the table of every setting as Markdown, with the lines around it."""
    rows = [_row(key, f"`{variable_of(key)}`") for key in keys().values()]
    own = [agent_key("NAME", field) for field in AgentSettings.__struct_fields__]
    rows += [_row(key, "") for key in own if key is not None]
    head = ["| key | default | allowed | variable | meaning |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([BEGIN, *head, *rows, END]) + "\n"


def shown(key: Key, value: object) -> str:
    """Return a value of ``key`` as a person would write it in a TOML file; ``unset`` for none."""
    if value is None:
        return '"none"' if key.kind == "limit" else "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    if key.path[-1].endswith("_s") and isinstance(value, int | float):
        return f'"{_duration(float(value))}"'
    if key.path[-1].endswith("_bytes") and isinstance(value, int):
        return f'"{_size(value)}"'
    if isinstance(value, int | float):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(f'"{getattr(item, "name", item)}"' for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'{name} = "{item}"' for name, item in value.items()) + " }" if value else "{}"
    return f'"{value}"'


def _row(key: Key, variable: str) -> str:
    meaning = key.meaning
    if ANY in key.weakens:
        meaning += " Not in a repository's own files."
    elif key.weakens:
        meaning += f" {', '.join(f'`{value}`' for value in key.weakens)} not in a repository's own files."
    section = f"`{key.name}`" if key.path[0] != AGENTS else f"`{AGENTS}.NAME.{key.path[-1]}`"
    return f"| {section} | `{shown(key, key.default)}` | {allowed(key)} | {variable} | {meaning} |"


def _duration(seconds: float) -> str:
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def _size(count: int) -> str:
    for size, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if count >= size and count % size == 0:
            return f"{count // size}{unit}"
    return f"{count}B"
