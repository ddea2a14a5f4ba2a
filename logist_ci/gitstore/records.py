"""Facts about files as bytes to be kept beside them: names that are no UTF-8 come back as they were."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec

__all__ = ["decoded", "encoded"]

_T = TypeVar("_T")


def encoded(value: object) -> bytes:
    """Return ``value`` as JSON; the surrogates that stand for odd bytes in names are escaped."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode("ascii")


def decoded(data: bytes, kind: type[_T]) -> _T:
    """Return the value in ``data``, as :func:`encoded` made it.

    Raises:
        msgspec.DecodeError: it is no such value.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as defect:
        if b"\\ud" not in data:
            raise msgspec.DecodeError(str(defect)) from defect
    try:
        return msgspec.convert(json.loads(data), kind)
    except (ValueError, RecursionError) as defect:
        raise msgspec.DecodeError(str(defect)) from defect
