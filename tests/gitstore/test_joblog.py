from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logist_ci.gitstore.joblog import JobLog
from logist_ci.process.clock import SystemClock
from logist_ci.testing.clock import FakeClock


@pytest.fixture
def log(folder: Path, clock: FakeClock) -> JobLog:
    return JobLog(folder / "logs" / "job.log", clock)


def test_each_thing_is_a_line_with_its_moment(log: JobLog, clock: FakeClock) -> None:
    log.state("PENDING", "PROVISIONING")
    clock.advance(1.5)
    log.stage_started("provision")
    log.stage_ended("provision", 1200)
    log.file_made(Path("output/report.txt"))
    log.line("grün")
    assert log.file.read_text(encoding="utf-8").splitlines() == [
        "[2026-01-01T00:00:00.000Z] PENDING → PROVISIONING",
        "[2026-01-01T00:00:01.500Z] provision started",
        "[2026-01-01T00:00:01.500Z] provision ended after 1200 ms",
        "[2026-01-01T00:00:01.500Z] made output/report.txt",
        "[2026-01-01T00:00:01.500Z] grün",
    ]


@pytest.mark.parametrize(
    "text", ["a\nb", "a\r\nb", "\x1b[31mred", "nul\0", "\u2028", "\x85", "lone \udcff", "\u202ebidi"]
)
def test_no_text_breaks_the_line_or_the_terminal(log: JobLog, text: str) -> None:
    log.line(text)
    written = log.file.read_bytes()
    assert written.count(b"\n") == 1
    assert len(written.decode("utf-8").splitlines()) == 1
    assert re.fullmatch(r"[ -~]+", written.decode("utf-8").rstrip("\n"))


def test_lines_of_many_writers_do_not_mix(folder: Path) -> None:
    log = JobLog(folder / "job.log", SystemClock())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.line(str(number) * 500), range(200)))
    lines = log.file.read_text().splitlines()
    assert len(lines) == 200
    assert all(re.fullmatch(r"\[[0-9T:.-]+Z\] (\d+?)\1{499}", line) for line in lines)


def obstacles(folder: Path) -> dict[str, Path]:
    (folder / "file").touch()
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "victim").write_text("precious")
    (folder / "link").symlink_to(folder / "victim")
    return {
        "below a file": folder / "file" / "job.log",
        "a folder": folder / "folder",
        "a pipe nobody reads": folder / "pipe",
        "a link": folder / "link",
        "an impossible name": folder / ("x" * 300),
    }


def test_logging_never_fails_nor_waits(folder: Path, clock: FakeClock) -> None:
    for what, place in obstacles(folder).items():
        JobLog(place, clock).line(what)
    assert (folder / "victim").read_text() == "precious"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_fails_nothing(clock: FakeClock) -> None:
    JobLog(Path("/dev/full"), clock).line("lost")
