"""Programs are started in a process of their own: launching changes the folder of whoever does it."""

from __future__ import annotations

import os
from pathlib import Path

from logist_ci.shim.protocol import ExitRecord
from tests.privileges import needs_permissions
from tests.shim.conftest import Desk


def program(file: Path, says: str, mode: int = 0o755) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho {says}\n")
    file.chmod(mode)
    return file


def run(desk: Desk, *argv: str, path: str) -> ExitRecord:
    return desk.run(desk.request(*argv, env={"PATH": path}))


def test_a_program_is_looked_for_in_the_path_of_its_own_environment(desk: Desk) -> None:
    program(desk.folder / "bin" / "mine", "first")
    program(desk.folder / "other" / "mine", "second")
    record = run(desk, "mine", path=f"/nowhere:{desk.folder}/bin:{desk.folder}/other:/bin")
    assert record.tail == "first\n"


def test_what_may_not_be_executed_is_passed_over(desk: Desk) -> None:
    program(desk.folder / "one" / "mine", "never", mode=0o644)
    (desk.folder / "two" / "mine").mkdir(parents=True)
    program(desk.folder / "three" / "mine", "third")
    path = ":".join(f"{desk.folder}/{name}" for name in ("one", "two", "three"))
    assert run(desk, "mine", path=path).tail == "third\n"


def test_when_nothing_may_be_executed_that_is_said(desk: Desk) -> None:
    program(desk.folder / "one" / "mine", "never", mode=0o644)
    record = run(desk, "mine", path=f"{desk.folder}/one:/nowhere")
    assert record.report.startswith("mine may not be executed.")


def test_relative_entries_start_from_the_worktree(desk: Desk) -> None:
    program(desk.worktree / "tools" / "mine", "here")
    program(desk.worktree / "ours", "there")
    assert run(desk, "mine", path="tools:/bin").tail == "here\n"
    assert run(desk, "ours", path=":/bin").tail == "there\n"


def test_a_path_is_taken_as_it_is(desk: Desk) -> None:
    program(desk.worktree / "tools" / "mine", "here")
    assert run(desk, "tools/mine", path="/bin").tail == "here\n"
    assert run(desk, os.fspath(desk.worktree / "tools" / "mine"), path="/bin").tail == "here\n"
    assert run(desk, "tools/yours", path="/bin").report.startswith("tools/yours: command not found.")


def test_a_script_without_a_first_line_is_explained(desk: Desk) -> None:
    (desk.worktree / "script").write_text("echo hello\n")
    (desk.worktree / "script").chmod(0o755)
    assert "#!/bin/sh" in run(desk, "./script", path="/bin").report


def test_an_interpreter_that_is_missing_is_explained(desk: Desk) -> None:
    (desk.worktree / "script").write_text("#!/no/such/interpreter\n")
    (desk.worktree / "script").chmod(0o755)
    assert "interpreter that its first line names does not exist" in run(desk, "./script", path="/bin").report


@needs_permissions
def test_a_folder_that_may_not_be_entered_is_explained(desk: Desk) -> None:
    closed = desk.folder / "closed"
    closed.mkdir(mode=0o000)
    record = desk.run(desk.request("true", cwd=closed))
    assert record.report.endswith("closed may not be entered.")


def test_an_input_that_is_missing_is_explained(desk: Desk) -> None:
    request = desk.request("cat", stdin=b"words")
    (desk.folder / "stdin").unlink()
    record = desk.run(request)
    assert record.reason == "not_started"
    assert "could not read the input" in record.report


def test_the_shim_does_not_stand_in_the_worktree(desk: Desk) -> None:
    with desk.begin(desk.request("sh", "-c", "sleep 0.5; readlink /proc/$PPID/cwd || echo /")) as handle:
        assert handle.wait(5)
    assert desk.log.read_text() == "/\n"
