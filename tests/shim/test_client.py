from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time

import msgspec
import pytest

from logist_ci.process.clock import SystemClock
from logist_ci.process.locks import is_locked
from logist_ci.process.table import ProcessId
from logist_ci.process.tree import alive, end_all, with_cookie
from logist_ci.shim.client import ShimHandle, read_exit, stop_shim
from logist_ci.shim.protocol import Progress
from tests.shim.conftest import Desk

NOBODY = ProcessId(2**22 + 1, 1)


def progress(number: int) -> bytes:
    said = Progress(elapsed_s=float(number), output_bytes=number, last_line=f"line {number}", processes=1)
    return msgspec.json.encode(said) + b"\n"


def test_of_many_reports_the_latest_wins_and_halves_wait() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ShimHandle(NOBODY, ours) as handle:
        assert handle.progress() is None
        theirs.sendall(progress(1) + progress(2) + progress(3)[:7])
        seen = handle.progress()
        assert seen is not None
        assert seen.output_bytes == 2
        theirs.sendall(progress(3)[7:])
        seen = handle.progress()
        assert seen is not None
        assert seen.last_line == "line 3"


def test_waiting_returns_when_the_time_is_up_or_the_shim_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with ShimHandle(NOBODY, ours) as handle:
        before = time.monotonic()
        assert not handle.wait(0.05)
        assert 0.04 <= time.monotonic() - before < 1
        assert not handle.wait(0)
        theirs.sendall(progress(9))
        theirs.close()
        assert handle.wait()
        assert handle.wait(0)
        seen = handle.progress()
        assert seen is not None
        assert seen.output_bytes == 9, "what it said last is still known"


def test_reports_do_not_end_the_waiting() -> None:
    ours, theirs = socket.socketpair()
    with theirs, ShimHandle(NOBODY, ours) as handle:
        theirs.sendall(progress(1))
        assert not handle.wait(0.05)


def test_a_handle_can_be_closed_twice_and_then_knows_what_it_knew() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        handle = ShimHandle(NOBODY, ours)
        handle.close()
        handle.close()
        assert handle.progress() is None


def test_stopping_who_is_gone_is_no_error() -> None:
    assert not stop_shim(NOBODY)
    ours, theirs = socket.socketpair()
    with theirs, ShimHandle(NOBODY, ours) as handle:
        handle.stop()


def test_others_can_stop_a_shim_that_they_know_by_number_and_start(desk: Desk) -> None:
    with desk.begin(desk.request("sleep", "30")) as handle:
        process = handle.process
        assert not stop_shim(ProcessId(process.pid, process.started + 1))
        assert stop_shim(ProcessId(process.pid, process.started))
        assert handle.wait(5)
    record = read_exit(desk.record)
    assert record is not None
    assert record.reason == "stopped"


def test_progress_of_a_real_run(desk: Desk) -> None:
    with desk.begin(desk.request("sh", "-c", "echo first; sleep 0.3; echo second; sleep 0.3")) as handle:
        lines = set()
        while not handle.wait(0.02):
            seen = handle.progress()
            lines.add(seen.last_line if seen else "")
        last = handle.progress()
    assert {"first", "second"} <= lines
    assert last is not None
    assert last.output_bytes == 13
    assert last.elapsed_s < 5
    assert last.processes >= 1


def test_several_threads_may_use_one_handle(desk: Desk) -> None:
    with desk.begin(desk.request("sh", "-c", "for each in 1 2 3 4; do echo $each; sleep 0.05; done")) as handle:
        results: list[bool] = []
        threads = [threading.Thread(target=lambda: results.append(handle.wait(5))) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            handle.progress()
            time.sleep(0.001)
        assert results == [True] * 4


@pytest.mark.skipif(sys.platform != "linux", reason="strays are found in /proc")
def test_a_killed_shim_leaves_no_record_no_lock_and_a_tree_that_can_be_found(desk: Desk) -> None:
    with desk.begin(desk.request("sh", "-c", "(setsid sleep 30 &); echo begun; sleep 30")) as handle:
        while handle.progress() is None:
            assert not handle.wait(0.01)
        os.kill(handle.process.pid, signal.SIGKILL)
        assert handle.wait(5)
        assert not alive(handle.process)
    assert read_exit(desk.record) is None
    assert not is_locked(desk.lock)
    assert len(with_cookie(desk.job_id)) == 3
    assert end_all(lambda: with_cookie(desk.job_id), grace_s=1, clock=SystemClock()) == []
