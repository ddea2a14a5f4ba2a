"""The exit record's file: its space is taken before the run, so that a full disk cannot prevent it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

from logist_ci.shim.protocol import ExitRecord, encode_record

__all__ = ["RecordFile"]

# The tail and the report as JSON, with every character escaped.
_RESERVED_BYTES = 131_072


class RecordFile:
    """A file that does not exist under its name before it is complete."""

    def __init__(self, path: Path) -> None:
        """Reserve the space. An old record of that name is removed: it is about another run."""
        self._path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}")
        self._descriptor = -1

    @classmethod
    def reserve(cls, path: Path) -> Self:
        """Take the space for the record at ``path``, and remove an earlier run's record.

        Raises:
            OSError: the disk refused.
        """
        file = cls(path)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        file._descriptor = os.open(file._temporary, flags, 0o644)
        # Not every file system can reserve; then a full disk is found out in the end.
        with suppress(OSError, AttributeError):
            os.posix_fallocate(file._descriptor, 0, _RESERVED_BYTES)
        return file

    def write(self, record: ExitRecord) -> None:
        """Write ``record`` and give it its name; from now on everybody can read it.

        Raises:
            OSError: the disk refused.
        """
        rest = memoryview(encode_record(record))
        length = len(rest)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        os.ftruncate(self._descriptor, length)
        self._temporary.replace(self._path)

    def sync(self) -> None:
        """Wait until the record would survive a power cut, and close the file."""
        with suppress(OSError):
            os.fsync(self._descriptor)
        os.close(self._descriptor)
