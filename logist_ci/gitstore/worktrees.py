"""The worktrees of jobs: made, taken again for the next attempt, and removed; git is never run in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from logist_ci.errors import RefusedError
from logist_ci.gitstore.checkout_record import read_record, record_file
from logist_ci.gitstore.diffs import diff_stat
from logist_ci.gitstore.folders import JobFolder, JobsRoot
from logist_ci.gitstore.provisioning import Provisioned, Provisioning, registering
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.registration import Registration, registrations
from logist_ci.gitstore.removal import delete_tree, put_away, removed_before
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, JobId, ref_name
from logist_ci.process.clock import Clock, SystemClock
from logist_ci.process.files import translated_os_errors

__all__ = ["Listed", "Provisioned", "Worktrees"]


@dataclass(frozen=True)
class Listed:
    """A worktree of ours that git has registered, and where it is or was."""

    job: JobId
    place: Path


class Worktrees:
    """The worktrees of one repository's jobs. All methods may be called from any thread and any process."""

    def __init__(self, repository: Repository, root: JobsRoot, clock: Clock | None = None) -> None:
        self._repository = repository
        self._root = root
        self._clock = clock or SystemClock()
        self._refs = RefStore(repository)

    def provision(
        self,
        job_id: JobId,
        folder: JobFolder,
        *,
        branch: str,
        base: CommitId,
        tip: CommitId,
        include: Iterable[str | Path] = (),
        clean: bool = False,
    ) -> Provisioned:
        """Make the worktree of a job at ``tip`` of its ``branch``, or take the one that is there.

        Where people have committed onto the branch since ``tip``, it stands on their commit. ``include`` are
        files of the user's worktree that git does not carry. ``clean`` asks for a worktree as a fresh one
        is: what is in no commit is kept under ``refs/logist/rescue`` and goes, and so does what git ignores.

        Raises:
            RefusedError: the branch or the folder is not this job's, or somebody moved the branch away.
            StoreError, MissingError: the disk refused, or objects are missing. What was half-made is removed.
        """
        registration = self._registration(job_id, folder)
        if registration.exists() and not registration.ours():
            raise RefusedError(
                f"There is a worktree {job_id} already, and it is not this job's.",
                hint="Look at: git worktree list --porcelain",
            )
        self._root.make()
        provisioning = Provisioning(
            refs=self._refs,
            lock_file=self._root.lock_file,
            clock=self._clock,
            registration=registration,
            folder=folder,
            ref=ref_name(f"refs/heads/{branch}"),
            base=base,
            tip=tip,
            include=tuple(os.fspath(path) for path in include),
        )
        record = read_record(folder)
        if record is not None and record.branch != branch:
            record = None
        standing = folder.workspace.is_dir() and not folder.workspace.is_symlink()
        if standing and (record.ready if record else registration.exists()):
            return provisioning.again(record, clean=clean)
        if record is None and os.path.lexists(folder.workspace):
            self._check_empty(folder)
        # What is there was never complete: no agent has been in it.
        self._take_away(registration, folder)
        return provisioning.make(record)

    def remove(self, job_id: JobId, folder: JobFolder) -> None:
        """Remove the worktree of a job with whatever is in it; git is not run, and missing is fine.

        Raises:
            RefusedError: the registered worktree is not the job's, or something could not be deleted.
        """
        self._take_away(self._registration(job_id, folder), folder)
        for file in (folder.index, record_file(folder)):
            with translated_os_errors(f"remove {file}"):
                file.unlink(missing_ok=True)

    def registered(self, job_id: JobId) -> bool:
        """Whether git has a worktree of the job registered, locked by us."""
        return any(listed.job == job_id for listed in self.listing())

    def listing(self) -> tuple[Listed, ...]:
        """Return the worktrees of ours that git has registered, whether or not their folders exist."""
        return tuple(Listed(job, place) for job, place in registrations(self._repository.common_dir))

    def changed_paths(self, base: CommitId, head: CommitId | None) -> tuple[str, ...]:
        """Return the files that differ between two commits; none without a ``head``."""
        return tuple(map(os.fsdecode, diff_stat(self._repository, base, head).paths)) if head else ()

    def _registration(self, job_id: JobId, folder: JobFolder) -> Registration:
        return Registration(job_id, folder.workspace, self._repository.common_dir)

    def _take_away(self, registration: Registration, folder: JobFolder) -> None:
        if registration.exists():
            registration.check_ours()
        put_away(folder.workspace, folder.temp, folder.workspace.parent)
        if registration.exists():
            with registering(self._root.lock_file):
                registration.unregister(folder.temp)
        for place in {folder.temp, folder.workspace.parent}:
            # Also what could not be deleted the last time.
            for left in removed_before(place):
                delete_tree(left)

    def _check_empty(self, folder: JobFolder) -> None:
        with translated_os_errors(f"look into {folder.workspace}"):
            if folder.workspace.is_symlink() or not folder.workspace.is_dir() or any(folder.workspace.iterdir()):
                raise RefusedError(
                    f"{folder.workspace} exists already, and is not a worktree of this job.",
                    hint="Move it away, then try again.",
                )
