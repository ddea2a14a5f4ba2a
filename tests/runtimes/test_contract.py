"""What every runtime has to do, tried with real programs; one that does not work here is skipped with its reason."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.runtimes.base import Mounts, Runtime
from logist_ci.runtimes.registry import builtin_runtimes

REGISTRY = builtin_runtimes()


@pytest.fixture(params=REGISTRY.names())
def runtime(request: pytest.FixtureRequest) -> Runtime:
    found = REGISTRY.get(request.param)
    probe = found.probe()
    if not probe.works:
        pytest.skip(f"{found.name} does not work here: {probe.reason}")
    return found


@pytest.fixture
def mounts(tmp_path: Path) -> Mounts:
    workspace, scratch = tmp_path / "a work tree\udcff", tmp_path / "scratch"
    workspace.mkdir()
    scratch.mkdir()
    return Mounts(workspace=workspace, writable=(scratch,))


def wrapped(runtime: Runtime, mounts: Mounts, *argv: str, env: dict[str, str] | None = None) -> Command:
    whole = {"PATH": os.environ.get("PATH", os.defpath), **(env or {})}
    return runtime.wrap(Command(argv, mounts.workspace, whole, ("hunter22",)), mounts, "full")


def run(
    runtime: Runtime, mounts: Mounts, *argv: str, stdin: bytes = b"", env: dict[str, str] | None = None
) -> Completed:
    return capture(wrapped(runtime, mounts, *argv, env=env), stdin=stdin)


def test_it_has_the_name_that_it_is_found_by(runtime: Runtime) -> None:
    assert REGISTRY.get(runtime.name).name == runtime.name
    assert runtime.protection().runtime == runtime.name


def test_a_probe_that_failed_says_what_to_do() -> None:
    for name in REGISTRY.names():
        probe = REGISTRY.get(name).probe()
        assert probe.works or (probe.reason and probe.remedy), name


def test_what_it_does_not_protect_against_is_said_in_words(runtime: Runtime) -> None:
    for words in runtime.protection().unprotected:
        assert len(words.split()) >= 4
        assert not words.endswith(".")


def test_arguments_arrive_exactly(runtime: Runtime, mounts: Mounts) -> None:
    arguments = ["a b", "", "$HOME", "--", "-x", "*", "new\nline", "\udcff", "it's"]
    done = run(runtime, mounts, "printf", "%s\\0", *arguments)
    assert done.stdout == b"".join(os.fsencode(each) + b"\0" for each in arguments)


def test_the_environment_arrives_exactly(runtime: Runtime, mounts: Mounts) -> None:
    lines = run(runtime, mounts, "env", env={"LOGIST_JOB_ID": "x-1", "ODD": "a=b c"}).stdout.splitlines()
    assert {b"LOGIST_JOB_ID=x-1", b"ODD=a=b c"} <= set(lines)
    assert {line.split(b"=")[0] for line in lines} <= {b"LOGIST_JOB_ID", b"ODD", b"PATH", b"PWD"}


def test_it_works_in_the_worktree_and_can_write_there(runtime: Runtime, mounts: Mounts) -> None:
    done = run(runtime, mounts, "sh", "-c", f"pwd -P; echo x > made; echo y > '{mounts.writable[0]}/made'")
    assert done.returncode == 0
    assert done.stdout == os.fsencode(mounts.workspace.resolve()) + b"\n"
    assert (mounts.workspace / "made").read_text() == "x\n"
    assert (mounts.writable[0] / "made").read_text() == "y\n"


def test_input_and_both_outputs_are_the_programs_own(runtime: Runtime, mounts: Mounts) -> None:
    done = run(runtime, mounts, "sh", "-c", "cat; echo err >&2", stdin=b"in\0\xff")
    assert (done.stdout, done.stderr) == (b"in\0\xff", b"err\n")


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_the_exit_status_is_the_programs_own(runtime: Runtime, mounts: Mounts, status: int) -> None:
    assert run(runtime, mounts, "sh", "-c", f"exit {status}").returncode == status


def test_a_signal_reaches_the_program(runtime: Runtime, mounts: Mounts) -> None:
    command = wrapped(
        runtime, mounts, "sh", "-c", "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.01; done"
    )
    with subprocess.Popen(command.argv, cwd=command.cwd, env=command.env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == b"caught\n"
        assert process.wait(5) == 9


def test_secrets_stay_marked(runtime: Runtime, mounts: Mounts) -> None:
    assert "hunter22" not in str(wrapped(runtime, mounts, "echo", "hunter22"))
