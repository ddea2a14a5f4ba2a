from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import msgspec
import pytest

from logist_ci.errors import StoreError
from logist_ci.process.table import ProcessId
from logist_ci.shim.channel import FAREWELL, Reporter, read_hello, receive_request, send_request
from logist_ci.shim.protocol import Progress, RunRequest

Pair = tuple[socket.socket, socket.socket]

PROGRESS = Progress(elapsed_s=1.5, output_bytes=10, last_line="working", processes=2)


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def request(size: int) -> RunRequest:
    return RunRequest(
        job_id="x", phase="p", attempt=1, argv=("x" * size,), cwd="/", env={}, log="/l", exit_record="/e", worktree="/w"
    )


@pytest.mark.parametrize("size", [0, 10, 5_000_000])
def test_a_request_of_any_size_arrives(pair: Pair, size: int) -> None:
    sender = threading.Thread(target=send_request, args=(pair[0], request(size)))
    sender.start()
    assert receive_request(pair[1]) == request(size)
    sender.join()


def test_a_runner_that_dies_in_the_middle_is_noticed(pair: Pair) -> None:
    pair[0].sendall(b"\0\0\0\0\0\0\0\xffhalf")
    pair[0].close()
    with pytest.raises(EOFError):
        receive_request(pair[1])


def test_the_first_word_says_who_the_shim_is(pair: Pair) -> None:
    Reporter(pair[1]).hello(ProcessId(123, 2**40))
    assert read_hello(pair[0]) == ProcessId(123, 2**40)


def test_a_shim_that_cannot_serve_says_why(pair: Pair) -> None:
    Reporter(pair[1]).refuse("There is no disk \udcff.")
    with pytest.raises(StoreError, match="There is no disk"):
        read_hello(pair[0])


def test_a_shim_that_died_at_once_is_noticed(pair: Pair) -> None:
    pair[1].close()
    with pytest.raises(EOFError):
        read_hello(pair[0])


def reporter(pair: Pair) -> Reporter:
    found = Reporter(pair[1])
    found.hello(ProcessId(1, 1))
    read_hello(pair[0])
    return found


def test_progress_arrives_as_lines(pair: Pair) -> None:
    assert reporter(pair).progress(PROGRESS)
    line = pair[0].recv(10_000)
    assert line.endswith(b"\n")
    assert msgspec.json.decode(line, type=Progress) == PROGRESS


def test_who_does_not_listen_is_not_waited_for_and_gets_whole_lines_later(pair: Pair) -> None:
    shim = reporter(pair)
    sent = 0
    while shim.progress(PROGRESS):
        sent += 1
        assert sent < 100_000
    assert not shim.progress(PROGRESS)
    pair[0].setblocking(False)
    data = b""
    for _ in range(1000):
        try:
            data += pair[0].recv(1 << 20)
        except BlockingIOError:
            if shim.progress(PROGRESS):
                break
    data += pair[0].recv(1 << 20)
    lines = data.splitlines()
    assert all(msgspec.json.decode(line, type=Progress) == PROGRESS for line in lines)
    assert len(lines) >= sent + 2


def test_the_last_word_is_a_line_of_its_own(pair: Pair) -> None:
    shim = reporter(pair)
    shim.progress(PROGRESS)
    shim.farewell()
    lines = pair[0].recv(10_000).split(b"\n")
    assert lines[1:] == [FAREWELL, b""]
    assert pair[0].recv(1) == b""


def test_a_dead_runner_changes_nothing(pair: Pair) -> None:
    shim = reporter(pair)
    pair[0].close()
    for _ in range(3):
        assert shim.progress(PROGRESS)
