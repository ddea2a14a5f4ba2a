from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.app import App
from logist_ci.errors import LogistError
from logist_ci.gitstore.folders import JobFolder
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.logs import follow, log_files, tail
from logist_ci.lifecycle.request import JobRequest
from logist_ci.process.locks import try_lock


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    made = JobFolder(JobId("fix"), tmp_path / "fix")
    made.make()
    return made


def names(folder: JobFolder, **wanted: object) -> list[str]:
    return [each.path.name for each in log_files(folder, **wanted)]  # type: ignore[arg-type]  # test shorthand


def test_logs_are_in_the_order_in_which_they_were_written(folder: JobFolder) -> None:
    for name in ("validate.1.log", "generate.10.log", "generate.1.log", "generate.2.log", "validate.2.log"):
        (folder.logs / name).touch()
    for other in ("job.log", "events.jsonl", "notes.1.log", "generate.x.log", "generate.1.log.old"):
        (folder.logs / other).touch()
    assert names(folder) == [
        "generate.1.log", "validate.1.log", "generate.2.log", "validate.2.log", "generate.10.log"
    ]  # fmt: skip
    assert names(folder, phase="validate") == ["validate.1.log", "validate.2.log"]
    assert names(folder, attempt=2) == ["generate.2.log", "validate.2.log"]
    assert names(folder, phase="plan") == []


def test_a_job_that_never_ran_has_no_logs(tmp_path: Path) -> None:
    assert log_files(JobFolder(JobId("fix"), tmp_path / "nowhere")) == []


def read(path: Path, *, lines: int | None = None, offset: int = 0) -> bytes:
    return b"".join(chunk.data for chunk in tail(path, lines=lines, offset=offset))


@pytest.mark.parametrize(
    ("lines", "end"),
    [(0, b""), (1, b"three\n"), (2, b"two\nthree\n"), (3, b"one\ntwo\nthree\n"), (9, b"one\ntwo\nthree\n")],
)
def test_the_last_lines_can_be_asked_for(tmp_path: Path, lines: int, end: bytes) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntwo\nthree\n")
    assert read(log, lines=lines) == end


def test_a_last_line_without_its_end_counts(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"one\ntwo")
    assert read(log, lines=1) == b"two"
    assert read(log, lines=2) == b"one\ntwo"


@given(data=st.binary(max_size=300).map(lambda data: data * 700), lines=st.integers(0, 2000))
def test_the_last_lines_of_anything_are_its_last_lines(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, lines: int
) -> None:
    log = tmp_path_factory.mktemp("logs") / "log"
    log.write_bytes(data)
    whole = data.split(b"\n")
    rows = [row + b"\n" for row in whole[:-1]] + ([whole[-1]] if whole[-1] else [])
    assert read(log, lines=lines) == b"".join(rows[len(rows) - min(lines, len(rows)) :])


def test_reading_begins_where_it_was_left(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * 200_000)
    chunks = list(tail(log, offset=100))
    assert b"".join(chunk.data for chunk in chunks) == b"x" * 199_900
    assert chunks[-1].end == 200_000
    assert list(tail(log, offset=300_000)) == []


@pytest.mark.parametrize("kind", ["missing", "link", "folder"])
def test_what_is_no_log_is_not_read(tmp_path: Path, kind: str) -> None:
    log, secret = tmp_path / "log", tmp_path / "secret"
    secret.write_text("secret")
    if kind == "link":
        log.symlink_to(secret)
    elif kind == "folder":
        log.mkdir()
    with pytest.raises(LogistError):
        read(log)


def test_a_pipe_that_an_agent_left_does_not_hang_the_reader(tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)
    try:
        assert read(log) == b""
    except LogistError as refusal:
        assert str(log) in str(refusal)


def test_following_goes_on_while_somebody_works_on_the_job(app: App) -> None:
    parts = app.parts
    job_id = create_job(parts, JobRequest(argv=("true",), checks=())).stored.manifest.id
    folder = parts.root.folder(job_id)
    folder.make()
    first, second = folder.log("generate", 1), folder.log("validate", 1)
    first.write_bytes(b"skipped\none\n")
    lock = try_lock(folder.lock)
    assert lock is not None

    def work() -> None:
        with first.open("ab") as log:
            log.write(b"two\n")
        second.write_bytes(b"three\n")
        lock.close()

    worker = threading.Timer(0.3, work)
    worker.start()
    seen = b"".join(
        chunk.data for chunk in follow(parts, job_id, lambda: [each.path for each in log_files(folder)], lines=1)
    )
    worker.join()
    assert seen == b"one\ntwo\nthree\n"


def test_following_a_job_that_nobody_works_on_ends_at_once(app: App) -> None:
    job_id = create_job(app.parts, JobRequest(argv=("true",), checks=())).stored.manifest.id
    gone = app.parts.root.folder(job_id).log("generate", 1)
    assert list(follow(app.parts, job_id, lambda: [gone])) == []
