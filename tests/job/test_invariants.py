from __future__ import annotations

import pytest
from msgspec.structs import replace

from logist_ci.errors import JobStateError
from logist_ci.job.invariants import check
from logist_ci.job.manifest import Manifest, Phase, PhaseRecord, Spec
from logist_ci.job.states import State
from logist_ci.testing import example_in, example_manifest

SPEC: Spec = example_manifest().spec


def with_phases(*phases: Phase) -> Manifest:
    return example_manifest(spec=replace(SPEC, phases=phases), phase=phases[0])


def on_branch(branch: str) -> Manifest:
    manifest = example_manifest()
    return replace(manifest, source=replace(manifest.source, branch=branch))


@pytest.mark.parametrize("state", State)
def test_every_example_is_sound(state: State) -> None:
    manifest = example_in(state)
    assert check(manifest) is manifest


@pytest.mark.parametrize(
    ("manifest", "defect"),
    [
        (with_phases(Phase.VALIDATE, Phase.GENERATE), "out of order"),
        (with_phases(Phase.GENERATE, Phase.GENERATE), "one comes twice"),
        (example_manifest(phase=Phase.DEPLOY), "deploy is not one of its phases"),
        (example_manifest(phases=(PhaseRecord(name=Phase.PLAN, role="agent", agent="x"),)), "records the phases plan"),
        (
            example_manifest(phases=(PhaseRecord(name=Phase.GENERATE, role="agent", agent="x"),) * 2),
            "records the phases generate, generate",
        ),
        (example_manifest(state=State.SUSPENDED), "does not say which waiting state"),
        (example_manifest(state=State.SUSPENDED, resume_to=State.RUNNING), "does not say which waiting state"),
        (example_manifest(state=State.SUSPENDED, resume_to=State.SUCCESS), "does not say which waiting state"),
        (example_manifest(resume_to=State.PENDING), "has a state to resume to, and is PENDING"),
        (example_manifest(spec=replace(SPEC, needs=("example-000001",))), "needs itself"),
    ],
)
def test_a_contradiction_is_named(manifest: Manifest, defect: str) -> None:
    with pytest.raises(JobStateError, match="manifest of example-000001 is damaged") as caught:
        check(manifest)
    assert defect in str(caught.value)


@pytest.mark.parametrize(
    "branch",
    ["main", "", "-D", "example-000001\n", "../example-000001", "refs/heads/example-000001", "logist/other-000002"],
)
def test_a_job_has_a_branch_of_its_own(branch: str) -> None:
    with pytest.raises(JobStateError, match="is not a branch of its own"):
        check(on_branch(branch))


@pytest.mark.parametrize("branch", ["example-000001", "logist/example-000001", "bots/ci-example-000001"])
def test_the_prefix_of_a_branch_is_free(branch: str) -> None:
    assert check(on_branch(branch))
