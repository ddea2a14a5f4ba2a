"""``kill -9`` at any moment: what is stored stays readable and true, and the next run finishes the work."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound, footprint, picture
from tests.acceptance.program import Program, manifests
from tests.acceptance.working import changes

_TRANSIENT = ("PROVISIONING", "RUNNING", "HARVESTING")
_PATIENCE_S = 30.0

# Slow enough to be met at work, and the same whenever it is begun again.
_AGENT = "echo 1 > first.txt; sleep 0.2; echo 2 > second.txt"
# A whole run takes about this long; later moments find it ended, which is a moment too.
_RUN_S = 1.2


@pytest.fixture
def victim() -> str:
    """The id of a job that no other test uses: processes of a job are found by it, on the whole machine."""
    return f"victim-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize("seed", range(5))
def test_killing_the_runner(logist: Program, repo: GitSandbox, victim: str, seed: int) -> None:
    # Spread over the run, so that few tries meet its different stretches.
    _kill_and_finish(logist, repo, victim, _RUN_S * (seed + random.Random(seed).random()) / 5)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_killing_the_runner_at_fifty_moments(logist: Program, repo: GitSandbox, victim: str, seed: int) -> None:
    _kill_and_finish(logist, repo, victim, random.Random(1000 + seed).uniform(0.05, _RUN_S))


def test_killing_the_shim(logist: Program, repo: GitSandbox, victim: str, tmp_path: Path) -> None:
    shim = tmp_path / "shim"
    # The first time the agent says who its parent is and waits to be killed; the second time it works.
    script = f'if [ ! -e "{shim}" ]; then echo $PPID > "{shim}.new"; mv "{shim}.new" "{shim}"; sleep 60; fi; {_AGENT}'
    runner = _start(logist, repo, "run", "--id", victim, "--", "sh", "-c", script)
    _until(shim.exists)
    os.kill(int(shim.read_text()), signal.SIGKILL)

    assert runner.wait(_PATIENCE_S) == 0, (repo.path.parent / "talk").read_text()
    assert logist.jobs(repo.path)[victim]["state"] == "SUCCESS"
    assert not _alive(victim)
    _is_whole(logist, repo, victim)


def test_killing_runner_and_shim(logist: Program, repo: GitSandbox, victim: str, tmp_path: Path) -> None:
    shim = tmp_path / "shim"
    script = f'if [ ! -e "{shim}" ]; then echo $PPID > "{shim}.new"; mv "{shim}.new" "{shim}"; sleep 60; fi; {_AGENT}'
    runner = _start(logist, repo, "run", "--id", victim, "--", "sh", "-c", script)
    _until(shim.exists)
    os.kill(runner.pid, signal.SIGKILL)
    os.kill(int(shim.read_text()), signal.SIGKILL)
    runner.wait()
    _until(lambda: logist.jobs(repo.path)[victim]["owner"] == "gone")
    before = footprint(repo)

    assert "owner gone" in logist("list", at=repo.path).out
    assert logist.jobs(repo.path)[victim]["state"] == "RUNNING"
    # Looking changes nothing.
    assert footprint(repo) == before
    # The agent has outlived them both; finishing the job ends it first.
    assert _alive(victim)
    _finish(logist, repo, victim)
    assert not _alive(victim)


def test_interrupting_the_runner(logist: Program, repo: GitSandbox, victim: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    script = f'echo kept > kept.txt; : > "{begun}"; sleep 60'
    runner = _start(logist, repo, "run", "--id", victim, "--limit", "grace=1s", "--", "sh", "-c", script)
    _until(begun.exists)

    runner.send_signal(signal.SIGINT)

    assert runner.wait(_PATIENCE_S) == 130
    assert not _alive(victim)
    listed = logist.jobs(repo.path)[victim]
    assert listed["state"] == "PENDING"
    # What it had done is on its branch.
    assert repo.git("show", f"logist/{victim}:kept.txt") == "kept"
    assert_sound(repo)


def _kill_and_finish(logist: Program, repo: GitSandbox, victim: str, after_s: float) -> None:
    mine = picture(repo)
    runner = _start(logist, repo, "run", "--id", victim, "--check", "test -e second.txt", "--", "sh", "-c", _AGENT)
    time.sleep(after_s)
    runner.kill()
    runner.wait()

    _tells_the_truth(logist, repo, victim)
    _until(lambda: all(line["owner"] != "alive" for line in logist.jobs(repo.path).values()))
    _tells_the_truth(logist, repo, victim)
    if victim not in manifests(repo):
        assert footprint(repo).admin == ()
        logist("create", "--id", victim, "--", "sh", "-c", _AGENT, at=repo.path)
    _finish(logist, repo, victim)
    assert picture(repo) == mine


def _tells_the_truth(logist: Program, repo: GitSandbox, victim: str) -> None:
    """Compare what is listed with the manifests, and with the processes that are there."""
    before = set(_alive(victim))
    listed = logist.jobs(repo.path)
    stored = manifests(repo)
    after = set(_alive(victim))
    assert listed.keys() <= stored.keys()
    for line in listed.values():
        assert not line["defect"]
        if line["state"] in _TRANSIENT:
            assert line["owner"] in ("alive", "gone")
        if line["owner"] == "gone":
            assert line["state"] in _TRANSIENT
            assert "owner gone" in line["shown"]
        if line["owner"] != "alive" and line["state"] == "RUNNING":
            # A shim that lives holds the job; without one no new process of the job comes to be.
            assert after <= before


def _finish(logist: Program, repo: GitSandbox, job: str) -> None:
    state = logist.jobs(repo.path)[job]["state"]
    if state != "SUCCESS":
        logist("run", "--job", job, at=repo.path)
    assert logist.jobs(repo.path)[job]["state"] == "SUCCESS"
    _is_whole(logist, repo, job)


def _is_whole(logist: Program, repo: GitSandbox, name: str) -> None:
    job = logist("status", name, "--json", at=repo.path).json["manifest"]
    assert changes(repo, job) == ["A first.txt", "A second.txt"]
    logist("history", name, at=repo.path)
    # A runner that was killed between its last two steps leaves a workspace to the cleanup.
    logist("cleanup", at=repo.path)
    logist("validate", name, at=repo.path)
    logist("cleanup", name, "--force", at=repo.path)
    assert footprint(repo).admin == ()
    assert_sound(repo)


def _start(logist: Program, repo: GitSandbox, *arguments: str) -> subprocess.Popen[bytes]:
    with (repo.path.parent / "talk").open("wb") as talk:
        return subprocess.Popen(
            [*logist.argv, *arguments],
            cwd=repo.path,
            env=logist.environ,
            stdin=subprocess.DEVNULL,
            stdout=talk,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "Waited in vain."
        time.sleep(0.02)


def _alive(job: str) -> list[int]:
    """Return the processes that carry the job's cookie, whoever started them."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"LOGIST_JOB_ID={job}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue
    return found
