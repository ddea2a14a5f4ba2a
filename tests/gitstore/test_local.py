from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.local import GitFile, LocalFacts, Machine, read_local, this_machine, write_local
from logist_ci.process.tree import ProcessId, identify
from logist_ci.testing.clock import FakeClock


def test_facts_are_read_as_they_were_written(folder: Path, clock: FakeClock) -> None:
    shim = ProcessId(123, 456)
    facts = LocalFacts.here(
        clock,
        shim=shim,
        main_worktree=Path("/srv/with space"),
        worktree=Path(os.fsdecode(b"/srv/\xff\n")),
        worktree_admin=Path("/srv/.git/worktrees/x"),
        worktree_gitfile=GitFile(inode=7, content="gitdir: /srv\n"),
    )
    write_local(folder / "local.json", facts)
    read = read_local(folder / "local.json")
    assert read == facts
    assert read.runner == identify(os.getpid())
    assert read.shim == shim
    assert read.written_at == "2026-01-01T00:00:00+00:00"
    assert read.worktree == "/srv/\\xff\n"
    assert (folder / "local.json").stat().st_mode & 0o077 == 0


def test_facts_of_this_machine_are_here(clock: FakeClock) -> None:
    facts = LocalFacts.here(clock)
    assert facts.is_here()
    assert facts.machine == this_machine()
    assert facts.machine.boot_id


@pytest.mark.parametrize(
    "machine",
    [
        Machine(host="elsewhere", boot_id=this_machine().boot_id, pid_namespace=this_machine().pid_namespace),
        Machine(host=this_machine().host, boot_id="before the restart", pid_namespace=this_machine().pid_namespace),
        Machine(host=this_machine().host, boot_id=this_machine().boot_id, pid_namespace="pid:[1]"),
    ],
    ids=["another host", "an earlier boot", "another container"],
)
def test_process_numbers_of_elsewhere_mean_nothing(machine: Machine) -> None:
    assert not LocalFacts(machine=machine, written_at="").is_here()


def test_the_machine_is_the_same_for_every_process() -> None:
    program = "from logist_ci.gitstore.local import this_machine; print(this_machine().boot_id)"
    root = Path(__file__).resolve().parents[2]
    env = {"PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == this_machine().boot_id


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"machine": 3}', b"\xff\xff", b'{"written_at": ""}', b"x" * 2_000_000]
)
def test_damaged_facts_are_none(folder: Path, content: bytes) -> None:
    (folder / "local.json").write_bytes(content)
    assert read_local(folder / "local.json") is None


def test_missing_facts_are_none(folder: Path) -> None:
    assert read_local(folder / "local.json") is None
    (folder / "link").symlink_to(folder / "local.json")
    assert read_local(folder / "link") is None
    assert read_local(folder) is None


def test_facts_that_cannot_be_written_are_said(folder: Path, clock: FakeClock) -> None:
    with pytest.raises(StoreError):
        write_local(folder / "none" / "local.json", LocalFacts.here(clock))
