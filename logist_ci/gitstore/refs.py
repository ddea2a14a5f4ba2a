"""References, changed only by compare-and-swap: whoever decided on an old value learns that they lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pygit2
from pygit2.transaction import ReferenceTransaction

from logist_ci.errors import LostRaceError, MissingError, StoreError
from logist_ci.gitstore.failures import git_error, translated_git_errors
from logist_ci.gitstore.ref_files import ref_contents
from logist_ci.gitstore.ref_turns import RefTurns
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, RefName
from logist_ci.process.clock import Clock, SystemClock

__all__ = ["RefStore", "RefSurvey"]

_COMMIT = re.compile(rb"[0-9a-f]{40}")
_PATIENCE_S = 30.0
# A folder of references can vanish under our feet when its last one is deleted: that heals at once.
_ODD_PATIENCE_S = 0.3
_PAUSE_S = 0.005


@dataclass(frozen=True)
class RefSurvey:
    """References and what they point at; ``damaged`` are those whose files hold nothing, as after a power failure."""

    good: dict[RefName, CommitId]
    damaged: tuple[RefName, ...] = ()


class RefStore:
    """The references of one repository. All methods may be called from any thread and any process."""

    def __init__(self, repository: Repository, *, clock: Clock | None = None, patience_s: float = _PATIENCE_S) -> None:
        self.repository = repository
        # Other programs do not wait for a clock that stands still, so this is the machine's by default.
        self._clock = clock or SystemClock()
        self._patience_s = patience_s
        self._turns = RefTurns(repository.common_dir, self._clock, patience_s)

    def read(self, ref: RefName) -> CommitId | None:
        """Return what ``ref`` points at, or ``None`` when there is no such reference.

        Raises:
            StoreError: the reference is damaged, or leads to another one.
        """
        with translated_git_errors(f"read the reference {ref}"):
            try:
                target = self.repository.raw.lookup_reference(ref).target
            except KeyError:
                return None
        if isinstance(target, str):
            raise StoreError(f"The reference {ref} leads to another one, {target}.", hint="No reference of ours does.")
        return CommitId(str(target))

    def write(self, ref: RefName, new: CommitId, *, expected: CommitId | None, message: str = "") -> None:
        """Let ``ref`` point at ``new``, provided it is at ``expected`` (``None``: it must not exist).

        ``message`` goes to the reference's log where git keeps one.

        Raises:
            LostRaceError: it has another value by now.
            StoreError: git refused.
        """
        with translated_git_errors(f"look at the object {new}"):
            if new not in self.repository.raw:
                raise StoreError(f"The reference {ref} cannot point at {new}: there is no such object.")
        said = f"logist-ci: {message}" if message else None
        self._swap(ref, expected, lambda change: change.set_target(ref, new, None, said))

    def delete(self, ref: RefName, *, expected: CommitId) -> None:
        """Delete ``ref`` and its log, provided it is at ``expected``.

        Raises:
            LostRaceError: it has another value by now, or is gone.
            StoreError: git refused.
        """
        self._swap(ref, expected, lambda change: change.remove(ref), afterwards=lambda: self._forget_log(ref))

    def list(self, prefix: str) -> dict[RefName, CommitId]:
        """Return all good references whose names begin with the folder ``prefix``, and what they point at."""
        return self.survey(prefix).good

    def survey(self, prefix: str) -> RefSurvey:
        """Return the references whose names begin with the folder ``prefix``, the damaged ones apart."""
        good: dict[RefName, CommitId] = {}
        damaged: list[RefName] = []
        for name, content in self._contents(prefix).items():
            if _COMMIT.fullmatch(content):
                good[RefName(name)] = CommitId(content.decode("ascii"))
            elif not content.startswith(b"ref: "):
                damaged.append(RefName(name))
            elif target := self._resolved(name):
                good[RefName(name)] = target
        return RefSurvey(good, tuple(damaged))

    def _contents(self, prefix: str) -> dict[str, bytes]:
        with translated_git_errors(f"list the references below {prefix}"):
            return ref_contents(self.repository.common_dir, prefix)

    def _resolved(self, name: str) -> CommitId | None:
        with suppress(KeyError, OSError, ValueError, pygit2.GitError):
            return CommitId(str(self.repository.raw.lookup_reference(name).resolve().target))
        return None

    def _swap(
        self,
        ref: RefName,
        expected: CommitId | None,
        change: Callable[[ReferenceTransaction], None],
        afterwards: Callable[[], None] = lambda: None,
    ) -> None:
        begun = self._clock.monotonic()
        with self._turns.hold(ref):
            while True:
                try:
                    self._try_swap(ref, expected, change)
                    break
                except (pygit2.GitError, OSError) as defect:
                    self._check_worth_waiting(ref, defect, self._clock.monotonic() - begun)
                # Out here nothing keeps the failed transaction alive any more, and its lock is released.
                self._clock.sleep(_PAUSE_S)
            afterwards()

    def _try_swap(
        self, ref: RefName, expected: CommitId | None, change: Callable[[ReferenceTransaction], None]
    ) -> None:
        with self.repository.raw.transaction() as transaction:
            transaction.lock_ref(ref)
            current = self.read(ref)
            if current != expected:
                raise LostRaceError(
                    f"The reference {ref} is at {current or 'nothing'}, not at {expected or 'nothing'}.",
                    hint="Somebody else changed it first; look again, then decide again.",
                )
            change(transaction)

    def _check_worth_waiting(self, ref: RefName, defect: Exception, waited_s: float) -> None:
        error = git_error(f"write the reference {ref}", defect)
        # A lock of another git is waited for; the rest heals at once or never.
        patience = self._patience_s if "failed to lock" in str(defect) else min(_ODD_PATIENCE_S, self._patience_s)
        if isinstance(error, MissingError) or waited_s >= patience:
            if "failed to lock" in str(defect):
                error.hint = "If no git process runs any more, remove the .lock file that is named here."
            raise error from defect

    def _forget_log(self, ref: RefName) -> None:
        # libgit2's transaction leaves the log of a deleted reference behind, and it would seem to be the
        # log of the next one of that name.
        logs = self.repository.common_dir / "logs"
        with translated_git_errors(f"remove the log of {ref}"), suppress(FileNotFoundError, NotADirectoryError):
            (logs / ref).unlink()
            for folder in (logs / ref).parents:
                if folder == logs / "refs" or any(folder.iterdir()):
                    break
                folder.rmdir()
