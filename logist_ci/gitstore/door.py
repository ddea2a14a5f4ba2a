"""The import door: what an agent committed by itself is looked at by git's strictest eye before it counts."""

from __future__ import annotations

from pathlib import Path

from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import Finding
from logist_ci.process.capture import Completed

__all__ = ["ImportDoor"]

_SHOWN = 500


class ImportDoor:
    """Checks commits of ``repository``, in a quarantine below the folder ``parent``.

    ``incomplete`` says that the clone is a partial one, in which objects may be missing for good reasons.
    """

    def __init__(self, repository: Repository, parent: Path, *, incomplete: bool = False) -> None:
        self._repository = repository
        self._parent = parent
        self._incomplete = incomplete

    def check(self, tip: CommitId, *, not_in: CommitId) -> tuple[Finding, ...]:
        """Return why ``tip`` must not come in, looking at all that ``not_in`` does not have; nothing: it may.

        Each object is read, hashed and checked as if it came from a stranger, and so is what it refers to.
        """
        with private_git(self._parent, self._repository, Setup(quarantine=True)) as git:
            packed = git.run(
                "pack-objects", "--revs", "--window=0", "-q", f"{git.folder}/door",
                stdin=f"{tip}\n^{not_in}\n".encode(),
            )  # fmt: skip
            if packed.returncode != 0:
                return (_refused(tip, packed),)
            checked = _unpacked(git, packed.stdout.decode("ascii").strip(), strict=not self._incomplete)
            return () if checked.returncode == 0 else (_refused(tip, checked),)


def _unpacked(git: PrivateGit, name: str, *, strict: bool) -> Completed:
    # The same checks; only what the objects refer to need not be there.
    how = "--strict" if strict else "--fsck-objects"
    return git.run("index-pack", how, "-o", f"{git.folder}/checked.idx", f"{git.folder}/door-{name}.pack")


def _refused(tip: CommitId, done: Completed) -> Finding:
    said = " ".join(done.stderr.decode("utf-8", "replace").split())[:_SHOWN]
    message = f"The agent's commits up to {tip[:10]} were not let in: {said or 'git refused them without a word'}"
    return Finding(code="LG208", level="error", message=message)
