"""Without a sandbox: what an agent may have done to the repository itself, found by comparing, and put back.

Git's configuration, its hooks, the way from the worktree to it, and the references of Logist CI are
compared with what they were before the program ran. Git is not run on any of it.
"""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from logist_ci.errors import LogistError, StoreError
from logist_ci.gitstore.checkout_record import CheckoutRecord, read_record, write_record
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.guarded_files import Kept, Place, differing, kept, place_of, put_back
from logist_ci.gitstore.guarded_places import guarded_places, module_places
from logist_ci.gitstore.harmless_changes import harmless_change
from logist_ci.gitstore.lineage import well_formed
from logist_ci.gitstore.manifests import job_ref
from logist_ci.gitstore.noticed import Level
from logist_ci.gitstore.private_index import lend_index
from logist_ci.gitstore.provisioning import registering
from logist_ci.gitstore.records import decoded, encoded
from logist_ci.gitstore.ref_guard import Moved, RefGuard, all_refs
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.registration import Registration
from logist_ci.gitstore.removal import put_away
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.watch import Watch, watching
from logist_ci.job.ids import job_id
from logist_ci.job.manifest import Finding, Phase

__all__ = ["Snapshot", "compare_and_restore", "snapshot"]

_SHOWN = 10
_WORDS = {"LG201": "The git configuration", "LG202": "The hook or folder of hooks", "LG203": "The worktree's own file"}


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A repository before a job's program ran.

    ``files`` are the guarded ones, at ``places`` as in :class:`Watch`; ``right`` are those of them that were wrong
    already, as they should be. ``own`` are the settings of the job's worktree, ``head`` is where the main worktree
    stood, ``refs`` every reference, ``record`` the job's checkout.
    """

    job: str
    folder: str
    workspace: str
    places: dict[str, tuple[str, str, bool]]
    files: dict[str, Kept]
    right: dict[str, Kept | None]
    own: dict[str, Kept]
    head: dict[str, Kept]
    refs: dict[str, str]
    record: CheckoutRecord | None = None


def snapshot(repository: Repository, folder: JobFolder, *, job_branch: str) -> bytes:
    """Return what :func:`compare_and_restore` needs to know, taken before the program of a job starts.

    Raises:
        StoreError, MissingError: something of it cannot be read.
    """
    registration = Registration(folder.id, folder.workspace, repository.common_dir)
    with watching(folder.base.parent) as watch:
        places = guarded_places(repository)
        files = kept(places)
        if not set(watch.jobs) - {folder.id}:
            # Nobody else runs: this is how things are.
            watch.places, watch.files, watch.restored = {}, {}, {}
        noted = {name: (place.code, os.fspath(place.path), place.folder) for name, place in places.items()}
        _note_new(watch, noted, files)
        watch.jobs = sorted({*watch.jobs, folder.id})
        taken = Snapshot(
            job=folder.id,
            folder=str(folder.base),
            workspace=str(folder.workspace),
            places=noted,
            files=files,
            right={name: watch.files.get(name) for name in differing(watch.files, files) if _within(name, noted)},
            own=kept(_own_places(registration)),
            head=kept(_head_place(repository)),
            refs=all_refs(repository.common_dir),
            record=read_record(folder),
        )
    return encoded(taken)


def compare_and_restore(
    repository: Repository, data: bytes, *, job_branch: str, folder: JobFolder | None = None
) -> tuple[Finding, ...]:
    """Compare a repository with the snapshot ``data``, put back what an agent has no business with, and name it.

    What was changed is kept in the job's ``backups``. ``folder`` is the job's, where the caller has it.

    Raises:
        RefusedError, StoreError, MissingError: something could not be put back.
    """
    try:
        taken = decoded(data, Snapshot)
        job = job_id(taken.job)
    except (msgspec.DecodeError, LogistError) as defect:
        message = f"What the repository was like before the job ran cannot be read any more: {defect}."
        return (Finding(code="LG201", level="error", message=message),)
    place = folder or JobFolder(job, Path(taken.folder), work_base=Path(taken.workspace).parent)
    comparison = _Comparison(repository, place, job_branch, taken)
    with watching(place.base.parent) as watch:
        findings = tuple(comparison.findings(watch))
        watch.jobs = [other for other in watch.jobs if other != job]
    return findings


@dataclass(frozen=True)
class _Comparison:
    """One comparison; every method puts back what it finds."""

    repository: Repository
    folder: JobFolder
    branch: str
    taken: Snapshot

    @property
    def registration(self) -> Registration:
        return Registration(self.folder.id, self.folder.workspace, self.repository.common_dir)

    def findings(self, watch: Watch) -> Iterator[Finding]:
        yield from self._guarded(watch)
        yield from self._worktree()
        yield from self._record()
        yield from self._references(watch)

    def _guarded(self, watch: Watch) -> Iterator[Finding]:
        places = {**module_places(self.repository.common_dir), **Watch(places=self.taken.places).guarded()}
        now, seen = kept(places), self.taken.files
        away: list[str] = []
        for name in differing(seen, now):
            right = self.taken.right.get(name, seen.get(name))
            if now.get(name) == right or watch.restored.get(name) == _print(now.get(name)):
                # Another runner has put it back: what this job saw at its start was wrong already.
                continue
            if any(name.startswith(f"{above}/") for above in away):
                # It went away with its folder, or lies behind a link, where it has another name.
                continue
            if note := harmless_change(name, place_of(places, name), right, now):
                watch.files[name] = now[name]
                yield _finding("LG205", "note", note, name)
                continue
            yield self._put_back(places, name, right)
            watch.restored[name] = _print(right)
            if right is None or right.kind != "folder":
                away.append(name)

    def _put_back(self, places: dict[str, Place], name: str, right: Kept | None) -> Finding:
        place = place_of(places, name)
        copy = put_back(place.path, right, self.folder.backups)
        kept_in = f" What it had become is kept in {copy}; {_take_back(copy, place.path)}" if copy else ""
        message = f"{_WORDS[place.code]} ({name}) was changed, by the agent or by you, and was put back.{kept_in}"
        return _finding(place.code, "error", message, name)

    def _worktree(self) -> Iterator[Finding]:
        """Compare the way from the worktree to the repository."""
        registration = self.registration
        if not self.folder.workspace.is_dir() or self.folder.workspace.is_symlink():
            # Whoever wants its files will say that they are gone.
            return
        places = _own_places(registration)
        for name in differing(self.taken.own, kept(places)):
            yield self._put_back(places, name, self.taken.own.get(name))
        if not registration.linked():
            if registration.link.is_dir() and not registration.link.is_symlink():
                put_away(registration.link, self.folder.backups, self.folder.workspace.parent, name="tampered")
            registration.link_up()
            yield _finding("LG203", "error", "The worktree's .git file was replaced, and was put back.", ".git")
        if not registration.intact():
            record = self.taken.record
            with registering(self.folder.base.parent / ".lock"):
                registration.write(self.branch, record.settings if record else CheckoutSettings(), own_config=False)
            lend_index(self.folder, registration)
            yield _finding("LG203", "error", "Git's record of the worktree was changed, and was put back.", "")

    def _record(self) -> Iterator[Finding]:
        """What is known about the checkout decides how files are taken over."""
        taken, now = self.taken.record, read_record(self.folder)
        if taken is not None and (now is None or now.pinned() != taken.pinned()):
            write_record(self.folder, taken)
            yield _finding("LG203", "error", "Logist CI's record of the checkout was changed, and was put back.", "")

    def _references(self, watch: Watch) -> Iterator[Finding]:
        guard = RefGuard(
            refs=RefStore(self.repository),
            jobs_root=self.folder.base.parent,
            backups=self.folder.backups,
            own=self.folder.id,
            own_branch=self.branch,
            before=self.taken.refs,
            put_back=watch.restored,
            done=self._only_checked(),
        )
        moved = guard.run()
        if self.taken.head != kept(_head_place(self.repository)):
            moved.others["HEAD"] = "another branch or commit"
        yield from _told(moved)

    def _only_checked(self) -> bool:
        """Whether the programs that ran were checks: what they leave on the branch is nobody's work."""
        refs = RefStore(self.repository)
        try:
            stored = refs.read(job_ref(self.folder.id))
        except StoreError:
            return False
        manifest = well_formed(self.repository.raw, self.folder.id, stored) if stored else None
        return manifest is not None and manifest.phase is Phase.VALIDATE


def _print(found: Kept | None) -> str:
    return hashlib.sha256(encoded(found)).hexdigest()


def _told(moved: Moved) -> Iterator[Finding]:
    ours = "References of Logist CI or of other jobs were moved"
    if moved.restored:
        yield _finding("LG204", "error", f"{ours}, and were put back: {_some(moved.restored)}.", moved.restored[0])
    if moved.stuck:
        yield _finding("LG204", "error", f"{ours}, and cannot be put back: {_some(moved.stuck)}.", moved.stuck[0])
    if moved.others:
        others = [f"{name} ({how})" for name, how in moved.others.items()]
        told = f"Other references moved while the job ran, by you or by the agent, and were left so: {_some(others)}."
        yield _finding("LG205", "note", told, next(iter(moved.others)))


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _finding(code: str, level: Level, message: str, path: str) -> Finding:
    return Finding(code=code, level=level, message=message, path=path)


def _take_back(copy: Path, path: Path) -> str:
    source = f"{copy}/." if copy.is_dir() and not copy.is_symlink() else os.fspath(copy)
    return f"if it was you, take it back with: cp -a {shlex.quote(source)} {shlex.quote(os.fspath(path))}"


def _note_new(watch: Watch, noted: dict[str, tuple[str, str, bool]], files: dict[str, Kept]) -> None:
    """Add places that no job before has known: as they are now is all that is known of them."""
    new = noted.keys() - watch.places.keys()
    watch.files.update({name: found for name, found in files.items() if _within(name, new)})
    watch.places.update({name: noted[name] for name in new})


def _within(name: str, places: Collection[str]) -> bool:
    while name and name not in places:
        name = name.rpartition("/")[0]
    return bool(name)


def _own_places(registration: Registration) -> dict[str, Place]:
    return {"worktree's config": Place("LG203", registration.admin / "config.worktree")}


def _head_place(repository: Repository) -> dict[str, Place]:
    return {"HEAD": Place("LG205", repository.common_dir / "HEAD")}
