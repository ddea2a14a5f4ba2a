"""Many processes at once: no error, no double winner, no orphan."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound, footprint, picture
from tests.acceptance.program import Ended, Program, manifests


def _at_once(processes: int, calls: Sequence[tuple[str, ...]], logist: Program, repo: GitSandbox) -> list[Ended]:
    with ThreadPoolExecutor(processes) as threads:
        return list(threads.map(lambda arguments: logist.tried(*arguments, at=repo.path), calls))


def test_one_id_has_one_winner(logist: Program, repo: GitSandbox) -> None:
    ended = _at_once(4, [("create", "--id", "race-000001", "--", "true")] * 4, logist, repo)

    assert sorted(each.status for each in ended) == [0, 5, 5, 5], [each.err for each in ended]
    assert list(manifests(repo)) == ["race-000001"]


def test_one_job_has_one_runner(logist: Program, repo: GitSandbox) -> None:
    logist("create", "--id", "race-000001", "--", "sh", "-c", "echo once >> ran.txt; sleep 0.4", at=repo.path)

    ended = _at_once(3, [("run", "--job", "race-000001")] * 3, logist, repo)

    statuses = [each.status for each in ended]
    assert statuses.count(0) >= 1, [each.err for each in ended]
    assert set(statuses) <= {0, 1, 5}
    assert repo.git("show", "logist/race-000001:ran.txt") == "once"
    assert repo.git("rev-list", "--count", "main..logist/race-000001") == "1"
    assert_sound(repo)


@pytest.mark.slow
def test_64_creations_from_eight_processes(logist: Program, repo: GitSandbox) -> None:
    before = picture(repo)

    ended = _at_once(8, [("create", "--title", f"Job {number}", "--", "true") for number in range(64)], logist, repo)

    assert [each.status for each in ended] == [0] * 64, [each.err for each in ended if each.status]
    assert len({each.out for each in ended}) == 64
    assert set(logist.jobs(repo.path)) == set(manifests(repo)) == {each.out.strip() for each in ended}
    assert picture(repo) == before
    assert footprint(repo).admin == ()
    assert set(footprint(repo).folders) <= set(manifests(repo))
    repo.git("fsck", "--strict", "--no-dangling")


@pytest.mark.slow
def test_runs_from_several_processes(logist: Program, repo: GitSandbox) -> None:
    before = picture(repo)
    calls = [("run", "--", "sh", "-c", f"echo {number} > file-{number}.txt") for number in range(16)]

    ended = _at_once(8, calls, logist, repo)

    assert [each.status for each in ended] == [0] * 16, [each.err for each in ended if each.status]
    assert {line["state"] for line in logist.jobs(repo.path).values()} == {"SUCCESS"}
    assert picture(repo) == before
    assert footprint(repo).admin == ()
    assert_sound(repo)


def test_the_same_id_in_two_repositories(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    """Processes of a job are found by its id; those of a job that is called the same elsewhere are not its own."""
    other = GitSandbox(tmp_path / "other", repo.environ)
    repo.git("clone", "-q", repo.path, other.path)
    first, second = tmp_path / "first", tmp_path / "second"
    # The first ends, and looks for strays, while the second is at work.
    early = f'touch "{first}"; while [ ! -e "{second}" ]; do sleep 0.02; done'
    late = f'touch "{second}"; sleep 0.8; echo done > done.txt'

    with ThreadPoolExecutor(1) as thread:
        begun = thread.submit(logist.tried, "run", "--id", "nightly-build", "--", "sh", "-c", early, at=repo.path)
        while not first.exists() and not begun.done():
            time.sleep(0.02)
        logist("run", "--id", "nightly-build", "--", "sh", "-c", late, at=other.path)

        assert begun.result().status == 0, begun.result().err
