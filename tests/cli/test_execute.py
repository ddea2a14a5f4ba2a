"""The last handler: whatever happens becomes an exit status and a sentence, never a traceback."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn

import pytest
import typer

from logist_ci.cli.execute import execute, status_of
from logist_ci.cli.stopping import Stopper
from logist_ci.cli.terminal import Terminal
from logist_ci.errors import (
    BusyError,
    ConfigError,
    InterruptedRunError,
    JobStateError,
    LogistError,
    LostRaceError,
    MissingError,
    NewerSchemaError,
    PendingError,
    RefusedError,
    StoreError,
    TrustError,
    UsageError,
)
from tests.cli.conftest import Cli, Screen


class Stage:
    """A terminal on which something happens, and what was said about it."""

    def __init__(self, state: Path) -> None:
        self.err = Screen()
        self.terminal = Terminal(Screen(), Screen(), self.err, environ={"XDG_STATE_HOME": str(state)})

    def after(self, error: BaseException) -> int:
        def happen() -> NoReturn:
            raise error

        return status_of(happen, self.terminal, ["run"])

    def said(self) -> str:
        return self.err.getvalue()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (LogistError, 1), (JobStateError, 1), (StoreError, 1), (LostRaceError, 1),
        (UsageError, 2), (ConfigError, 2), (NewerSchemaError, 2),
        (MissingError, 4), (TrustError, 4), (RefusedError, 5), (BusyError, 5), (PendingError, 8),
        (InterruptedRunError, 130),
    ],
)  # fmt: skip
def test_every_error_of_ours_has_its_status(stage: Stage, kind: type[LogistError], status: int) -> None:
    assert stage.after(kind("It did not work.", hint="Try again.")) == status
    assert stage.said() == "Error: It did not work.\nHint: Try again.\n"


def test_an_interruption_is_said_and_has_its_status(stage: Stage) -> None:
    assert stage.after(KeyboardInterrupt()) == 130
    assert stage.said() == "Interrupted.\n"


def test_an_abort_is_an_interruption(stage: Stage) -> None:
    assert stage.after(typer.Abort()) == 130


def test_an_exit_has_the_status_that_it_names(stage: Stage) -> None:
    assert stage.after(typer.Exit(7)) == 7
    assert stage.said() == ""


def test_a_reader_that_left_is_no_failure(stage: Stage) -> None:
    assert stage.after(BrokenPipeError()) == 0
    assert stage.said() == ""


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(9, "Bad descriptor"), RecursionError("deep"), AssertionError("a")]
)
def test_what_nobody_expected_is_a_bug_with_a_report(stage: Stage, tmp_path: Path, error: Exception) -> None:
    assert stage.after(error) == 3
    assert "This is a bug in Logist CI" in stage.said()
    [file] = (tmp_path / "logist-ci" / "reports").iterdir()
    assert type(error).__name__ in file.read_text()
    assert "Traceback" not in stage.said()


@pytest.mark.parametrize(("result", "status"), [(None, 0), (0, 0), (5, 5), ("text", 0)])
def test_a_command_may_return_its_status(stage: Stage, result: object, status: int) -> None:
    assert status_of(lambda: result, stage.terminal, []) == status


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["list", "--no-such"], "No such option: --no-such"),
        (["status", "a", "b"], "unexpected extra argument"),
        (["run", "-j", "0", "--pending"], "0 is not between 1 and 256"),
        (["logs"], "Missing argument"),
        (["path"], "Missing argument"),
        (["list", "--state"], "requires an argument"),
    ],
)
def test_wrong_usage_names_the_command_to_ask(cli: Cli, words: list[str], says: str) -> None:
    ran = cli(*words)
    assert (ran.status, ran.out) == (2, "")
    assert says in ran.err
    assert f"Hint: See the options with: logist-ci {words[0]} --help" in ran.err


def test_help_goes_to_stdout_and_knows_the_way(cli: Cli) -> None:
    for words in (("list", "--help"), ("help", "list"), ("list", "-h")):
        ran = cli(*words)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith("Usage: logist-ci list [OPTIONS]")


def test_help_of_something_unknown_is_wrong_usage(cli: Cli) -> None:
    assert cli("help", "nonsense").status == 2


class Closed(io.StringIO):
    """A pipe whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize("words", [["schema"], ["list", "--help"]])
def test_a_closed_stdout_ends_a_command_quietly(tmp_path: Path, words: list[str]) -> None:
    err = Screen()
    assert execute(words, Terminal(Screen(), Closed(), err), directory=tmp_path, stopper=Stopper()) == 0
    assert err.getvalue() == ""


def test_a_full_disk_is_no_bug(stage: Stage) -> None:
    assert stage.after(OSError(28, "No space left on device")) == 1
    assert stage.said() == "Error: Something could not be written: No space left on device.\n"
