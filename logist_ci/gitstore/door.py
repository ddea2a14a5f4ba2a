"""The import door: what an agent committed by itself is looked at by git's strictest eye before it counts."""

from __future__ import annotations

from pathlib import Path

from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import Finding
from logist_ci.process.capture import Completed
from logist_ci.process.files import translated_os_errors

__all__ = ["ImportDoor"]

_SHOWN = 500
_CHECKED = "checked.idx"


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
                return (_refused(tip, packed.stderr),)
            pack = git.folder / f"door-{packed.stdout.decode('ascii').strip()}.pack"
            checked = _unpacked(git, pack, strict=not self._incomplete)
            if checked.returncode != 0:
                return (_refused(tip, checked.stderr),)
            if not _same_names(pack.with_suffix(".idx"), git.folder / _CHECKED):
                return (_refused(tip, b"an object is not what its name says"),)
            return ()


def _unpacked(git: PrivateGit, pack: Path, *, strict: bool) -> Completed:
    # The same checks; only what the objects refer to need not be there.
    how = "--strict" if strict else "--fsck-objects"
    return git.run("index-pack", how, "-o", f"{git.folder / _CHECKED}", f"{pack}")


def _same_names(asked: Path, found: Path) -> bool:
    """Whether the objects that were asked for by name are those that their content makes them."""
    with translated_os_errors(f"compare {asked} with {found}"):
        return asked.read_bytes() == found.read_bytes()


def _refused(tip: CommitId, said: bytes) -> Finding:
    reason = " ".join(said.decode("utf-8", "replace").split())[:_SHOWN] or "git refused them without a word"
    message = f"The agent's commits up to {tip[:10]} were not let in: {reason}"
    return Finding(code="LG208", level="error", message=message)
