"""Errors of git's libraries, told in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pygit2

from logist_ci.errors import LogistError, MissingError, StoreError
from logist_ci.process.files import translated_os_errors

__all__ = ["git_error", "translated_git_errors"]

# libgit2 says what the system answered in words only.
_PERMISSION = ("permission denied", "read-only file system", "operation not permitted")
_FULL = ("no space left", "disk quota exceeded")


@contextmanager
def translated_git_errors(what: str) -> Iterator[None]:
    """Turn what libgit2 raises inside the block into an error that begins with ``Logist CI could not <what>``.

    Raises:
        StoreError: git's store refused, is damaged, or lacks an object.
        MissingError: a permission is missing.
    """
    try:
        yield
    except KeyError as defect:
        raise StoreError(
            f"Logist CI could not {what}: the object or reference {_words(defect)} is missing.",
            hint="In a partial clone fetch it with: git fetch --refetch   Otherwise look at: git fsck",
        ) from defect
    except OSError as defect:
        if defect.errno is None:
            raise git_error(what, defect) from defect
        with translated_os_errors(what):
            raise
    except (pygit2.GitError, ValueError) as defect:
        raise git_error(what, defect) from defect


def git_error(what: str, defect: BaseException) -> LogistError:
    """Return the error that says what libgit2's ``defect`` means: a missing permission, a full disk, or damage."""
    words = _words(defect)
    message = f"Logist CI could not {what}: {words}."
    if any(sign in words.lower() for sign in _PERMISSION):
        return MissingError(message, hint="Check who owns the git directory, and whether it may be written.")
    if any(sign in words.lower() for sign in _FULL):
        return StoreError(message, hint="Free some space on that disk, then try again.")
    return StoreError(message, hint="Look at: git fsck")


def _words(defect: BaseException) -> str:
    return str(defect).strip("'\" .:\n")
