from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.cli.conftest import Cli, succeeded
from tests.cli.console import Console

Sit = Callable[..., Console]


@pytest.fixture
def sit(repo: GitSandbox) -> Sit:
    """Call the program on a terminal, in the repository ``repo``."""

    def call(*words: str, columns: int = 100, **environ: str) -> Console:
        return Console(*words, at=repo.path, environ={**repo.environ, **environ}, columns=columns)

    return call


def test_a_running_job_is_one_line_that_changes(sit: Sit) -> None:
    console = sit("run", "--id", "fix", "--", "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.4; done")
    console.until("line 2")
    assert console.end() == 0
    assert "RUNNING generate" in console.text
    assert "/30m" in console.text
    assert "/50.0 MB" in console.text
    assert console.screen().splitlines()[0] == "fix: HARVESTING → SUCCESS (completed)"
    assert "RUNNING" not in console.screen()


def test_several_jobs_have_a_line_each(sit: Sit, cli: Cli) -> None:
    for name in ("one", "two"):
        succeeded(cli("create", "--id", name, "--", "sleep", "1"))
    console = sit("run", "--pending", "-j", "2")
    console.until(lambda seen: "one  RUNNING" in seen and "two  RUNNING" in seen)
    assert console.end() == 0
    assert console.screen().count("SUCCESS (completed)") == 2


def test_lines_fit_a_narrow_terminal(sit: Sit) -> None:
    console = sit("run", "--id", "fix", "--", "sh", "-c", f"echo {'x' * 300}; sleep 1", columns=40)
    assert console.end() == 0
    drawn = [line for line in console.text.replace("\x1b[J", "\n").split("\n") if "RUNNING generate" in line]
    assert drawn
    assert max(map(len, drawn)) <= 40


def test_quiet_and_plain_terminals_have_no_view(sit: Sit) -> None:
    for console in (sit("-q", "run", "--", "sleep", "0.5"), sit("run", "--", "sleep", "0.5", TERM="dumb")):
        assert console.end() == 0
        assert "\x1b[" not in console.text


def test_colour_is_there_unless_nobody_wants_it(sit: Sit) -> None:
    console = sit("run", "--", "true", NO_COLOR="")
    assert console.end() == 0
    assert "\x1b[32mSUCCESS\x1b[0m" in console.text


def test_a_person_is_asked_to_trust_and_remembered(sit: Sit, repo: GitSandbox) -> None:
    repo.write("logist.toml", 'checks = ["test -e README.md"]\n')
    console = sit("run", "--id", "one", "--", "true").until("[y/N]").type("n\n")
    assert console.end() == 4
    assert "check: test -e README.md" in console.text
    console = sit("run", "--id", "one", "--", "true").until("[y/N]").type("y\n")
    assert console.end() == 0
    assert "ok  test -e README.md" in console.text
    console = sit("run", "--id", "two", "--", "true")
    assert console.end() == 0
    assert "[y/N]" not in console.text


def test_the_editor_is_opened_for_a_prompt(sit: Sit, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho \'[{"write": {"path": "a.txt", "text": "a"}}]\' > "$1"\n')
    editor.chmod(0o755)
    console = sit("run", "--agent", "mock", EDITOR=str(editor))
    assert console.end() == 0
    assert "1 file changed" in console.text


def test_ctrl_c_stops_and_keeps_the_work(sit: Sit, repo: GitSandbox) -> None:
    console = sit("run", "--id", "fix", "--", "sh", "-c", "echo a > a.txt; echo begun; sleep 60").until("begun")
    begun = time.monotonic()
    assert console.type("\x03").end() == 130
    assert time.monotonic() - begun < 10
    assert "work is kept" in console.text
    assert "Next: logist-ci run --job fix" in console.text
    assert repo.git("show", "logist/fix:a.txt") == "a"


def test_a_second_ctrl_c_leaves_at_once_and_recovery_does_the_rest(sit: Sit, cli: Cli, repo: GitSandbox) -> None:
    script = "trap '' TERM; echo a > a.txt; echo begun; while :; do sleep 0.1; done"
    console = sit("run", "--id", "fix", "--limit", "grace=3s", "--", "sh", "-c", script).until("begun")
    console.type("\x03").until("Press Ctrl-C again")
    begun = time.monotonic()
    assert console.type("\x03").end() == 130
    assert time.monotonic() - begun < 2.5
    assert "logist-ci recover" in console.text
    succeeded(cli("recover"))
    assert cli("status", "fix", "--json").document["manifest"]["state"] == "PENDING"
    assert repo.git("show", "logist/fix:a.txt") == "a"


def test_ctrl_c_ends_a_command_that_only_looks(sit: Sit) -> None:
    runner = sit("run", "--id", "fix", "--", "sh", "-c", "echo begun; sleep 60").until("begun")
    reader = sit("logs", "fix", "-f").until("begun")
    assert reader.type("\x03").end() == 130
    assert "Interrupted." in reader.text
    assert runner.type("\x03").end() == 130


def test_ctrl_c_in_the_editor_is_the_editors(sit: Sit, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\ntrap 'echo Do it. > \"$1\"; exit 0' INT\necho editing\nwhile :; do sleep 0.1; done\n")
    editor.chmod(0o755)
    console = sit("create", "--agent", "mock", "--json", EDITOR=str(editor)).until("editing").type("\x03")
    assert console.end() == 0
    assert '"prompt": "Do it."' in console.text


def test_a_log_cannot_take_the_terminal_over(sit: Sit, cli: Cli) -> None:
    succeeded(cli("run", "--id", "fix", "--", "printf", "\\033[2Jgone\\007\\n"))
    console = sit("logs", "fix")
    assert console.end() == 0
    assert "\\x1b[2Jgone\\x07" in console.text
    assert "\x1b[2J" not in console.text


def test_nothing_is_left_running(sit: Sit, repo: GitSandbox) -> None:
    console = sit("run", "--id", "fix", "--", "sh", "-c", "setsid sleep 300 & echo $! > pid.txt; echo begun; sleep 300")
    console.until("begun").type("\x03").end()
    pid = int(repo.git("show", "logist/fix:pid.txt"))
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    assert os.getpid() != pid
