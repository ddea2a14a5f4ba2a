"""Reading the configuration: defaults, the repository's file, the user's file, variables, flags; later wins.

Whatever is wrong is a :class:`ConfigError` that names the file, the line, the key, what is allowed, and
the nearest known key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from logist_ci.config.keys import AGENTS, Key, agent_key, keys, nearest, sections, variable_of
from logist_ci.config.settings import ANY, AgentSettings, Settings
from logist_ci.config.sources import Document, Read, read_document, repository_document
from logist_ci.config.values import allowed, from_text, parse
from logist_ci.errors import ConfigError, UsageError

__all__ = ["Loaded", "load"]

_PREFIX = "LOGIST_"


@dataclass(frozen=True)
class Loaded:
    """The settings, where each of their keys came from, and the files that were read.

    ``origins`` has every key: ``default``, ``<file>:<line>``, a variable's name, or ``command line``.
    """

    settings: Settings
    origins: Mapping[str, str]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class _Entry:
    """One value that some layer sets."""

    key: Key
    value: object
    place: str
    from_repository: bool = False


def load(
    *,
    root: Path | None,
    user_file: Path | None,
    environ: Mapping[str, str],
    flags: Mapping[str, str] | None = None,
    explicit: Path | None = None,
    read: Read | None = None,
) -> Loaded:
    """Return the settings that hold for the repository whose main worktree is ``root``.

    Args:
        root: the folder with ``logist.toml`` or ``pyproject.toml``; ``None`` for a bare repository or none.
        user_file: the user's own file; it may be missing.
        environ: where ``LOGIST_*`` variables are looked up; an empty one counts as unset.
        flags: values from the command line by key, as text (``{"limits.wall": "10m"}``).
        explicit: a file named on the command line. It is read instead of the repository's, counts as the
            user's own word, and overrides the user's file.
        read: how a file of the repository is read (``None`` from it: no such file); CI hands in a reader of
            the base commit. By default files are read below ``root``.

    Raises:
        ConfigError: a file, variable or flag sets something unknown, malformed, or not allowed there.
    """
    documents = _documents(root, user_file, explicit, read)
    entries = [entry for document in documents for entry in _file_entries(document)]
    entries += _variable_entries(environ)
    entries += _flag_entries(flags or {})
    origins = dict.fromkeys(keys(), "default")
    values: dict[tuple[str, ...], object] = {}
    for entry in entries:
        values[entry.key.path] = _parsed(entry)
        origins[entry.key.name] = entry.place
    return Loaded(_assembled(values), origins, tuple(document.path for document in documents))


def _documents(root: Path | None, user_file: Path | None, explicit: Path | None, read: Read | None) -> list[Document]:
    found = [
        None if explicit else repository_document(root, read),
        read_document(user_file) if user_file else None,
        read_document(explicit, required=True) if explicit else None,
    ]
    return [document for document in found if document is not None]


def _file_entries(document: Document) -> Iterator[_Entry]:
    for name, value in document.content.items():
        if name == AGENTS:
            yield from _agent_entries(document, value)
        elif name in sections():
            yield from _table_entries(document, name, value)
        else:
            yield _file_entry(document, keys().get(name), name, value, "")


def _table_entries(document: Document, section: str, value: object) -> Iterator[_Entry]:
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"{document.place(section)}: {section} is a table.", hint=f"Write [{section}] and its keys below it."
        )
    for name, entry in value.items():
        yield _file_entry(document, keys().get(f"{section}.{name}"), f"{section}.{name}", entry, f"{section}.")


def _agent_entries(document: Document, value: object) -> Iterator[_Entry]:
    for agent, table in value.items() if isinstance(value, Mapping) else [("", value)]:
        name = f"{AGENTS}.{agent}".rstrip(".")
        if not isinstance(table, Mapping):
            raise ConfigError(
                f"{document.place(name)}: {name} is a table.", hint=f"Write [{AGENTS}.NAME] and its keys below it."
            )
        for field, entry in table.items():
            yield _file_entry(document, agent_key(agent, field), f"{name}.{field}", entry, f"{name}.")


def _file_entry(document: Document, key: Key | None, name: str, value: object, prefix: str) -> _Entry:
    place = document.place(name)
    if key is None:
        known = _siblings(prefix)
        meant = nearest(name, tuple(known)) or nearest(name, tuple(keys()))
        raise ConfigError(
            f"{place}: {name!r} is not a setting of Logist CI.",
            hint=(f"Did you mean {meant}? " if meant else "") + f"Known here: {', '.join(known)}.",
        )
    return _Entry(key, value, place, document.from_repository)


def _siblings(prefix: str) -> list[str]:
    if prefix.startswith(f"{AGENTS}."):
        return [prefix + field for field in AgentSettings.__struct_fields__]
    top = [name for name in keys() if "." not in name] + [f"[{section}]" for section in sections()]
    return [name for name in keys() if name.startswith(prefix)] if prefix else top


def _variable_entries(environ: Mapping[str, str]) -> Iterator[_Entry]:
    known = {variable_of(key): key for key in keys().values()}
    known |= {f"{_PREFIX}{key.name.upper().replace('.', '_')}": key for key in keys().values()}
    tables = tuple(f"{_PREFIX}{section.upper()}_" for section in sections())
    for name in sorted(environ):
        if name in known and environ[name]:
            yield _Entry(known[name], _Text(environ[name]), name)
        elif name not in known and name.startswith(tables):
            # Other LOGIST_* variables may be somebody else's; with a table's name in them they are meant for us.
            meant = nearest(name, tuple(known))
            raise ConfigError(
                f"The environment variable {name} is not a setting of Logist CI.",
                hint=f"Did you mean {meant}?" if meant else "See docs/config.md for every setting.",
            )


def _flag_entries(flags: Mapping[str, str]) -> Iterator[_Entry]:
    for name, text in flags.items():
        key = keys().get(name)
        if key is None:
            meant = nearest(name, keys())
            raise ConfigError(
                f"{name!r} is not a setting of Logist CI.", hint=f"Did you mean {meant}?" if meant else ""
            )
        yield _Entry(key, _Text(text), "command line")


class _Text(str):
    """Text from a variable or a flag, still to be split or counted."""

    __slots__ = ()


def _parsed(entry: _Entry) -> object:
    key = entry.key
    try:
        value = parse(key, from_text(key, str(entry.value)) if isinstance(entry.value, _Text) else entry.value)
    except UsageError as defect:
        hint = f"Allowed: {allowed(key)}." + (f" {defect.hint}" if defect.hint else "")
        raise ConfigError(f"{entry.place}: {key.name}: {str(defect).rstrip('.')}.", hint=hint) from defect
    if entry.from_repository:
        _check_repository_may(entry, value)
    return value


def _check_repository_may(entry: _Entry, value: object) -> None:
    """Refuse what a repository could use against the person who runs its jobs."""
    key = entry.key
    if key.kind == "folder":
        path = Path(str(value))
        may = not path.is_absolute() and ".." not in path.parts and not str(value).startswith("~")
        why = "leads out of the repository"
    else:
        may = ANY not in key.weakens and str(value) not in key.weakens
        why = "weakens the protection of whoever runs its jobs"
    if not may:
        raise ConfigError(
            f"{entry.place}: {key.name} = {value!r} {why}, and does not count in a repository's own files.",
            hint=f"Set it in your own config file (see: logist-ci doctor) or with {variable_of(key)}."
            if key.path[0] != AGENTS
            else "Set it in your own config file (see: logist-ci doctor).",
        )


def _assembled(values: Mapping[tuple[str, ...], object]) -> Settings:
    settings: Any = Settings()
    agents: dict[str, AgentSettings] = {}
    for path, value in values.items():
        if path[0] == AGENTS:
            agents[path[1]] = msgspec.structs.replace(agents.get(path[1], AgentSettings()), **{path[2]: value})
        elif len(path) == 1:
            settings = msgspec.structs.replace(settings, **{path[0]: value})
        else:
            section = msgspec.structs.replace(getattr(settings, path[0]), **{path[1]: value})
            settings = msgspec.structs.replace(settings, **{path[0]: section})
    loaded: Settings = msgspec.structs.replace(settings, agents=agents)
    return loaded
