from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.errors import MissingError
from logist_ci.process.command import Command
from logist_ci.process.foreground import run_in_foreground

ENVIRON = {"PATH": "/usr/bin:/bin"}


@pytest.mark.parametrize("status", [0, 7])
def test_the_exit_status_comes_back(tmp_path: Path, status: int) -> None:
    assert run_in_foreground(Command(("sh", "-c", f"exit {status}"), tmp_path, ENVIRON)) == status


def test_the_program_has_its_folder_its_environment_and_our_streams(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_in_foreground(Command(("sh", "-c", 'pwd; echo "$WORD"'), tmp_path, {**ENVIRON, "WORD": "hello"}))
    assert capfd.readouterr().out == f"{tmp_path}\nhello\n"


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no-such-program"):
        run_in_foreground(Command(("no-such-program",), tmp_path, ENVIRON))
