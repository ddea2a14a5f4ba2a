"""Compares references with what they were before an agent ran, and puts back what only we may move.

Other runners of ours work at the same time, so a change alone proves nothing. The rule, for each kind:

* a manifest may move along legal changes, each a commit on the last one, and go once it is archived;
* an archive may grow, kept and rescued tips may be added, and go with their job;
* another job's branch may move while that job moves: its manifest has changed too, or somebody owns it;
* the job's own branch may move while an agent works, not while checks run;
* what another runner has just put back is right.

Everything else below ``refs/logist/``, and on branches of jobs, is put back by compare-and-swap; the
value it had is kept under ``refs/logist/rescue/``. A well-formed, legal change that an agent forged on
another job's manifest cannot be told from ours on a machine that both share: only a sandbox prevents it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pygit2

from logist_ci.errors import InvalidNameError, JobStateError, LogistError, LostRaceError
from logist_ci.gitstore.archive import ARCHIVE
from logist_ci.gitstore.branches import KEPT, RESCUED, rescue
from logist_ci.gitstore.lineage import descends, last_legal, well_formed
from logist_ci.gitstore.manifest_objects import entries_of, tree_of
from logist_ci.gitstore.manifests import JOBS
from logist_ci.gitstore.ref_files import ref_contents
from logist_ci.gitstore.ref_repair import raw_value, read_or_drop
from logist_ci.gitstore.refs import RefStore
from logist_ci.job.ids import CommitId, JobId, RefName, commit_id, job_id
from logist_ci.process.locks import is_locked

__all__ = ["Moved", "RefGuard", "all_refs"]

_HEADS = "refs/heads/"
_ROUNDS = 3

# From a reference's name, old value and new value to the one that it should have.
_Rule = Callable[[RefName, str | None, str | None], str | None]


def all_refs(common_dir: Path) -> dict[str, str]:
    """Return all references and what their files hold; names and values that are no text are left out."""
    found: dict[str, str] = {}
    for name, value in ref_contents(common_dir, "refs/").items():
        with suppress(UnicodeError):
            name.encode()
            found[name] = value.decode("ascii")
    return found


@dataclass(frozen=True)
class Moved:
    """What was found: references that were ``restored``, ours that could not be (``stuck``), and ``others``.

    For the others, which people may have moved, it is said from where to where.
    """

    restored: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RefGuard:
    """One comparison, for the job ``own`` on ``own_branch``.

    Its own branch is the harvest's business, unless it is ``done``: then checks ran, and nothing is harvested.
    ``before`` are the references as they were, ``put_back`` those that another runner has put back since;
    what is restored here is added to it.
    """

    refs: RefStore
    jobs_root: Path
    backups: Path
    own: JobId
    own_branch: str
    before: Mapping[str, str]
    put_back: dict[str, str]
    done: bool = False

    def run(self) -> Moved:
        """Compare and restore."""
        moved = Moved()
        now = all_refs(self.refs.repository.common_dir)
        names = [name for name in self.before.keys() | now.keys() if self.before.get(name) != now.get(name)]
        # What a manifest did tells whether its job's branch may have moved; what is new may be in the way.
        for name in sorted(names, key=lambda name: (not name.startswith(JOBS), name in self.before, name)):
            if self.done or name != f"{_HEADS}{self.own_branch}":
                self._look(RefName(name), now.get(name), moved)
        return moved

    def _look(self, name: RefName, value: str | None, moved: Moved) -> None:
        rule = self._rule(name)
        if rule is None:
            moved.others[name] = f"{_short(self.before.get(name))} → {_short(value)}"
            return
        for _ in range(_ROUNDS):
            wanted = rule(name, self.before.get(name), value)
            if wanted == value or self.put_back.get(name) == (value or ""):
                return
            try:
                self._restore(name, value, wanted)
            except LostRaceError:
                # Somebody moved it just now: then that is what has to be judged.
                value = self._value(name)
                continue
            except LogistError:
                break
            self.put_back[name] = wanted or ""
            moved.restored.append(name)
            return
        moved.stuck.append(name)

    def _rule(self, name: RefName) -> _Rule | None:
        if name.startswith(JOBS):
            return self._manifest
        if name.startswith(ARCHIVE):
            return self._archive
        if name.startswith((KEPT, RESCUED)):
            return self._tips
        if name == f"{_HEADS}{self.own_branch}":
            return lambda name, was, value: was
        return self._branch if self._job_of(name) else None

    def _manifest(self, name: RefName, was: str | None, value: str | None) -> str | None:
        job, old, new = _job(name.removeprefix(JOBS)), _commit(was), _commit(value)
        if job is None:
            return was
        if old is None or well_formed(self._raw, job, old) is None:
            # It came into being, or was damaged before: any good one will do.
            return value if value is None or (new and well_formed(self._raw, job, new)) else was
        if new is None:
            return value if value is None and self._archived(job) else was
        return last_legal(self._raw, job, old, new) or was

    def _archive(self, name: RefName, was: str | None, value: str | None) -> str | None:
        old, new = _commit(was), _commit(value)
        if new is None or not self._is_commit(new):
            return was
        return value if old is None or descends(self._raw, old, new) else was

    def _tips(self, name: RefName, was: str | None, value: str | None) -> str | None:
        job = _job(name.removeprefix(KEPT).removeprefix(RESCUED).partition("/")[0])
        if was is None:
            return value
        gone = job is None or self._value(RefName(JOBS + job)) is None
        return value if value is None and (gone or self._moves(job)) else was

    def _branch(self, name: RefName, was: str | None, value: str | None) -> str | None:
        job = self._job_of(name)
        if job is None or self._moves(job):
            return value
        stored = _commit(self._value(RefName(JOBS + job)))
        manifest = well_formed(self._raw, job, stored) if stored else None
        return value if manifest and value is not None and value == manifest.result.head else was

    def _moves(self, job: JobId | None) -> bool:
        """Whether ``job`` is being worked on by somebody, or has been since."""
        if job is None or is_locked(self.jobs_root / job / "shim" / "lock"):
            return job is not None
        ref = RefName(JOBS + job)
        return ref not in self.put_back and self.before.get(ref) != self._value(ref)

    def _job_of(self, name: RefName) -> JobId | None:
        """Return the job whose branch ``name`` is."""
        job = _job(name.rpartition("/")[2]) if name.startswith(_HEADS) else None
        if job is None or job == self.own:
            return None
        for value in (self.before.get(JOBS + job), self._value(RefName(JOBS + job))):
            commit = _commit(value)
            manifest = well_formed(self._raw, job, commit) if commit else None
            if manifest and manifest.source.branch == name.removeprefix(_HEADS):
                return job
        return None

    def _archived(self, job: JobId) -> bool:
        values = ref_contents(self._common_dir, ARCHIVE).values()
        months = [month for value in values if (month := _commit(value.decode("ascii", "replace")))]
        good = [month for month in months if self._is_commit(month)]
        return any(job.encode() in entries_of(self._raw, tree_of(self._raw, month)) for month in good)

    def _restore(self, name: RefName, value: str | None, wanted: str | None) -> None:
        current = read_or_drop(self.refs, name, self.backups)
        seen = _commit(value)
        if seen is not None and current != seen:
            raise LostRaceError(f"The reference {name} has moved again.")
        if seen is not None and self._is_commit(seen):
            # Should it be a person's work after all, nothing is lost.
            rescue(self.refs, self.own, seen)
        if wanted is not None:
            self.refs.write(name, commit_id(wanted), expected=current, message="put back")
        elif current is not None:
            self.refs.delete(name, expected=current)

    def _value(self, name: RefName) -> str | None:
        return raw_value(self._common_dir, name)

    def _is_commit(self, commit: CommitId) -> bool:
        try:
            tree_of(self._raw, commit)
        except JobStateError:
            return False
        return True

    @property
    def _raw(self) -> pygit2.Repository:
        return self.refs.repository.raw

    @property
    def _common_dir(self) -> Path:
        return self.refs.repository.common_dir


def _job(text: str) -> JobId | None:
    try:
        return job_id(text)
    except InvalidNameError:
        return None


def _commit(value: str | None) -> CommitId | None:
    try:
        return commit_id(value) if value else None
    except InvalidNameError:
        return None


def _short(commit: str | None) -> str:
    return commit[:10] if commit else "nothing"
