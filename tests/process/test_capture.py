from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from logist_ci.errors import MissingError, StoreError, UsageError
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.process.locks import is_locked, try_lock
from logist_ci.process.tree import alive, identify

PATH = os.environ.get("PATH", os.defpath)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    return tmp_path


def run(
    here: Path,
    *argv: str,
    stdin: bytes = b"",
    timeout_s: float = 20.0,
    grace_s: float = 2.0,
    output_bytes: int = 10_000_000,
) -> Completed:
    command = Command(argv, here, {"PATH": PATH, "ONLY": "this"})
    return capture(command, stdin=stdin, timeout_s=timeout_s, grace_s=grace_s, output_bytes=output_bytes)


def test_output_and_status_are_returned(here: Path) -> None:
    done = run(here, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert done == Completed(3, b"out\n", b"err\n", timed_out=False, truncated=False)


def test_the_program_runs_in_its_folder_with_exactly_its_environment(here: Path) -> None:
    folder = here / "a b\n'c"
    folder.mkdir()
    done = run(folder, "sh", "-c", "pwd -P; env | grep -v '^\\(PWD\\|_\\|SHLVL\\|OLDPWD\\)='")
    assert os.fsencode(folder.resolve()) in done.stdout
    assert b"ONLY=this" in done.stdout
    assert b"HOME=" not in done.stdout


def test_arguments_arrive_unchanged(here: Path) -> None:
    argument = "$(id) `id` * \"'\n\udcff"
    assert run(here, "printf", "%s", argument).stdout == os.fsencode(argument)


def test_input_is_fed_while_output_is_read(here: Path) -> None:
    data = b"0123456789abcdef" * 100_000
    assert run(here, "cat", stdin=data).stdout == data


def test_without_input_the_program_reads_the_end_at_once(here: Path) -> None:
    assert run(here, "cat").returncode == 0


def test_a_program_that_does_not_read_its_input_is_no_error(here: Path) -> None:
    assert run(here, "true", stdin=b"x" * 1_000_000).returncode == 0


def test_input_that_is_closed_early_is_no_error(here: Path) -> None:
    done = run(here, "sh", "-c", "exec <&-; sleep 0.05; echo done", stdin=b"x" * 1_000_000)
    assert done.stdout == b"done\n"


def test_more_output_than_allowed_is_drained_and_dropped(here: Path) -> None:
    done = run(here, "sh", "-c", "head -c 300000 /dev/zero; echo e >&2", output_bytes=1000)
    assert (len(done.stdout), done.stderr, done.truncated, done.returncode) == (1000, b"e\n", True, 0)


def test_exactly_as_much_output_as_allowed_is_not_truncated(here: Path) -> None:
    assert not run(here, "printf", "12345", output_bytes=5).truncated


def test_a_signal_shows_as_a_negative_status(here: Path) -> None:
    assert run(here, "sh", "-c", "kill -KILL $$").returncode == -9


def test_a_program_that_takes_too_long_is_ended(here: Path) -> None:
    before = time.monotonic()
    done = run(here, "sh", "-c", "echo begun; sleep 30", timeout_s=0.1)
    assert (done.timed_out, done.returncode, done.stdout) == (True, -15, b"begun\n")
    assert time.monotonic() - before < 1.5


def test_what_it_says_when_it_is_asked_to_end_is_kept(here: Path) -> None:
    done = run(here, "sh", "-c", "trap 'echo sorry; exit 7' TERM; echo begun; sleep 0.3 & wait", timeout_s=0.1)
    assert (done.timed_out, done.returncode, done.stdout) == (True, 7, b"begun\nsorry\n")


def test_a_program_that_ignores_term_is_killed_with_its_group(here: Path) -> None:
    done = run(here, "sh", "-c", "trap '' TERM; sleep 30 & echo $!; sleep 30", timeout_s=0.1, grace_s=0.1)
    assert (done.timed_out, done.returncode) == (True, -9)
    child = identify(int(done.stdout))
    deadline = time.monotonic() + 5
    while child is not None and alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_interruption_ends_the_program_before_it_goes_on(here: Path) -> None:
    file = here / "pid"
    script = f"echo $$ > '{file}'; sleep 0.1; kill -USR1 {os.getpid()}; exec sleep 30"
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run(here, "sh", "-c", script)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert identify(int(file.read_text())) is None


def test_a_stopped_program_is_ended_too(here: Path) -> None:
    assert run(here, "sh", "-c", "kill -STOP $$", timeout_s=0.1).timed_out


def test_a_descendant_that_holds_the_pipes_is_not_waited_for(here: Path) -> None:
    before = time.monotonic()
    done = run(here, "sh", "-c", "echo mine; sleep 2 & exit 0")
    assert done.stdout == b"mine\n"
    assert time.monotonic() - before < 1.5


def test_a_descendant_that_floods_the_pipes_is_not_waited_for_either(here: Path) -> None:
    done = run(here, "sh", "-c", "yes & sleep 0.05; kill -STOP $!; kill -CONT $!; exit 4", output_bytes=1000)
    assert (done.returncode, done.truncated) == (4, True)


def test_a_missing_program_is_named(here: Path) -> None:
    with pytest.raises(MissingError, match=r"^no-such-program: command not found\.$") as caught:
        run(here, "no-such-program", "argument")
    assert caught.value.hint


def test_a_program_is_looked_for_in_the_path_of_its_own_environment(here: Path) -> None:
    own = here / "bin"
    own.mkdir()
    program = own / "mine"
    program.write_text("#!/bin/sh\necho yes\n")
    program.chmod(0o755)
    assert capture(Command(("mine",), here, {"PATH": str(own)})).stdout == b"yes\n"


def test_a_file_that_is_not_executable_is_named(here: Path) -> None:
    (here / "data").write_text("")
    with pytest.raises(MissingError, match="may not be executed") as caught:
        run(here, str(here / "data"))
    assert "chmod" in caught.value.hint


def test_a_file_that_is_no_program_is_named(here: Path) -> None:
    (here / "data").write_bytes(b"\0\1\2")
    (here / "data").chmod(0o755)
    with pytest.raises(MissingError, match="not a program"):
        run(here, str(here / "data"))


def test_a_missing_folder_is_named(here: Path) -> None:
    with pytest.raises(StoreError, match="nowhere does not exist"):
        run(here / "nowhere", "true")


def test_arguments_that_cannot_be_passed_are_refused(here: Path) -> None:
    with pytest.raises(UsageError, match="NUL"):
        run(here, "echo", "a\0b")


def test_too_many_arguments_are_refused(here: Path) -> None:
    with pytest.raises(UsageError, match="too long"):
        run(here, "echo", "x" * 10_000_000)


def test_secrets_do_not_get_into_messages(here: Path) -> None:
    with pytest.raises(MissingError) as caught:
        capture(Command(("hunter22",), here, {"PATH": PATH}, ("hunter22",)))
    assert "hunter22" not in str(caught.value)


def test_a_lock_of_ours_does_not_get_into_the_program(here: Path) -> None:
    held = try_lock(here / "lock")
    assert held is not None
    run(here, "sh", "-c", "sleep 2 &")
    held.close()
    assert not is_locked(here / "lock")


def test_many_threads_can_capture_at_once(here: Path) -> None:
    results: list[bytes] = []

    def work(number: int) -> None:
        results.append(run(here, "echo", str(number)).stdout)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [b"%d\n" % number for number in range(8)]


def test_nothing_is_left_open(here: Path) -> None:
    run(here, "true")
    before = sorted(os.listdir("/dev/fd"))
    for _ in range(20):
        run(here, "cat", stdin=b"x")
    assert sorted(os.listdir("/dev/fd")) == before
