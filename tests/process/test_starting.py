from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from logist_ci.errors import LogistError, MissingError, StoreError, UsageError
from logist_ci.process.command import Command
from logist_ci.process.starting import explain_start_failure

COMMAND = Command(("prog",), Path("/"), {})


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "x"), MissingError, "command not found"),
        (NotADirectoryError(errno.ENOTDIR, "x"), MissingError, "command not found"),
        (PermissionError(errno.EACCES, "x"), MissingError, "may not be executed"),
        (OSError(errno.ENOEXEC, "x"), MissingError, "not a program"),
        (OSError(errno.E2BIG, "x"), UsageError, "too long"),
        (OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)), StoreError, "temporarily unavailable"),
        (OSError("odd"), StoreError, "odd"),
        (ValueError("embedded null byte"), UsageError, "NUL"),
    ],
)
def test_every_failure_has_a_kind_and_a_sentence(
    failure: OSError | ValueError, kind: type[LogistError], words: str
) -> None:
    error = explain_start_failure(COMMAND, failure)
    assert type(error) is kind
    assert words in str(error)
    assert str(error).endswith(".")


def test_a_missing_folder_is_not_blamed_on_the_program() -> None:
    error = explain_start_failure(Command(("prog",), Path("/no/where"), {}), FileNotFoundError(errno.ENOENT, "x"))
    assert str(error) == "prog cannot be started: its folder /no/where does not exist."
