"""References that somebody broke: a branch that leads to another one, or holds no commit."""

from __future__ import annotations

from pathlib import Path

from logist_ci.errors import StoreError
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.removal import put_away
from logist_ci.job.ids import CommitId, RefName

__all__ = ["read_or_drop"]


def read_or_drop(refs: RefStore, ref: RefName, backups: Path) -> CommitId | None:
    """Return what ``ref`` points at; its file is put aside in ``backups`` where it points at nothing, or elsewhere.

    Writing through a reference that leads to another one would move the other.

    Raises:
        StoreError: it stays broken.
    """
    try:
        return refs.read(ref)
    except StoreError:
        put_away(refs.repository.common_dir / ref, backups, refs.repository.common_dir, name="broken-ref")
        return refs.read(ref)
