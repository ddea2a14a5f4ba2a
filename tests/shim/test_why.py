from __future__ import annotations

import pytest

from logist_ci.job.limits import Limits
from logist_ci.process.table import ProcessFacts, ProcessId
from logist_ci.shim.protocol import LimitName
from logist_ci.shim.why import describe_stop, describe_tree


class Words:
    """A table that knows command lines and wait channels only."""

    def __init__(self, commands: dict[int, str]) -> None:
        self._commands = commands

    def pids(self) -> list[int]:
        return []

    def facts(self, pid: int) -> ProcessFacts | None:
        return None

    def children(self, pid: int) -> list[int]:
        return []

    def environ(self, pid: int) -> bytes:
        return b""

    def places(self, pid: int) -> list[bytes]:
        return []

    def command_line(self, pid: int) -> str:
        return self._commands.get(pid, "")

    def waits_in(self, pid: int) -> str:
        return "pipe_read" if pid % 2 else ""


def process(pid: int, parent: int, state: str = "S") -> ProcessFacts:
    return ProcessFacts(ProcessId(pid, 1), f"p{pid}", state, parent, 1.25, 2_500_000)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("wall", "The run took longer than its wall limit of 60 s."),
        ("idle", "The run had no output, no use of the CPU and no change in its worktree for 5 s."),
        ("output", "The run wrote more than its output limit of 1000 bytes."),
        (None, "Somebody asked for the run to be stopped."),
    ],
)
def test_each_reason_is_a_sentence(limit: LimitName | None, words: str) -> None:
    assert describe_stop(limit, Limits(wall_s=60, idle_s=5, output_bytes=1000)) == words


def test_the_tree_is_drawn_children_below_their_parents() -> None:
    tree = [process(5, 1), process(8, 1, "Z"), process(6, 5), process(7, 6, "D")]
    assert describe_tree(1, tree, Words({5: "sh -c x", 7: "cat\n\x1b[31m"})).splitlines() == [
        "5 sleeping in pipe_read, CPU 1.25 s, 2.5 MB: sh -c x",
        "  6 sleeping, CPU 1.25 s, 2.5 MB: [p6]",
        "    7 waiting for a disk or device in pipe_read, CPU 1.25 s, 2.5 MB: cat  [31m",
        "8 ended, CPU 1.25 s, 2.5 MB: [p8]",
    ]


def test_an_empty_tree_is_said() -> None:
    assert describe_tree(1, [], Words({})) == "No process was left."


def test_a_large_tree_is_cut() -> None:
    lines = describe_tree(1, [process(pid, 1) for pid in range(2, 600)], Words({})).splitlines()
    assert (len(lines), lines[-1]) == (41, "…")


def test_who_lost_its_parent_meanwhile_is_hinted_at() -> None:
    assert describe_tree(1, [process(5, 1), process(9, 4)], Words({})).endswith("…")


def test_a_long_command_is_cut() -> None:
    assert len(describe_tree(1, [process(5, 1)], Words({5: "x" * 5000}))) < 300
