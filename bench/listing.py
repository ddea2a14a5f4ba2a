"""``list --json`` with 10,000 jobs, its start-up excluded, against git reading the same manifests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.ground import Ground
from bench.measuring import Row, alternately, ratio, stopwatch
from bench.report import main
from logist_ci.job.codec import encode
from logist_ci.job.manifest import Input, Manifest
from logist_ci.job.states import State
from logist_ci.testing import GitSandbox, example_in, example_manifest

__all__ = ["measure"]

JOBS = 10_000

_AGAINST = "git for-each-ref | git cat-file --batch"
_PIPE = "git for-each-ref --format='%(objectname):job_manifest.json' refs/logist/jobs | git cat-file --batch >/dev/null"

# Most jobs of a repository that is used have ended well.
_STATES = (*[State.SUCCESS] * 7, State.INTERVENTION_REQUIRED, State.APPROVAL_REQUIRED, State.PENDING)
_PROMPT = "Find out why the second of two quick logins is refused, and mend it without a sleep. " * 4


def measure(ground: Ground, rounds: int) -> list[Row]:
    """Time listings; what one of a single job takes counts as start-up."""
    many, one = _repository(ground, "many", JOBS), _repository(ground, "one", 1)
    cache = many.path / ".logist" / "jobs" / "jobs_index.json"

    def listed(repository: GitSandbox) -> float:
        return stopwatch(lambda: ground.logist("list", "--json", at=repository.path))

    def forgetful() -> float:
        cache.unlink(missing_ok=True)
        return listed(many)

    def piped() -> float:
        return stopwatch(lambda: ground.shell(_PIPE, at=many.path))

    # The cold ones go last: each leaves a fresh cache behind, the warm ones need one.
    startup, warm, pipe = alternately(rounds, lambda: listed(one), lambda: listed(many), piped)
    cold, pipe_again = alternately(rounds, forgetful, piped)
    notes = (f"start-up and a list of one job take {startup.median * 1000:.0f} ms, which is taken off",)
    return [
        ratio(
            "list, warm", f"list --json, {JOBS:,} jobs, start-up excluded, warm", _AGAINST,
            warm.minus(startup.median), pipe, at_most=0.5, notes=notes,
        ),
        ratio(
            "list, cold", f"list --json, {JOBS:,} jobs, start-up excluded, without the cache", _AGAINST,
            cold.minus(startup.median), pipe_again, at_most=2.0,
        ),
    ]  # fmt: skip


def _repository(ground: Ground, name: str, jobs: int) -> GitSandbox:
    repository = ground.repository(name)
    stream = ground.folder / f"{name}.stream"
    stream.write_bytes(b"".join(_commits(jobs)))
    with stream.open("rb") as source:
        subprocess.run(
            ["git", "fast-import", "--quiet"], cwd=repository.path, env=ground.environ, stdin=source, check=True
        )
    # Ten thousand loose references would be git's handicap, not ours.
    repository.git("pack-refs", "--all")
    Path(repository.path, ".logist", "jobs").mkdir(parents=True)
    return repository


def _commits(jobs: int) -> Iterator[bytes]:
    for number in range(jobs):
        manifest = _manifest(number)
        yield f"commit refs/logist/jobs/{manifest.id}\n".encode()
        yield b"committer Bench <bench@example.invalid> 1767225600 +0000\n" + _data(b"Created")
        yield b"M 100644 inline job_manifest.json\n" + _data(encode(manifest))
        yield b"M 100644 inline prompt.md\n" + _data(manifest.input.prompt.encode())


def _manifest(number: int) -> Manifest:
    draft = example_manifest(
        f"mend-the-second-login-{number:06}", title="Mend the second login", input=Input(prompt=f"{_PROMPT}{number}")
    )
    return example_in(_STATES[number % len(_STATES)], draft)


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


if __name__ == "__main__":
    main(measure, rounds=9)
