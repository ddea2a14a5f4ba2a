from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logist_ci.shim.protocol import (
    ExitRecord,
    RunRequest,
    decode_request,
    encode_record,
    encode_request,
    read_exit,
)

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
RECORD = ExitRecord(
    reason="limit", limit="wall", signal=9, started_at=MOMENT, ended_at=MOMENT, tail="é\n", warnings=("w",)
)


def request(argv: tuple[str, ...] = ("true",), env: dict[str, str] | None = None) -> RunRequest:
    return RunRequest(
        job_id="x-1", phase="generate", attempt=2, argv=argv, cwd="/w\udcff", env=env or {}, log="/l", exit_record="/e",
        worktree="/w", secrets=("s",),
    )  # fmt: skip


def test_a_request_survives_the_way() -> None:
    asked = request(("a b", "\n", "\udcff", "é", ""), {"K": "v" * 300_000})
    assert decode_request(encode_request(asked)) == asked


def test_a_record_is_written_and_read(tmp_path: Path) -> None:
    (tmp_path / "exit.json").write_bytes(encode_record(RECORD))
    assert read_exit(tmp_path / "exit.json") == RECORD


def test_a_record_is_a_document_for_people_too() -> None:
    document = json.loads(encode_record(RECORD))
    assert document["reason"] == "limit"
    assert document["started_at"] == "2026-01-01T00:00:00Z"
    assert encode_record(RECORD).endswith(b"}\n")


def test_no_record_is_no_error(tmp_path: Path) -> None:
    assert read_exit(tmp_path / "exit.json") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"\0" * 4096,
        b'{"reason": "exited"}',
        encode_record(RECORD)[:-20],
        encode_record(RECORD).replace(b'"limit"', b'"vanished"'),
        b'{"reason": "\xff"}',
        b" " * 2_000_000,
    ],
    ids=lambda data: str(data[:30]),
)
def test_a_damaged_record_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "exit.json").write_bytes(data)
    assert read_exit(tmp_path / "exit.json") is None


def test_a_symlink_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(encode_record(RECORD))
    (tmp_path / "exit.json").symlink_to("real.json")
    assert read_exit(tmp_path / "exit.json") is None
