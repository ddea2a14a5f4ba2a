from __future__ import annotations

from msgspec.structs import replace

from logist_ci.gitstore.checkout_record import CheckoutRecord, read_record, record_file, write_record
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.job.ids import CommitId
from tests.gitstore.job_lab import JobLab

RECORD = CheckoutRecord(
    branch="logist/example-000001",
    base=CommitId("1" * 40),
    tip=CommitId("2" * 40),
    ready=True,
    index="9:ab",
    settings=CheckoutSettings(core={"core.eol": "lf"}, sparse=b"\xff\n", excludes=b"caf\xe9", missing=True),
    attributes=b"* text\n\xff",
    identity=("Té", "t@e"),
    sign=True,
)


def test_what_was_recorded_can_be_read(lab: JobLab) -> None:
    lab.folder.make()
    assert read_record(lab.folder) is None
    write_record(lab.folder, RECORD)
    assert read_record(lab.folder) == RECORD
    assert record_file(lab.folder).stat().st_mode & 0o077 == 0


def test_a_damaged_one_is_none(lab: JobLab) -> None:
    lab.folder.make()
    for data in (b"", b"{}", b"[" * 100_000, b'{"branch": 1}', b"\xff"):
        record_file(lab.folder).write_bytes(data)
        assert read_record(lab.folder) is None
    record_file(lab.folder).unlink()
    record_file(lab.folder).symlink_to("/etc/passwd")
    assert read_record(lab.folder) is None


def test_some_of_it_never_changes() -> None:
    moved = replace(RECORD, tip=CommitId("3" * 40), ready=False, index="")
    assert moved.pinned() == RECORD.pinned()
    assert replace(RECORD, attributes=b"* filter=x").pinned() != RECORD.pinned()
    assert replace(RECORD, settings=CheckoutSettings()).pinned() != RECORD.pinned()
