"""What recovery and harvest have to know about a checkout, written down before an agent runs in it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from logist_ci.errors import LogistError
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.gitstore.folders import JobFolder
from logist_ci.gitstore.records import decoded, encoded
from logist_ci.job.ids import CommitId
from logist_ci.process.files import read_bounded, write_atomically

__all__ = ["CheckoutRecord", "read_record", "record_file", "write_record"]

_BYTES = 64_000_000


class CheckoutRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout of ``tip`` on ``branch``, which began at ``base``; ``ready`` once it is complete.

    ``attributes`` are those of the base with the user's own on top, ``identity`` is the committer's name
    and address, ``sign`` whether the user signs commits. The private index beside it is that of ``tip``; ``index``
    tells it from another one. All that was in the worktree at ``settled_ns`` is in there, or ignored.
    """

    branch: str
    base: CommitId
    tip: CommitId
    ready: bool = False
    index: str = ""
    settled_ns: int = 0
    settings: CheckoutSettings = CheckoutSettings()
    attributes: bytes = b""
    identity: tuple[str, str] = ("", "")
    sign: bool = False

    def pinned(self) -> CheckoutRecord:
        """Return what never changes about a checkout."""
        return replace(self, tip=self.base, ready=True, index="", settled_ns=0)


def record_file(folder: JobFolder) -> Path:
    """Return where the record of a job's checkout is."""
    return folder.shim / "checkout.json"


def read_record(folder: JobFolder) -> CheckoutRecord | None:
    """Return the record; ``None`` when there is none, or it is damaged."""
    try:
        return decoded(read_bounded(record_file(folder), _BYTES), CheckoutRecord)
    except (FileNotFoundError, LogistError, msgspec.DecodeError):
        return None


def write_record(folder: JobFolder, record: CheckoutRecord) -> None:
    """Write the record down. A power cut may lose it, together with the checkout that it describes.

    Raises:
        StoreError, MissingError: the disk refused.
    """
    write_atomically(record_file(folder), encoded(record), mode=0o600, sync=False)
