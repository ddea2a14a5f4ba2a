from __future__ import annotations

import errno

import pygit2
import pytest

from logist_ci.errors import LogistError, MissingError, StoreError
from logist_ci.gitstore.failures import translated_git_errors


def told(defect: Exception) -> LogistError:
    with pytest.raises(LogistError) as refusal, translated_git_errors("look"):
        raise defect
    assert refusal.value.__cause__ is not None
    assert str(refusal.value).startswith("Logist CI could not look: ")
    assert str(refusal.value).endswith(".")
    return refusal.value


def test_a_missing_object_is_named() -> None:
    error = told(KeyError("1111"))
    assert isinstance(error, StoreError)
    assert "1111 is missing" in str(error)
    assert "git fetch --refetch" in error.hint


@pytest.mark.parametrize("kind", [pygit2.GitError, OSError, ValueError])
def test_what_libgit2_says_is_understood(kind: type[Exception]) -> None:
    assert type(told(kind("failed to write: Permission denied"))) is MissingError
    assert type(told(kind("failed to write: Read-only file system"))) is MissingError
    full = told(kind("failed to write: No space left on device"))
    assert (type(full), "Free some space" in full.hint) == (StoreError, True)
    assert "git fsck" in told(kind("object file is corrupt. ")).hint


def test_the_systems_own_errors_are_told_as_everywhere() -> None:
    assert type(told(OSError(errno.EACCES, "Permission denied"))) is MissingError
    assert "disk" in told(OSError(errno.ENOSPC, "No space left on device")).hint


def test_our_own_errors_pass() -> None:
    with pytest.raises(StoreError, match=r"^ours$"), translated_git_errors("look"):
        raise StoreError("ours")
