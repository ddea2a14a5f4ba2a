"""Several processes at once, on real references: one winner, no error, nothing lost."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logist_ci.gitstore.manifests import ManifestStore
from logist_ci.gitstore.refs import RefStore
from logist_ci.job.ids import job_id
from logist_ci.job.transitions import Use, create
from logist_ci.job.usage import Usage
from logist_ci.testing.manifests import example_manifest
from logist_ci.testing.sandbox import GitSandbox

ROOT = Path(__file__).resolve().parents[2]


def race(repo: GitSandbox, kind: str, *, processes: int, rounds: int) -> list[list[str]]:
    """Return what each process won; fail when one met an error."""
    runners = [started(repo, kind, number, rounds) for number in range(processes)]
    begin = time.monotonic() + 0.05
    for runner in runners:
        go(runner, begin)
    answers = [json.loads(runner.communicate(timeout=120)[0]) for runner in runners]
    assert [answer["errors"] for answer in answers] == [[]] * processes
    return [answer["won"] for answer in answers]


def started(repo: GitSandbox, kind: str, number: int, rounds: int) -> subprocess.Popen[str]:
    """Return a process that is ready to race."""
    runner = subprocess.Popen(
        [sys.executable, "-m", "tests.gitstore.race_program", kind, str(repo.path), str(number), str(rounds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**repo.environ, "PYTHONPATH": str(ROOT)},
    )
    assert runner.stdout is not None
    assert runner.stdout.readline() == "ready\n"
    return runner


def go(runner: subprocess.Popen[str], begin: float) -> None:
    assert runner.stdin is not None
    runner.stdin.write(f"{begin}\n")
    runner.stdin.flush()


def check_one_winner_each(repo: GitSandbox, refs: RefStore, processes: int, rounds: int) -> None:
    won = race(repo, "reference", processes=processes, rounds=rounds)
    everything = [turn for each in won for turn in each]
    assert sorted(everything, key=int) == [str(turn) for turn in range(rounds)]
    tips = refs.list("refs/logist/race/")
    for number, turns in enumerate(won):
        for turn in turns:
            message = repo.git("log", "-1", "--format=%s", f"refs/logist/race/{turn}")
            assert message == str(number), f"{turn} was won by {number}"
    assert len(tips) == rounds


def check_creations(repo: GitSandbox, store: ManifestStore, processes: int, jobs: int) -> None:
    won = race(repo, "create", processes=processes, rounds=jobs)
    everything = [name for each in won for name in each]
    assert sorted(everything) == sorted(f"job-{number}" for number in range(jobs))
    assert store.ids() == sorted(everything)
    for number, names in enumerate(won):
        assert {store.prompt(job_id(name)) for name in names} <= {f"by {number}"}
    assert all(len(store.history(job)) == 1 for job in store.ids())
    repo.git("fsck", "--strict")


def test_a_reference_has_one_winner(repo: GitSandbox, refs: RefStore) -> None:
    check_one_winner_each(repo, refs, processes=4, rounds=60)


@pytest.mark.slow
def test_four_hundred_references_have_one_winner_each(repo: GitSandbox, refs: RefStore) -> None:
    check_one_winner_each(repo, refs, processes=8, rounds=400)


def test_sixty_four_creations_at_once_from_eight_processes(repo: GitSandbox, store: ManifestStore) -> None:
    # Eight processes want the same eight jobs: 64 creations, eight winners.
    check_creations(repo, store, processes=8, jobs=8)


@pytest.mark.slow
def test_many_more_creations(repo: GitSandbox, store: ManifestStore) -> None:
    check_creations(repo, store, processes=8, jobs=64)


def test_no_change_is_lost(repo: GitSandbox, store: ManifestStore) -> None:
    store.create(create(example_manifest("shared-000001")), prompt="")
    won = race(repo, "change", processes=4, rounds=15)
    assert len({commit for each in won for commit in each}) == 60
    assert store.read(job_id("shared-000001")).manifest.usage.tokens == 60
    assert len(store.history(job_id("shared-000001"))) == 61


def test_folders_of_references_may_vanish_under_our_feet(repo: GitSandbox, refs: RefStore) -> None:
    race(repo, "coming-and-going", processes=4, rounds=60)
    assert refs.list("refs/logist/") == {}


def check_kills(repo: GitSandbox, store: ManifestStore, times: int) -> None:
    job = store.create(create(example_manifest("shared-000001")), prompt="").manifest.id
    chance = random.Random(times)
    for _ in range(times):
        runner = started(repo, "change", 0, 10_000)
        go(runner, time.monotonic())
        time.sleep(chance.uniform(0.0, 0.05))
        runner.kill()
        runner.communicate()
        tokens = store.read(job).manifest.usage.tokens or 0
        # The next writer neither waits for the dead one nor loses anything of it.
        before = time.monotonic()
        assert store.change(job, lambda _: Use(usage=Usage(tokens=1))).manifest.usage.tokens == tokens + 1
        assert time.monotonic() - before < 5
    assert len(store.history(job)) == 1 + (store.read(job).manifest.usage.tokens or 0)
    assert list((repo.path / ".git" / "refs").rglob("*.lock")) == []
    repo.git("fsck", "--strict")


def test_killed_writers_leave_a_whole_manifest(repo: GitSandbox, store: ManifestStore) -> None:
    check_kills(repo, store, times=6)


@pytest.mark.slow
def test_writers_killed_a_hundred_times(repo: GitSandbox, store: ManifestStore) -> None:
    check_kills(repo, store, times=100)
