"""Takes over what was left in a job's worktree, without trusting it, as a commit on the job's branch.

Git runs with a private directory and index, attributes and ignore rules are those recorded before the
agent ran, and the agent's own commits come in through the import door. Doing it twice makes one commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pygit2
from msgspec.structs import replace

from logist_ci.errors import LostRaceError
from logist_ci.gitstore.adoption import Adopted, Standing, adopt, commit_of_head
from logist_ci.gitstore.branches import keep_tip
from logist_ci.gitstore.checkout import recorded_checkout
from logist_ci.gitstore.checkout_record import CheckoutRecord, write_record
from logist_ci.gitstore.diffs import diff_stat
from logist_ci.gitstore.door import ImportDoor
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.intake import settled_now, take_in
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.private_index import IndexState, bring_index, install_index, written_tree
from logist_ci.gitstore.ref_repair import read_or_drop
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.registration import Registration
from logist_ci.gitstore.repository import FALLBACK_IDENTITY, Identity, Repository
from logist_ci.gitstore.work_commit import WorkCommit, commit_signed, commit_work, with_trailers
from logist_ci.job.ids import CommitId, RefName, ref_name
from logist_ci.job.manifest import Finding, Manifest
from logist_ci.process.clock import Clock, SystemClock

__all__ = ["Harvested", "harvest"]

_RACES = 3


@dataclass(frozen=True)
class Harvested:
    """What a harvest brought: the branch's ``head``, and how it differs from the job's base.

    ``changed`` says whether the branch is somewhere else than where the agent began. ``paths`` are the
    files that differ from the base.
    """

    head: CommitId
    changed: bool
    files: int
    insertions: int
    deletions: int
    findings: tuple[Finding, ...] = ()
    paths: tuple[bytes, ...] = ()


def harvest(
    repository: Repository,
    folder: JobFolder,
    manifest: Manifest,
    *,
    message: str,
    author: str,
    trailers: Mapping[str, str],
    findings_in: Iterable[Finding] = (),
    clock: Clock | None = None,
) -> Harvested:
    """Commit what is in the worktree of a job onto its branch, and return what there is now.

    ``findings_in`` come first among the findings.

    Raises:
        StoreError: something could not be read or stored; the files stay where they are.
        LostRaceError: somebody else keeps moving the branch.
    """
    source = manifest.source
    crop = _Crop(
        repository=repository,
        folder=folder,
        manifest=manifest,
        refs=RefStore(repository),
        ref=ref_name(f"refs/heads/{source.branch}"),
        registration=Registration(manifest.id, folder.workspace, repository.common_dir),
        record=recorded_checkout(repository, folder, manifest),
        write=_Writing(with_trailers(message, trailers), author, clock or SystemClock()),
    )
    for _ in range(_RACES - 1):
        with suppress(LostRaceError):
            head, findings = crop.bring_in()
            break
    else:
        head, findings = crop.bring_in()
    stat = diff_stat(repository, source.base_commit, head)
    return Harvested(
        head=head,
        changed=head != crop.given,
        files=stat.files,
        insertions=stat.insertions,
        deletions=stat.deletions,
        findings=(*findings_in, *findings),
        paths=stat.paths,
    )


@dataclass(frozen=True)
class _Writing:
    """How the commit is to be made."""

    message: str
    author: str
    clock: Clock


@dataclass(frozen=True)
class _Crop:
    """One harvest."""

    repository: Repository
    folder: JobFolder
    manifest: Manifest
    refs: RefStore
    ref: RefName
    registration: Registration
    record: CheckoutRecord
    write: _Writing

    @property
    def given(self) -> CommitId:
        """The tip that the agent was given."""
        return self.manifest.result.head or self.manifest.source.base_commit

    def bring_in(self) -> tuple[CommitId, tuple[Finding, ...]]:
        """Do it; return the new head, and what was noticed."""
        record = self.record
        branch = read_or_drop(self.refs, self.ref, self.folder.backups)
        door = ImportDoor(self.repository, self.folder.temp, incomplete=record.settings.missing)
        standing = Standing(self.given, branch, commit_of_head(self.refs, self.registration.head()))
        adopted = adopt(self.repository, door, standing)
        setup = Setup(worktree=self.folder.workspace, settings=record.settings, attributes=record.attributes)
        if not _is_folder(self.folder.workspace):
            self._point(branch, adopted.parent, adopted.rejected)
            return adopted.parent, (*adopted.findings, _gone(self.folder))
        with private_git(self.folder.temp, self.repository, setup) as git:
            tree, noticed = self._files(git, adopted)
            head, unsigned = self._committed(git, adopted, tree)
            self._point(branch, head, adopted.rejected)
            if adopted.beyond:
                # The branch is ahead of the worktree, which holds nothing that the branch does not have.
                git.ask("read-tree", "-u", "--reset", head)
            self._settle(git, head)
        return head, (*adopted.findings, *noticed, *unsigned)

    def _files(self, git: PrivateGit, adopted: Adopted) -> tuple[str, tuple[Finding, ...]]:
        """Take the worktree's files in; return their tree."""
        bring_index(git, self.folder, self.record)
        if adopted.files != self.record.tip:
            # Entries that stay the same keep what is known about their files' times.
            git.ask("read-tree", "-i", "-m", adopted.files)
        before = IndexState.of(git.index)
        known = self._tree(adopted.files)
        findings = take_in(
            git,
            self.folder.workspace,
            self.folder.backups,
            known=lambda path: os.fsdecode(path) in known,
            settled_ns=self.record.settled_ns,
        )
        if IndexState.of(git.index) == before:
            return str(known.id), findings
        return written_tree(git, self.repository, incomplete=self.record.settings.missing), findings

    def _committed(self, git: PrivateGit, adopted: Adopted, tree: str) -> tuple[CommitId, tuple[Finding, ...]]:
        parents = [adopted.parent, *([adopted.files] if adopted.beyond else [])]
        if tree in [str(self._tree(parent).id) for parent in parents]:
            return adopted.parent, ()
        name, email = self.record.identity
        committer = Identity(name, email) if name and email else FALLBACK_IDENTITY
        now = self.write.clock.now()
        work = WorkCommit(tree, adopted.parent, self.write.message, self.write.author, committer, now)
        if self.record.sign:
            return commit_signed(self.repository, git, work)
        return commit_work(self.repository, work), ()

    def _point(self, branch: CommitId | None, head: CommitId, rejected: tuple[CommitId, ...]) -> None:
        """Let the branch lead to ``head``, and something to what it does not lead to any more."""
        for commit in rejected:
            keep_tip(self.refs, self.manifest.id, commit)
        if head != branch:
            self.refs.write(self.ref, head, expected=branch, message=f"harvest {self.manifest.id}")

    def _settle(self, git: PrivateGit, head: CommitId) -> None:
        """Leave the worktree on its branch, with nothing half-done, as the next attempt expects it."""
        if self.registration.exists():
            self.registration.set_aside_unfinished(self.folder.temp)
            self.registration.point_head(self.record.branch)
        index = install_index(git, self.folder, self.registration)
        settled = settled_now(self.folder.workspace)
        write_record(self.folder, replace(self.record, tip=head, ready=True, index=index, settled_ns=settled))

    def _tree(self, commit: CommitId) -> pygit2.Tree:
        with translated_git_errors(f"read the commit {commit[:10]}"):
            return self.repository.raw[commit].peel(pygit2.Tree)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _gone(folder: JobFolder) -> Finding:
    message = f"The worktree {folder.workspace} is gone, or something else stands there. No files were taken over."
    return Finding(code="LG203", level="error", message=message)
