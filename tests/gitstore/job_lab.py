"""A job's worktree in a real repository, and an agent who does there what a test tells it to."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from logist_ci.config.settings import PathSettings
from logist_ci.gitstore.folders import JobFolder, JobsRoot, locate
from logist_ci.gitstore.harvest import Harvested, harvest
from logist_ci.gitstore.manifests import JOBS
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.tamper import compare_and_restore, snapshot
from logist_ci.gitstore.worktrees import Provisioned, Worktrees
from logist_ci.job.ids import CommitId, RefName, job_id
from logist_ci.job.manifest import Finding, Manifest, Result
from logist_ci.job.states import State
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.manifests import example_in, example_manifest
from logist_ci.testing.sandbox import GitSandbox

__all__ = ["Canary", "JobLab"]

TRAILERS = {"Logist-Job": "example-000001", "Logist-Agent": "command"}


@dataclass(frozen=True)
class Canary:
    """A program that leaves a trace when anybody runs it."""

    program: Path
    trace: Path

    @classmethod
    def hatch(cls, folder: Path) -> Canary:
        folder.mkdir(parents=True, exist_ok=True)
        canary = cls(folder / "canary.sh", folder / "trace")
        trace = shlex.quote(str(canary.trace))
        canary.program.write_text(f'#!/bin/sh\necho "$0 $*" >> {trace}\ncat\n', encoding="utf-8")
        canary.program.chmod(0o755)
        return canary

    @property
    def sang(self) -> str:
        return self.trace.read_text(encoding="utf-8") if self.trace.exists() else ""

    def __str__(self) -> str:
        return str(self.program)


@dataclass
class JobLab:
    """One repository with one job in it. What the agent does it does with the user's own git, as on ``host``."""

    repo: GitSandbox
    name: str = "example-000001"
    base: CommitId = field(default_factory=lambda: CommitId(""))
    head: CommitId | None = None
    taken: bytes = b""

    def __post_init__(self) -> None:
        self.repository = Repository.open(self.repo.path, environ=self.repo.environ)
        self.root: JobsRoot = locate(self.repository, paths=PathSettings(), environ=self.repository.environ)
        self.refs = RefStore(self.repository)
        self.worktrees = Worktrees(self.repository, self.root)
        self.base = self.base or self.repo.head()

    def reopened(self) -> JobLab:
        """Return the same job as another process would see it."""
        return JobLab(self.repo, self.name, self.base, self.head, self.taken)

    @property
    def folder(self) -> JobFolder:
        return self.root.folder(job_id(self.name))

    @property
    def workspace(self) -> Path:
        return self.folder.workspace

    @property
    def admin(self) -> Path:
        return self.repository.common_dir / "worktrees" / self.name

    @property
    def branch(self) -> str:
        return f"logist/{self.name}"

    @property
    def tip(self) -> CommitId | None:
        return self.refs.read(RefName(f"refs/heads/{self.branch}"))

    def provision(
        self, *, tip: CommitId | None = None, include: tuple[str, ...] = (), clean: bool = False
    ) -> Provisioned:
        return self.worktrees.provision(
            job_id(self.name),
            self.folder,
            branch=self.branch,
            base=self.base,
            tip=tip or self.head or self.base,
            include=include,
            clean=clean,
        )

    def start(self) -> JobLab:
        """Make the worktree and take the snapshot, as a runner does before the agent."""
        self.provision()
        self.taken = snapshot(self.repository, self.folder, job_branch=self.branch)
        return self

    def settle(self) -> tuple[Finding, ...]:
        """Compare with the snapshot, as a runner does after the agent."""
        return compare_and_restore(self.repository, self.taken, job_branch=self.branch, folder=self.folder)

    def manifest(self) -> Manifest:
        manifest = example_manifest(self.name)
        source = replace(manifest.source, base_commit=self.base, branch=self.branch)
        harvesting = example_in(State.HARVESTING, replace(manifest, source=source))
        return replace(harvesting, result=Result(head=self.head))

    def harvest(
        self, *, message: str = "Do it", author: str = "command (Logist CI)", trailers: Mapping[str, str] = TRAILERS
    ) -> Harvested:
        found = harvest(
            self.repository,
            self.folder,
            self.manifest(),
            message=message,
            author=author,
            trailers=trailers,
            clock=FakeClock(),
        )
        self.head = found.head
        return found

    def write(self, path: str | bytes, data: str | bytes = "new\n", *, executable: bool = False) -> Path:
        """Let the agent write a file."""
        file = self.workspace / os.fsdecode(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        if executable:
            file.chmod(0o755)
        return file

    def git(self, *arguments: str | bytes | Path) -> str:
        """Let the agent run git in the worktree."""
        return self.repo.git(*arguments, at=self.workspace)

    def commit(self, message: str = "By the agent") -> CommitId:
        """Let the agent commit all it has."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.repo.head(self.git("rev-parse", "HEAD"))

    def files(self, commit: CommitId | None = None) -> dict[str, str]:
        """Return paths, modes and contents of what is committed; by default on the job's branch."""
        found: dict[str, str] = {}
        for line in self.repo.git("ls-tree", "-r", "-z", commit or self.branch).split("\0"):
            if line:
                header, _, path = line.partition("\t")
                mode, kind, blob = header.split(" ")
                content = self.repo.git("cat-file", "blob", blob) if kind == "blob" else blob
                found[path] = f"{mode} {content}"
        return found

    def store_manifest(self, manifest: Manifest | None = None) -> CommitId:
        """Put a manifest on its reference the way any program could: by git's own commands."""
        from logist_ci.job.codec import encode

        manifest = manifest or self.manifest()
        ref = f"{JOBS}{manifest.id}"
        blob = self.repo.git("hash-object", "-w", "--stdin", stdin=encode(manifest))
        prompt = self.repo.git("hash-object", "-w", "--stdin", stdin=b"Do nothing.")
        listing = f"100644 blob {blob}\tjob_manifest.json\n100644 blob {prompt}\tprompt.md\n"
        tree = self.repo.git("mktree", stdin=listing.encode())
        before = self.refs.read(RefName(ref))
        parents = ["-p", before] if before else []
        commit = self.repo.git("commit-tree", tree, *parents, "-m", f"{manifest.id}: change")
        self.repo.git("update-ref", ref, commit)
        return CommitId(commit)

    def codes(self, findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
        return [(finding.code, finding.level) for finding in findings]
