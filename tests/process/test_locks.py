from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import logist_ci
from logist_ci.errors import BusyError, LogistError, StoreError
from logist_ci.process.clock import SystemClock
from logist_ci.process.locks import KernelLock, is_locked, lock, signed_by, try_lock
from logist_ci.process.table import ProcessId
from logist_ci.testing import FakeClock

_HOLDER = """
import socket, sys
sock = socket.socket(fileno=int(sys.argv[1]))
data, fds, _, _ = socket.recv_fds(sock, 1, 1)
sock.send(b"!")
sock.recv(1)
"""


class Holder:
    """Another process that is given a share of a lock over a socket."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _HOLDER, str(theirs.fileno())], pass_fds=(theirs.fileno(),)
            )

    def take(self, held: KernelLock) -> None:
        socket.send_fds(self._ours, [b"+"], [held.fd])
        assert self._ours.recv(1) == b"!"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._ours.close()


@pytest.fixture
def holder() -> Iterator[Holder]:
    other = Holder()
    yield other
    other.kill()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a lock\udcff"


def test_who_has_it_keeps_others_out(path: Path) -> None:
    with _taken(path):
        assert try_lock(path) is None
        assert is_locked(path)
    assert not is_locked(path)
    _taken(path).close()


def test_asking_takes_nothing_and_makes_nothing(path: Path) -> None:
    assert not is_locked(path)
    assert not path.exists()
    _taken(path).close()
    assert not is_locked(path)
    _taken(path).close()


def test_asking_below_something_that_is_no_folder_is_answered(path: Path) -> None:
    path.write_text("")
    assert not is_locked(path / "lock")


def test_asking_does_not_disturb_the_holder(path: Path) -> None:
    with _taken(path):
        for _ in range(3):
            assert is_locked(path)
        assert try_lock(path) is None


def test_closing_one_share_does_not_release_the_other(path: Path, holder: Holder) -> None:
    held = _taken(path)
    holder.take(held)
    held.close()
    assert is_locked(path)
    assert try_lock(path) is None
    holder.kill()
    assert not is_locked(path)


def test_the_death_of_one_holder_does_not_release_the_other(path: Path, holder: Holder) -> None:
    with _taken(path) as held:
        holder.take(held)
        holder.kill()
        assert is_locked(path)
        assert try_lock(path) is None


def test_a_lock_can_be_adopted(path: Path) -> None:
    held = _taken(path)
    adopted = KernelLock.adopt(os.dup(held.fd), path)
    held.close()
    assert is_locked(path)
    adopted.close()
    assert not is_locked(path)


def test_closing_twice_closes_no_other_descriptor(path: Path) -> None:
    held = _taken(path)
    held.close()
    reused = os.open(os.devnull, os.O_RDONLY)
    held.close()
    os.fstat(reused)
    os.close(reused)


def test_a_program_that_is_started_does_not_inherit_it(path: Path) -> None:
    held = _taken(path)
    with subprocess.Popen(["sleep", "30"], close_fds=False) as process:
        held.close()
        assert not is_locked(path)
        process.kill()


def test_waiting_gets_it_when_the_holder_is_done(path: Path) -> None:
    held = _taken(path)

    class Clock(SystemClock):
        def sleep(self, seconds: float) -> None:
            held.close()

    with lock(path, 5, Clock()) as mine:
        assert mine.path == path
        assert is_locked(path)


def test_waiting_ends(path: Path, clock: FakeClock) -> None:
    with _taken(path), pytest.raises(BusyError) as caught:
        lock(path, 3, clock)
    assert 3 <= clock.monotonic() < 3.1
    assert caught.value.hint


def test_not_waiting_at_all_is_possible(path: Path, clock: FakeClock) -> None:
    lock(path, 0, clock).close()
    with _taken(path), pytest.raises(BusyError):
        lock(path, 0, clock)


def test_a_lock_on_a_file_that_was_removed_is_none(path: Path) -> None:
    first = _taken(path)
    path.unlink()
    with _taken(path):
        first.close()
        assert is_locked(path)


def test_a_symlink_is_no_lock(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        try_lock(path)
    assert not (tmp_path / "elsewhere").exists()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(LogistError, match="could not lock"):
        try_lock(tmp_path / "missing" / "lock")


def test_a_holder_can_sign(path: Path) -> None:
    assert signed_by(path) is None
    with _taken(path) as held:
        assert signed_by(path) is None
        held.sign(ProcessId(12345, 67890123456))
        held.sign(ProcessId(1, 2))
        assert signed_by(path) == ProcessId(1, 2)
        assert try_lock(path) is None
    assert signed_by(path) == ProcessId(1, 2), "who held it last can still be asked for"


@pytest.mark.parametrize("data", [b"", b"1", b"1 2 3", b"one two", b"\xff \xff", b"1 2" + b" " * 1000])
def test_what_is_no_signature_is_none(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert signed_by(path) is None


_WITHOUT_DESCRIPTION_LOCKS = """
import fcntl, sys
from pathlib import Path
if hasattr(fcntl, "F_OFD_SETLK"):
    del fcntl.F_OFD_SETLK
sys.path[:0] = [sys.argv[1]]
from logist_ci.process.locks import is_locked, try_lock
path = Path(sys.argv[2])
print(is_locked(path))
held = try_lock(path)
print(is_locked(path), try_lock(path))
held.close()
print(is_locked(path), try_lock(path) is None)
"""


def test_where_description_locks_are_missing_others_do_the_same(path: Path) -> None:
    root = str(Path(logist_ci.__file__).parent.parent)
    argv = [sys.executable, "-I", "-c", _WITHOUT_DESCRIPTION_LOCKS, root, os.fspath(path)]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert said == "False\nTrue None\nFalse False\n"


def test_of_many_only_one_wins(path: Path) -> None:
    held = [taken for _ in range(20) if (taken := try_lock(path)) is not None]
    assert len(held) == 1
    held[0].close()


def _taken(path: Path) -> KernelLock:
    held = try_lock(path)
    assert held is not None
    return held
