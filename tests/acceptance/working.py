"""One small job on whatever kind of repository, and everything that must hold when it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound, footprint, picture
from tests.acceptance.program import Program

#: What the job does: one new file, whatever else is in the repository.
ADD = "printf 'added by an agent\\n' > added.txt"


def work(
    logist: Program, repository: GitSandbox, script: str = ADD, *options: str, at: Path | None = None, **others: Any
) -> dict[str, Any]:
    """Run ``script`` as a job, which must succeed and leave the user's own things alone; return the job."""
    before, worktrees = picture(repository, at), footprint(repository).admin
    ended = logist("run", "--json", *options, "--", "sh", "-euc", script, at=at or repository.path, **others)
    job = ended.first_job
    assert job["state"] == "SUCCESS", ended.told
    assert picture(repository, at) == before
    assert footprint(repository).admin == worktrees
    assert_sound(repository)
    return job


def changes(repository: GitSandbox, job: dict[str, Any]) -> list[str]:
    """Return what a job's branch changes, as lines of a status letter and a path."""
    source = job["source"]
    shown = repository.git(
        "diff", "--name-status", "--no-renames", "-z", source["base_commit"], f"refs/heads/{source['branch']}"
    )
    words = shown.rstrip("\0").split("\0")
    return [f"{letter} {path}" for letter, path in zip(words[::2], words[1::2], strict=True)]


def content(repository: GitSandbox, job: dict[str, Any], path: str) -> bytes:
    """Return the bytes that a job's branch has under ``path``."""
    return repository.git("cat-file", "blob", f"refs/heads/{job['source']['branch']}:{path}").encode(
        "utf-8", "surrogateescape"
    )
