from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.cli.failures import report_bug, report_error
from logist_ci.cli.terminal import Terminal
from logist_ci.errors import MissingError, RefusedError
from tests.cli.conftest import Screen


def make(**environ: str) -> tuple[Terminal, Screen]:
    stderr = Screen()
    return Terminal(Screen(), Screen(), stderr, environ=environ), stderr


def raised(text: str) -> ValueError:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_an_error_says_what_failed_and_what_to_do() -> None:
    terminal, stderr = make()
    assert report_error(terminal, RefusedError("It is locked.", hint="Unlock it.")) == 5
    assert stderr.getvalue() == "Error: It is locked.\nHint: Unlock it.\n"


def test_an_error_without_a_hint_has_none() -> None:
    terminal, stderr = make()
    assert report_error(terminal, MissingError("No \x1b[2J git.")) == 4
    assert stderr.getvalue() == "Error: No \\x1b[2J git.\n"


def test_a_bug_leaves_a_report_in_the_state_folder(tmp_path: Path) -> None:
    terminal, stderr = make(XDG_STATE_HOME=str(tmp_path))
    assert report_bug(terminal, raised("surprise"), ["run", "--var", "token=secret", "do", "--limit=wall=1s"]) == 3
    [file] = (tmp_path / "logist-ci" / "reports").iterdir()
    report = file.read_text()
    assert "ValueError: surprise" in report
    assert "arguments: run --var --limit" in report
    assert "secret" not in report
    assert str(file) in stderr.getvalue()
    assert "Traceback" not in stderr.getvalue()


def test_without_a_state_folder_the_home_is_used(tmp_path: Path) -> None:
    terminal, _ = make(HOME=str(tmp_path))
    report_bug(terminal, raised("surprise"), [])
    assert list((tmp_path / ".local" / "state" / "logist-ci" / "reports").iterdir())


def test_an_unwritable_state_folder_is_no_second_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    terminal, stderr = make(XDG_STATE_HOME=str(tmp_path / "file"))
    assert report_bug(terminal, raised("surprise"), []) == 3
    path = Path(stderr.getvalue().strip().rpartition(" ")[2])
    assert "surprise" in path.read_text()
    path.unlink()


@pytest.mark.parametrize("text", ["\udcff", "\x1b[2J"])
def test_odd_messages_are_reported_all_the_same(text: str, tmp_path: Path) -> None:
    terminal, stderr = make(XDG_STATE_HOME=str(tmp_path))
    assert report_bug(terminal, raised(text), []) == 3
    assert "\x1b" not in stderr.getvalue()
