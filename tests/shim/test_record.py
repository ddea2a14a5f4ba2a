from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from logist_ci.shim.protocol import ExitRecord, read_exit
from logist_ci.shim.record import RecordFile

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def record(tail: str = "") -> ExitRecord:
    return ExitRecord(reason="exited", exit_status=0, started_at=MOMENT, ended_at=MOMENT, tail=tail)


def test_a_record_appears_complete(tmp_path: Path) -> None:
    path = tmp_path / "exit.json"
    file = RecordFile.reserve(path)
    assert not path.exists()
    file.write(record("the end"))
    assert read_exit(path) == record("the end")
    file.sync()
    assert list(tmp_path.iterdir()) == [path]


def test_an_older_record_goes_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "exit.json"
    path.write_text("of another run")
    RecordFile.reserve(path).sync()
    assert not path.exists()


def test_a_record_larger_than_what_was_reserved_is_whole(tmp_path: Path) -> None:
    file = RecordFile.reserve(tmp_path / "exit.json")
    file.write(record("\1" * 100_000))
    file.sync()
    assert read_exit(tmp_path / "exit.json") == record("\1" * 100_000)


def test_what_a_dead_shim_left_is_no_obstacle(tmp_path: Path) -> None:
    RecordFile.reserve(tmp_path / "exit.json")
    file = RecordFile.reserve(tmp_path / "exit.json")
    file.write(record())
    file.sync()
    assert read_exit(tmp_path / "exit.json") == record()


def test_a_missing_folder_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        RecordFile.reserve(tmp_path / "missing" / "exit.json")
