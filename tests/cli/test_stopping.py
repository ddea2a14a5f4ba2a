from __future__ import annotations

import signal

import pytest

from logist_ci.cli.stopping import Stopper
from logist_ci.runner.listener import StopSignal


def test_a_signal_ends_a_command_that_runs_nothing() -> None:
    with pytest.raises(KeyboardInterrupt):
        Stopper().on_signal(signal.SIGINT, None)


def test_the_first_signal_asks_and_the_second_leaves() -> None:
    said: list[bytes] = []
    left: list[int] = []
    stopper = Stopper(say=said.append, leave=left.append)
    with stopper.armed(StopSignal()) as stop:
        stopper.on_signal(signal.SIGINT, None)
        assert stop.requested
        assert stopper.stopped
        assert left == []
        stopper.on_signal(signal.SIGTERM, None)
    assert left == [130]
    assert b"work is kept" in said[0]
    assert b"logist-ci recover" in said[1]


def test_after_the_block_a_signal_is_the_end_again() -> None:
    stopper = Stopper()
    with stopper.armed(StopSignal()):
        pass
    assert not stopper.stopped
    with pytest.raises(KeyboardInterrupt):
        stopper.on_signal(signal.SIGINT, None)


def test_an_editor_deals_with_signals_itself() -> None:
    stopper = Stopper()
    with stopper.left_to_program():
        stopper.on_signal(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stopper.on_signal(signal.SIGINT, None)


def test_a_block_left_by_an_error_does_not_stay_armed() -> None:
    stopper = Stopper()
    with pytest.raises(ValueError, match="oops"), stopper.armed(StopSignal()):
        raise ValueError("oops")
    with pytest.raises(KeyboardInterrupt):
        stopper.on_signal(signal.SIGINT, None)
