"""Branches of jobs: tips that are kept, tips that are rescued, and proof that a branch was merged."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Literal, cast

import pygit2
from pygit2.enums import SortMode

from logist_ci.errors import LostRaceError, RefusedError
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.patches import fingerprint, touched
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, JobId, RefName, ref_name

__all__ = ["KEPT", "RESCUED", "Proof", "delete_branch", "is_ancestor", "keep_tip", "merged_into", "rescue"]

#: Where earlier tips of jobs are, ``<job-id>/<n>``: local, never pushed.
KEPT = "refs/logist/kept/"
#: Where work is that a cleanup would have lost, ``<job-id>/<n>``.
RESCUED = "refs/logist/rescue/"

Proof = Literal["ancestor", "equal tree", "patch-id"]

# So far back a merge is looked for; an older one cannot be proven, and what is not proven is kept.
_COMMITS = 2000


def keep_tip(refs: RefStore, job: JobId, commit: CommitId) -> RefName:
    """Keep ``commit``, an earlier tip of the job, from being collected; return the reference that does.

    A commit that is the newest of them already is not kept twice.
    """
    return _numbered(refs, f"{KEPT}{job}/", commit)


def rescue(refs: RefStore, job: JobId, commit: CommitId) -> RefName:
    """Do for work that would be lost with the job what :func:`keep_tip` does for earlier tips."""
    return _numbered(refs, f"{RESCUED}{job}/", commit)


def delete_branch(refs: RefStore, branch: str, expected: CommitId) -> None:
    """Delete ``branch`` and its log, provided it is at ``expected``.

    Raises:
        RefusedError: a worktree has it checked out.
        LostRaceError: it has moved, or is gone.
    """
    ref = ref_name(f"refs/heads/{branch}")
    for head in _heads(refs.repository.common_dir):
        if _content(head) == f"ref: {ref}":
            raise RefusedError(
                f"The branch {branch} is checked out: {_shown(head)}.", hint="Remove that worktree, or switch it away."
            )
    refs.delete(ref, expected=expected)


def is_ancestor(repository: Repository, ancestor: CommitId, descendant: CommitId) -> bool:
    """Whether ``ancestor`` is ``descendant`` or one of the commits that it came from.

    Raises:
        StoreError: a commit is not in the object store.
    """
    with translated_git_errors(f"compare {ancestor[:10]} with {descendant[:10]}"):
        return ancestor == descendant or repository.raw.descendant_of(descendant, ancestor)


def merged_into(repository: Repository, tip: CommitId, into: CommitId) -> Proof | None:
    """Return why all work of ``tip`` is in ``into``, or ``None`` where that cannot be proven.

    ``ancestor``: it was merged, or fast-forwarded to. ``equal tree``: a commit since they parted has
    exactly its files. ``patch-id``: a commit made exactly the whole branch's change (a squash), or
    commits made exactly the changes of each of its commits (a rebase).

    Raises:
        StoreError: a commit is not in the object store.
    """
    if is_ancestor(repository, tip, into):
        return "ancestor"
    with translated_git_errors(f"look for {tip[:10]} in {into[:10]}"):
        raw = repository.raw
        parted = cast("pygit2.Oid | None", raw.merge_base(tip, into))
        if parted is None:
            return None
        base, wanted = raw[parted].peel(pygit2.Tree), raw[tip].peel(pygit2.Tree)
        candidates = list(_since(raw, into, parted))
        if wanted.id in {base.id, *(commit.tree_id for commit in candidates)}:
            return "equal tree"
        if _made_by_one(candidates, base, wanted) or _made_one_by_one(raw, candidates, tip, parted):
            return "patch-id"
    return None


def _since(raw: pygit2.Repository, into: CommitId | pygit2.Oid, parted: pygit2.Oid) -> Iterator[pygit2.Commit]:
    walker = raw.walk(into, SortMode.TOPOLOGICAL)
    walker.hide(parted)
    return islice(walker, _COMMITS)


def _made_by_one(candidates: list[pygit2.Commit], base: pygit2.Tree, wanted: pygit2.Tree) -> bool:
    names = touched(base, wanted)
    similar = [
        commit for commit in candidates if commit.parents and touched(commit.parents[0].tree, commit.tree) == names
    ]
    whole = fingerprint(base, wanted) if similar else b""
    return any(fingerprint(commit.parents[0].tree, commit.tree) == whole for commit in similar)


def _made_one_by_one(
    raw: pygit2.Repository, candidates: list[pygit2.Commit], tip: CommitId, parted: pygit2.Oid
) -> bool:
    branch = list(_since(raw, tip, parted))
    if len(branch) == _COMMITS or any(len(commit.parents) != 1 for commit in branch):
        # What a merge brought along is nobody's single change.
        return False
    changes = [(commit.parents[0].tree, commit.tree) for commit in branch]
    return all(before.id == after.id or _made_by_one(candidates, before, after) for before, after in changes)


def _numbered(refs: RefStore, folder: str, commit: CommitId) -> RefName:
    while True:
        present = {
            int(ref[len(folder) :]): tip for ref, tip in refs.list(folder).items() if ref[len(folder) :].isdigit()
        }
        last = max(present, default=0)
        if present.get(last) == commit:
            return ref_name(f"{folder}{last}")
        ref = ref_name(f"{folder}{last + 1}")
        try:
            refs.write(ref, commit, expected=None)
        except LostRaceError:
            continue
        return ref


def _heads(common_dir: Path) -> Iterator[Path]:
    yield common_dir / "HEAD"
    yield from sorted((common_dir / "worktrees").glob("*/HEAD"))


def _content(head: Path) -> str:
    try:
        return head.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _shown(head: Path) -> str:
    admin = head.parent
    return f"in the worktree {admin.name}" if admin.parent.name == "worktrees" else "in the main worktree"
