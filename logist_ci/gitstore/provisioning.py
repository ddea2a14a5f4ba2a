"""The two ways to a job's worktree: making it, all or nothing, and taking the one of an earlier attempt again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pygit2
from msgspec.structs import replace

from logist_ci.errors import JobStateError, LogistError, LostRaceError, RefusedError
from logist_ci.gitstore.branches import RESCUED, is_ancestor, rescue
from logist_ci.gitstore.checkout import check_out, found_out_again, planned_checkout, remotes
from logist_ci.gitstore.checkout_record import CheckoutRecord, record_file, write_record
from logist_ci.gitstore.failures import translated_git_errors
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.include import copy_included
from logist_ci.gitstore.intake import settled_now, take_in
from logist_ci.gitstore.manifest_objects import manifest_in
from logist_ci.gitstore.manifests import job_ref
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.private_index import bring_index, install_index, written_tree
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.registration import Registration
from logist_ci.gitstore.removal import delete_tree, put_away
from logist_ci.gitstore.work_commit import WorkCommit, commit_work
from logist_ci.job.ids import CommitId, JobId, RefName
from logist_ci.process.clock import Clock, SystemClock
from logist_ci.process.files import translated_os_errors
from logist_ci.process.locks import lock

__all__ = ["Provisioned", "Provisioning", "registering"]

_WAIT_S = 60.0


@dataclass(frozen=True)
class Provisioned:
    """A worktree that is ready: ``made`` says that it is as a fresh one, so that set-up has to run.

    ``tip`` is the commit it stands on. ``rescued`` holds files that nobody had harvested and that had to
    make way. ``notes`` are sentences for the job's log.
    """

    made: bool
    tip: CommitId
    rescued: CommitId | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def registering(lock_file: Path) -> Iterator[None]:
    """Be the only one who registers or unregisters worktrees: git's own records are no place for two.

    Raises:
        BusyError: somebody else was, for a minute.
    """
    # Other processes do not wait for a clock that stands still, so this is the machine's.
    with lock(lock_file, _WAIT_S, SystemClock()):
        yield


@dataclass(frozen=True)
class Provisioning:
    """One request for a worktree."""

    refs: RefStore
    lock_file: Path
    clock: Clock
    registration: Registration
    folder: JobFolder
    ref: RefName
    base: CommitId
    tip: CommitId
    include: tuple[str, ...] = ()

    @property
    def job(self) -> JobId:
        """The job that asks."""
        return self.folder.id

    @property
    def branch(self) -> str:
        """The job's branch."""
        return self.ref.removeprefix("refs/heads/")

    def make(self, earlier: CheckoutRecord | None) -> Provisioned:
        """Make the worktree; ``earlier`` is what an attempt to do so has left.

        Raises:
            RefusedError: the branch is somebody else's.
            LogistError: something failed; then nothing of it is left.
        """
        present = self.refs.read(self.ref)
        tip = self._tip(present, earlier)
        with ExitStack() as undo:
            self.folder.make()
            plan = self._plan(tip)
            write_record(self.folder, plan)
            undo.callback(record_file(self.folder).unlink, missing_ok=True)
            if present is None:
                self._create_branch(tip)
                undo.callback(self._delete_branch, tip)
            undo.callback(self._drop)
            self._register(plan)
            record, notes = check_out(self.refs.repository, self.folder, self.registration, plan)
            notes += self._included()
            write_record(self.folder, replace(record, ready=True, settled_ns=settled_now(self.folder.workspace)))
            undo.pop_all()
        return Provisioned(True, tip, notes=notes)

    def again(self, record: CheckoutRecord | None, *, clean: bool) -> Provisioned:
        """Take the worktree that is there, brought to the branch's tip; with ``clean`` nothing else is in it.

        Without a ``record`` nobody knows whether it is complete.

        Raises:
            RefusedError: the branch was moved away from the job's work.
        """
        record = record or found_out_again(self.refs.repository, self.folder, self._plan(self.tip))
        present = self.refs.read(self.ref)
        target = self._tip(present, record)
        if present is None:
            self._create_branch(target)
        self._mend(record)
        if record.ready and record.tip == target and not clean:
            return Provisioned(False, target)
        incomplete = record.settings.missing
        extra = list(remotes(self.refs.repository.configuration())) if incomplete else []
        setup = Setup(self.folder.workspace, record.settings, record.attributes, extra, network=incomplete)
        with private_git(self.folder.temp, self.refs.repository, setup) as git:
            rescued = self._rescued(git, record, target)
            git.ask("read-tree", "-u", "--reset", target)
            if clean:
                self._sweep(git)
            index = install_index(git, self.folder, self.registration)
        notes = self._included() if clean else ()
        if rescued:
            notes += (
                f"What was in the worktree and in no commit is kept as {rescued[:10]} under {RESCUED}{self.job}/.",
            )
        settled = settled_now(self.folder.workspace)
        write_record(self.folder, replace(record, tip=target, ready=True, index=index, settled_ns=settled))
        return Provisioned(clean, target, rescued, notes)

    def _plan(self, tip: CommitId) -> CheckoutRecord:
        return planned_checkout(self.refs.repository, branch=self.branch, base=self.base, tip=tip)

    def _tip(self, present: CommitId | None, record: CheckoutRecord | None) -> CommitId:
        """Return where the worktree is to stand: at the tip, or where people have gone on from there."""
        if present is None:
            return self.tip
        if not self._is_ours(record):
            raise self._taken()
        if not is_ancestor(self.refs.repository, self.tip, present):
            raise RefusedError(
                f"The branch {self.branch} was moved to {present[:10]}, which does not continue the job's work.",
                hint=f"Move it back with: git branch -f {self.branch} {self.tip[:10]}",
            )
        return present

    def _is_ours(self, record: CheckoutRecord | None) -> bool:
        if self.tip != self.base or (record is not None and record.branch == self.branch):
            return True
        stored = self.refs.read(job_ref(self.job))
        if stored is None:
            return False
        try:
            manifest = manifest_in(self.refs.repository.raw, self.job, stored)
        except JobStateError:
            return False
        return any(phase.attempts for phase in manifest.phases)

    def _create_branch(self, tip: CommitId) -> None:
        try:
            self.refs.write(self.ref, tip, expected=None, message=f"branch of the job {self.job}")
        except LostRaceError as lost:
            raise self._taken() from lost

    def _taken(self) -> RefusedError:
        return RefusedError(
            f"The branch {self.branch} exists already, and is not this job's.",
            hint="Rename or delete it, or choose another branch_prefix.",
        )

    def _register(self, plan: CheckoutRecord) -> None:
        own_config = self.refs.repository.configuration().flag("extensions.worktreeconfig")
        with registering(self.lock_file):
            self.registration.write(self.branch, plan.settings, own_config=own_config)
        with translated_os_errors(f"make the folder {self.folder.workspace}"):
            self.folder.workspace.mkdir()
        self.registration.link_up()

    def _mend(self, record: CheckoutRecord) -> None:
        if self.registration.sound(self.branch):
            return
        own_config = self.refs.repository.configuration().flag("extensions.worktreeconfig")
        with registering(self.lock_file):
            self.registration.write(self.branch, record.settings, own_config=own_config)
        self.registration.link_up()

    def _included(self) -> tuple[str, ...]:
        repository = self.refs.repository
        source = repository.worktree or repository.main_worktree
        return copy_included(source, self.folder.workspace, self.include) if source else ()

    def _rescued(self, git: PrivateGit, record: CheckoutRecord, target: CommitId) -> CommitId | None:
        """Keep what is in the worktree and in no commit, because it is about to make way."""
        repository = self.refs.repository
        bring_index(git, self.folder, record)
        take_in(git, self.folder.workspace, self.folder.backups)
        tree = written_tree(git, repository, incomplete=record.settings.missing)
        with translated_git_errors("compare the worktree with its branch"):
            trees = {str(repository.raw[commit].peel(pygit2.Tree).id) for commit in (record.tip, target)}
        if tree in trees:
            return None
        message = f"What was in the worktree of {self.job} besides its commits\n"
        identity = repository.identity()
        work = WorkCommit(tree, record.tip, message, "Logist CI", identity, self.clock.now())
        commit = commit_work(repository, work)
        rescue(self.refs, self.job, commit)
        return commit

    def _sweep(self, git: PrivateGit) -> None:
        """Remove all that is not in the commit: by-products, ignored or not."""
        others = git.ask("ls-files", "-z", "--others", "--directory").split(b"\0")
        places = [self.folder.workspace / os.fsdecode(name.rstrip(b"/")) for name in others if name]
        for away in [put_away(place, self.folder.temp, self.folder.workspace.parent) for place in places]:
            if away is not None:
                delete_tree(away)

    def _delete_branch(self, tip: CommitId) -> None:
        with suppress(LogistError):
            self.refs.delete(self.ref, expected=tip)

    def _drop(self) -> None:
        """Remove what was half-made; the error that led here is the one to be told."""
        with suppress(LogistError):
            away = put_away(self.folder.workspace, self.folder.temp, self.folder.workspace.parent)
            with registering(self.lock_file):
                self.registration.unregister(self.folder.temp)
            if away is not None:
                delete_tree(away)
