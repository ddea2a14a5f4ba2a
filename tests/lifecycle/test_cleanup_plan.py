from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as with_fields

from logist_ci.job.ids import CommitId, JobId, RefName
from logist_ci.job.manifest import (
    AgentSpec,
    Input,
    Manifest,
    Phase,
    Publication,
    RemoteStep,
    Result,
    Source,
    Spec,
    Trigger,
)
from logist_ci.job.states import FINAL, TRANSIENT, State
from logist_ci.lifecycle.cleanup.decisions import Action, CleanupPlan, CleanupPolicy, JobPlan
from logist_ci.lifecycle.cleanup.facts import BranchFacts, JobFacts, Orphan, Stranger, Survey, WorkspaceFacts
from logist_ci.lifecycle.cleanup.plan import plan, plan_job
from logist_ci.process.tree import ProcessId

NOW = datetime(2026, 3, 1, tzinfo=UTC)
JOB = JobId("fix-login-k3v9q2")
BASE, HEAD, OTHER = (CommitId(sign * 40) for sign in "abc")
WORKSPACE = Path("/r/.logist/jobs/fix-login-k3v9q2/workspace")


def _manifest(state: State = State.SUCCESS, **fields: Any) -> Manifest:
    spec = Spec(agent=AgentSpec(name="command"), keep=fields.pop("keep", False))
    manifest = Manifest(
        id=JOB,
        title="Fix the login",
        created_at=NOW,
        created_by="somebody",
        input=Input(prompt="fix it"),
        source=Source(base_commit=BASE, branch=f"logist/{JOB}", trigger=Trigger(event="run")),
        spec=spec,
        state=state,
        phase=Phase.GENERATE,
        result=Result(head=HEAD),
    )
    return with_fields(manifest, **fields)


def _branch(**fields: Any) -> BranchFacts:
    return replace(BranchFacts(f"logist/{JOB}", HEAD), **fields)


def _workspace(**fields: Any) -> WorkspaceFacts:
    return replace(WorkspaceFacts(WORKSPACE), **fields)


MERGED = _branch(merged="an ancestor of main", reachable=True)


def _facts(manifest: Manifest | None = None, **fields: Any) -> JobFacts:
    facts = JobFacts(
        id=JOB,
        manifest=manifest or _manifest(),
        commit=OTHER,
        changed_at=NOW - timedelta(days=1),
        folder=WORKSPACE.parent,
        branch=_branch(),
        workspace=_workspace(),
    )
    return replace(facts, **fields)


def _planned(facts: JobFacts, policy: CleanupPolicy) -> JobPlan:
    job = plan_job(facts, policy, NOW)
    assert job is not None
    return job


def _actions(facts: JobFacts, policy: CleanupPolicy) -> list[Action]:
    job = plan_job(facts, policy, NOW)
    return [removal.action for removal in job.removals] if job else []


def _reasons(facts: JobFacts, policy: CleanupPolicy) -> str:
    job = plan_job(facts, policy, NOW)
    return "\n".join(kept.reason for kept in job.kept) if job else ""


TIDY = CleanupPolicy()
NAMED = CleanupPolicy(names=frozenset({JOB}))
FORCED = CleanupPolicy(names=frozenset({JOB}), force=True)
ALL_MERGED = CleanupPolicy(merged=True)
STALE = CleanupPolicy(stale_s=3600.0)

EVERYTHING = [Action.REMOVE_WORKSPACE, Action.DELETE_BRANCH, Action.ARCHIVE, Action.DELETE_FOLDER]


class TestTidying:
    def test_an_ended_job_loses_its_workspace_and_nothing_else(self) -> None:
        for state in FINAL:
            assert _actions(_facts(_manifest(state)), TIDY) == [Action.REMOVE_WORKSPACE]
        (removal,) = _planned(_facts(), TIDY).removals
        assert removal.target == str(WORKSPACE) and removal.proof == f"everything in it is on logist/{JOB}"

    def test_uncommitted_changes_are_saved_first(self) -> None:
        facts = _facts(workspace=_workspace(leftovers=2))
        assert _actions(facts, TIDY) == [Action.SAVE_LEFTOVERS, Action.REMOVE_WORKSPACE]
        assert _planned(facts, TIDY).removals[0].target == "2 uncommitted changes"

    @pytest.mark.parametrize("state", [s for s in State if s not in FINAL | TRANSIENT])
    def test_a_waiting_job_keeps_its_workspace(self, state: State) -> None:
        facts = _facts(_manifest(state))
        assert _actions(facts, TIDY) == [] and "it " in _reasons(facts, TIDY)

    def test_a_job_without_a_workspace_is_not_spoken_of(self) -> None:
        assert plan_job(_facts(workspace=None), TIDY, NOW) is None

    def test_a_registration_without_a_folder_goes_with_an_ended_job(self) -> None:
        gone = _workspace(present=False)
        assert _actions(_facts(workspace=gone), TIDY) == [Action.REMOVE_WORKSPACE]
        assert plan_job(_facts(_manifest(State.PENDING), workspace=gone), TIDY, NOW) is None

    def test_what_a_killed_cleanup_began_is_finished(self) -> None:
        facts = _facts(_manifest(closed_at=NOW), branch=None, workspace=None)
        assert _actions(facts, TIDY) == [Action.ARCHIVE, Action.DELETE_FOLDER]

    def test_a_running_job_is_not_spoken_of(self) -> None:
        assert plan_job(_facts(_manifest(State.RUNNING)), TIDY, NOW) is None

    @pytest.mark.parametrize(
        ("when", "branch", "manifest", "goes"),
        [
            ("finished", _branch(), _manifest(), True),
            ("finished", _branch(), _manifest(keep=True), False),
            ("finished", _branch(), _manifest(publication=Publication(pull=3)), False),
            ("finished", MERGED, _manifest(publication=Publication(pull=3)), True),
            ("finished", _branch(), _manifest(publication=Publication(pull=3, merged_at=NOW)), True),
            ("merged", _branch(), _manifest(), False),
            ("merged", MERGED, _manifest(), True),
            ("merged", None, _manifest(), True),
            ("never", MERGED, _manifest(), False),
        ],
    )
    def test_the_policy_rules_what_nobody_asked_for(
        self, when: Literal["finished", "merged", "never"], branch: BranchFacts | None, manifest: Manifest, goes: bool
    ) -> None:
        facts = _facts(manifest, branch=branch)
        assert (_actions(facts, CleanupPolicy(when=when)) == [Action.REMOVE_WORKSPACE]) is goes
        assert bool(_reasons(facts, CleanupPolicy(when=when))) is not goes


class TestByName:
    def test_a_merged_job_goes_with_everything(self) -> None:
        facts = _facts(branch=MERGED)
        assert _actions(facts, NAMED) == EVERYTHING
        assert _planned(facts, NAMED).removals[1].proof == "an ancestor of main"

    def test_work_merged_in_another_shape_is_kept_for_a_while(self) -> None:
        facts = _facts(branch=_branch(merged="the same patch as a commit of main"))
        job = _planned(facts, NAMED)
        assert [removal.action for removal in job.removals] == [Action.SAVE_BRANCH, *EVERYTHING]
        assert job.removals[0].proof == f"kept under refs/logist/kept/{JOB}"

    def test_unmerged_work_is_refused_and_saved_when_forced(self) -> None:
        job = _planned(_facts(), NAMED)
        assert job.refused and "not proven to be merged" in job.kept[0].reason
        assert f"logist-ci apply {JOB}" in job.kept[0].remedy and "--force" in job.kept[0].remedy
        job = _planned(_facts(), FORCED)
        assert [removal.action for removal in job.removals] == [Action.SAVE_BRANCH, *EVERYTHING]
        assert job.removals[0].proof == f"kept under refs/logist/rescue/{JOB}" and not job.refused

    def test_uncommitted_work_is_refused_and_saved_when_forced(self) -> None:
        facts = _facts(branch=MERGED, workspace=_workspace(leftovers=1))
        assert "has 1 uncommitted change" in _reasons(facts, NAMED)
        assert _actions(facts, FORCED) == [Action.SAVE_LEFTOVERS, *EVERYTHING]

    def test_what_cannot_be_told_is_refused_and_saved_when_forced(self) -> None:
        facts = _facts(branch=MERGED, workspace=_workspace(leftovers=None, untold="permission denied"))
        assert "cannot be told" in _reasons(facts, NAMED) and "permission denied" in _reasons(facts, NAMED)
        assert _actions(facts, FORCED)[0] is Action.SAVE_LEFTOVERS
        assert "cannot be told" in _reasons(facts, TIDY)

    def test_a_stranger_in_the_workspace_is_named(self) -> None:
        facts = _facts(branch=MERGED, workspace=_workspace(strangers=(Stranger(4711, "bash"),)))
        assert "the process 4711 (bash) is inside" in _reasons(facts, NAMED)
        assert "4711" in _reasons(facts, TIDY)
        assert _actions(facts, FORCED) == EVERYTHING

    def test_the_jobs_own_processes_are_ended_first(self) -> None:
        facts = _facts(branch=MERGED, workspace=_workspace(processes=(ProcessId(12, 3), ProcessId(13, 3))))
        removal = _planned(facts, NAMED).removals[0]
        assert (removal.action, removal.target) == (Action.END_PROCESSES, "12, 13")

    @pytest.mark.parametrize("state", [s for s in State if s not in FINAL | TRANSIENT])
    def test_a_waiting_job_has_to_be_ended_first(self, state: State) -> None:
        facts = _facts(_manifest(state), branch=MERGED)
        assert _planned(facts, NAMED).refused and "logist-ci cancel" in _planned(facts, NAMED).kept[0].remedy
        assert _actions(facts, FORCED) == EVERYTHING
        assert _actions(facts, replace(NAMED, stale_s=3600.0)) == EVERYTHING

    def test_what_is_gone_already_is_no_obstacle(self) -> None:
        facts = _facts(branch=None, workspace=None)
        assert _actions(facts, NAMED) == [Action.ARCHIVE, Action.DELETE_FOLDER]
        gone = _facts(branch=None, workspace=_workspace(present=False, leftovers=0))
        assert _actions(gone, NAMED) == [Action.REMOVE_WORKSPACE, Action.ARCHIVE, Action.DELETE_FOLDER]
        assert _planned(gone, NAMED).removals[0].proof == "the folder is gone already"

    def test_a_damaged_manifest_is_refused(self) -> None:
        facts = replace(_facts(), manifest=None, defect="it is damaged")
        assert _planned(facts, FORCED).refused and "it is damaged" in _reasons(facts, FORCED)

    def test_other_jobs_are_left_alone(self) -> None:
        assert plan_job(_facts(), CleanupPolicy(names=frozenset({JobId("other")})), NOW) is None

    def test_keep_does_not_outweigh_a_name(self) -> None:
        assert _actions(_facts(_manifest(keep=True), branch=MERGED), NAMED) == EVERYTHING


NEVER = {
    "running": _facts(_manifest(State.RUNNING), owner="alive"),
    "gone": _facts(_manifest(State.HARVESTING), owner="gone"),
    "owned": _facts(owner="alive", branch=MERGED),
    "outside": _facts(branch=MERGED, workspace=_workspace(owned=False)),
    "locked": _facts(branch=MERGED, workspace=_workspace(locked_by="mine")),
    "nested": _facts(branch=MERGED, workspace=_workspace(nested=("/r/x",))),
    "foreign": _facts(branch=replace(MERGED, name="main")),
    "checked out": _facts(branch=replace(MERGED, checked_out="/r")),
    "needed": _facts(branch=replace(MERGED, needed_by=(JobId("next"),))),
    "moved": _facts(_manifest(publication=Publication(merged_at=NOW)), branch=_branch(tip=OTHER)),
    "publishing": _facts(
        _manifest(publication=Publication(steps=(RemoteStep(name="push", intent="push", key="k"),))), branch=MERGED
    ),
}


@pytest.mark.parametrize("case", NEVER)
def test_nothing_overrides_these(case: str) -> None:
    for policy in (NAMED, FORCED, replace(FORCED, stale_s=0.0, merged=True)):
        job = _planned(NEVER[case], policy)
        assert job.refused and job.kept[0].reason
    everything = CleanupPolicy(merged=True, stale_s=0.0, force=True)
    assert _actions(NEVER[case], everything) == []


def test_a_job_whose_owner_is_gone_is_recovered_first() -> None:
    assert _planned(NEVER["gone"], NAMED).kept[0].remedy == f"First: logist-ci recover {JOB}"
    assert _planned(NEVER["running"], NAMED).kept[0].remedy == f"First: logist-ci stop {JOB}"


class TestMerged:
    def test_merged_jobs_go(self) -> None:
        assert _actions(_facts(branch=MERGED), ALL_MERGED) == EVERYTHING
        assert _actions(_facts(branch=None), ALL_MERGED) == EVERYTHING[:1] + EVERYTHING[2:]

    @pytest.mark.parametrize(
        "facts",
        [_facts(), _facts(_manifest(keep=True), branch=MERGED), _facts(_manifest(State.PENDING), branch=MERGED)],
    )
    def test_others_stay_with_a_reason(self, facts: JobFacts) -> None:
        assert _actions(facts, ALL_MERGED) == [] and _reasons(facts, ALL_MERGED)
        assert not _planned(facts, ALL_MERGED).refused


class TestFolder:
    ELSEWHERE = WORKSPACE.parent / "elsewhere"

    def test_what_is_no_part_of_a_job_keeps_it_unless_forced(self) -> None:
        facts = _facts(branch=MERGED, lasting=(self.ELSEWHERE,), unknown=(self.ELSEWHERE,))
        job = _planned(facts, NAMED)
        assert job.refused and job.kept[0].reason == f"{self.ELSEWHERE} is no part of a job"
        assert f"cleanup --force {JOB}" in job.kept[0].remedy
        assert _actions(facts, ALL_MERGED) == [] and _actions(facts, FORCED) == EVERYTHING
        assert _actions(facts, TIDY) == [Action.REMOVE_WORKSPACE]

    def test_the_proof_says_what_is_kept(self) -> None:
        for lasting, names in (
            ((), "logs"),
            ((WORKSPACE.parent / "backups", self.ELSEWHERE), "backups, elsewhere, logs"),
        ):
            removal = _planned(_facts(branch=MERGED, lasting=lasting), NAMED).removals[-1]
            assert removal.proof == f"kept in .archived/{JOB}, for restore: {names}"


class TestStale:
    def test_a_fresh_job_is_only_tidied(self) -> None:
        assert _actions(_facts(), CleanupPolicy(stale_s=90_000.0)) == [Action.REMOVE_WORKSPACE]

    def test_a_merged_one_goes_with_everything(self) -> None:
        assert _actions(_facts(branch=MERGED), STALE) == EVERYTHING

    def test_an_unmerged_one_keeps_its_branch(self) -> None:
        job = _planned(_facts(), STALE)
        assert [removal.action for removal in job.removals] == [Action.REMOVE_WORKSPACE]
        assert job.kept[0].target == f"logist/{JOB}"

    def test_a_waiting_one_loses_its_workspace_only(self) -> None:
        facts = _facts(_manifest(State.SUSPENDED), branch=MERGED)
        assert _actions(facts, STALE) == [Action.REMOVE_WORKSPACE] and "suspended" in _reasons(facts, STALE)
        assert _actions(facts, replace(STALE, force=True)) == EVERYTHING

    def test_keep_outweighs_it(self) -> None:
        facts = _facts(_manifest(keep=True), branch=MERGED)
        assert _actions(facts, STALE) == [] and "--keep" in _reasons(facts, STALE)
        assert _actions(facts, replace(STALE, force=True)) == EVERYTHING


class TestOrphans:
    SAFE = Orphan("leftover", Path("/r/.logist/jobs/.trash-x"), safe="renamed away by a cleanup")
    DOUBTFUL = Orphan("folder", Path("/r/.logist/jobs/odd"), JobId("odd"), doubt="it has files and no manifest")

    def test_only_what_is_safe_goes(self) -> None:
        made = plan(Survey(orphans=(self.SAFE, self.DOUBTFUL)), TIDY, NOW)
        first, second = made.orphans
        assert first.removal and first.removal.proof == "renamed away by a cleanup" and first.kept is None
        assert second.removal is None and second.kept and second.kept.reason == "it has files and no manifest"
        assert "cleanup --force odd" in second.kept.remedy
        assert not made.empty

    def test_a_doubtful_one_goes_by_name_and_force_only(self) -> None:
        names = frozenset({JobId("odd")})
        for policy, goes in (
            (CleanupPolicy(force=True), False),
            (CleanupPolicy(names=names), False),
            (CleanupPolicy(names=names, force=True), True),
        ):
            made = plan(Survey(orphans=(self.DOUBTFUL,)), policy, NOW)
            assert made.empty is not goes
            assert (made.refusal() is not None) is (bool(policy.names) and not goes)

    def test_names_leave_the_others_alone(self) -> None:
        assert plan(Survey(orphans=(self.SAFE,)), NAMED, NOW).orphans == ()

    def test_one_without_a_job_is_only_shown(self) -> None:
        orphan = Orphan("registration", Path("/x"), doubt="why")
        (made,) = plan(Survey(orphans=(orphan,)), CleanupPolicy(force=True), NOW).orphans
        assert made.kept and made.kept.remedy == "Look at it: /x"


def test_a_refusal_names_each_job_and_each_remedy_once() -> None:
    made = plan(Survey(jobs=(_facts(),)), NAMED, NOW)
    refusal = made.refusal()
    assert refusal and refusal.exit_status == 5 and f"The job {JOB} was not removed: the work on" in str(refusal)
    assert refusal.hint.count("--force") == 1
    assert plan(Survey(jobs=(_facts(),)), ALL_MERGED, NOW).refusal() is None
    assert CleanupPlan().empty and CleanupPlan().refusal() is None


_workspaces = st.none() | st.builds(
    WorkspaceFacts,
    path=st.just(WORKSPACE),
    present=st.booleans(),
    registered=st.booleans(),
    locked_by=st.sampled_from(["", "mine"]),
    owned=st.booleans(),
    leftovers=st.sampled_from([0, 1, None]),
    nested=st.sampled_from([(), ("/r/x",)]),
    processes=st.sampled_from([(), (ProcessId(2, 3),)]),
    strangers=st.sampled_from([(), (Stranger(4, "bash"),)]),
)
_branches = st.none() | st.builds(
    BranchFacts,
    name=st.sampled_from([f"logist/{JOB}", "main"]),
    tip=st.sampled_from([HEAD, OTHER]),
    merged=st.sampled_from(["", "proof"]),
    checked_out=st.sampled_from(["", "/r"]),
    needed_by=st.sampled_from([(), (JobId("next"),)]),
)
_policies = st.builds(
    CleanupPolicy,
    when=st.sampled_from(["finished", "merged", "never"]),
    names=st.sampled_from([frozenset(), frozenset({JOB}), frozenset({JobId("other")})]),
    merged=st.booleans(),
    stale_s=st.sampled_from([None, 1.0, 1e9]),
    force=st.booleans(),
)
_manifests = st.builds(
    _manifest,
    state=st.sampled_from(State),
    keep=st.booleans(),
    publication=st.sampled_from([Publication(), Publication(pull=1), Publication(merged_at=NOW)]),
)


@given(
    st.builds(
        _facts, _manifests, owner=st.sampled_from(["alive", "gone", "none"]), branch=_branches, workspace=_workspaces
    ),
    _policies,
)
def test_no_plan_loses_anything(facts: JobFacts, policy: CleanupPolicy) -> None:
    job = plan_job(facts, policy, NOW)
    if job is None or not job.removals:
        assert job is None or (job.kept and all(kept.reason for kept in job.kept))
        return
    actions = [removal.action for removal in job.removals]
    assert actions == sorted(actions, key=list(Action).index) and all(removal.proof for removal in job.removals)
    manifest, branch, workspace = facts.manifest, facts.branch, facts.workspace
    assert manifest and manifest.state not in TRANSIENT and facts.owner != "alive"
    if workspace:
        assert workspace.owned and not workspace.locked_by and not workspace.nested
        assert not workspace.present or not workspace.strangers or policy.force
        if workspace.leftovers != 0 and workspace.present:
            assert actions.index(Action.SAVE_LEFTOVERS) < actions.index(Action.REMOVE_WORKSPACE)
    if Action.DELETE_BRANCH in actions:
        assert branch and branch.name.endswith(JOB) and not branch.checked_out and not branch.needed_by
        assert branch.merged or (policy.force and Action.SAVE_BRANCH in actions)
    if Action.ARCHIVE in actions:
        assert manifest.state in FINAL or policy.force or policy.stale_s == 1.0
    assert RefName("refs/heads/main") not in [removal.target for removal in job.removals]
