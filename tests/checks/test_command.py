from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.checks.base import OUTPUT_BYTES, CheckCommand, CheckContext
from logist_ci.checks.command import CommandCheck
from logist_ci.errors import ConfigError
from logist_ci.job.manifest import CheckSpec

SPEC = CheckSpec(kind="command", name="tests", argv=("pytest", "-q", "a b"))


def test_the_command_is_run_as_it_is(tmp_path: Path) -> None:
    context = CheckContext(tmp_path, ("changed",), tmp_path, lambda path: None)
    assert CommandCheck().plan(SPEC, context) == (CheckCommand("tests", ("pytest", "-q", "a b")),)


def test_a_check_without_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'empty' has no command"):
        CommandCheck().plan(
            CheckSpec(kind="command", name="empty"), CheckContext(tmp_path, (), tmp_path, lambda p: None)
        )


@pytest.mark.parametrize(("status", "ok"), [(0, True), (1, False), (127, False), (None, False)])
def test_only_status_zero_is_good(status: int | None, ok: bool) -> None:
    result = CommandCheck().report(SPEC, status, b"said\n")
    assert (result.name, result.ok, result.exit_status, result.output) == ("tests", ok, status, "said\n")


def test_long_output_is_cut_at_a_line_and_odd_bytes_are_replaced() -> None:
    lines = b"".join(b"line %d \xff\n" % number for number in range(2_000))
    output = CommandCheck().report(SPEC, 1, lines).output
    assert output.endswith("line 1999 \N{REPLACEMENT CHARACTER}\n") and output.startswith("line ")
    assert len(output) <= OUTPUT_BYTES
    assert len(CommandCheck().report(SPEC, 1, b"x" * 20_000).output) == OUTPUT_BYTES
