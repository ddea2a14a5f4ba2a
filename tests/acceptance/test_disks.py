"""Disks that are read-only or full: refused, or ended truthfully, and usable again afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound, footprint, picture
from tests.acceptance.program import Program
from tests.acceptance.test_refusals import is_one_paragraph
from tests.acceptance.working import changes, work

_MEGABYTES = 4


def _mount(*words: str) -> bool:
    return capture(Command(words, Path("/"), {"PATH": os.environ["PATH"]})).returncode == 0


@pytest.fixture
def small(tmp_path: Path, git_env: dict[str, str]) -> Iterator[GitSandbox]:
    """A repository on a file system of its own, of a few megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small file system can be mounted only by root on Linux; run these as root to have them")
    if not _mount("mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "logist-test", str(disk)):
        pytest.skip("this machine does not let root mount a tmpfs (a container without CAP_SYS_ADMIN)")
    try:
        repository = GitSandbox.create(disk / "repo", git_env)
        repository.write("README.md", "# Small\n")
        repository.commit("Begin")
        yield repository
    finally:
        _mount("umount", "-l", str(disk))


def _fill(repository: GitSandbox) -> Path:
    """Use up the last byte of the disk."""
    ballast = repository.path.parent / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return ballast


def test_a_read_only_disk(logist: Program, small: GitSandbox) -> None:
    job = work(logist, small)
    disk = str(small.path.parent)
    assert _mount("mount", "-o", "remount,ro", disk)
    try:
        before = footprint(small)
        for arguments in (("create", "--", "true"), ("run", "--", "true"), ("rerun", job["id"])):
            ended = logist.tried(*arguments, at=small.path)
            assert ended.status in (1, 4), ended
            is_one_paragraph(ended)
            assert "read-only" in ended.err.lower(), ended.err
        assert footprint(small) == before
        # Reading never writes, so it goes on working.
        assert logist.jobs(small.path)[job["id"]]["state"] == "SUCCESS"
        logist("status", job["id"], at=small.path)
        logist("diff", job["id"], at=small.path)
    finally:
        assert _mount("mount", "-o", "remount,rw", disk)
    work(logist, small)


def test_a_full_disk(logist: Program, small: GitSandbox) -> None:
    logist("create", "--id", "waiting-000001", "--", "sh", "-c", "echo x > added.txt", at=small.path)
    before, mine = footprint(small), picture(small)
    ballast = _fill(small)

    ended = logist.tried("create", "--", "true", at=small.path)

    assert ended.status in (1, 4), ended
    is_one_paragraph(ended)
    assert "no space" in ended.err.lower(), ended.err
    assert footprint(small) == before

    ended = logist.tried("run", "--job", "waiting-000001", at=small.path)
    assert ended.status in (1, 8), ended
    assert logist.jobs(small.path)["waiting-000001"]["state"] in ("PENDING", "PROVISIONING", "INTERVENTION_REQUIRED")

    ballast.unlink()
    state = logist.jobs(small.path)["waiting-000001"]["state"]
    logist("rerun" if state == "INTERVENTION_REQUIRED" else "recover", "waiting-000001", at=small.path)
    if logist.jobs(small.path)["waiting-000001"]["state"] == "PENDING":
        logist("run", "--job", "waiting-000001", at=small.path)
    job = logist("status", "waiting-000001", "--json", at=small.path).json["manifest"]
    assert job["state"] == "SUCCESS"
    assert changes(small, job) == ["A added.txt"]
    assert picture(small) == mine
    assert_sound(small)


def test_an_agent_that_fills_the_disk(logist: Program, small: GitSandbox) -> None:
    mine = picture(small)
    # What cannot be compressed cannot be harvested either while the disk is full.
    fill = "echo begun > begun.txt; cat /dev/urandom > flood.bin"

    ended = logist.tried("run", "--id", "flood-000001", "--limit", "grace=1s", "--", "sh", "-c", fill, at=small.path)

    assert ended.status in (1, 8), ended
    # Whatever could be stored is true, and nothing of the user's is touched.
    with suppress(StoreError):
        small.git("fsck", "--strict", "--no-dangling")
    assert picture(small) == mine
    listed = logist.jobs(small.path)["flood-000001"]
    assert listed["state"] != "SUCCESS"
    assert listed["owner"] != "alive"
    flood = small.path / ".logist/jobs/flood-000001/workspace/flood.bin"
    flood.unlink(missing_ok=True)
    logist.tried("recover", "flood-000001", at=small.path)
    assert logist.jobs(small.path)["flood-000001"]["state"] in ("INTERVENTION_REQUIRED", "PENDING")
    assert_sound(small)
