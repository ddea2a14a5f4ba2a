from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logist_ci.gitstore.folders import JobsRoot
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.processes import ancestors, strangers_inside, strays_of
from tests.lifecycle.sleepers import Sleepers

JOB = JobId("fix-login-k3v9q2")


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    made = Sleepers()
    yield made
    made.end()


def test_we_and_those_who_started_us_are_ancestors() -> None:
    found = ancestors()
    assert {os.getpid(), os.getppid()} <= found and 0 not in found


def test_strays_carry_the_mark_of_exactly_this_job(tmp_path: Path, sleepers: Sleepers) -> None:
    folder = JobsRoot(tmp_path).folder(JOB)
    folder.workspace.mkdir(parents=True)
    stray = sleepers.start(tmp_path, LOGIST_JOB_ID=JOB, LOGIST_WORKSPACE=str(folder.workspace))
    sleepers.start(folder.workspace)
    sleepers.start(tmp_path, LOGIST_JOB_ID=JOB, LOGIST_WORKSPACE="/elsewhere")
    sleepers.start(tmp_path, LOGIST_JOB_ID=f"{JOB}-2", LOGIST_WORKSPACE=str(folder.workspace))
    assert strays_of(folder) == [stray]


def test_strangers_are_those_inside_who_are_not_ours(tmp_path: Path, sleepers: Sleepers) -> None:
    inner = tmp_path / "workspace" / "deep"
    inner.mkdir(parents=True)
    own, stranger = sleepers.start(inner), sleepers.start(inner)
    sleepers.start(tmp_path)
    (found,) = strangers_inside(tmp_path / "workspace", [own])
    assert found.id == stranger and found.name == "sleep"
