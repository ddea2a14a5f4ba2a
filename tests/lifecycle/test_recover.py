from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.errors import BusyError
from logist_ci.gitstore.local import read_local
from logist_ci.gitstore.tamper import snapshot
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Protection
from logist_ci.job.states import TRANSIENT, State
from logist_ci.job.transitions import Cancel, End, Reopen, Run, Start, Want
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.owner import lost_jobs, orphaned_shim, owner_of
from logist_ci.lifecycle.processes import strays_of
from logist_ci.lifecycle.recover import RecoveryFacts, plan_recovery, recover_job, recover_jobs, recovery_of
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.process.locks import is_locked, try_lock
from logist_ci.process.tree import ProcessId, alive
from logist_ci.runner.listener import Silence
from logist_ci.runner.parts import Parts
from logist_ci.runner.work import move
from logist_ci.shim.client import read_exit
from logist_ci.testing import GitSandbox
from tests.lifecycle.sleepers import Sleepers

JOB = JobId("fix-login-k3v9q2")
SHIM = ProcessId(4, 2)


class TestPlan:
    @pytest.mark.parametrize("state", [state for state in State if state not in TRANSIENT])
    def test_nobody_has_to_own_it(self, state: State) -> None:
        plan = plan_recovery(RecoveryFacts(JOB, state, "none"))
        assert (plan.action, plan.reason) == ("nothing", f"it is {state.value}, which needs no owner")

    @pytest.mark.parametrize("state", sorted(TRANSIENT))
    def test_a_living_owner_is_left_alone(self, state: State) -> None:
        assert plan_recovery(RecoveryFacts(JOB, state, "alive")).action == "busy"

    @pytest.mark.parametrize(
        ("state", "recorded", "shim", "said"),
        [
            (State.PROVISIONING, False, None, "it will be PENDING again"),
            (State.RUNNING, False, None, "until it was interrupted"),
            (State.RUNNING, True, None, "end is on record"),
            (State.RUNNING, True, SHIM, "until it was interrupted"),
            (State.HARVESTING, True, None, "harvested again"),
        ],
    )
    def test_a_lost_job_is_brought_home(self, state: State, recorded: bool, shim: ProcessId | None, said: str) -> None:
        strays = (ProcessId(5, 2),)
        plan = plan_recovery(RecoveryFacts(JOB, state, "gone", shim, strays, recorded))
        assert (plan.action, plan.shim, plan.strays) == ("bring home", shim, strays)
        assert said in plan.reason


@pytest.fixture
def parts(repo: GitSandbox) -> Iterator[Parts]:
    with open_app(repo.path, repo.environ, flags={"limits.grace": "1s"}) as app:
        yield app.parts


def _job(parts: Parts, script: str) -> JobId:
    return create_job(parts, JobRequest(argv=("sh", "-c", script))).stored.manifest.id


def _lost(parts: Parts, script: str, state: State) -> JobId:
    """Return a job whose owner died in ``state``, before it had done anything there."""
    job_id = _job(parts, script)
    parts.store.change(job_id, lambda manifest: Start(owner="dead", now=parts.clock.now()))
    if state is not State.PROVISIONING:
        _run(parts, job_id)
    if state is State.HARVESTING:
        parts.store.change(job_id, lambda manifest: End(now=parts.clock.now(), verdict="interrupted"))
    return job_id


def _run(parts: Parts, job_id: JobId) -> None:
    folder = parts.root.folder(job_id)
    parts.root.make()
    folder.make()
    manifest = parts.store.read(job_id).manifest
    source, tip = manifest.source, manifest.result.head or manifest.source.base_commit
    parts.worktrees.provision(job_id, folder, branch=source.branch, base=source.base_commit, tip=tip)
    folder.snapshot.write_bytes(snapshot(parts.repository, folder, job_branch=source.branch))
    protection = Protection(runtime="host")
    parts.store.change(
        job_id, lambda manifest: Run(now=parts.clock.now(), role="agent", agent="command", protection=protection)
    )


class TestLostJobs:
    def test_provisioning_starts_again(self, parts: Parts) -> None:
        job_id = _lost(parts, "echo new > new.txt", State.PROVISIONING)
        assert lost_jobs(parts) == [job_id] and recovery_of(parts, job_id).action == "bring home"
        assert recover_job(parts, job_id, Silence()).state is State.PENDING
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS

    @pytest.mark.parametrize("state", [State.RUNNING, State.HARVESTING])
    def test_what_was_left_is_harvested(self, parts: Parts, repo: GitSandbox, state: State) -> None:
        job_id = _lost(parts, "echo new > new.txt", state)
        (parts.root.folder(job_id).workspace / "half.txt").write_text("half")
        manifest = recover_job(parts, job_id, Silence())
        assert manifest.state is State.PENDING and manifest.attempt == 1
        assert repo.git("show", f"logist/{job_id}:half.txt") == "half"
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS

    def test_running_a_lost_job_recovers_it_first(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _lost(parts, "echo new > new.txt", State.RUNNING)
        (parts.root.folder(job_id).workspace / "half.txt").write_text("half")
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS
        assert repo.git("ls-tree", "--name-only", f"logist/{job_id}").split() == ["README.md", "half.txt", "new.txt"]

    def test_what_somebody_wanted_is_done(self, parts: Parts) -> None:
        for want, state in ((Want(wanted="cancel"), State.CANCELED), (Want(wanted="suspend"), State.SUSPENDED)):
            job_id = _lost(parts, "true", State.RUNNING)
            move(parts, job_id, want, Silence())
            assert recover_job(parts, job_id, Silence()).state is state

    def test_the_third_interruption_in_a_row_needs_a_person(self, parts: Parts) -> None:
        job_id = _lost(parts, "true", State.RUNNING)
        states = [recover_job(parts, job_id, Silence()).state]
        for _ in range(2):
            parts.store.change(job_id, lambda manifest: Start(owner="dead", now=parts.clock.now()))
            _run(parts, job_id)
            states.append(recover_job(parts, job_id, Silence()).state)
        assert states == [State.PENDING, State.PENDING, State.INTERVENTION_REQUIRED]

    def test_strays_are_ended_first(self, parts: Parts, sleepers: Sleepers, tmp_path: Path) -> None:
        job_id = _lost(parts, "true", State.RUNNING)
        workspace = parts.root.folder(job_id).workspace
        stray = sleepers.start(tmp_path, LOGIST_JOB_ID=job_id, LOGIST_WORKSPACE=str(workspace))
        other = sleepers.start(workspace, LOGIST_JOB_ID=job_id, LOGIST_WORKSPACE="/another/repository's")
        assert recovery_of(parts, job_id).strays == (stray,)
        recover_job(parts, job_id, Silence())
        assert not alive(stray) and alive(other)

    def test_the_record_of_an_earlier_attempt_does_not_count(self, parts: Parts, repo: GitSandbox) -> None:
        job_id = _job(parts, "echo x >> new.txt")
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS
        assert read_exit(parts.root.folder(job_id).exit_record) is not None
        parts.store.change(job_id, lambda manifest: Reopen())
        parts.store.change(job_id, lambda manifest: Start(owner="dead", now=parts.clock.now()))
        _run(parts, job_id)
        assert recover_job(parts, job_id, Silence()).state is State.PENDING
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS
        assert repo.git("show", f"logist/{job_id}:new.txt") == "x\nx"

    def test_all_of_them_at_once(self, parts: Parts) -> None:
        lost = [_lost(parts, "true", state) for state in sorted(TRANSIENT)]
        fine = _job(parts, "true")
        outcomes = recover_jobs(parts, Silence())
        assert sorted(outcome.job_id for outcome in outcomes) == sorted(lost)
        assert all(outcome.manifest and outcome.manifest.state is State.PENDING for outcome in outcomes)
        assert recover_jobs(parts, Silence()) == []
        assert recover_jobs(parts, Silence(), [fine])[0].manifest == parts.store.read(fine).manifest


class TestOthers:
    def test_a_job_that_somebody_works_on_is_left_alone(self, parts: Parts) -> None:
        job_id = _lost(parts, "true", State.RUNNING)
        lock = try_lock(parts.root.folder(job_id).lock)
        assert lock is not None
        with lock:
            assert owner_of(parts, job_id, State.RUNNING) == "alive"
            with pytest.raises(BusyError, match="Another process is working"):
                recover_job(parts, job_id, Silence())
        assert parts.store.read(job_id).manifest.state is State.RUNNING

    def test_a_job_that_waits_has_no_owner(self, parts: Parts) -> None:
        job_id = _job(parts, "true")
        before = parts.store.read(job_id)
        assert owner_of(parts, job_id, State.PENDING) == "none"
        assert recover_job(parts, job_id, Silence()) == before.manifest
        assert parts.store.read(job_id) == before

    def test_an_owner_that_ended_properly_since_the_state_was_read_is_not_lost(self, parts: Parts) -> None:
        job_id = _job(parts, "true")
        assert owner_of(parts, job_id, State.RUNNING) == "none"
        parts.store.change(job_id, lambda manifest: Cancel())
        assert owner_of(parts, job_id, State.HARVESTING) == "none"
        parts.store.remove(job_id, parts.store.read(job_id).commit)
        assert owner_of(parts, job_id, State.RUNNING) == "gone"


_RUNNER = """\
import os, sys
from pathlib import Path
from logist_ci.app import open_app
from logist_ci.lifecycle.run import run_job
from logist_ci.runner.listener import Silence
print("ready", flush=True)
with open_app(Path(sys.argv[1]), os.environ, flags={"limits.grace": "1s"}) as app:
    run_job(app.parts, sys.argv[2], Silence())
"""


class Runner:
    """A runner in a process of its own, which can be killed."""

    def __init__(self, repo: GitSandbox, job_id: JobId) -> None:
        environ = {**repo.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", _RUNNER, str(repo.path), job_id],
            env=environ,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        with self.process.stdout as said:
            self.ready = said.readline() == b"ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


class Runners:
    """Starts runners, and ends those that a test has left."""

    def __init__(self, repo: GitSandbox) -> None:
        self._repo = repo
        self._started: list[Runner] = []

    def start(self, job_id: JobId) -> Runner:
        self._started.append(Runner(self._repo, job_id))
        assert self._started[-1].ready
        return self._started[-1]

    def end(self) -> None:
        for runner in self._started:
            runner.kill()


@pytest.fixture
def runners(repo: GitSandbox) -> Iterator[Runners]:
    made = Runners(repo)
    yield made
    made.end()


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    made = Sleepers()
    yield made
    made.end()


def _until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.01)


def _started(parts: Parts, runners: Runners, script: str) -> tuple[JobId, Runner]:
    """Return a job whose program has made the file ``begun`` in its worktree, and its runner."""
    job_id = _job(parts, f"echo half > begun; {script}")
    runner = runners.start(job_id)
    workspace = parts.root.folder(job_id).workspace
    _until(lambda: (workspace / "begun").exists() or runner.process.poll() is not None)
    _until(lambda: (facts := read_local(parts.root.folder(job_id).local)) and facts.shim)
    return job_id, runner


class TestKilled:
    def test_a_killed_runner_leaves_a_shim_that_recovery_stops(
        self, parts: Parts, repo: GitSandbox, runners: Runners
    ) -> None:
        job_id, runner = _started(parts, runners, "test -f again && exit 0; touch again; sleep 600")
        assert owner_of(parts, job_id, State.RUNNING) == "alive"
        runner.kill()
        folder = parts.root.folder(job_id)
        before = parts.store.read(job_id).commit
        assert is_locked(folder.lock) and lost_jobs(parts) == [job_id]
        shim = orphaned_shim(parts, job_id)
        assert shim is not None and recovery_of(parts, job_id).shim == shim
        assert parts.store.read(job_id).commit == before, "looking changes nothing"
        manifest = recover_job(parts, job_id, Silence())
        assert manifest.state is State.PENDING
        assert not alive(shim) and strays_of(parts.root.folder(job_id)) == []
        assert repo.git("show", f"logist/{job_id}:begun") == "half"
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS

    def test_a_killed_shim_and_runner_leave_a_program_that_recovery_ends(
        self, parts: Parts, repo: GitSandbox, runners: Runners
    ) -> None:
        job_id, runner = _started(parts, runners, "test -f again && exit 0; touch again; trap '' TERM; sleep 600")
        facts = read_local(parts.root.folder(job_id).local)
        assert facts is not None and facts.shim is not None
        os.kill(runner.process.pid, signal.SIGSTOP)
        os.kill(facts.shim.pid, signal.SIGKILL)
        runner.kill()
        _until(lambda: lost_jobs(parts) == [job_id])
        assert strays_of(parts.root.folder(job_id))
        assert recover_job(parts, job_id, Silence()).state is State.PENDING
        assert strays_of(parts.root.folder(job_id)) == []
        assert run_job(parts, job_id, Silence()).state is State.SUCCESS

    def test_a_program_that_ended_after_its_runner_is_taken_at_its_word(
        self, parts: Parts, repo: GitSandbox, runners: Runners
    ) -> None:
        job_id, runner = _started(parts, runners, "while test ! -f ../temp/go; do sleep 0.02; done; echo all > begun")
        folder = parts.root.folder(job_id)
        runner.kill()
        (folder.temp / "go").touch()
        _until(lambda: not is_locked(folder.lock))
        assert read_exit(folder.exit_record) is not None
        assert "on record" in recovery_of(parts, job_id).reason
        assert recover_job(parts, job_id, Silence()).state is State.SUCCESS
        assert repo.git("show", f"logist/{job_id}:begun") == "all"

    @pytest.mark.slow
    def test_killed_at_any_moment_the_job_is_finished_by_the_next_run(
        self, parts: Parts, repo: GitSandbox, runners: Runners
    ) -> None:
        for number in range(25):
            job_id = _job(parts, f"echo {number} > {number}.txt; sleep 0.1; echo more >> {number}.txt")
            runner = runners.start(job_id)
            time.sleep(number * 0.02)
            runner.kill()
            deadline = time.monotonic() + 20
            while parts.store.read(job_id).manifest.state is not State.SUCCESS:
                assert time.monotonic() < deadline
                try:
                    run_job(parts, job_id, Silence())
                except BusyError:
                    time.sleep(0.02)  # its shim was not known to anybody yet, and goes on by itself
            assert repo.git("show", f"logist/{job_id}:{number}.txt").endswith(f"{number}\nmore")
            assert strays_of(parts.root.folder(job_id)) == []
        assert "error" not in repo.git("fsck")
