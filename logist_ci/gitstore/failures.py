"""Errors of git's libraries, told in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pygit2

from logist_ci.errors import StoreError
from logist_ci.process.files import translated_os_errors

__all__ = ["translated_git_errors"]


@contextmanager
def translated_git_errors(what: str) -> Iterator[None]:
    """Turn what libgit2 raises inside the block into an error that begins with ``Logist CI could not <what>``.

    Raises:
        StoreError: git's store refused, is damaged, or lacks an object.
        MissingError: a permission is missing.
    """
    try:
        with translated_os_errors(what):
            yield
    except KeyError as defect:
        raise StoreError(
            f"Logist CI could not {what}: the object or reference {_words(defect)} is missing.",
            hint="In a partial clone fetch it with: git fetch --refetch   Otherwise look at: git fsck",
        ) from defect
    except (pygit2.GitError, ValueError) as defect:
        raise StoreError(f"Logist CI could not {what}: {_words(defect)}.", hint="Look at: git fsck") from defect


def _words(defect: BaseException) -> str:
    return str(defect).strip("'\" .\n")
