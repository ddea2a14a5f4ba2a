"""Which commands of which content a user has trusted: a repository's config runs nothing before that.

Trust is in content, not in places: a digest covers the exact commands, the files handed in with them and,
when given, the repository that they belong to. Any change asks again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from logist_ci.errors import MissingError, StoreError

__all__ = ["TrustStore", "commands_digest"]

_STORE_BYTES = 10_000_000


def commands_digest(
    commands: Iterable[tuple[str, ...]], files: Mapping[str, bytes] | None = None, *, where: str = ""
) -> str:
    """Return the SHA-256 of exactly these commands and files, as hexadecimal text.

    ``where`` ties it to one repository (its common git directory, say): ``make test`` is harmless in one
    and not in another.
    """
    digest = hashlib.sha256(b"logist-ci commands 1\0")
    for part in _parts(commands, files or {}, where):
        # Lengths first: no two different lists of parts are the same bytes.
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _parts(commands: Iterable[tuple[str, ...]], files: Mapping[str, bytes], where: str) -> Iterator[bytes]:
    listed = list(commands)
    yield where.encode("utf-8", "surrogateescape")
    yield str(len(listed)).encode()
    for command in listed:
        yield str(len(command)).encode()
        yield from (word.encode("utf-8", "surrogateescape") for word in command)
    for name in sorted(files):
        yield name.encode("utf-8", "surrogateescape")
        yield files[name]


@dataclass(frozen=True)
class TrustStore:
    """The user's decisions, in one file that only the user can write."""

    file: Path

    def trusted(self, digest: str) -> bool:
        """Return whether the user trusted this content; a missing or doubtful file trusts nothing."""
        return digest in self._entries()

    def trust(self, digest: str, what: str, now: datetime) -> None:
        """Remember that the user trusts this content; ``what`` is a line for people who read the file.

        Raises:
            MissingError: the file cannot be written for want of permission.
            StoreError: the disk refused it.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked():
                entries = {**self._entries(), digest: {"what": what, "at": now.isoformat()}}
                self._write(json.dumps({"schema": 1, "trusted": entries}, indent=2) + "\n")
        except PermissionError as defect:
            raise MissingError(f"{self.file} cannot be written: permission denied.") from defect
        except OSError as defect:
            raise StoreError(f"{self.file} cannot be written: {defect.strerror}.") from defect

    def _entries(self) -> dict[str, object]:
        try:
            with self.file.open("rb") as stream:
                facts = os.fstat(stream.fileno())
                # What somebody else could have written is not the user's decision.
                if not stat.S_ISREG(facts.st_mode) or facts.st_mode & 0o022 or facts.st_uid not in (os.geteuid(), 0):
                    return {}
                document = json.loads(stream.read(_STORE_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        entries = document.get("trusted") if isinstance(document, dict) else None
        return entries if isinstance(entries, dict) else {}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.file.with_name(self.file.name + ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _write(self, text: str) -> None:
        descriptor, name = tempfile.mkstemp(dir=self.file.parent, prefix=self.file.name + ".")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).replace(self.file)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
