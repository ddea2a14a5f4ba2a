from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logist_ci.process.clock import SystemClock
from logist_ci.process.proc_table import ProcTable
from logist_ci.process.psutil_table import PsutilTable
from logist_ci.process.system_table import system_table
from logist_ci.process.table import ProcessFacts, ProcessId, ProcessTable
from logist_ci.process.tree import alive, descendants, end_all, identify, inside, look_at_tree, send, with_cookie
from logist_ci.testing import FakeClock

TABLES: list[ProcessTable] = [PsutilTable()]
if sys.platform == "linux":
    TABLES.append(ProcTable())

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(params=TABLES, ids=lambda table: type(table).__name__)
def table(request: pytest.FixtureRequest) -> ProcessTable:
    found: ProcessTable = request.param
    return found


@pytest.fixture
def cookie(tmp_path: Path) -> str:
    return f"tree-{os.getpid()}-{abs(hash(tmp_path))}"


@pytest.fixture
def start(tmp_path: Path, cookie: str) -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def begin(script: str, *, cwd: Path = tmp_path) -> subprocess.Popen[bytes]:
        """Start a shell script, and return when it has said that it is ready."""
        env = {"PATH": os.environ.get("PATH", os.defpath), "LOGIST_JOB_ID": cookie}
        process = subprocess.Popen(
            ["sh", "-c", script], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return process

    yield begin
    end_all(lambda: with_cookie(cookie), grace_s=0, clock=SystemClock())
    for process in started:
        with process:
            process.kill()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def test_a_process_is_known_by_number_and_start(start: Start, table: ProcessTable) -> None:
    process = start("echo ready; sleep 30")
    known = identify(process.pid, table)
    assert known is not None
    assert known.pid == process.pid
    assert identify(process.pid, table) == known
    assert alive(known, table)
    assert not alive(ProcessId(known.pid, known.started - 1), table)


def test_a_zombie_is_known_and_not_alive(start: Start, table: ProcessTable) -> None:
    process = start("echo ready; exec sleep 30")
    known = identify(process.pid, table)
    assert known is not None
    process.kill()
    until(lambda: not alive(known, table))
    facts = table.facts(process.pid)
    assert facts is not None
    assert facts.state == "Z"
    assert descendants(os.getpid(), table).count(known) == 0
    process.wait()
    assert identify(process.pid, table) is None


def test_the_whole_tree_is_found_parents_first(start: Start, table: ProcessTable) -> None:
    process = start("sh -c 'sleep 30 & echo ready; sleep 30' & wait")
    until(lambda: len(descendants(process.pid, table)) == 3)
    found = look_at_tree(process.pid, table)
    assert [facts.parent for facts in found] == [process.pid, found[0].id.pid, found[0].id.pid]
    assert set(descendants(process.pid, table)) == {facts.id for facts in found}


def test_a_process_that_is_gone_has_no_descendants(table: ProcessTable) -> None:
    assert descendants(2**22 + 1, table) == []


def test_a_stray_is_found_by_its_cookie_and_only_by_all_of_it(start: Start, cookie: str, table: ProcessTable) -> None:
    process = start("(setsid sleep 30 &) ; echo ready; sleep 30; :")
    until(lambda: len(with_cookie(cookie, table)) == 3)
    found = {each.pid for each in with_cookie(cookie, table)}
    assert process.pid in found
    assert len(found - {process.pid, *(each.pid for each in descendants(process.pid, table))}) == 1
    assert with_cookie(cookie[:-1], table) == []
    assert with_cookie(cookie + "x", table) == []


def test_we_are_never_a_stray_of_our_own(cookie: str) -> None:
    class Everybody(FakeTable):
        def environ(self, pid: int) -> bytes:
            return b"A=b\0" + f"LOGIST_JOB_ID={cookie}".encode() + b"\0"

    assert os.getpid() not in {each.pid for each in with_cookie(cookie, Everybody([os.getpid(), 7]))}


def test_a_job_of_another_repository_may_have_the_same_id(cookie: str) -> None:
    class Neighbours(FakeTable):
        def environ(self, pid: int) -> bytes:
            return f"LOGIST_JOB_ID={cookie}\0LOGIST_WORKSPACE=/repo-{pid}/workspace\0".encode()

    table = Neighbours([1001, 1002])
    assert [each.pid for each in with_cookie(cookie, table)] == [1001, 1002]
    assert [each.pid for each in with_cookie(cookie, table, workspace=Path("/repo-1002/workspace"))] == [1002]
    assert with_cookie(cookie, table, workspace="/repo-1") == []


def test_a_process_is_found_by_its_folder(start: Start, tmp_path: Path, table: ProcessTable) -> None:
    folder = tmp_path / "work tree\udcff"
    (folder / "deep").mkdir(parents=True)
    (tmp_path / "work tree\udcff-beside").mkdir()
    standing = start("echo ready; sleep 30; :", cwd=folder / "deep")
    reading = start("exec 3>'work tree\udcff/file'; echo ready; sleep 30; :")
    start("echo ready; exec sleep 30", cwd=tmp_path / "work tree\udcff-beside")
    until(lambda: len(inside(folder, table)) == 4)  # the two shells and their sleeps
    assert {standing.pid, reading.pid} <= {each.pid for each in inside(folder, table)}


def test_a_signal_reaches_exactly_the_process_that_was_looked_at(start: Start, table: ProcessTable) -> None:
    process = start("trap 'echo got it' USR1; echo ready; while :; do sleep 0.05; done")
    known = identify(process.pid, table)
    assert known is not None
    assert not send(ProcessId(known.pid, known.started + 1), signal.SIGKILL, table)
    assert send(known, signal.SIGUSR1, table)
    assert process.stdout is not None
    assert process.stdout.readline() == b"got it\n"


def test_a_signal_to_who_is_gone_is_no_error(start: Start, table: ProcessTable) -> None:
    process = start("echo ready; exec sleep 30")
    known = identify(process.pid, table)
    assert known is not None
    process.kill()
    process.wait()
    assert not send(known, signal.SIGTERM, table)


def test_ending_lets_a_process_clean_up(start: Start) -> None:
    process = start("trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.02; done")
    known = identify(process.pid)
    assert end_all(lambda: _living(known), grace_s=5, clock=SystemClock()) == []
    assert process.wait() == 4


def test_ending_kills_who_ignores_term(start: Start) -> None:
    process = start("trap '' TERM; echo ready; while :; do sleep 0.02; done")
    before = time.monotonic()
    assert end_all(lambda: descendants(os.getpid()), grace_s=0.1, clock=SystemClock()) == []
    assert 0.1 <= time.monotonic() - before < 1
    assert process.wait() == -signal.SIGKILL


def test_ending_reaches_who_is_stopped(start: Start) -> None:
    process = start("echo ready; kill -STOP $$; sleep 30")
    assert (
        end_all(lambda: descendants(process.pid) + _living(identify(process.pid)), grace_s=5, clock=SystemClock()) == []
    )
    assert process.wait() == -signal.SIGTERM


def test_ending_outruns_who_keeps_forking(start: Start, cookie: str) -> None:
    start("trap '' TERM; for each in 1 2 3; do (while :; do (sleep 0.02 &); done) & done; echo ready; wait")
    assert end_all(lambda: with_cookie(cookie), grace_s=0.05, clock=SystemClock()) == []
    assert with_cookie(cookie) == []


def test_ending_nothing_costs_nothing(clock: FakeClock) -> None:
    looks: list[int] = []

    def find() -> list[ProcessId]:
        looks.append(1)
        return []

    assert end_all(find, grace_s=10, clock=clock) == []
    assert (len(looks), clock.monotonic()) == (2, 0)


def test_who_cannot_be_ended_is_named(clock: FakeClock) -> None:
    immortal = ProcessId(2**22 + 1, 1)
    assert end_all(lambda: [immortal], grace_s=10, clock=clock) == [immortal]
    assert 10 <= clock.monotonic() < 30


def test_the_table_says_what_a_process_uses(start: Start, table: ProcessTable) -> None:
    process = start("i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo ready; sleep 30")
    facts = table.facts(process.pid)
    assert facts is not None
    assert facts.cpu_s > 0
    assert facts.rss > 100_000
    assert facts.parent == os.getpid()
    assert facts.state in "SRD"  # D while a child of it has not executed its program yet
    assert table.command_line(process.pid).startswith("sh -c i=0;")


def test_a_name_with_parentheses_does_not_confuse(start: Start, tmp_path: Path, table: ProcessTable) -> None:
    program = tmp_path / "a) R (b"
    program.symlink_to("/bin/sleep")
    process = start(f"'{program}' 30 & echo ready; wait")
    until(lambda: any(facts.name == "a) R (b" for facts in look_at_tree(process.pid, table)))


def test_the_table_answers_nothing_about_who_is_gone(table: ProcessTable) -> None:
    nobody = 2**22 + 1
    assert table.facts(nobody) is None
    assert (table.children(nobody), table.environ(nobody), table.places(nobody)) == ([], b"", [])
    assert (table.command_line(nobody), table.waits_in(nobody)) == ("", "")


def test_a_large_environment_is_read_to_its_end(tmp_path: Path, table: ProcessTable) -> None:
    env = {"PATH": os.environ.get("PATH", os.defpath), **{f"V{number}": "x" * 1000 for number in range(100)}}
    with subprocess.Popen(["sleep", "30"], env={**env, "LAST": "one"}) as process:
        until(lambda: b"LAST=one" in table.environ(process.pid))
        assert table.environ(process.pid).count(b"\0") == len(env) + 1
        process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only the kernel of Linux tells")
def test_the_kernel_says_where_a_process_waits(start: Start) -> None:
    process = start("echo ready; exec sleep 30")
    until(lambda: "sleep" in ProcTable().waits_in(process.pid) or os.geteuid() != 0)


def test_the_system_has_one_table() -> None:
    assert system_table() is system_table()


def _living(process: ProcessId | None) -> list[ProcessId]:
    return [process] if process and alive(process) else []


class FakeTable:
    """A table of processes that all look alike."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids

    def pids(self) -> list[int]:
        return self._pids

    def facts(self, pid: int) -> ProcessFacts | None:
        return ProcessFacts(ProcessId(pid, 1), "fake", "S", 1, 0.0, 0)

    def children(self, pid: int) -> list[int]:
        return []

    def environ(self, pid: int) -> bytes:
        return b""

    def places(self, pid: int) -> list[bytes]:
        return []

    def command_line(self, pid: int) -> str:
        return ""

    def waits_in(self, pid: int) -> str:
        return ""
