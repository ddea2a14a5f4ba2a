from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from logist_ci.app import App, open_app
from logist_ci.errors import StoreError
from logist_ci.job.ids import JobId
from logist_ci.job.states import State
from logist_ci.lifecycle.demo import Demonstration, Proof, demonstrate, make_repository
from logist_ci.runner.listener import Happening
from logist_ci.testing.mock_jobs import Recorder


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    from logist_ci.testing import clean_environment

    folder = tmp_path_factory.mktemp("demo")
    environ = clean_environment(folder / "home", path="/usr/local/bin:/usr/bin:/bin")
    with open_app(make_repository(folder, environ), environ) as app:
        yield app


@pytest.fixture(scope="module")
def heard() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def shown(stage: App, heard: Recorder) -> Demonstration:
    """The demonstration, shown once for all tests."""
    return demonstrate(stage.parts, heard)


def test_everything_that_is_claimed_was_seen(shown: Demonstration) -> None:
    assert [proof.what for proof in shown.proofs if not proof.ok] == []
    assert shown.ok


def test_the_three_jobs_end_in_three_ways(shown: Demonstration) -> None:
    landing, greeting, endless = shown.jobs
    assert (landing.state, landing.attempt) == (State.SUCCESS, 1)
    assert (greeting.state, greeting.attempt) == (State.SUCCESS, 2)
    assert endless.state is State.INTERVENTION_REQUIRED
    assert endless.phases[0].attempts[0].verdict == "halted:wall"


def test_the_listener_hears_everything(shown: Demonstration, heard: Recorder) -> None:
    told = {event.job_id for event in heard.heard}
    assert told == {job.id for job in shown.jobs}
    assert any(event.kind == "stage" for event in heard.heard)


def test_the_page_is_on_the_current_branch(shown: Demonstration, stage: App) -> None:
    root = stage.parts.repository.worktree
    assert root is not None
    assert "<h1" in (root / "index.html").read_text()
    assert (root / "hello.txt").exists()


def test_nothing_is_left_but_logs_and_branches(shown: Demonstration, stage: App) -> None:
    for job in shown.jobs:
        folder = stage.parts.root.folder(job.id)
        assert not folder.workspace.exists()
        assert folder.job_log.exists()
    assert list((stage.parts.repository.common_dir / "worktrees").glob("*")) == []


def test_one_claim_that_is_wrong_makes_it_fail(shown: Demonstration) -> None:
    assert not replace(shown, proofs=(*shown.proofs, Proof("the moon is made of cheese", False))).ok


def test_a_worktree_that_nobody_saw_is_no_proof(stage: App, shown: Demonstration) -> None:
    from logist_ci.lifecycle.demo import _Witness  # what is proven is only as good as its eyes

    witness = _Witness(stage.parts, Recorder())
    running = replace(shown.jobs[0], state=State.RUNNING)
    witness.on(Happening(JobId("landing-page"), "state", "running", manifest=running))
    assert witness.worktrees_seen == set()


def test_a_folder_that_cannot_hold_a_repository_is_an_error(tmp_path: Path, git_env: dict[str, str]) -> None:
    broken = tmp_path / "home2"
    broken.mkdir()
    (broken / ".gitconfig").write_text("[broken\n")
    with pytest.raises(StoreError, match="git init failed"):
        make_repository(tmp_path, {**git_env, "HOME": str(broken)})
