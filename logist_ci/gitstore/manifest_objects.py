"""One manifest as one commit: a tree of ``job_manifest.json`` and ``prompt.md``, and at most one parent.

Objects are read raw: what is stored under our references may be damaged, foreign or forged, and every
defect has to be named rather than met somewhere later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pygit2
from pygit2.enums import FileMode, ObjectType

from logist_ci.errors import JobStateError
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.repository import Identity
from logist_ci.job.codec import MANIFEST_BYTES, decode
from logist_ci.job.ids import CommitId, JobId
from logist_ci.job.manifest import Manifest

__all__ = [
    "MANIFEST_NAME",
    "PROMPT_NAME",
    "Draft",
    "blob_of",
    "contents_of",
    "entries_of",
    "manifest_in",
    "parents_of",
    "prompt_in",
    "tree_of",
    "write_commit",
    "write_tree_commit",
]

MANIFEST_NAME = "job_manifest.json"
PROMPT_NAME = "prompt.md"

_PROMPT_BYTES = 16_000_000


@dataclass(frozen=True)
class Draft:
    """A commit to be written: what it says, who says it, and when."""

    message: str
    identity: Identity
    at: datetime
    parents: tuple[CommitId, ...] = ()


def write_commit(raw: pygit2.Repository, files: dict[str, pygit2.Oid], draft: Draft) -> CommitId:
    """Store a commit whose tree has exactly ``files``, and return it; nothing refers to it yet."""
    with translated_git_errors("store a manifest"):
        builder = raw.TreeBuilder()
        for name, blob in files.items():
            builder.insert(name, blob, FileMode.BLOB)
        return write_tree_commit(raw, builder.write(), draft)


def write_tree_commit(raw: pygit2.Repository, tree: pygit2.Oid, draft: Draft) -> CommitId:
    """Store a commit of ``tree`` and return it."""
    identity, seconds = draft.identity, int(draft.at.timestamp())
    signature = pygit2.Signature(identity.name, identity.email, seconds, 0)
    message = " ".join(draft.message.split()) + "\n"
    return CommitId(str(raw.create_commit(None, signature, signature, message, tree, list(draft.parents))))


def manifest_in(raw: pygit2.Repository, job: JobId, commit: CommitId) -> Manifest:
    """Return the manifest of ``job`` that is stored in ``commit``.

    Raises:
        JobStateError: it is missing, damaged or another job's; the message names the defect.
    """
    return contents_of(raw, job, commit)[0]


def contents_of(raw: pygit2.Repository, job: JobId, commit: CommitId) -> tuple[Manifest, pygit2.Oid | None]:
    """Return what :func:`manifest_in` does, and the object of the prompt, if there is one."""
    try:
        entries = entries_of(raw, tree_of(raw, commit))
        manifest = decode(_file(raw, commit, entries, MANIFEST_NAME, MANIFEST_BYTES))
    except JobStateError as defect:
        hint = defect.hint or f"See what else is wrong with it: logist-ci validate {job}"
        raise type(defect)(f"The job {job} cannot be read. {defect}", hint=hint) from defect
    if manifest.id != job:
        raise JobStateError(f"The manifest stored for {job} is the one of {manifest.id}.")
    prompt = entries.get(PROMPT_NAME.encode())
    return manifest, pygit2.Oid(hex=prompt) if prompt else None


def prompt_in(raw: pygit2.Repository, commit: CommitId) -> str:
    """Return the prompt that is stored in ``commit``; raise :class:`JobStateError` when there is none."""
    return blob_of(raw, commit, PROMPT_NAME, _PROMPT_BYTES).decode("utf-8", "replace")


def blob_of(raw: pygit2.Repository, commit: CommitId, name: str, limit: int) -> bytes:
    """Return the file ``name`` of ``commit``.

    Raises:
        JobStateError: it is no commit, there is no such file, or it has more than ``limit`` bytes.
    """
    return _file(raw, commit, entries_of(raw, tree_of(raw, commit)), name, limit)


def entries_of(raw: pygit2.Repository, tree: str) -> dict[bytes, str]:
    """Return names and object ids of a tree's entries."""
    return dict(_entries(_read(raw, tree, ObjectType.TREE, "the tree", _PROMPT_BYTES)))


def tree_of(raw: pygit2.Repository, commit: CommitId) -> str:
    """Return the id of the tree of ``commit``; raise :class:`JobStateError` when it is no commit."""
    return _read(raw, commit, ObjectType.COMMIT, "the commit", _PROMPT_BYTES)[5:45].decode("ascii", "replace")


def parents_of(raw: pygit2.Repository, commit: CommitId) -> tuple[CommitId, ...]:
    """Return the parents of ``commit``; raise :class:`JobStateError` when it is no commit."""
    header = _read(raw, commit, ObjectType.COMMIT, "the commit", _PROMPT_BYTES).partition(b"\n\n")[0]
    lines = header.decode("ascii", "replace").splitlines()
    return tuple(CommitId(line[7:47]) for line in lines if line.startswith("parent "))


def _file(raw: pygit2.Repository, commit: CommitId, entries: dict[bytes, str], name: str, limit: int) -> bytes:
    blob = entries.get(name.encode())
    if blob is None:
        raise JobStateError(f"The commit {commit[:10]} holds no {name}.")
    return _read(raw, blob, ObjectType.BLOB, name, limit)


def _read(raw: pygit2.Repository, name: str, kind: ObjectType, what: str, limit: int) -> bytes:
    try:
        found, size = raw.odb.read_header(pygit2.Oid(hex=name))
        if found == kind and size <= limit:
            return raw.odb.read(pygit2.Oid(hex=name))[1]
    except (KeyError, ValueError) as defect:
        raise JobStateError(f"The object of {what} ({name[:10]}) is missing.", hint="Look at: git fsck") from defect
    except (OSError, pygit2.GitError) as defect:
        raise JobStateError(f"The object of {what} ({name[:10]}) is damaged: {defect}.") from defect
    if found != kind:
        raise JobStateError(f"The object {name[:10]} should be {what}, and is not: it is a {found.name.lower()}.")
    raise JobStateError(f"The object of {what} ({name[:10]}) has {size} bytes; more than {limit} are not read.")


def _entries(tree: bytes) -> Iterator[tuple[bytes, str]]:
    at = 0
    while at < len(tree):
        end = tree.index(b"\0", at)
        yield tree[tree.index(b" ", at) + 1 : end], tree[end + 1 : end + 21].hex()
        at = end + 21
