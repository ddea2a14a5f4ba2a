from __future__ import annotations

from logist_ci.job.states import State
from logist_ci.testing import GitSandbox
from logist_ci.testing.mock_jobs import MockJobs


def test_a_script_is_played_and_harvested(mock_agent: MockJobs, repo: GitSandbox) -> None:
    manifest = mock_agent.run({"write": {"path": "a.txt", "text": "hi"}}, "succeed", checks=("test -f a.txt",))
    assert manifest.state is State.SUCCESS
    assert repo.git("show", f"{manifest.source.branch}:a.txt") == "hi"
    assert repo.git("status", "--porcelain") == ""


def test_what_happens_is_recorded(mock_agent: MockJobs) -> None:
    manifest = mock_agent.run({"stuck": "I need help."})
    assert manifest.state is State.INTERVENTION_REQUIRED
    states = mock_agent.recorder.states()
    assert [state for state in ("PROVISIONING", "RUNNING", "HARVESTING") if state in states]
    assert states[-1] == "INTERVENTION_REQUIRED"


def test_a_request_can_be_changed(mock_agent: MockJobs) -> None:
    request = mock_agent.request("succeed", priority=3, limits={"wall": "5s"})
    assert (request.agent, request.priority, request.limits) == ("mock", 3, {"wall": "5s"})
