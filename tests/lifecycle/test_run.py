from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.app import open_app
from logist_ci.errors import BusyError, JobStateError, PendingError
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest, Phase
from logist_ci.job.states import State
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.decide import reopen
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import exit_status, pending, run_job, run_jobs
from logist_ci.process.locks import try_lock
from logist_ci.runner.batch import Outcome
from logist_ci.runner.listener import Silence, StopSignal
from logist_ci.runner.parts import Parts
from logist_ci.runner.step import step
from logist_ci.testing import GitSandbox
from tests.lifecycle.conftest import Collector


def _sh(parts: Parts, script: str, **more: object) -> JobId:
    request = JobRequest(prompt="Try", argv=("sh", "-c", script), **more)  # type: ignore[arg-type]  # test shorthand
    return create_job(parts, request).stored.manifest.id


def _ran(parts: Parts, script: str, **more: object) -> Manifest:
    return run_job(parts, _sh(parts, script, **more), Silence())


def test_a_command_ends_in_success_with_its_work_on_a_branch(
    parts: Parts, repo: GitSandbox, listener: Collector
) -> None:
    before = repo.git("status", "--porcelain", "--branch"), repo.git("config", "--list", "--local")
    job_id = _sh(parts, "echo new > new.txt; echo more >> README.md; echo said")
    manifest = run_job(parts, job_id, listener)
    assert manifest.state is State.SUCCESS
    assert listener.states() == ["PROVISIONING", "RUNNING", "HARVESTING", "SUCCESS"]
    assert repo.git("show", f"logist/{job_id}:new.txt") == "new"
    assert (manifest.result.files, manifest.result.insertions) == (2, 2)
    assert (repo.git("status", "--porcelain", "--branch"), repo.git("config", "--list", "--local")) == before
    message = repo.git("log", "-1", "--format=%an|%B", f"logist/{job_id}")
    assert message.startswith("command (Logist CI)|Try")
    assert f"Logist-Job: {job_id}" in message
    folder = parts.root.folder(job_id)
    assert not folder.workspace.exists()
    assert "said" in folder.log(Phase.GENERATE, 1).read_text()
    assert "RUNNING → HARVESTING" in folder.job_log.read_text()
    assert len(repo.git("worktree", "list").splitlines()) == 1
    assert "error" not in repo.git("fsck")


def test_a_job_whose_shim_dies_again_and_again_is_stuck(parts: Parts, listener: Collector) -> None:
    manifest = run_job(parts, _sh(parts, "echo kept >> kept.txt; kill -9 $PPID; sleep 9"), listener)
    assert manifest.state is State.INTERVENTION_REQUIRED
    assert manifest.blocked is not None
    assert manifest.blocked.code == "interrupted"
    assert listener.states().count("RUNNING") == 3
    assert manifest.attempt == 1


def test_the_program_sees_its_own_small_world(parts: Parts, repo: GitSandbox) -> None:
    script = 'env > env.txt; pwd > pwd.txt; test -f "$LOGIST_WORKSPACE/README.md"'
    manifest = _ran(parts, script)
    seen = dict(
        line.split("=", 1) for line in repo.git("show", f"{manifest.source.branch}:env.txt").splitlines() if "=" in line
    )
    assert (seen["LOGIST_JOB_ID"], seen["LOGIST_PHASE"]) == (manifest.id, "generate")
    assert seen["HOME"] != repo.environ["HOME"]
    assert not any(name.startswith("GIT_DIR") for name in seen)
    assert repo.git("show", f"{manifest.source.branch}:pwd.txt").strip() == seen["LOGIST_WORKSPACE"]


def test_nothing_to_do_is_success_without_a_commit(parts: Parts, repo: GitSandbox) -> None:
    manifest = _ran(parts, "true")
    assert (manifest.state, manifest.result.files) == (State.SUCCESS, 0)
    assert manifest.result.head == manifest.source.base_commit


def test_a_failing_command_needs_a_person_and_keeps_its_partial_work(parts: Parts, repo: GitSandbox) -> None:
    manifest = _ran(parts, "echo half > half.txt; echo oh no >&2; exit 3")
    assert manifest.state is State.INTERVENTION_REQUIRED
    assert manifest.blocked is not None
    assert "status 3" in manifest.blocked.reason
    assert "oh no" in manifest.blocked.reason
    assert repo.git("show", f"{manifest.source.branch}:half.txt") == "half"


def test_a_missing_command_says_so(parts: Parts) -> None:
    job_id = create_job(parts, JobRequest(argv=("no-such-program-anywhere",))).stored.manifest.id
    manifest = run_job(parts, job_id, Silence())
    assert manifest.state is State.INTERVENTION_REQUIRED
    assert manifest.blocked is not None
    assert "no-such-program-anywhere" in manifest.blocked.reason


def test_a_failed_check_goes_back_as_feedback_until_it_holds(parts: Parts, repo: GitSandbox) -> None:
    script = 'if [ -n "$LOGIST_FEEDBACK" ]; then echo good > state; else echo bad > state; fi'
    manifest = _ran(parts, script, checks=("grep -q good state",), limits={"attempts": "3"})
    assert (manifest.state, manifest.attempt) == (State.SUCCESS, 2)
    assert [check.ok for check in manifest.result.checks] == [True]
    assert [(record.name.value, len(record.attempts)) for record in manifest.phases] == [
        ("generate", 2),
        ("validate", 2),
    ]
    assert repo.git("show", f"{manifest.source.branch}:state") == "good"


def test_checks_that_never_hold_end_with_a_person(parts: Parts) -> None:
    manifest = _ran(parts, "echo x > x", checks=("false",), limits={"attempts": "2"})
    assert (manifest.state, manifest.attempt) == (State.INTERVENTION_REQUIRED, 2)
    assert manifest.blocked is not None
    assert "'false' failed silently" in manifest.blocked.reason


def test_what_checks_leave_behind_is_not_the_agents_work(parts: Parts, repo: GitSandbox) -> None:
    manifest = _ran(parts, "echo x > x", checks=("touch by-product",))
    assert manifest.state is State.SUCCESS
    assert "by-product" not in repo.git("ls-tree", "--name-only", manifest.source.branch)


@pytest.mark.parametrize(
    ("script", "limits", "verdict"),
    [
        ("echo part > part; sleep 60", {"wall": "300ms"}, "halted:wall"),
        ("echo part > part; sleep 60", {"idle": "300ms"}, "halted:idle"),
        ("echo part > part; yes", {"output": "100KB"}, "halted:output"),
    ],
)
def test_a_limit_stops_the_program_and_keeps_its_work(
    parts: Parts, repo: GitSandbox, script: str, limits: dict[str, str], verdict: str
) -> None:
    manifest = _ran(parts, script, limits={**limits, "grace": "200ms"})
    assert manifest.state is State.INTERVENTION_REQUIRED
    assert manifest.phases[0].attempts[0].verdict == verdict
    assert repo.git("show", f"{manifest.source.branch}:part") == "part"


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        ('{"action": "COMPLETED", "summary": "Done so."}', State.SUCCESS, "Done so."),
        ('{"action": "STUCK", "summary": "Which one?"}', State.INTERVENTION_REQUIRED, "Which one?"),
        ('{"action": "RETRY", "summary": "Once more."}', State.INTERVENTION_REQUIRED, "Once more."),
        ('{"action": "MAYBE"}', State.INTERVENTION_REQUIRED, ""),
        (
            '{"action": "COMPLETED", "summary": "x", "evidence_files": ["../../secret"]}',
            State.INTERVENTION_REQUIRED,
            "",
        ),
        ("[" * 100000, State.INTERVENTION_REQUIRED, ""),
    ],
)
def test_an_answer_is_believed_only_when_it_is_well_formed(
    parts: Parts, tmp_path: Path, answer: str, state: State, words: str
) -> None:
    source = tmp_path / "answer.json"
    source.write_text(answer)
    manifest = _ran(parts, f"cp '{source}' \"$LOGIST_RESULT\"")
    assert manifest.state is state
    told = manifest.result.summary + (manifest.blocked.reason if manifest.blocked else "")
    assert words in told


def test_artifacts_are_copied_and_listed(parts: Parts, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("logist-canary-1")
    script = f"mkdir -p dist/sub; echo a > dist/a.whl; echo b > dist/sub/b.whl; ln -s '{secret}' dist/c.whl"
    manifest = _ran(parts, script, artifacts=("dist/**/*.whl",))
    assert [artifact.path for artifact in manifest.result.artifacts] == ["dist/a.whl", "dist/sub/b.whl"]
    assert (parts.root.folder(manifest.id).output / "dist/sub/b.whl").read_text() == "b\n"


def test_a_job_that_asks_waits_for_approval_and_keeps_its_workspace(parts: Parts) -> None:
    manifest = _ran(parts, "echo x > x", approval=True)
    assert manifest.state is State.APPROVAL_REQUIRED
    assert parts.root.folder(manifest.id).workspace.is_dir()
    assert exit_status([Outcome(manifest.id, manifest=manifest)]) == 8


def test_keep_keeps_the_workspace(parts: Parts) -> None:
    manifest = _ran(parts, "echo x > x", keep=True)
    assert (parts.root.folder(manifest.id).workspace / "x").read_text() == "x\n"


def test_a_needed_job_comes_first(parts: Parts) -> None:
    first = _sh(parts, "true")
    second = _sh(parts, "true", needs=(first,))
    with pytest.raises(PendingError, match=first):
        run_job(parts, second, Silence())
    run_job(parts, first, Silence())
    assert run_job(parts, second, Silence()).state is State.SUCCESS


def test_somebody_elses_job_is_left_alone(parts: Parts) -> None:
    job_id = _sh(parts, "true")
    folder = parts.root.folder(job_id)
    folder.make()
    lock = try_lock(folder.lock)
    assert lock is not None
    with lock, pytest.raises(BusyError, match=job_id):
        run_job(parts, job_id, Silence())
    assert parts.store.read(job_id).manifest.state is State.PENDING


def test_a_batch_ends_each_job_right(parts: Parts, repo: GitSandbox) -> None:
    ids = [_sh(parts, f"echo {number} > file; exit {number % 2}") for number in range(6)]
    outcomes = run_jobs(parts, ids, Silence(), jobs=2)
    states = [outcome.manifest.state for outcome in outcomes if outcome.manifest]
    assert states == [State.SUCCESS, State.INTERVENTION_REQUIRED] * 3
    assert exit_status(outcomes) == 1
    assert [repo.git("show", f"logist/{job_id}:file").strip() for job_id in ids] == list("012345")


def test_a_stop_signal_keeps_the_work_and_leaves_the_job_pending(parts: Parts, repo: GitSandbox) -> None:
    stop = StopSignal()

    class StopWhenRunning(Collector):
        def on(self, event: object) -> None:
            super().on(event)  # type: ignore[arg-type]  # narrowed by the caller
            if self.states()[-1:] == ["RUNNING"]:
                stop.set()

    job_id = _sh(parts, "echo part > part; sleep 60", limits={"grace": "200ms"})
    manifest = run_job(parts, job_id, StopWhenRunning(), stop=stop)
    assert (manifest.state, manifest.attempt) == (State.PENDING, 1)


def test_a_step_is_one_phase(parts: Parts) -> None:
    job_id = _sh(parts, "echo x > x", checks=("true",))
    assert step(parts, job_id, Silence()).phase is Phase.VALIDATE
    assert step(parts, job_id, Silence()).state is State.SUCCESS
    with pytest.raises(JobStateError):
        step(parts, job_id, Silence())


def test_reopened_work_goes_on_from_the_branch(parts: Parts, repo: GitSandbox) -> None:
    job_id = _sh(parts, 'echo "$LOGIST_ATTEMPT" >> tries; test "$LOGIST_ATTEMPT" = 2')
    assert run_job(parts, job_id, Silence()).state is State.INTERVENTION_REQUIRED
    reopen(parts, job_id, Silence(), feedback="Again.")
    assert run_job(parts, job_id, Silence()).state is State.SUCCESS
    assert repo.git("show", f"logist/{job_id}:tries") == "1\n2"
    assert "refs/logist/kept" in repo.git("for-each-ref")


def test_pending_jobs_run_by_priority_then_age(parts: Parts) -> None:
    first, second = _sh(parts, "true"), _sh(parts, "true")
    urgent = _sh(parts, "true", priority=5)
    assert pending(parts) == [urgent, first, second]


def test_background_processes_do_not_outlive_a_job(parts: Parts, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    _ran(parts, f"setsid sh -c 'echo $$ > {pid_file}; exec sleep 60' & while [ ! -s {pid_file} ]; do :; done")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_taking_the_snapshot_away_hides_nothing(parts: Parts, repo: GitSandbox) -> None:
    manifest = _ran(parts, "git config core.fsmonitor /evil; rm -f ../shim/snapshot.json")
    assert manifest.state is State.INTERVENTION_REQUIRED
    assert "LG201" in {finding.code for finding in manifest.result.findings}
    assert "fsmonitor" not in (repo.path / ".git" / "config").read_text()


def test_artifacts_follow_no_link_that_was_put_in_their_way(parts: Parts, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "f").write_text("keep")
    manifest = _ran(parts, f"rmdir ../output; ln -s '{victim}' ../output; echo overwritten > f", artifacts=("f",))
    assert (victim / "f").read_text() == "keep"
    assert (parts.root.folder(manifest.id).output / "f").read_text() == "overwritten\n"


@pytest.mark.parametrize(
    "trap", ['mkdir "$LOGIST_RESULT"', "rm -rf ../backups; touch ../backups", 'rm -rf "$HOME"; touch "$HOME"']
)
def test_what_a_program_puts_in_our_way_is_set_aside(parts: Parts, trap: str) -> None:
    job_id = _sh(parts, f'[ "$LOGIST_ATTEMPT" = 2 ] || {{ {trap}; }}; echo x >> x')
    run_job(parts, job_id, Silence())
    reopen(parts, job_id, Silence())
    assert run_job(parts, job_id, Silence()).state is State.SUCCESS


def test_a_program_that_stops_its_supervisor_is_stopped_all_the_same(parts: Parts) -> None:
    manifest = _ran(parts, "kill -STOP $PPID; sleep 60", limits={"wall": "1s", "grace": "200ms"})
    assert manifest.phases[0].attempts[0].verdict == "halted:wall"


def test_a_needed_job_may_have_been_cleaned_up(parts: Parts) -> None:
    first = _sh(parts, "true")
    second = _sh(parts, "true", needs=(first,))
    run_job(parts, first, Silence())
    parts.store.archive(first, "2026-01")
    assert run_job(parts, second, Silence()).state is State.SUCCESS


def test_what_is_passed_by_name_is_masked_in_the_log(repo: GitSandbox) -> None:
    environ = {**repo.environ, "MY_TOKEN": "logist-canary-4711"}
    with open_app(repo.path, environ) as app:
        manifest = _ran(app.parts, 'echo "it is $MY_TOKEN"; exit 1', env_pass=("MY_TOKEN",))
        log = app.parts.root.folder(manifest.id).log(Phase.GENERATE, 1).read_text()
    assert "it is ***" in log
    assert "canary" not in log + str(manifest)
