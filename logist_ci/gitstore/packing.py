"""Packs the manifests' objects: a few hundred jobs would make the user's next commit start a garbage collection."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from logist_ci.gitstore.archive import ARCHIVE
from logist_ci.gitstore.manifests import JOBS
from logist_ci.gitstore.private import Setup, private_git
from logist_ci.gitstore.refs import RefStore

__all__ = ["pack_manifests"]

# Git estimates the number of loose objects by the 256th part that has this folder, and collects at 27 of them.
_SAMPLE = "17"
_CROWDED = 8
_WORTHWHILE = 50


def pack_manifests(refs: RefStore, *, crowded: int = _CROWDED, worthwhile: int = _WORTHWHILE) -> int:
    """Pack the manifests that are loose where there are many; return of how many jobs and archives.

    Nothing happens before ``crowded`` objects lie in the folder by which git estimates, and
    ``worthwhile`` tips are loose. It is safe at any time: every object stays readable throughout.

    Raises:
        StoreError: git could not write the pack.
    """
    objects = refs.repository.common_dir / "objects"
    if _entries(objects / _SAMPLE) < crowded:
        return 0
    tips = {*refs.list(JOBS).values(), *refs.list(ARCHIVE).values()}
    loose = [tip for tip in tips if (objects / tip[:2] / tip[2:]).exists()]
    if len(loose) < worthwhile:
        return 0
    with TemporaryDirectory(prefix="logist-ci-") as folder, private_git(Path(folder), refs.repository, Setup()) as git:
        asked = "".join(f"{tip}\n" for tip in loose).encode("ascii")
        # The history of a manifest leads to manifests only, never to the work: nothing of a partial clone is missing.
        git.ask("pack-objects", "--revs", "--unpacked", "--quiet", os.fspath(objects / "pack" / "pack"), stdin=asked)
        git.ask("prune-packed", "--quiet")
    return len(loose)


def _entries(folder: Path) -> int:
    try:
        return sum(1 for _ in folder.iterdir())
    except FileNotFoundError:
        return 0
