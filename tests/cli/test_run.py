"""Commands that execute jobs, and what can be done with the results."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from logist_ci.cli.stopping import Stopper
from logist_ci.testing import GitSandbox
from tests.cli.conftest import Cli, Ran, succeeded
from tests.cli.test_main import PROJECT

WRITE = ("--", "sh", "-c", "echo new > new.txt; echo said")


def script(*steps: object, attempts: bool = False) -> str:
    return json.dumps({"attempts": steps} if attempts else list(steps))


def write(path: str, text: str) -> dict[str, object]:
    return {"write": {"path": path, "text": text}}


def played(cli: Cli, *steps: object, words: tuple[str, ...] = (), attempts: bool = False) -> Ran:
    return cli("run", script(*steps, attempts=attempts), "--agent", "mock", "--id", "play", *words)


def test_a_run_ends_with_the_result_and_what_is_next(cli: Cli, repo: GitSandbox) -> None:
    ran = succeeded(cli("run", "--id", "fix", *WRITE))
    assert "fix  SUCCESS" in ran.out
    assert "1 file changed, +1 -0, on branch logist/fix" in ran.out
    assert "not checked" in ran.out
    assert "Next: logist-ci diff fix   logist-ci apply fix" in ran.out
    assert "fix: RUNNING → HARVESTING (completed)" in ran.err
    assert repo.git("show", "logist/fix:new.txt") == "new"
    assert repo.git("status", "--porcelain") == ""


def test_json_has_the_manifests_and_nothing_else(cli: Cli) -> None:
    ran = succeeded(cli("run", "--json", "--id", "fix", *WRITE))
    assert [job["state"] for job in ran.document["jobs"]] == ["SUCCESS"]
    assert ran.document["errors"] == {}


def test_quiet_says_nothing_but_the_result(cli: Cli) -> None:
    ran = succeeded(cli("run", "-q", *WRITE))
    assert ran.err == ""
    assert "SUCCESS" in ran.out


def test_verbose_tells_the_stages(cli: Cli) -> None:
    assert "fix: command" in succeeded(cli("run", "-v", "--id", "fix", *WRITE)).err


def test_a_failing_command_is_status_one_with_the_reason(cli: Cli) -> None:
    ran = cli("run", "--id", "fix", "--", "sh", "-c", "echo why; exit 3")
    assert ran.status == 1
    assert "INTERVENTION_REQUIRED" in ran.out
    assert "exited with status 3" in ran.out
    assert "logist-ci rerun fix" in ran.out


def test_a_failed_check_is_told_and_tried_again(cli: Cli) -> None:
    ran = succeeded(
        played(cli, [write("a.txt", "wrong")], [write("a.txt", "right")], attempts=True,
               words=("--check", "grep -q right a.txt"))
    )  # fmt: skip
    assert "2 attempts" in ran.out
    assert "ok  grep -q right a.txt" in ran.out


def test_approval_waits_for_a_person(cli: Cli) -> None:
    ran = played(cli, write("a.txt", "a"), words=("--approval",))
    assert ran.status == 8
    assert "APPROVAL_REQUIRED" in ran.out
    assert "play: SUCCESS" in succeeded(cli("approve", "play")).out


def test_a_rejected_job_gets_a_word_and_another_attempt(cli: Cli) -> None:
    played(cli, {"save": {"path": "word.txt", "what": "feedback"}}, words=("--approval",))
    assert "play: PENDING" in succeeded(cli("reject", "play", "-m", "Better, please")).out
    assert cli("run", "--job", "play").status == 8
    assert "+Better, please" in succeeded(cli("diff", "play")).out


def test_rerun_tries_again_with_more(cli: Cli) -> None:
    assert played(cli, "hang", words=("--limit", "wall=1s", "--limit", "grace=1s")).status == 1
    assert succeeded(cli("rerun", "play", "--no-run", "--limit", "wall=2s")).out == ""
    assert cli("status", "play", "--json").document["manifest"]["spec"]["limits"]["wall_s"] == 2.0


def test_rerun_executes_at_once(cli: Cli) -> None:
    played(cli, ["fail"], [write("a.txt", "a")], attempts=True, words=("--limit", "attempts=1"))
    assert "SUCCESS" in succeeded(cli("rerun", "play")).out


def test_steps_are_one_phase_each(cli: Cli) -> None:
    succeeded(cli("create", "--id", "fix", "--check", "test -e new.txt", *WRITE))
    first = cli("step", "fix")
    assert first.status == 8
    assert "PENDING" in first.out
    assert "checks have not run" in first.out
    assert "SUCCESS" in succeeded(cli("step", "fix")).out
    assert cli("step", "fix").status == 2


def test_restep_runs_one_phase_again(cli: Cli) -> None:
    succeeded(cli("run", "--id", "fix", "--check", "test -e new.txt", *WRITE))
    assert "SUCCESS" in succeeded(cli("restep", "fix", "validate")).out
    assert cli("restep", "fix", "deploy").status == 1
    assert cli("restep", "fix", "nonsense").status == 1


def test_pending_jobs_run_by_priority_then_age(cli: Cli) -> None:
    for name, priority in (("first", "0"), ("second", "0"), ("urgent", "5")):
        succeeded(cli("create", "--id", name, "--priority", priority, "--", "true"))
    ran = succeeded(cli("run", "--pending", "--json"))
    assert [job["id"] for job in ran.document["jobs"]] == ["urgent", "first", "second"]
    assert "No job waits" in succeeded(cli("run", "--pending")).err


def test_a_batch_has_the_worst_status_and_one_failure_stops_nothing(cli: Cli) -> None:
    for name, command in (("good", "true"), ("bad", "false"), ("fine", "true")):
        succeeded(cli("create", "--id", name, "--", command))
    ran = cli("run", "--job", "good", "--job", "bad", "--job", "fine", "-j", "2", "--json")
    assert ran.status == 1
    states = {job["id"]: job["state"] for job in ran.document["jobs"]}
    assert states == {"good": "SUCCESS", "bad": "INTERVENTION_REQUIRED", "fine": "SUCCESS"}


def test_a_job_that_needs_another_waits(cli: Cli) -> None:
    succeeded(cli("create", "--id", "first", "--", "true"))
    succeeded(cli("create", "--id", "second", "--needs", "first", "--", "true"))
    ran = cli("run", "--job", "second")
    assert (ran.status, ran.out) == (8, "")
    assert "needs first" in ran.err


@pytest.mark.parametrize("words", [("--job", "x", "--", "true"), ("--pending", "a prompt"), ("--job", "x", "--keep")])
def test_old_and_new_jobs_do_not_mix(cli: Cli, words: tuple[str, ...]) -> None:
    ran = cli("run", *words)
    assert ran.status == 2
    assert "jobs that exist" in ran.err


def test_logs_show_what_was_printed(cli: Cli) -> None:
    succeeded(cli("run", "--id", "fix", "--check", "echo checking", "--", "sh", "-c", "echo one; echo two"))
    ran = succeeded(cli("logs", "fix"))
    assert ran.out == "one\ntwo\nchecking\n"
    assert "==> generate.1.log <==" in ran.err
    assert succeeded(cli("logs", "fix", "--phase", "generate", "-n", "1")).out == "two\n"
    assert succeeded(cli("logs", "fix", "-f")).out == "one\ntwo\nchecking\n"
    assert "RUNNING → HARVESTING" in succeeded(cli("logs", "fix", "--job-log")).out
    document = succeeded(cli("logs", "fix", "--json")).document
    assert [Path(log["path"]).name for log in document["logs"]] == ["generate.1.log", "validate.1.log"]


def test_logs_are_of_the_newest_attempt_unless_told_otherwise(cli: Cli) -> None:
    played(cli, [{"print": "first"}, "retry"], [{"print": "second"}], attempts=True)
    assert succeeded(cli("logs", "play")).out == "second\n"
    assert succeeded(cli("logs", "play", "--attempt", "1")).out == "first\n"
    assert succeeded(cli("logs", "play", "--all")).out == "first\nsecond\n"


def test_logs_can_be_followed_while_a_job_runs(cli: Cli, repo: GitSandbox, tmp_path: Path) -> None:
    go = tmp_path / "go"
    running = threading.Thread(
        target=cli,
        args=("run", "--id", "fix", "--", "sh", "-c", f"echo one; while [ ! -e {go} ]; do sleep 0.05; done; echo two"),
    )
    running.start()
    log = repo.path / ".logist/jobs/fix/logs/generate.1.log"
    deadline = time.monotonic() + 20
    while not (log.exists() and log.read_bytes()) and time.monotonic() < deadline:
        time.sleep(0.02)
    threading.Timer(0.5, go.touch).start()
    assert succeeded(cli("logs", "fix", "-f")).out == "one\ntwo\n"
    running.join()


def test_a_result_is_shown_and_applied(cli: Cli, repo: GitSandbox) -> None:
    succeeded(cli("run", "--id", "fix", *WRITE))
    assert "+new" in succeeded(cli("diff", "fix")).out
    assert succeeded(cli("diff", "fix", "--stat")).out.splitlines()[1].strip() == "new.txt"
    assert succeeded(cli("diff", "fix", "--json")).document["paths"] == ["new.txt"]
    assert succeeded(cli("diff", "fix", "--", "README.md")).out == ""
    repo.write("sub/x", "")
    assert "+new" in succeeded(cli("diff", "fix", "--", "../new.txt", at=repo.path / "sub")).out
    assert "1 file applied" in succeeded(cli("apply", "fix")).out
    assert (repo.path / "new.txt").read_text() == "new\n"


def test_uncommitted_work_is_taken_along_and_brought_back(cli: Cli, repo: GitSandbox) -> None:
    repo.write("draft.txt", "draft\n")
    succeeded(cli("run", "--id", "fix", "--include-dirty", "--", "sh", "-c", "sed -i s/draft/done/ draft.txt"))
    assert succeeded(cli("apply", "fix", "--json")).document["how"] == "working tree"
    assert (repo.path / "draft.txt").read_text() == "done\n"


def test_artifacts_are_where_path_says(cli: Cli) -> None:
    succeeded(cli("run", "--id", "fix", "--artifacts", "*.txt", *WRITE))
    folder = Path(succeeded(cli("path", "fix", "output")).out.strip())
    assert (folder / "new.txt").read_text() == "new\n"
    assert str(folder) in cli("status", "fix").out


def test_a_kept_workspace_is_there_until_it_is_cleaned_up(cli: Cli) -> None:
    succeeded(cli("run", "--id", "fix", "--keep", *WRITE))
    workspace = Path(succeeded(cli("path", "fix")).out.strip())
    assert (workspace / "new.txt").exists()
    assert "made with --keep" in succeeded(cli("cleanup")).out
    assert "would remove workspace" in succeeded(cli("cleanup", "fix", "--force", "--dry-run")).out
    assert workspace.exists()
    ran = succeeded(cli("cleanup", "fix", "--force"))
    assert "saved as refs/logist/rescue/fix/" in ran.out
    assert "Undo with: logist-ci restore fix" in ran.out
    assert not workspace.exists()


def test_cleanup_refuses_to_lose_work_and_restore_undoes_it(cli: Cli, repo: GitSandbox) -> None:
    succeeded(cli("run", "--id", "fix", *WRITE))
    ran = cli("cleanup", "fix")
    assert (ran.status, ran.out) == (5, "")
    assert "not proven to be merged" in ran.err
    succeeded(cli("apply", "fix"))
    succeeded(cli("cleanup", "fix"))
    assert cli("list", "--json").document == []
    assert cli("list", "--all", "--json").document[0]["shown"] == "SUCCESS (cleaned up)"
    assert "RUNNING → HARVESTING" in succeeded(cli("history", "fix")).out
    assert "fix: SUCCESS, logist/fix at" in succeeded(cli("restore", "fix")).out
    assert repo.git("show", "logist/fix:new.txt") == "new"
    assert cli("restore", "nobody").status == 2


def test_cleanup_has_nothing_to_do_and_says_so(cli: Cli) -> None:
    assert "nothing to clean up" in succeeded(cli("cleanup")).out
    assert "nothing to clean up" in succeeded(cli("cleanup", "--dry-run")).out
    assert succeeded(cli("cleanup", "--merged", "--stale", "7d", "--json")).document["done"] == []
    assert cli("cleanup", "--stale", "soon").status == 2


def test_validation_names_defects(cli: Cli, repo: GitSandbox) -> None:
    succeeded(cli("run", "--id", "fix", *WRITE))
    assert "1 job checked, 0 defects." in succeeded(cli("validate")).err
    repo.git("branch", "-D", "logist/fix")
    ran = cli("validate", "fix")
    assert ran.status == 1
    assert "fix: branch: The branch logist/fix is missing" in ran.out
    assert "git branch logist/fix" in ran.out


def test_recovery_has_nothing_to_do_and_says_so(cli: Cli) -> None:
    assert "No job has lost its owner." in succeeded(cli("recover")).out
    succeeded(cli("create", "--id", "fix", "--", "true"))
    assert "fix: nothing" in succeeded(cli("recover", "fix", "--dry-run")).out


def test_what_lost_its_owner_is_listed_and_recovered(cli: Cli, repo: GitSandbox) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-m", "logist_ci", "run", "--id", "fix", "--", "sh", "-c", "echo a > a.txt; sleep 60"],
        cwd=repo.path, env={**repo.environ, "PYTHONPATH": str(PROJECT)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (repo.path / ".logist/jobs/fix/workspace/a.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    ran = cli("list")
    assert "RUNNING (owner gone)" in ran.out
    assert "logist-ci recover fix" in ran.err
    assert "logist-ci recover fix" in cli("doctor").out
    assert "fix: bring home" in succeeded(cli("recover", "--dry-run")).out
    succeeded(cli("recover"))
    assert cli("status", "fix", "--json").document["manifest"]["state"] == "PENDING"
    assert repo.git("show", "logist/fix:a.txt") == "a"


def test_stopping_a_running_job_keeps_its_work(cli: Cli, repo: GitSandbox) -> None:
    ended: list[Ran] = []
    running = threading.Thread(
        target=lambda: ended.append(cli("run", "--id", "fix", "--", "sh", "-c", "echo a > a.txt; sleep 60"))
    )
    running.start()
    deadline = time.monotonic() + 20
    while not (repo.path / ".logist/jobs/fix/workspace/a.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "asked its owner to suspend it" in succeeded(cli("stop", "fix")).out
    running.join()
    assert ended[0].status == 8
    assert "SUSPENDED" in ended[0].out
    assert repo.git("show", "logist/fix:a.txt") == "a"
    assert "PENDING" in succeeded(cli("resume", "fix")).out


def test_the_first_signal_stops_and_harvests(cli: Cli, repo: GitSandbox) -> None:
    stopper = Stopper(say=lambda text: None)

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while not (repo.path / ".logist/jobs/fix/workspace/a.txt").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        stopper.on_signal(signal.SIGINT, None)

    threading.Thread(target=interrupt).start()
    ran = cli("run", "--id", "fix", "--", "sh", "-c", "echo a > a.txt; sleep 60", stopper=stopper)
    assert ran.status == 130
    assert repo.git("show", "logist/fix:a.txt") == "a"
    assert cli("status", "fix", "--json").document["manifest"]["state"] == "PENDING"


def test_on_a_terminal_the_view_is_drawn_in_place(cli: Cli) -> None:
    ran = succeeded(cli("run", "--id", "fix", *WRITE, "--", tty=True, environ={"TERM": "xterm", "NO_COLOR": "1"}))
    assert "fix: HARVESTING → SUCCESS (completed)\n" in ran.err


@pytest.mark.slow
def test_the_demonstration_proves_itself(cli: Cli) -> None:
    begun = time.monotonic()
    ran = succeeded(cli("demo", "--json"))
    assert time.monotonic() - begun < 20
    assert all(proof["ok"] for proof in ran.document["proofs"])
    assert len(ran.document["jobs"]) == 3


def test_the_demonstration_is_told_to_people(cli: Cli, tmp_path: Path) -> None:
    ran = succeeded(cli("demo", "--keep", environ={"TMPDIR": str(tmp_path)}))
    assert "Looked at, one by one:" in ran.out
    assert " NO " not in ran.out
    assert "Try next" in ran.out
    root = Path(ran.err.rpartition("logist-ci -C ")[2].split()[0])
    assert (root / "index.html").exists()


def test_what_no_job_answers_for_has_a_name_too(cli: Cli, repo: GitSandbox) -> None:
    succeeded(cli("create", "--id", "fix", "--", "true"))
    left = repo.write(".logist/jobs/stray/output/precious.txt", "precious\n")
    assert "logist-ci cleanup --force stray" in succeeded(cli("list")).err
    assert cli("cleanup", "stray").status == 5
    assert left.exists()
    assert "remove orphan" in succeeded(cli("cleanup", "stray", "--force")).out
    assert not left.exists()
    assert cli("cleanup", "nobody").status == 2


def test_an_archived_job_is_found_by_its_beginning(cli: Cli) -> None:
    for name in ("fix-one", "fix-two"):
        succeeded(cli("run", "--id", name, "--", "true"))
        succeeded(cli("cleanup", name))
    assert "SUCCESS" in succeeded(cli("history", "fix-o")).out
    assert cli("history", "fix").status == 2
    assert cli("history", "nobody").status == 2
    assert cli("restore", "fix").status == 2
