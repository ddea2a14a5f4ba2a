from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from logist_ci.job.limits import Limits
from logist_ci.process.clock import SystemClock
from logist_ci.process.locks import is_locked, try_lock
from logist_ci.process.tree import end_all, with_cookie
from logist_ci.shim.client import ShimHandle, read_exit
from logist_ci.shim.nursery import Nursery
from logist_ci.shim.protocol import ExitRecord, RunRequest

# Whoever ignores TERM in a test does not cost more than this.
GRACE_S = 0.15


@dataclass(frozen=True)
class Desk:
    """Folders and files of a job, and a nursery to run its programs with."""

    folder: Path
    job_id: str
    nursery: Nursery

    @property
    def worktree(self) -> Path:
        return self.folder / "worktree"

    @property
    def log(self) -> Path:
        return self.folder / "generate.1.log"

    @property
    def job_log(self) -> Path:
        return self.folder / "job.log"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def record(self) -> Path:
        return self.folder / "exit.json"

    def request(
        self,
        *argv: str,
        limits: Limits | None = None,
        stdin: bytes = b"",
        secrets: tuple[str, ...] = (),
        cwd: Path | None = None,
        log: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> RunRequest:
        if stdin:
            (self.folder / "stdin").write_bytes(stdin)
        return RunRequest(
            job_id=self.job_id,
            phase="generate",
            attempt=1,
            argv=argv,
            cwd=os.fspath(cwd or self.worktree),
            env={"PATH": os.environ.get("PATH", os.defpath), "LOGIST_JOB_ID": self.job_id, **(env or {})},
            stdin_file=os.fspath(self.folder / "stdin") if stdin else None,
            log=os.fspath(log or self.log),
            exit_record=os.fspath(self.record),
            job_log=os.fspath(self.job_log),
            worktree=os.fspath(self.worktree),
            limits=limits or Limits(grace_s=GRACE_S),
            secrets=secrets,
        )

    def begin(self, request: RunRequest) -> ShimHandle:
        held = try_lock(self.lock)
        assert held is not None, "the shim before still has the lock"
        with held:
            return self.nursery.spawn(request, held)

    def run(self, request: RunRequest) -> ExitRecord:
        with self.begin(request) as handle:
            assert handle.wait(20)
        record = read_exit(self.record)
        assert record is not None
        assert not is_locked(self.lock)
        return record

    def strays(self) -> int:
        return len(with_cookie(self.job_id))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery.start() as started:
        yield started


@pytest.fixture
def desk(tmp_path: Path, nursery: Nursery) -> Iterator[Desk]:
    folder = tmp_path / "a job's\nfolder\udcff"
    (folder / "worktree").mkdir(parents=True)
    job_id = f"shim-{os.getpid()}-{abs(hash(tmp_path))}"
    yield Desk(folder, job_id, nursery)
    assert end_all(lambda: with_cookie(job_id), grace_s=0, clock=SystemClock()) == []
