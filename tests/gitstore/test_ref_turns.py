from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logist_ci.errors import BusyError, StoreError
from logist_ci.gitstore.ref_turns import RefTurns
from logist_ci.job.ids import RefName
from logist_ci.process.clock import SystemClock
from logist_ci.process.locks import try_lock
from logist_ci.testing.clock import FakeClock

REF = RefName("refs/logist/jobs/a-job")


@pytest.fixture
def turns(folder: Path) -> RefTurns:
    return RefTurns(folder, SystemClock(), 5)


def test_there_is_one_at_a_time(turns: RefTurns) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        with turns.hold(REF):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    assert most == [1] * 100


def test_a_turn_ends_with_an_error_too(turns: RefTurns, folder: Path) -> None:
    with pytest.raises(KeyError), turns.hold(REF):
        raise KeyError
    assert (folder / "logist-ci-refs").read_bytes() == b""
    with turns.hold(REF):
        pass


def test_the_note_says_what_is_about_to_be_locked(turns: RefTurns, folder: Path) -> None:
    with turns.hold(REF):
        assert (folder / "logist-ci-refs").read_bytes() == REF.encode()


def test_a_shorter_name_leaves_nothing_of_a_longer_one(turns: RefTurns, folder: Path) -> None:
    (folder / "logist-ci-refs").write_bytes(b"refs/logist/jobs/a-job-with-a-long-name")
    with turns.hold(RefName("refs/x/y")):
        assert (folder / "logist-ci-refs").read_bytes() == b"refs/x/y"


def test_somebody_who_never_ends_is_said(folder: Path) -> None:
    clock = FakeClock()
    held = try_lock(folder / "logist-ci-refs")
    assert held is not None
    with held, pytest.raises(BusyError, match="for 7 s"), RefTurns(folder, clock, 7).hold(REF):
        pass
    assert clock.monotonic() >= 7


def test_whoever_waits_gets_their_turn(turns: RefTurns, folder: Path) -> None:
    held = try_lock(folder / "logist-ci-refs")
    assert held is not None
    threading.Timer(0.05, held.close).start()
    with turns.hold(REF):
        pass


def test_a_writer_that_ended_well_has_nothing_tidied_after_it(turns: RefTurns, folder: Path) -> None:
    with turns.hold(REF):
        pass
    (folder / "refs/logist/jobs").mkdir(parents=True)
    (folder / f"{REF}.lock").touch()
    with turns.hold(REF):
        # It is another git's, which is at work right now.
        assert (folder / f"{REF}.lock").exists()


def test_a_dead_writers_locks_are_removed(turns: RefTurns, folder: Path) -> None:
    (folder / "refs/logist/jobs").mkdir(parents=True)
    for stale in (f"{REF}.lock", "packed-refs.lock"):
        (folder / stale).touch()
    (folder / "logist-ci-refs").write_bytes(REF.encode())
    with turns.hold(REF):
        assert not (folder / f"{REF}.lock").exists()
        assert not (folder / "packed-refs.lock").exists()


def test_a_folder_in_the_locks_place_is_said(turns: RefTurns, folder: Path) -> None:
    (folder / "logist-ci-refs").mkdir()
    with pytest.raises(StoreError, match="Logist CI could not lock"), turns.hold(REF):
        pass
