"""What becomes of commits that an agent made by itself: they count where they continue the job's branch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from logist_ci.errors import InvalidNameError, LogistError
from logist_ci.gitstore.branches import is_ancestor
from logist_ci.gitstore.door import ImportDoor
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, ref_name
from logist_ci.job.manifest import Finding

__all__ = ["Adopted", "Standing", "adopt", "commit_of_head"]

_COMMIT = re.compile(rb"[0-9a-f]{40}")


@dataclass(frozen=True)
class Standing:
    """Where an agent left things: the job's branch, the worktree's HEAD, and the tip that it was given."""

    recorded: CommitId
    branch: CommitId | None
    head: CommitId | None


@dataclass(frozen=True)
class Adopted:
    """What the harvest builds on.

    ``parent`` gets the harvested commit, ``files`` is the commit that the files in the worktree began as.
    ``rejected`` are sound commits that nothing will lead to any more, ``beyond`` says that
    ``parent`` has all of ``files`` and more.
    """

    parent: CommitId
    files: CommitId
    rejected: tuple[CommitId, ...] = ()
    findings: tuple[Finding, ...] = ()
    beyond: bool = False


def adopt(repository: Repository, door: ImportDoor, standing: Standing) -> Adopted:
    """Decide which of the agent's own commits count.

    Those do that descend from the tip which the agent was given and pass the door; of two such the
    branch's, unless the worktree has gone on from there.
    """
    recorded = standing.recorded
    if standing.branch == recorded == standing.head:
        return Adopted(recorded, recorded)
    trial = _Trial(repository, door, recorded)
    branch, head = trial.accepted(standing.branch), trial.accepted(standing.head)
    files = head or branch or recorded
    if branch and head:
        if is_ancestor(repository, branch, head):
            return trial.adopted(head, head)
        beyond = is_ancestor(repository, head, branch)
        if not beyond:
            trial.reject(head, "the worktree stood on another line of commits than the job's branch")
        return trial.adopted(branch, files, beyond=beyond)
    for name, commit, accepted in (("branch", standing.branch, branch), ("worktree", standing.head, head)):
        if accepted is None:
            trial.reject(commit, f"the {name} did not continue from {recorded[:10]}")
    return trial.adopted(branch or head or recorded, files)


def commit_of_head(refs: RefStore, head: bytes | None) -> CommitId | None:
    """Return the commit that the raw content of a worktree's HEAD leads to, if any."""
    if head is None:
        return None
    if _COMMIT.fullmatch(head):
        return CommitId(head.decode("ascii"))
    try:
        return refs.read(ref_name(head.removeprefix(b"ref: ").decode("ascii", "replace")))
    except (InvalidNameError, LogistError):
        return None


@dataclass
class _Trial:
    """One decision in the making."""

    repository: Repository
    door: ImportDoor
    recorded: CommitId
    _verdicts: dict[CommitId, tuple[Finding, ...]] = field(default_factory=dict)
    _rejected: dict[CommitId, str] = field(default_factory=dict)
    _reasons: list[str] = field(default_factory=list)

    def accepted(self, commit: CommitId | None) -> CommitId | None:
        """Return ``commit`` where it counts."""
        if commit is None or commit == self.recorded:
            return commit
        return commit if self._continues(commit) and not self._checked(commit) else None

    def reject(self, commit: CommitId | None, reason: str) -> None:
        """Note that ``commit`` does not count."""
        self._reasons.append(reason)
        if commit is not None and commit != self.recorded and not self._checked(commit):
            self._rejected[commit] = reason

    def adopted(self, parent: CommitId, files: CommitId, *, beyond: bool = False) -> Adopted:
        """Return the decision."""
        kept = tuple(commit for commit in self._rejected if commit != parent)
        return Adopted(parent, files, kept, tuple(self._findings()), beyond)

    def _continues(self, commit: CommitId) -> bool:
        try:
            return is_ancestor(self.repository, self.recorded, commit)
        except LogistError:
            return False

    def _checked(self, commit: CommitId) -> tuple[Finding, ...]:
        if commit not in self._verdicts:
            self._verdicts[commit] = self.door.check(commit, not_in=self.recorded)
        return self._verdicts[commit]

    def _findings(self) -> Iterator[Finding]:
        for findings in self._verdicts.values():
            yield from findings
        if self._reasons:
            message = f"Commits were not taken over as they are, only the files: {', and '.join(self._reasons)}."
            yield Finding(code="LG207", level="warning", message=message)
