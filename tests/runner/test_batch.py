from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from logist_ci.errors import BusyError
from logist_ci.job.ids import JobId, job_id
from logist_ci.job.manifest import Manifest
from logist_ci.runner.batch import run_batch
from tests.runner.making import pending

IDS = tuple(job_id(f"job-{number}") for number in range(6))


def _run(wanted: JobId) -> Manifest:
    if wanted == IDS[2]:
        raise BusyError("Somebody has it.")
    return pending()


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_failing_job_becomes_its_outcome_and_stops_no_other(jobs: int) -> None:
    outcomes = run_batch(IDS, _run, jobs=jobs)
    assert [outcome.job_id for outcome in outcomes] == list(IDS)
    assert [outcome.error is None for outcome in outcomes] == [True, True, False, True, True, True]
    assert str(outcomes[2].error) == "Somebody has it."


def test_any_executor_will_do() -> None:
    with ThreadPoolExecutor(2) as executor:
        outcomes = run_batch(IDS, _run, jobs=1, executor=executor)
    assert sum(outcome.manifest is not None for outcome in outcomes) == 5


def test_one_at_a_time_stays_in_the_calling_thread() -> None:
    seen: set[int] = set()

    def run(wanted: JobId) -> Manifest:
        seen.add(threading.get_ident())
        return pending()

    run_batch(IDS, run)
    assert seen == {threading.get_ident()}


def test_never_more_at_once_than_asked_for() -> None:
    lock, running, most = threading.Lock(), 0, 0
    together = threading.Barrier(2, timeout=10)

    def run(wanted: JobId) -> Manifest:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1
        return pending()

    run_batch(IDS, run, jobs=2)
    assert most == 2
