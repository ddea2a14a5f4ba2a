"""Manifests as bytes: one canonical JSON document, versioned, migrated step by step.

Whatever cannot be read or written is a :class:`JobStateError` that names the defect and where it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from logist_ci.errors import JobStateError, NewerSchemaError
from logist_ci.job.ids import PATTERN_END
from logist_ci.job.invariants import check
from logist_ci.job.manifest import SCHEMA, Manifest

__all__ = ["MANIFEST_BYTES", "MIGRATIONS", "Migration", "decode", "encode", "json_schema"]

#: No manifest of ours comes near this size; a larger one is neither read nor written.
MANIFEST_BYTES = 16_000_000

Migration = Callable[[dict[str, Any]], dict[str, Any]]

#: ``MIGRATIONS[n]`` turns a document of schema ``n`` into one of schema ``n + 1``.
MIGRATIONS: Mapping[int, Migration] = MappingProxyType({})

# What the JSON libraries raise on what they cannot read or write; UnicodeError is a ValueError.
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Manifest)


class _Header(msgspec.Struct, frozen=True):
    schema: int | None = None


_HEADER = msgspec.json.Decoder(_Header)


def encode(manifest: Manifest) -> bytes:
    """Return ``manifest`` as indented JSON with a final newline: the same manifest is always the same bytes.

    Raises:
        JobStateError: it holds something that could not be read again.
    """
    try:
        data = _bytes(manifest)
        _check_size(data)
        check(_DECODER.decode(data))
    except UnicodeEncodeError as defect:
        raise JobStateError(
            f"The manifest of {manifest.id} cannot be stored: it would hold bytes that are no text.",
            hint="Write the request, and the names in it, in UTF-8.",
        ) from defect
    except _UNREADABLE as defect:
        raise JobStateError(f"The manifest of {manifest.id} cannot be stored: {defect}.") from defect
    return data


def decode(data: bytes, *, current: int = SCHEMA, migrations: Mapping[int, Migration] = MIGRATIONS) -> Manifest:
    """Return the manifest in ``data``, migrated to schema ``current`` where it is older.

    Raises:
        NewerSchemaError: a newer Logist CI wrote it.
        JobStateError: it is not a manifest; the message names the first defect.
    """
    _check_size(data)
    schema = _schema_of(data)
    if schema > current:
        raise NewerSchemaError(
            f"This manifest has schema {schema}, and this Logist CI reads up to schema {current}.",
            hint="Upgrade with: pip install --upgrade logist-ci",
        )
    return check(_current(data) if schema == current else _migrated(data, schema, current, migrations))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``job_manifest.json``."""
    schema = msgspec.json.schema(Manifest)
    # In memory the version has a default; a document without it is nobody's manifest.
    schema["$defs"]["Manifest"]["required"].insert(0, "schema")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Logist CI job manifest",
        **{key: _portable(value) for key, value in schema.items()},
    }


def _bytes(manifest: Manifest) -> bytes:
    return msgspec.json.format(_ENCODER.encode(manifest), indent=2) + b"\n"


def _check_size(data: bytes) -> None:
    if len(data) > MANIFEST_BYTES:
        raise JobStateError(f"The manifest has {len(data)} bytes; more than {MANIFEST_BYTES} are not accepted.")


def _schema_of(data: bytes) -> int:
    try:
        schema = _HEADER.decode(data).schema
    except _UNREADABLE as defect:
        raise JobStateError(f"The manifest is damaged: {defect}.") from defect
    if schema is None:
        raise JobStateError("The manifest is not one of Logist CI's: it has no `schema`.")
    if schema < 1:
        raise JobStateError(f"The manifest is damaged: {schema} is not a schema.")
    return schema


def _current(data: bytes) -> Manifest:
    try:
        manifest = _DECODER.decode(data)
        # msgspec takes the last of duplicate keys; canonical bytes cannot hold any, and comparing is cheap.
        if _bytes(manifest) != data:
            _refuse_duplicates(data)
    except _UNREADABLE as defect:
        raise JobStateError(f"The manifest is damaged: {defect}.") from defect
    return manifest


def _migrated(data: bytes, schema: int, current: int, migrations: Mapping[int, Migration]) -> Manifest:
    missing = [step for step in range(schema, current) if step not in migrations]
    if missing:
        raise JobStateError(f"A manifest of schema {schema} cannot be read: no migration leads from {missing[0]}.")
    try:
        _refuse_duplicates(data)
        document = msgspec.json.decode(data, type=dict[str, Any])
        for step in range(schema, current):
            document = {**migrations[step](document), "schema": step + 1}
        return msgspec.convert(document, Manifest)
    # A migration meets documents that nobody has validated: what it stumbles over is the document's defect.
    except (*_UNREADABLE, LookupError, TypeError, AttributeError) as defect:
        raise JobStateError(f"The manifest of schema {schema} is damaged: {defect!r}.") from defect


def _refuse_duplicates(data: bytes) -> None:
    def unique(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key!r} comes twice")
            seen.add(key)

    json.loads(data, object_pairs_hook=unique)


def _portable(value: Any) -> Any:
    """Return a part of the schema with patterns that need no look-ahead: elsewhere ``$`` is strict already."""
    if isinstance(value, dict):
        return {key: _portable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_portable(part) for part in value]
    return value.replace(PATTERN_END, "$") if isinstance(value, str) else value
