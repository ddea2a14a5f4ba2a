"""Where benchmarks are run: a throw-away folder with a clean environment, repositories, and the program itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logist_ci.testing import GitSandbox, clean_environment

__all__ = ["PROJECT", "Ground", "ground"]

#: The checkout that these benchmarks belong to, and measure.
PROJECT = Path(__file__).parents[1]

# How a job's log says that a stage has ended.
_STAGE_ENDED = re.compile(r"] (?P<name>.+) ended after (?P<ms>[0-9]+) ms$")

# What pip writes for a console script, with the interpreter that runs the benchmarks.
_LAUNCHER = """\
#!{python}
import sys
from logist_ci.cli.main import main
if __name__ == "__main__":
    sys.exit(main())
"""


@dataclass(frozen=True)
class Ground:
    """A folder to measure in, and the complete environment of everything that is measured."""

    folder: Path
    environ: Mapping[str, str]

    @property
    def program(self) -> str:
        """The console script ``logist-ci``."""
        return str(self.folder / "bin" / "logist-ci")

    def run(self, argv: Sequence[str | Path], *, at: Path | None = None, check: bool = True) -> bytes:
        """Run a program to its end and return its output; its talk on stderr goes into the error when it fails."""
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=at or self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if check and done.returncode != 0:
            raise SystemExit(
                f"{argv[0]} ended with status {done.returncode}:\n{done.stderr.decode(errors='replace')[-4000:]}"
            )
        return done.stdout

    def logist(self, *arguments: str | Path, at: Path) -> bytes:
        """Run ``logist-ci`` in a repository and return its output."""
        return self.run([self.program, *arguments], at=at)

    def shell(self, script: str, *arguments: str | Path, at: Path) -> bytes:
        """Run a shell script to its end; it stops at the first command that fails."""
        return self.run(["sh", "-euc", script, "sh", *arguments], at=at)

    def repository(self, name: str, files: int = 20) -> GitSandbox:
        """Make a repository of ``files`` small files in folders of a hundred, committed and packed."""
        sandbox = GitSandbox.create(self.folder / name, self.environ)
        for number in range(files):
            sandbox.write(f"d{number // 100:03}/f{number % 100:02}.txt", f"line {number}\n" * (5 + number % 20))
        self.run(["git", "add", "-A"], at=sandbox.path)
        self.run(["git", "commit", "-q", "-m", "Begin"], at=sandbox.path)
        self.run(["git", "repack", "-adq"], at=sandbox.path)
        return sandbox

    def stages(self, repository: GitSandbox) -> dict[str, float]:
        """Return how long each stage of the newest job took, in seconds, as its log has it."""
        logs = (repository.path / ".logist" / "jobs").glob("*/logs/job.log")
        newest = max(logs, key=lambda log: log.stat().st_mtime_ns)
        lines = newest.read_text(encoding="utf-8").splitlines()
        ended = [found for line in lines if (found := _STAGE_ENDED.search(line))]
        return {found["name"]: int(found["ms"]) / 1000 for found in ended}

    def jobs(self, repository: GitSandbox) -> list[dict[str, Any]]:
        """Return what ``list --json`` says."""
        listed: list[dict[str, Any]] = json.loads(self.logist("list", "--json", at=repository.path))
        return listed


@contextmanager
def ground(parent: Path | None = None) -> Iterator[Ground]:
    """Make a folder below ``parent`` (default: where temporary files go) for the duration of the block."""
    folder = Path(tempfile.mkdtemp(prefix="logist-bench-", dir=parent))
    try:
        environ = clean_environment(folder / "home", path=os.environ.get("PATH", os.defpath))
        # The first folder on this path is the working copy, whatever version may be installed.
        environ |= {"PYTHONPATH": str(PROJECT), "TMPDIR": str(folder)}
        script = folder / "bin" / "logist-ci"
        script.parent.mkdir()
        script.write_text(_LAUNCHER.format(python=sys.executable), encoding="utf-8")
        script.chmod(0o755)
        yield Ground(folder, environ)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
