from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import logist_ci
from logist_ci.errors import StoreError
from logist_ci.job.limits import Limits
from logist_ci.process.locks import KernelLock, is_locked, signed_by, try_lock
from logist_ci.process.proc_table import ProcTable
from logist_ci.process.system_table import system_table
from logist_ci.process.tree import ProcessId, alive, descendants, with_cookie
from logist_ci.shim.nursery import Nursery
from logist_ci.shim.protocol import encode_request, read_exit
from tests.shim.conftest import Desk

# Where other interpreters find what this one does.
PLACES = json.dumps([os.fspath(Path(logist_ci.__file__).parent.parent), *sys.path])

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# A runner that starts a run, says who is who, and then waits to be killed.
_RUNNER = """
import json, sys, time
sys.path[:] = json.loads(sys.argv[3])
from pathlib import Path
from logist_ci.job.limits import Limits
from logist_ci.process.locks import try_lock
from logist_ci.shim.nursery import Nursery
from logist_ci.shim.protocol import decode_request
request = decode_request(Path(sys.argv[1]).read_bytes())
nursery = Nursery.start()
lock = try_lock(Path(sys.argv[2]))
handle = nursery.spawn(request, lock)
print(json.dumps([handle.process.pid, handle.process.started]), flush=True)
time.sleep(60)
"""


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def test_many_runs_one_after_the_other_leave_nothing(desk: Desk) -> None:
    desk.run(desk.request("true"))
    descriptors, threads = sorted(os.listdir("/dev/fd")), threading.active_count()
    before = len(descendants(os.getpid()))
    for number in range(200):
        assert desk.run(desk.request("sh", "-c", f"exit {number % 7}")).exit_status == number % 7
    assert sorted(os.listdir("/dev/fd")) == descriptors
    assert threading.active_count() == threads
    until(lambda: len(descendants(os.getpid())) <= before)


def test_many_threads_can_spawn_at_once(desk: Desk) -> None:
    statuses: dict[int, int | None] = {}

    def work(number: int) -> None:
        folder = desk.folder / str(number)
        (folder / "worktree").mkdir(parents=True)
        own = Desk(folder, f"{desk.job_id}-{number}", desk.nursery)
        statuses[number] = own.run(own.request("sh", "-c", f"sleep 0.05; exit {number}")).exit_status

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {number: number for number in range(12)}


def test_the_shim_holds_the_lock_on_its_own(desk: Desk) -> None:
    with desk.begin(desk.request("sh", "-c", "sleep 0.2")) as handle:
        assert is_locked(desk.lock)
        assert signed_by(desk.lock) == handle.process
        assert try_lock(desk.lock) is None
        assert handle.wait(5)
        assert not is_locked(desk.lock)


def test_the_runner_may_keep_the_lock_longer(desk: Desk) -> None:
    held = try_lock(desk.lock)
    assert held is not None
    with held, desk.nursery.spawn(desk.request("true"), held) as handle:
        assert handle.wait(5)
        assert is_locked(desk.lock)
    assert not is_locked(desk.lock)


def test_closing_the_nursery_does_not_end_its_runs(desk: Desk) -> None:
    with Nursery.start() as own:
        held = try_lock(desk.lock)
        assert held is not None
        with held:
            handle = own.spawn(desk.request("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 3"), held)
        own.close()
        with handle:
            assert not handle.wait(0.01)
            (desk.worktree / "go").touch()
            assert handle.wait(5)
    record = read_exit(desk.record)
    assert record is not None
    assert record.exit_status == 3


def test_a_closed_nursery_says_so(desk: Desk) -> None:
    own = Nursery.start()
    own.close()
    with _held(desk) as held, pytest.raises(StoreError, match="could not be started"):
        own.spawn(desk.request("true"), held)


@linux
def test_a_nursery_that_was_killed_says_so(desk: Desk) -> None:
    before = set(descendants(os.getpid()))
    own = Nursery.start()
    with _held(desk) as held:
        own.spawn(desk.request("true"), held).wait(5)
        for process in set(descendants(os.getpid())) - before:
            os.kill(process.pid, signal.SIGKILL)
        until(lambda: _refuses(own, desk, held))
    own.close()


@linux
def test_an_idle_shim_that_was_killed_is_replaced(desk: Desk) -> None:
    with Nursery.start() as own, _held(desk) as held:
        own.spawn(desk.request("true"), held).wait(5)
        nursery = own.pid
        until(lambda: len(descendants(nursery)) == 1)
        (idle,) = descendants(nursery)
        os.kill(idle.pid, signal.SIGKILL)
        until(lambda: not alive(idle))
        with own.spawn(desk.request("sh", "-c", "exit 3"), held) as handle:
            assert handle.wait(5)
    record = read_exit(desk.record)
    assert record is not None
    assert record.exit_status == 3


def test_a_record_that_cannot_be_made_is_told_at_once(desk: Desk) -> None:
    desk.record.mkdir()
    with _held(desk) as held, pytest.raises(StoreError, match=r"(?s)exit record .* cannot be made"):
        desk.nursery.spawn(desk.request("true"), held)


@linux
def test_the_nursery_holds_nothing_of_its_parent() -> None:
    with Nursery.start() as own:
        until(lambda: len(ProcTable().environ(own.pid)) == 0 or os.geteuid() == 0)
        if not os.access(f"/proc/{own.pid}/fd", os.R_OK):
            pytest.skip("only root may look, as it should be")
        # One child is the shim that waits; what the rehearsal starts ends at once.
        until(lambda: [_only_plumbing(each.pid) for each in descendants(own.pid)] == [True] and _only_plumbing(own.pid))


def _only_plumbing(pid: int) -> bool:
    places = ProcTable().places(pid)
    plumbing = all(place.startswith((b"/dev/null", b"socket:", b"pipe:")) for place in places[2:])
    return places[:2] == [b"/", b"/"] and len(places) <= 10 and plumbing


def test_a_pipe_of_the_parent_ends_although_the_nursery_lives() -> None:
    reader, writer = os.pipe()
    with Nursery.start():
        os.close(writer)
        assert os.read(reader, 1) == b""
    os.close(reader)


def test_with_threads_the_nursery_is_an_interpreter_of_its_own(desk: Desk) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with Nursery.start() as own, _held(desk) as held:
            with own.spawn(desk.request("sh", "-c", "exit 3"), held) as handle:
                assert handle.wait(10)
            assert "shim.nursery import main" in system_table().command_line(own.pid)
    finally:
        stop.set()
        thread.join()
    record = read_exit(desk.record)
    assert record is not None
    assert record.exit_status == 3


@linux
def test_when_the_runner_is_killed_its_run_goes_on_and_everything_else_ends(desk: Desk, tmp_path: Path) -> None:
    with _runner(desk, tmp_path, "sleep 0.4; echo survived; exit 3") as (runner, shim):
        family = [each for each in descendants(runner.pid) if each != shim and each.pid != shim.pid]
        runner.kill()
        runner.wait()
        assert alive(shim)
        assert is_locked(desk.lock)
        mine = {each.pid for each in with_cookie(desk.job_id)} | {each.pid for each in descendants(shim.pid)}
        until(lambda: not any(alive(each) for each in family if each.pid not in mine))
        until(lambda: not alive(shim))
    record = read_exit(desk.record)
    assert record is not None
    assert (record.exit_status, record.tail) == (3, "survived\n")
    assert not is_locked(desk.lock)


@linux
def test_limits_hold_although_the_runner_was_killed(desk: Desk, tmp_path: Path) -> None:
    with _runner(desk, tmp_path, "trap '' TERM; sleep 30 & wait; sleep 30", wall_s=0.5) as (runner, shim):
        runner.kill()
        runner.wait()
        until(lambda: not alive(shim))
    record = read_exit(desk.record)
    assert record is not None
    assert (record.reason, record.limit, record.survivors) == ("limit", "wall", 0)
    assert desk.strays() == 0


@linux
def test_a_ctrl_c_in_the_terminal_does_not_reach_the_run(desk: Desk, tmp_path: Path) -> None:
    with _runner(desk, tmp_path, "sleep 0.3; exit 3") as (runner, shim):
        os.killpg(runner.pid, signal.SIGINT)
        runner.wait()
        until(lambda: not alive(shim))
    record = read_exit(desk.record)
    assert record is not None
    assert record.exit_status == 3


# As a user who may have no more processes: root may have as many as it likes.
_CROWDED = """
import json, os, resource, sys, tempfile
sys.path[:] = json.loads(sys.argv[1])
from pathlib import Path
from logist_ci.errors import StoreError
from logist_ci.process.locks import try_lock
# What is imported late cannot be read any more by the user that this becomes.
from logist_ci.shim import client, entry
from logist_ci.shim.nursery import Nursery
from logist_ci.shim.protocol import RunRequest
if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
folder = Path(tempfile.mkdtemp(dir="/tmp"))
request = RunRequest(job_id="crowded", phase="p", attempt=1, argv=("true",), cwd="/", env={}, log=str(folder / "log"),
                     exit_record=str(folder / "exit.json"), worktree=str(folder))
lock = try_lock(folder / "lock")
nursery = Nursery.start()
nursery.spawn(request, lock).wait()
ours, hard = resource.prlimit(nursery.pid, resource.RLIMIT_NPROC)
nursery.spawn(request, lock).wait()
resource.prlimit(nursery.pid, resource.RLIMIT_NPROC, (0, hard))
refused = ""
while not refused:
    try:
        nursery.spawn(request, lock).wait()
    except StoreError as error:
        refused = str(error)
print(refused)
resource.prlimit(nursery.pid, resource.RLIMIT_NPROC, (ours, hard))
while True:
    try:
        nursery.spawn(request, lock).wait()
        break
    except StoreError:
        continue
nursery.close()
resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
try:
    Nursery.start()
except StoreError as error:
    print(error)
"""


@linux
def test_when_there_are_no_more_processes_it_says_so_and_goes_on_later() -> None:
    argv = [sys.executable, "-I", "-c", _CROWDED, PLACES]
    said = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=20).stdout.splitlines()
    assert said[0].startswith("The run of crowded could not be started: ")
    assert said[1] == "Logist CI could not start a process: Resource temporarily unavailable."


@contextmanager
def _runner(
    desk: Desk, tmp_path: Path, script: str, wall_s: float = 20
) -> Iterator[tuple[subprocess.Popen[bytes], ProcessId]]:
    """Start a runner in a process and a group of its own, and return it with its shim."""
    request = desk.request("sh", "-c", script, limits=Limits(wall_s=wall_s, grace_s=0.1))
    (tmp_path / "request").write_bytes(encode_request(request))
    argv = [sys.executable, "-c", _RUNNER, str(tmp_path / "request"), os.fspath(desk.lock), PLACES]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0) as process:
        assert process.stdout is not None
        try:
            yield process, ProcessId(*json.loads(process.stdout.readline()))
        finally:
            process.kill()


def _held(desk: Desk) -> KernelLock:
    held = try_lock(desk.lock)
    assert held is not None
    return held


def _refuses(nursery: Nursery, desk: Desk, held: KernelLock) -> bool:
    try:
        nursery.spawn(desk.request("true"), held).wait(5)
    except StoreError:
        return True
    return False
