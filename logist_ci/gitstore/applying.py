"""Brings a job's result to the user's own branch or worktree, by git itself, completely or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pygit2.enums import RepositoryState

from logist_ci.errors import RefusedError, RepositoryError
from logist_ci.gitstore.branches import is_ancestor
from logist_ci.gitstore.diffs import changed_paths
from logist_ci.gitstore.git_program import GitAnswer, ask_git, tell_git, try_git
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.suspicion import refuse_what_was_planted
from logist_ci.job.ids import CommitId

__all__ = ["Applied", "apply_branch"]

_PATCH_BYTES = 2_000_000_000
_SHOWN = 10


@dataclass(frozen=True)
class Applied:
    """What came of it: ``commit`` is where HEAD is now, ``paths`` are the files that the job had changed."""

    how: Literal["nothing", "fast-forward", "merge", "working tree"]
    commit: CommitId
    paths: tuple[bytes, ...] = ()


def apply_branch(
    repository: Repository,
    tip: CommitId,
    *,
    base: CommitId,
    message: str,
    to_worktree: bool = False,
    jobs_root: Path | None = None,
) -> Applied:
    """Merge ``tip`` into the branch on which the user stands, or into their detached HEAD.

    It is fast-forwarded where that is possible, else a merge commit with ``message`` is made, with the
    user's hooks and signature. With ``to_worktree`` only the difference from ``base`` to ``tip`` is
    brought to the files, uncommitted. ``jobs_root`` is where jobs that run now are watched.

    Raises:
        RepositoryError: the user stands in no worktree, or on a branch without a commit.
        RefusedError: uncommitted changes are in the way, or there are conflicts, or a running job may have planted
            programs that git would run; nothing has changed.
    """
    if jobs_root is not None:
        refuse_what_was_planted(repository.common_dir, jobs_root)
    worktree, head = repository.worktree, repository.head().commit
    if worktree is None:
        raise RepositoryError("A bare repository has no files to apply a result to.", hint="Go to a worktree of it.")
    if head is None:
        raise RepositoryError(
            "Your branch has no commit yet, so there is nothing to merge into.",
            hint=f"Start it at the job's result with: git reset --hard {tip[:10]}",
        )
    if repository.raw.state() != RepositoryState.NONE:
        raise RefusedError(
            "Git is in the middle of something here: a merge, a rebase or the like.",
            hint="Finish it or abort it (see git status), then apply again.",
        )
    paths = changed_paths(repository, base, tip)
    if to_worktree:
        return _to_files(repository, worktree, base, tip, head, paths)
    return _merged(repository, worktree, tip, head, message, paths)


def _merged(
    repository: Repository, worktree: Path, tip: CommitId, head: CommitId, message: str, paths: tuple[bytes, ...]
) -> Applied:
    if is_ancestor(repository, tip, head):
        return Applied("nothing", head)
    answer = tell_git(
        # A shelf or a recorded resolution of the user's would outlive a merge that is taken back.
        "-c", "merge.autoStash=false", "-c", "rerere.enabled=false",
        "merge", "--quiet", "--ff", "--no-squash", "--commit", "--no-edit", "-m", message, tip,
        cwd=worktree, environ=repository.environ,
    )  # fmt: skip
    if answer.status != 0:
        raise _taken_back(repository, worktree, tip, answer)
    after = repository.head().commit or tip
    return Applied("fast-forward" if after == tip else "merge", after, paths)


def _taken_back(repository: Repository, worktree: Path, tip: CommitId, answer: GitAnswer) -> RefusedError:
    """Restore the worktree where git had begun to merge; return what to tell the user."""
    if not (repository.git_dir / "MERGE_HEAD").exists():
        blocking = _indented(answer.stderr)
        return RefusedError(
            f"Uncommitted changes are in the way: {_some(blocking)}."
            if blocking
            else f"Git refused to merge: {_first_line(answer)}.",
            hint="Nothing was changed. Commit or stash your changes, then apply again.",
        )
    conflicts = _conflicts(repository, worktree)
    aborted = tell_git("merge", "--abort", cwd=worktree, environ=repository.environ)
    if aborted.status != 0:
        return RefusedError(
            f"The merge failed, and git could not take it back: {_first_line(aborted)}.",
            hint="Look at git status, then: git merge --abort",
        )
    if conflicts:
        return RefusedError(
            f"The result conflicts with your branch in {_some(conflicts)}.",
            hint=f"Nothing was changed. Resolve it yourself with: git merge {tip[:10]}",
        )
    return RefusedError(
        f"Git did not make the merge commit: {_first_line(answer)}.",
        hint="Nothing was changed. A hook or the signature may have failed; the message above is theirs.",
    )


def _conflicts(repository: Repository, worktree: Path) -> list[str]:
    listed = ask_git("diff", "--name-only", "--diff-filter=U", "-z", cwd=worktree, environ=repository.environ)
    return [name.decode("utf-8", "backslashreplace") for name in listed.split(b"\0") if name]


def _to_files(
    repository: Repository, worktree: Path, base: CommitId, tip: CommitId, head: CommitId, paths: tuple[bytes, ...]
) -> Applied:
    patch = ask_git(
        "diff-tree", "-r", "-p", "--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff",
        "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", base, tip,
        cwd=worktree, environ=repository.environ, output_bytes=_PATCH_BYTES,
    )  # fmt: skip
    if not patch:
        return Applied("nothing", head)
    done = try_git(
        "-c", "apply.ignoreWhitespace=no", "apply", "--whitespace=nowarn", "-",
        cwd=worktree, environ=repository.environ, stdin=patch,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "backslashreplace").splitlines()
        failed = [line.removeprefix("error: ") for line in said if line.startswith("error: ")]
        raise RefusedError(
            f"The result does not fit your files as they are now: {_some(failed or said)}.",
            hint="Nothing was changed. Look at the difference with: logist-ci diff",
        )
    return Applied("working tree", head, paths)


def _indented(text: str) -> list[str]:
    """Return the paths that git lists under its refusal, in whatever language it speaks."""
    return [line.strip() for line in text.splitlines() if line.startswith("\t")]


def _first_line(answer: GitAnswer) -> str:
    lines = (answer.stderr or answer.stdout).strip().splitlines()
    return (lines[0] if lines else f"status {answer.status}").rstrip(".")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
