"""The real program, called as a user calls it: a command line, a complete environment, three streams."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logist_ci.job.codec import decode
from logist_ci.job.manifest import Manifest
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.testing import GitSandbox

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How one call of the program ended."""

    status: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """What a failed test shows of it: what was said, and why a job is blocked."""
        reasons = re.findall(r'"(?:reason|message)": (".*")', self.out)
        return "\n".join([self.err, *reasons] if reasons else [self.err, self.out[-2000:]])

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def first_job(self) -> dict[str, Any]:
        """The only job that ``run --json`` tells about."""
        [job] = self.json["jobs"]
        assert isinstance(job, dict)
        return job


class Program:
    """``logist-ci`` in a given environment."""

    argv = (sys.executable, "-m", "logist_ci")

    def __init__(self, environ: Mapping[str, str]) -> None:
        inherited = {name: os.environ[name] for name in ("COVERAGE_PROCESS_START",) if name in os.environ}
        self.environ = {**environ, **inherited, "PYTHONPATH": str(PROJECT)}

    def tried(
        self, *arguments: str | Path, at: Path, stdin: bytes = b"", extra: Mapping[str, str] | None = None,
        timeout_s: float = 120.0,
    ) -> Ended:  # fmt: skip
        """Call the program and return how it ended, whatever that is; a traceback is never right."""
        command = Command((*self.argv, *map(str, arguments)), at, {**self.environ, **(extra or {})})
        done = capture(command, stdin=stdin, timeout_s=timeout_s)
        out, err = (data.decode("utf-8", "surrogateescape") for data in (done.stdout, done.stderr))
        assert not done.timed_out, f"{command} took longer than {timeout_s} s:\n{err}"
        assert "Traceback" not in err, err
        assert done.returncode != 3, err
        return Ended(done.returncode, out, err)

    def __call__(self, *arguments: str | Path, at: Path, status: int = 0, **others: Any) -> Ended:
        """Call the program, which must end with ``status``."""
        ended = self.tried(*arguments, at=at, **others)
        assert ended.status == status, f"{arguments} ended with {ended.status}, not {status}:\n{ended.told}"
        return ended

    def jobs(self, at: Path) -> dict[str, dict[str, Any]]:
        """Return what ``list`` says about each job."""
        return {line["id"]: line for line in self("list", "--json", at=at).json}


def manifests(repository: GitSandbox) -> dict[str, Manifest]:
    """Return every job's manifest, read by git itself and decoded strictly."""
    refs = repository.git("for-each-ref", "--format=%(refname)", "refs/logist/jobs").split()
    found = (decode(repository.git("cat-file", "blob", f"{ref}:job_manifest.json").encode() + b"\n") for ref in refs)
    return {manifest.id: manifest for manifest in found}
