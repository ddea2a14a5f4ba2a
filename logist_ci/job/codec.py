"""Manifests as bytes: one canonical JSON document, versioned, migrated step by step.

Whatever cannot be read is a :class:`JobStateError` that names the defect and where it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from logist_ci.errors import JobStateError, NewerSchemaError
from logist_ci.job.manifest import SCHEMA, Manifest

__all__ = ["MANIFEST_BYTES", "MIGRATIONS", "decode", "encode", "json_schema"]

#: No manifest of ours comes near this size; a larger one is not read.
MANIFEST_BYTES = 16_000_000

#: ``MIGRATIONS[n]`` turns a document of schema ``n`` into one of schema ``n + 1``.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Manifest)


class _Header(msgspec.Struct, frozen=True):
    schema: int | None = None


_HEADER = msgspec.json.Decoder(_Header)


def encode(manifest: Manifest) -> bytes:
    """Return ``manifest`` as indented JSON with a final newline: the same manifest is always the same bytes."""
    return msgspec.json.format(_ENCODER.encode(manifest), indent=2) + b"\n"


def decode(
    data: bytes,
    *,
    current: int = SCHEMA,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS,
) -> Manifest:
    """Return the manifest in ``data``, migrated to schema ``current`` where it is older.

    Raises:
        NewerSchemaError: a newer Logist CI wrote it.
        JobStateError: it is not a manifest; the message names the first defect.
    """
    schema = _schema_of(data)
    if schema > current:
        raise NewerSchemaError(
            f"This manifest has schema {schema}, and this Logist CI reads up to schema {current}.",
            hint="Upgrade with: pip install --upgrade logist-ci",
        )
    if schema == current:
        return _check(_decoded(data))
    try:
        document = msgspec.json.decode(data, type=dict[str, Any])
        for step in range(schema, current):
            document = {**migrations[step](document), "schema": step + 1}
        return _check(msgspec.convert(document, Manifest))
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as defect:
        raise JobStateError(f"A manifest of schema {schema} could not be migrated: {defect}.") from defect


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of ``job_manifest.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Logist CI job manifest",
        **msgspec.json.schema(Manifest),
    }


def _schema_of(data: bytes) -> int:
    if len(data) > MANIFEST_BYTES:
        raise JobStateError(f"The manifest has {len(data)} bytes; more than {MANIFEST_BYTES} are not read.")
    try:
        schema = _HEADER.decode(data).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as defect:
        raise JobStateError(f"The manifest is damaged: {defect}.") from defect
    if schema is None:
        raise JobStateError("The manifest is not one of Logist CI's: it has no `schema`.")
    if schema < 1:
        raise JobStateError(f"The manifest is damaged: {schema} is not a schema.")
    return schema


def _decoded(data: bytes) -> Manifest:
    try:
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as defect:
        raise JobStateError(f"The manifest is damaged: {defect}.") from defect


def _check(manifest: Manifest) -> Manifest:
    if manifest.phase not in manifest.spec.phases:
        raise JobStateError(
            f"The manifest of {manifest.id} is damaged: {manifest.phase.value} is not one of its phases."
        )
    return manifest
