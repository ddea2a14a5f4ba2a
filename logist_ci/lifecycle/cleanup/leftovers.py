"""What was never committed in a job's worktree: counted and saved without trusting the worktree.

Git runs with a private git directory and index, as in a harvest; ignored files do not count as work.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager

from logist_ci.errors import RefusedError
from logist_ci.gitstore.branches import rescue
from logist_ci.gitstore.checkout import planned_checkout, recorded_checkout
from logist_ci.gitstore.checkout_record import CheckoutRecord, read_record
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.intake import take_in
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.private_index import bring_index, written_tree
from logist_ci.gitstore.work_commit import WorkCommit, commit_work
from logist_ci.job.ids import CommitId, RefName
from logist_ci.job.manifest import Finding, Manifest
from logist_ci.runner.parts import Parts

__all__ = ["SAVED_SUBJECT", "count_leftovers", "save_leftovers", "save_orphan"]

#: What the message of a commit begins with that holds what was saved.
SAVED_SUBJECT = "Uncommitted changes in the worktree of "

_DIFFERENT = ("ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard")


def count_leftovers(parts: Parts, folder: JobFolder, manifest: Manifest, tip: CommitId) -> int:
    """Return how many paths of the worktree differ from the commit ``tip``.

    Raises:
        StoreError, MissingError: it cannot be told.
    """
    record = recorded_checkout(parts.repository, folder, manifest)
    with _git_at(parts, folder, record, tip) as git:
        git.run("update-index", "-q", "--refresh")
        return len({path for path in git.ask(*_DIFFERENT).split(b"\0") if path})


def save_leftovers(parts: Parts, folder: JobFolder, manifest: Manifest, tip: CommitId) -> RefName | None:
    """Commit what the worktree has on top of ``tip``, and keep that commit; ``None`` when there is nothing to save.

    Raises:
        RefusedError: something in it can neither be read nor saved.
        StoreError, MissingError: the disk refused.
    """
    return _saved(parts, folder, recorded_checkout(parts.repository, folder, manifest), tip)


def save_orphan(parts: Parts, folder: JobFolder) -> RefName | None:
    """Do for a worktree without a manifest what :func:`save_leftovers` does, on top of what is known of its branch.

    Raises:
        RefusedError: something in it can neither be read nor saved.
        StoreError, MissingError: the disk refused.
    """
    if not folder.workspace.is_dir() or folder.workspace.is_symlink():
        return None
    record = read_record(folder)
    if record is None:
        head = parts.repository.resolve("HEAD")
        record = planned_checkout(parts.repository, branch="", base=head, tip=head)
    return _saved(parts, folder, record, record.tip)


def _saved(parts: Parts, folder: JobFolder, record: CheckoutRecord, tip: CommitId) -> RefName | None:
    with _git_at(parts, folder, record, tip) as git:
        before = git.ask("write-tree", "--missing-ok")
        _check_saved(folder, take_in(git, folder.workspace, folder.backups))
        tree = written_tree(git, parts.repository, incomplete=True)
        if tree == before.decode("ascii").strip():
            return None
    work = WorkCommit(
        tree=tree,
        parent=tip,
        message=f"{SAVED_SUBJECT}{folder.id}\n\nSaved before it was removed.\n",
        author="Logist CI",
        committer=parts.repository.identity(),
        at=parts.clock.now(),
    )
    return rescue(parts.refs, folder.id, commit_work(parts.repository, work))


@contextmanager
def _git_at(parts: Parts, folder: JobFolder, record: CheckoutRecord, tip: CommitId) -> Iterator[PrivateGit]:
    """Give a private git whose index is that of ``tip``, with what was known of the files before."""
    setup = Setup(worktree=folder.workspace, settings=record.settings, attributes=record.attributes)
    with private_git(folder.temp, parts.repository, setup) as git:
        bring_index(git, folder, record)
        # Keeps what the index knows about the files that are the same in the commit.
        git.ask("read-tree", "-m", tip)
        yield git


def _check_saved(folder: JobFolder, findings: tuple[Finding, ...]) -> None:
    lost = [finding for finding in findings if finding.code in ("LG208", "LG211") and not _special(folder, finding)]
    if lost:
        raise RefusedError(
            f"The worktree {folder.workspace} has work that cannot be saved: {lost[0].message}",
            hint="Make it readable or move it elsewhere, then clean up again.",
        )


def _special(folder: JobFolder, finding: Finding) -> bool:
    """Whether it is something that holds no work: a pipe, a socket or a device."""
    try:
        mode = (folder.workspace / finding.path).lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
