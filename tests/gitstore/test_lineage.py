from __future__ import annotations

import pytest
from msgspec.structs import replace

from logist_ci.gitstore.lineage import descends, last_legal, well_formed
from logist_ci.job.ids import CommitId, RefName, job_id
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.testing.manifests import example_in
from tests.gitstore.job_lab import JobLab

JOB = job_id("example-000001")
WAY = (State.PENDING, State.PROVISIONING, State.RUNNING, State.HARVESTING)


@pytest.fixture
def line(lab: JobLab) -> list[CommitId]:
    """The commits of a job's manifest on its way to HARVESTING."""
    return [lab.store_manifest(example_in(state)) for state in WAY]


def last(lab: JobLab, start: CommitId, end: CommitId) -> CommitId | None:
    return last_legal(lab.repository.raw, JOB, start, end)


def restart(lab: JobLab, at: CommitId) -> None:
    lab.repo.git("update-ref", f"refs/logist/jobs/{JOB}", at)


def test_legal_changes_are_followed_to_the_end(lab: JobLab, line: list[CommitId]) -> None:
    assert last(lab, line[0], line[3]) == line[3]
    assert last(lab, line[2], line[2]) == line[2]
    wanted = lab.store_manifest(replace(example_in(State.HARVESTING), wanted="cancel"))
    assert last(lab, line[0], wanted) == wanted


def test_what_does_not_come_from_it_is_nothing(lab: JobLab, line: list[CommitId]) -> None:
    assert last(lab, line[3], line[0]) is None
    assert last(lab, line[0], lab.base) is None
    assert last(lab, CommitId("1" * 40), line[3]) is None
    assert last(lab, line[0], CommitId("1" * 40)) is None
    assert descends(lab.repository.raw, line[0], line[3])
    assert not descends(lab.repository.raw, line[3], line[0])


def forged(manifest: Manifest, what: str) -> Manifest:
    return {
        "state": replace(manifest, state=State.SUCCESS),
        "input": replace(manifest, input=replace(manifest.input, prompt="Other")),
        "creator": replace(manifest, created_by="Somebody"),
        "base": replace(manifest, source=replace(manifest.source, base_commit=CommitId("2" * 40))),
    }[what]


@pytest.mark.parametrize("what", ["state", "input", "creator", "base"])
def test_an_illegal_change_ends_the_way_before_it(lab: JobLab, line: list[CommitId], what: str) -> None:
    restart(lab, line[2])
    lab.store_manifest(forged(example_in(State.RUNNING), what))
    after = lab.store_manifest(example_in(State.HARVESTING))
    assert last(lab, line[0], after) == line[2]


def test_a_damaged_one_ends_it_too(lab: JobLab, line: list[CommitId]) -> None:
    tree = lab.repo.git("mktree", stdin=b"")
    damaged = CommitId(lab.repo.git("commit-tree", tree, "-p", line[1], "-m", "x"))
    assert last(lab, line[0], damaged) == line[1]
    assert last(lab, damaged, damaged) == damaged
    further = CommitId(lab.repo.git("commit-tree", f"{line[2]}^{{tree}}", "-p", damaged, "-m", "x"))
    assert last(lab, damaged, further) == damaged


def test_another_jobs_manifest_is_not_its(lab: JobLab, line: list[CommitId]) -> None:
    assert well_formed(lab.repository.raw, JOB, line[3]) is not None
    assert well_formed(lab.repository.raw, job_id("other-000001"), line[3]) is None
    assert well_formed(lab.repository.raw, JOB, lab.base) is None


def test_a_merge_is_not_well_formed(lab: JobLab, line: list[CommitId]) -> None:
    merge = CommitId(lab.repo.git("commit-tree", f"{line[3]}^{{tree}}", "-p", line[3], "-p", lab.base, "-m", "x"))
    assert well_formed(lab.repository.raw, JOB, merge) is None
    assert last(lab, line[0], merge) == line[3]
    assert lab.refs.read(RefName(f"refs/logist/jobs/{JOB}")) == line[3]
