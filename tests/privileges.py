"""Whether permissions mean anything to this process: to root they do not, unless it gave those powers up."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["needs_permissions"]


def _bound() -> bool:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).chmod(0)
        try:
            Path(file.name).read_bytes()
        except PermissionError:
            return True
    return False


_SKIP = pytest.mark.skipif(
    not _bound(),
    reason="root may read and write everything; run as a user, or after: "
    "setpriv --bounding-set -dac_override,-dac_read_search",
)


def needs_permissions(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test of what happens when something may not be read or written (``pytest -m permissions``)."""
    marked: Callable[..., None] = pytest.mark.permissions(_SKIP(test))
    return marked
