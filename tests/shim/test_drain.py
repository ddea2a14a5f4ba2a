from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logist_ci.redact.mask import Masker, StreamMasker
from logist_ci.shim.drain import Drain, Log, PlainStream

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    ours, theirs = os.pipe()
    yield ours, theirs
    for descriptor in (ours, theirs):
        try:
            os.close(descriptor)
        except OSError:
            continue


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run.log"


def draining(pipe: Pipe, log: Path, limit: int | None = None) -> Drain:
    return Drain(pipe[0], PlainStream(), Log(log), limit=limit)


def test_what_is_written_gets_into_the_log(pipe: Pipe, log: Path) -> None:
    drain = draining(pipe, log)
    os.write(pipe[1], b"one\n")
    assert drain.read() == 4
    os.write(pipe[1], b"two \0\xff\n")
    os.close(pipe[1])
    drain.finish()
    assert log.read_bytes() == b"one\ntwo \0\xff\n"
    assert (drain.count, drain.ended, drain.warnings()) == (11, True, ())
    assert drain.tail.last_line().startswith("two")


def test_an_empty_pipe_is_not_waited_for(pipe: Pipe, log: Path) -> None:
    drain = draining(pipe, log)
    assert drain.read() == 0
    assert not drain.ended


def test_the_log_is_appended_to(pipe: Pipe, log: Path) -> None:
    log.write_bytes(b"before\n")
    drain = draining(pipe, log)
    os.write(pipe[1], b"after\n")
    drain.finish()
    assert log.read_bytes() == b"before\nafter\n"


def test_beyond_the_limit_everything_is_counted_and_nothing_kept(pipe: Pipe, log: Path) -> None:
    drain = draining(pipe, log, limit=5)
    os.write(pipe[1], b"12345")
    drain.read()
    assert not drain.over_limit
    os.write(pipe[1], b"6789")
    drain.read()
    assert (drain.over_limit, drain.count) == (True, 9)
    drain.finish("Stopped.\nBecause.")
    assert log.read_bytes() == (
        b"12345\n[logist-ci] Output beyond 5 bytes was dropped.\n\n[logist-ci] Stopped.\n[logist-ci] Because.\n"
    )
    assert drain.tail.text() == "12345"


def test_a_full_disk_does_not_stop_the_draining(pipe: Pipe) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    drain = draining(pipe, Path("/dev/full"))
    os.write(pipe[1], b"lost words")
    assert drain.read() == 10
    drain.finish()
    (warning,) = drain.warnings()
    assert warning == "The log /dev/full is incomplete by 10 bytes: No space left on device."
    assert drain.tail.text() == "lost words"


def test_a_log_that_cannot_be_opened_does_not_stop_the_draining(pipe: Pipe, tmp_path: Path) -> None:
    drain = draining(pipe, tmp_path / "missing\udcff" / "log")
    os.write(pipe[1], b"words")
    drain.finish("last words")
    assert "No such file" in drain.warnings()[0]
    drain.warnings()[0].encode()


def test_a_log_is_never_written_through_a_symlink(pipe: Pipe, log: Path, tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    log.symlink_to("target")
    drain = draining(pipe, log)
    os.write(pipe[1], b"words")
    drain.finish()
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert drain.warnings()


def test_secrets_are_masked_across_chunks_in_log_and_tail(pipe: Pipe, log: Path) -> None:
    drain = Drain(pipe[0], StreamMasker(Masker(["logist-canary-secret"])), Log(log))
    for chunk in (b"key=logist-cana", b"ry-sec", b"ret!\nlogist-canary-"):
        os.write(pipe[1], chunk)
        drain.read()
    os.write(pipe[1], b"secret")
    drain.finish()
    assert log.read_bytes() == b"key=***!\n***"
    assert drain.tail.text() == "key=***!\n***"


def test_a_turn_is_bounded(pipe: Pipe, log: Path, tmp_path: Path) -> None:
    flood = tmp_path / "flood"
    flood.write_bytes(b"\0" * 10_000_000)
    descriptor = os.open(flood, os.O_RDONLY)
    drain = Drain(descriptor, PlainStream(), Log(log))
    assert 0 < drain.read() < 5_000_000
    drain.finish()
    os.close(descriptor)
