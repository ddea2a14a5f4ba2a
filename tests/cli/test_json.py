"""What programs may rely on: the documents of ``--json``, and that reading never writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.cli.conftest import Cli, succeeded

READING = (
    ("list",),
    ("list", "--all"),
    ("status",),
    ("status", "done"),
    ("stats",),
    ("history", "done"),
    ("logs", "done"),
    ("logs", "done", "--job-log"),
    ("diff", "done"),
    ("path", "done"),
    ("report", "done"),
    ("trust", "--show"),
    ("doctor",),
    ("validate",),
    ("cleanup", "--dry-run"),
    ("recover", "--dry-run"),
)


@pytest.fixture
def jobs(cli: Cli, repo: GitSandbox) -> GitSandbox:
    """A repository with a job that has ended, one that waits, and one that needs a person."""
    succeeded(cli("run", "--id", "done", "--keep", "--artifacts", "*.txt", "--", "sh", "-c", "echo new > new.txt"))
    succeeded(cli("create", "--id", "waiting", "--", "true"))
    assert cli("run", "--id", "stuck", "--", "false").status == 1
    return repo


def footprint(folder: Path) -> dict[str, tuple[int, int]]:
    # A job's scratch folder may be used for an index that compares, and is empty again afterwards.
    paths = [path for path in sorted(folder.rglob("*")) if path.name != "temp"]
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in paths}


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_prints_one_document_and_writes_nothing(cli: Cli, jobs: GitSandbox, words: tuple[str, ...]) -> None:
    before = footprint(jobs.path)
    ran = cli(*words, "--json")
    assert ran.status == 0, ran
    json.loads(ran.out)
    assert footprint(jobs.path) == before


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_for_people_writes_nothing_either(cli: Cli, jobs: GitSandbox, words: tuple[str, ...]) -> None:
    before = footprint(jobs.path)
    ran = cli(*words)
    assert ran.status == 0, ran
    assert "\x1b" not in ran.out
    assert footprint(jobs.path) == before


def test_a_list_has_what_scripts_ask_for(cli: Cli, jobs: GitSandbox) -> None:
    lines = {line["id"]: line for line in cli("list", "--json").document}
    assert lines["done"] == {
        "id": "done", "title": "sh -c 'echo new > new.txt'", "state": "SUCCESS", "shown": "SUCCESS",
        "phase": "generate", "attempt": 1, "agent": "command", "runtime": "host", "branch": "logist/done",
        "priority": 0, "created_at": lines["done"]["created_at"], "wanted": None, "not_before": None, "needs": [],
        "verdict": "completed", "blocked": "", "files": 1, "owner": "none", "defect": "",
        "next": "logist-ci diff done",
    }  # fmt: skip
    assert lines["stuck"]["blocked"] == "attempts"
    assert lines["waiting"]["next"] == "logist-ci run --job waiting"


def test_a_status_has_the_manifest_and_what_follows_from_it(cli: Cli, jobs: GitSandbox) -> None:
    document = cli("status", "done", "--json").document
    assert set(document) == {
        "manifest", "shown", "facts", "limits", "tries", "checked", "checks", "findings", "milestones", "next"
    }  # fmt: skip
    assert document["manifest"]["schema"] == 1
    assert document["milestones"] == ["created", "generated", "done"]
    assert document["checked"] is None
    assert {use["name"] for use in document["limits"]} >= {"wall", "idle", "output", "attempts"}
    assert Path(document["facts"]["workspace"]).is_dir()
    assert Path(document["facts"]["output"], "new.txt").exists()


def test_statistics_add_up(cli: Cli, jobs: GitSandbox) -> None:
    document = cli("stats", "--json").document
    assert document["by_state"] == {"PENDING": 1, "INTERVENTION_REQUIRED": 1, "SUCCESS": 1}
    assert sum(document["by_state"].values()) == document["jobs"] == 3
    assert document["disk_bytes"] > 0


def test_a_history_begins_with_the_creation(cli: Cli, jobs: GitSandbox) -> None:
    entries = cli("history", "done", "--json").document
    assert [entry["state"] for entry in entries] == ["PENDING", "PROVISIONING", "RUNNING", "HARVESTING", "SUCCESS"]
    assert jobs.git("rev-parse", "refs/logist/jobs/done") == entries[-1]["commit"]
    assert entries[0]["what"] == "done: new → PENDING"


def test_a_diff_has_numbers_and_names(cli: Cli, jobs: GitSandbox) -> None:
    document = cli("diff", "done", "--json").document
    assert (document["files"], document["insertions"], document["deletions"]) == (1, 1, 0)
    assert document["paths"] == ["new.txt"]
    assert jobs.git("rev-parse", "logist/done") == document["head"]


def test_paths_are_absolute(cli: Cli, jobs: GitSandbox) -> None:
    document = cli("path", "done", "--json").document
    assert set(document) == {"workspace", "output", "logs", "base"}
    assert all(Path(path).is_absolute() for path in document.values())


def test_a_run_prints_only_the_document_on_stdout(cli: Cli, repo: GitSandbox) -> None:
    ran = cli("run", "--json", "--id", "bad", "--", "false")
    assert ran.status == 1
    [job] = ran.document["jobs"]
    assert job["blocked"]["code"] == "attempts"
    succeeded(cli("create", "--id", "late", "--needs", "bad", "--", "true"))
    ran = cli("run", "--json", "--job", "late")
    assert ran.status == 8
    assert ran.document["jobs"] == []
    assert "needs bad" in ran.document["errors"]["late"]


def test_running_what_has_ended_says_how_it_ended(cli: Cli, jobs: GitSandbox) -> None:
    assert cli("run", "--json", "--job", "done").document["jobs"][0]["state"] == "SUCCESS"
    ran = cli("run", "--job", "stuck")
    assert ran.status == 1
    assert "What to do: " in ran.out


def test_decisions_print_manifests(cli: Cli, jobs: GitSandbox) -> None:
    assert succeeded(cli("cleanup", "stuck", "--json", "--force")).document["failed"] == []
    assert [each["manifest"]["id"] for each in succeeded(cli("restore", "stuck", "--json")).document] == ["stuck"]
    assert succeeded(cli("apply", "done", "--json")).document["paths"] == ["new.txt"]


def test_a_repository_whose_path_is_no_text_can_be_read(cli: Cli, repo: GitSandbox) -> None:
    import os

    odd = GitSandbox.create(repo.path.parent / os.fsdecode(b"odd \xff"), repo.environ)
    odd.write("a.txt", "a")
    odd.commit()
    succeeded(cli("run", "--id", "fix", "--keep", "--", "sh", "-c", "echo b > b.txt", at=odd.path))
    document = succeeded(cli("status", "fix", "--json", at=odd.path)).document
    assert os.fsencode(document["facts"]["workspace"]).startswith(os.fsencode(odd.path))
    assert succeeded(cli("list", "--json", at=odd.path)).document[0]["state"] == "SUCCESS"
