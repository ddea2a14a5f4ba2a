from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from logist_ci.job.limits import Limits
from logist_ci.shim.protocol import ExitRecord
from tests.shim.conftest import GRACE_S, Desk

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def limits(
    wall: float | None = 20, idle: float | None = None, output: int | None = None, grace: float = GRACE_S
) -> Limits:
    return Limits(wall_s=wall, idle_s=idle, output_bytes=output, grace_s=grace)


def run(desk: Desk, script: str, given: Limits | None = None) -> ExitRecord:
    return desk.run(desk.request("sh", "-c", script, limits=given or limits()))


class TestTheProgram:
    def test_its_end_is_recorded(self, desk: Desk) -> None:
        record = run(desk, "echo out; echo err >&2; exit 3")
        assert (record.reason, record.limit, record.exit_status, record.signal) == ("exited", None, 3, None)
        assert (record.tail, record.output_bytes, record.survivors) == ("out\nerr\n", 8, 0)
        assert (record.report, record.warnings) == ("", ())
        assert desk.log.read_bytes() == b"out\nerr\n"
        assert record.started_at <= record.ended_at

    def test_its_signal_is_recorded(self, desk: Desk) -> None:
        record = run(desk, "kill -SEGV $$")
        assert (record.reason, record.exit_status, record.signal) == ("exited", None, signal.SIGSEGV)

    def test_it_gets_its_arguments_folder_and_environment(self, desk: Desk) -> None:
        script = 'printf "%s|" "$@"; pwd -P; env | sort'
        request = desk.request("sh", "-c", script, "sh", "a b", "$HOME", "\udcff", env={"K": "v\udcfe"})
        desk.run(request)
        log = desk.log.read_bytes()
        assert log.startswith(b"a b|$HOME|\xff|" + os.fsencode(desk.worktree.resolve()) + b"\n")
        assert b"\nK=v\xfe\n" in log
        assert b"HOME=" not in log

    def test_its_input_is_empty_or_the_given_file(self, desk: Desk) -> None:
        assert desk.run(desk.request("cat")).output_bytes == 0
        assert desk.run(desk.request("cat", stdin=b"x" * 300_000)).output_bytes == 300_000

    @linux
    def test_it_inherits_no_descriptor(self, desk: Desk) -> None:
        run(desk, "ls /proc/self/fd")
        assert desk.log.read_text().split() == ["0", "1", "2", "3"], "3 is the folder that ls reads"

    @linux
    def test_it_inherits_no_way_to_treat_signals(self, desk: Desk) -> None:
        run(desk, "exec grep '^Sig[BI]' /proc/self/status")
        blocked, ignored = (int(line.split()[1], 16) for line in desk.log.read_text().splitlines())
        own_of_the_c_library = 0b11 << 31
        assert (blocked, ignored & ~own_of_the_c_library) == (0, 0)

    def test_it_has_a_group_of_its_own_and_no_terminal(self, desk: Desk) -> None:
        script = (
            "import os; print(os.getpid() == os.getpgrp(), os.getsid(0) == os.getpid(), os.isatty(0)); open('/dev/tty')"
        )
        record = desk.run(desk.request(sys.executable, "-I", "-S", "-c", script))
        assert "True False False\n" in record.tail
        assert record.exit_status == 1

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (("no-such-program",), "no-such-program: command not found."),
            (("/etc/passwd",), "/etc/passwd may not be executed."),
            (("echo", "a\0b"), "NUL"),
        ],
    )
    def test_what_cannot_be_started_is_explained(self, desk: Desk, argv: tuple[str, ...], words: str) -> None:
        record = desk.run(desk.request(*argv))
        assert (record.reason, record.exit_status, record.signal) == ("not_started", None, None)
        assert words in record.report
        assert desk.log.read_text() == f"\n[logist-ci] {record.report}\n"

    def test_a_missing_folder_is_explained(self, desk: Desk) -> None:
        record = desk.run(desk.request("true", cwd=desk.folder / "nowhere"))
        assert record.reason == "not_started"
        assert "nowhere does not exist" in record.report

    def test_its_use_is_measured(self, desk: Desk) -> None:
        script = "x = b'x' * 60_000_000\nwhile __import__('time').process_time() < 0.25: pass"
        record = desk.run(desk.request(sys.executable, "-I", "-S", "-c", script))
        assert record.cpu_s >= 0.24
        assert record.wall_s >= record.cpu_s / 2
        assert 60_000_000 < record.peak_rss < 200_000_000

    def test_what_its_children_use_is_measured_too(self, desk: Desk) -> None:
        burn = "while __import__('time').process_time() < 0.1: pass"
        record = run(desk, f'"{sys.executable}" -I -S -c "{burn}" & "{sys.executable}" -I -S -c "{burn}"; wait')
        assert record.cpu_s >= 0.19


class TestLimits:
    def test_wall(self, desk: Desk) -> None:
        record = run(desk, "echo begun; sleep 30", limits(wall=0.2))
        assert (record.reason, record.limit, record.signal) == ("limit", "wall", signal.SIGTERM)
        assert 0.2 <= record.wall_s < 0.2 + GRACE_S + 0.2
        assert record.warnings == ("80 % of the wall limit (0.2 seconds) was used.",)

    def test_idle(self, desk: Desk) -> None:
        record = run(desk, "echo begun; sleep 30", limits(idle=0.2))
        assert (record.reason, record.limit) == ("limit", "idle")
        assert 0.2 <= record.wall_s < 1.2

    def test_output_keeps_a_run_alive(self, desk: Desk) -> None:
        record = run(desk, "for each in 1 2 3 4 5 6; do sleep 0.1; echo $each; done", limits(idle=0.4))
        assert record.reason == "exited"

    def test_use_of_the_cpu_keeps_a_run_alive(self, desk: Desk) -> None:
        burn = "while __import__('time').process_time() < 0.6: pass"
        record = desk.run(desk.request(sys.executable, "-I", "-S", "-c", burn, limits=limits(idle=0.3)))
        assert record.reason == "exited"

    def test_changes_in_the_worktree_keep_a_run_alive(self, desk: Desk) -> None:
        (desk.worktree / "deep").mkdir()
        record = run(desk, "for each in 1 2 3 4 5 6; do sleep 0.1; : > deep/$each; done", limits(idle=0.4))
        assert record.reason == "exited"

    def test_closing_the_output_is_not_the_end(self, desk: Desk) -> None:
        record = run(desk, "exec >&- 2>&-; sleep 0.1; exit 5")
        assert (record.exit_status, record.cpu_s < 0.05) == (5, True)

    def test_output(self, desk: Desk) -> None:
        record = run(desk, "exec yes", limits(output=1_000_000))
        assert (record.reason, record.limit) == ("limit", "output")
        assert record.output_bytes > 1_000_000
        log = desk.log.read_bytes()
        assert log[:1_000_000] == b"y\n" * 500_000
        assert log[1_000_000:].startswith(b"\n[logist-ci] Output beyond 1000000 bytes was dropped.\n")

    def test_a_flood_that_has_ended_is_judged_by_its_limit_too(self, desk: Desk) -> None:
        record = run(desk, "head -c 1001 /dev/zero", limits(output=1000))
        assert (record.reason, record.limit) == ("limit", "output")
        assert run(desk, "head -c 1000 /dev/zero", limits(output=1000)).reason == "exited"

    def test_who_says_much_while_it_ends_is_listened_to(self, desk: Desk) -> None:
        script = "trap 'head -c 1000000 /dev/zero; exit 6' TERM; echo begun; while :; do sleep 0.01; done"
        record = run(desk, script, limits(wall=0.2, grace=5))
        assert (record.reason, record.exit_status) == ("limit", 6)
        assert record.output_bytes >= 1_000_006
        assert record.wall_s < 2

    @linux
    def test_one_huge_line_of_nuls_takes_no_memory(self, desk: Desk) -> None:
        script = "head -c 200000000 /dev/zero; exec sleep 0.1"
        with desk.begin(desk.request("sh", "-c", script, log=Path(os.devnull), limits=limits())) as handle:
            before = peak = _peak_kb(handle.process.pid)
            while not handle.wait(0.02):
                peak = max(peak, _peak_kb(handle.process.pid))
            progress = handle.progress()
        assert peak < before + 20_000
        assert progress is not None
        assert len(progress.last_line) <= 200

    def test_limits_can_be_off(self, desk: Desk) -> None:
        assert run(desk, "sleep 0.3", limits(wall=None)).reason == "exited"


class TestTheEndOfEverything:
    @pytest.mark.parametrize(
        "script",
        [
            "sleep 30 & sleep 30 & echo begun; wait",
            "trap '' TERM; echo begun; while :; do sleep 1; done",
            "(setsid sh -c 'trap \"\" TERM; sleep 30 & sleep 30' &) ; echo begun; sleep 30",
            "setsid sh -c 'setsid sleep 30 & setsid sleep 30' & echo begun; sleep 30",
            "sleep 30 & kill -STOP $!; echo begun; kill -STOP $$",
            "env -i sh -c 'setsid sleep 30 &' ; echo begun; sleep 30",
            "trap 'sleep 30' TERM; echo begun; sleep 30 & wait; wait",
        ],
        ids=["children", "deaf", "double fork", "sessions", "stopped", "no environment", "handler that hangs"],
    )
    def test_a_limit_ends_the_whole_tree(self, desk: Desk, script: str) -> None:
        record = run(desk, script, limits(wall=0.2))
        assert (record.reason, record.survivors, record.tail[:6]) == ("limit", 0, "begun\n")
        assert desk.strays() == 0
        assert record.wall_s < 0.2 + GRACE_S + 0.4

    def test_no_child_outlives_the_program(self, desk: Desk) -> None:
        record = run(desk, "(setsid sleep 30 &) ; sleep 30 & echo gone; exit 0")
        assert (record.reason, record.exit_status, record.survivors) == ("exited", 0, 0)
        assert desk.strays() == 0
        assert record.wall_s < 1

    def test_a_child_that_is_left_may_clean_up(self, desk: Desk) -> None:
        record = run(
            desk, "(trap 'echo cleaned; exit' TERM; echo ready; while :; do sleep 0.01; done) & sleep 0.1; exit 0"
        )
        assert record.tail.endswith("cleaned\n")

    def test_orphans_that_end_by_themselves_leave_nothing(self, desk: Desk) -> None:
        record = run(desk, "for each in 1 2 3 4 5 6 7 8 9; do (sleep 0.02 &); done; sleep 0.1")
        assert (record.exit_status, record.survivors) == (0, 0)

    def test_a_stray_that_somebody_else_started_is_ended_by_its_cookie(self, desk: Desk) -> None:
        env = desk.request("true").env
        with subprocess.Popen(["sleep", "30"], env=env) as daemons, subprocess.Popen(["sleep", "30"]) as stranger:
            record = run(desk, "sleep 30", limits(wall=0.2))
            assert daemons.wait(5) == -signal.SIGTERM
            assert stranger.poll() is None
            stranger.kill()
        assert record.survivors == 0

    def test_a_stop_is_no_limit(self, desk: Desk) -> None:
        with desk.begin(desk.request("sh", "-c", "echo begun; sleep 30")) as handle:
            _until_said(desk, "begun")
            handle.stop()
            assert handle.wait(5)
        record = _record(desk)
        assert (record.reason, record.limit, record.signal) == ("stopped", None, signal.SIGTERM)
        assert record.report.startswith("Somebody asked for the run to be stopped.\n")

    def test_a_report_says_what_it_was_doing(self, desk: Desk) -> None:
        record = run(desk, "echo thinking; sleep 30; true", limits(idle=0.2))
        lines = record.report.splitlines()
        assert lines[0] == "The run had no output, no use of the CPU and no change in its worktree for 0.2 s."
        assert lines[1].endswith("the last output was: thinking.")
        assert lines[2].endswith("sh -c echo thinking; sleep 30; true")
        assert lines[3].startswith("  ")
        assert lines[3].endswith("sleep 30")
        assert "[logist-ci] The run had no output" in desk.log.read_text()

    def test_the_job_log_is_told(self, desk: Desk) -> None:
        run(desk, "sleep 30", limits(wall=0.2))
        lines = desk.job_log.read_text().splitlines()
        assert lines[0].endswith("Z] 80 % of the wall limit (0.2 seconds) was used.")
        assert lines[1].endswith("Z] The run took longer than its wall limit of 0.2 s.")


class TestSecrets:
    SECRET = "logist-canary-1f9e0c"

    def test_they_are_in_no_file_of_ours(self, desk: Desk) -> None:
        script = f"echo {self.SECRET}; printf {self.SECRET[:9]}; sleep 0.05; echo {self.SECRET[9:]}; sleep 30"
        request = desk.request("sh", "-c", script, limits=limits(wall=0.3), secrets=(self.SECRET,))
        with desk.begin(request) as handle:
            assert handle.wait(5)
            progress = handle.progress()
        assert progress is not None
        assert self.SECRET not in progress.last_line
        for file in desk.folder.iterdir():
            if file.is_file():
                assert self.SECRET not in file.read_text(), file.name
        assert desk.log.read_text().startswith("***\n***\n")

    def test_no_half_of_one_is_left_where_something_is_cut(self, desk: Desk) -> None:
        secret = "zyx-canary-77aa01"
        script = f"printf abc; echo {secret}; sleep 30; : {'y' * 110} {secret}"
        request = desk.request("sh", "-c", script, limits=limits(wall=0.2, output=15), secrets=(secret,))
        record = desk.run(request)
        shown = desk.log.read_text() + record.report + record.tail + desk.job_log.read_text()
        assert "abc" in shown
        assert secret[:4] not in shown

    def test_they_are_not_in_the_reason_for_not_starting(self, desk: Desk) -> None:
        record = desk.run(desk.request(f"./{self.SECRET}", secrets=(self.SECRET,)))
        assert self.SECRET not in record.report

    @linux
    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read the memory of everybody; run as a user")
    def test_a_program_cannot_read_the_environment_of_its_parent(self, desk: Desk) -> None:
        assert run(desk, "cat /proc/$PPID/environ").exit_status != 0


class TestTrouble:
    def test_a_mistake_of_ours_leaves_no_program_without_limits(self, desk: Desk) -> None:
        request = desk.request("sh", "-c", "setsid sleep 30 & sleep 30", limits=limits(idle=0.1))
        # Nobody can walk through a folder with this name; that it is asked for is the mistake.
        record = desk.run(msgspec.structs.replace(request, worktree="a\0b"))
        assert (record.reason, record.survivors) == ("stopped", 0)
        assert record.report.startswith("The supervisor of this run failed, which is a mistake in Logist CI:\n")
        assert "ValueError" in record.report
        assert desk.strays() == 0

    def test_a_full_disk_stops_nothing(self, desk: Desk) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("there is no /dev/full here")
        record = desk.run(desk.request("sh", "-c", "echo words; exit 4", log=Path("/dev/full")))
        assert (record.reason, record.exit_status, record.tail) == ("exited", 4, "words\n")
        assert record.warnings == ("The log /dev/full is incomplete by 6 bytes: No space left on device.",)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
    def test_signals_of_the_terminal_change_nothing(self, desk: Desk, number: signal.Signals) -> None:
        with desk.begin(desk.request("sh", "-c", "echo begun; sleep 0.2; exit 3")) as handle:
            _until_said(desk, "begun")
            os.kill(handle.process.pid, number)
            assert handle.wait(5)
        assert _record(desk).exit_status == 3

    def test_a_runner_that_stops_listening_changes_nothing(self, desk: Desk) -> None:
        with desk.begin(desk.request("sh", "-c", "for each in 1 2 3 4; do echo $each; sleep 0.1; done; exit 3")):
            pass
        deadline = time.monotonic() + 5
        while not desk.record.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert _record(desk).exit_status == 3


def _until_said(desk: Desk, words: str) -> None:
    deadline = time.monotonic() + 5
    while not desk.log.exists() or words not in desk.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _record(desk: Desk) -> ExitRecord:
    from logist_ci.shim.protocol import read_exit

    record = read_exit(desk.record)
    assert record is not None
    return record


def _peak_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)
