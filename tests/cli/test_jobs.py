"""Commands about jobs that nothing executes: creating them, looking at them, deciding about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.cli.conftest import Cli, succeeded


def created(cli: Cli, *words: str, name: str = "fix-login") -> str:
    return succeeded(cli("create", "--id", name, *words, "--", "true")).out.strip()


def test_creating_prints_the_id_and_what_is_next(cli: Cli, repo: GitSandbox) -> None:
    ran = succeeded(cli("create", "Fix", "the login", "--", "true"))
    assert ran.out.startswith("fix-the-login-")
    assert f"Next: logist-ci run --job {ran.out.strip()}" in ran.err
    assert repo.git("for-each-ref", "--format=%(refname)", "refs/logist") == f"refs/logist/jobs/{ran.out.strip()}"


def test_everything_about_a_new_job_can_be_said(cli: Cli, repo: GitSandbox) -> None:
    created(cli, name="first")
    base = repo.head()
    repo.write("more.txt", "more")
    repo.commit()
    ran = cli(
        "create", "Do it", "--title", "A title", "--base", base[:12], "--limit", "wall=10m", "--limit", "attempts=2",
        "--check", "pytest -q", "--check", "pre-commit", "--artifacts", "dist/**", "--approval", "--keep",
        "--needs", "first", "--priority", "7", "--id", "second", "--runtime", "host", "--draft", "--json",
        "--", "sh", "-c", "echo -- hi",
    )  # fmt: skip
    manifest = succeeded(ran).document
    spec = manifest["spec"]
    assert (manifest["id"], manifest["title"], manifest["state"]) == ("second", "A title", "DRAFT")
    assert manifest["source"]["base_commit"] == base
    assert spec["agent"]["argv"] == ["sh", "-c", "echo -- hi"]
    assert (spec["limits"]["wall_s"], spec["limits"]["attempts"]) == (600.0, 2)
    assert [check["kind"] for check in spec["checks"]] == ["command", "pre_commit"]
    assert spec["artifacts"] == ["dist/**"]
    assert (spec["approval"], spec["keep"], spec["priority"], spec["needs"]) == (True, True, 7, ["first"])
    assert manifest["input"]["prompt"] == "Do it"
    assert "Next: logist-ci activate second" in ran.err


def test_an_agent_can_be_chosen_with_options(cli: Cli) -> None:
    manifest = succeeded(cli("create", "play", "--agent", "mock", "--option", 'script=["hang"]', "--json")).document
    assert manifest["spec"]["agent"] == {"name": "mock", "argv": [], "options": {"script": '["hang"]'}}


def test_a_recipe_is_rendered_with_its_variables(cli: Cli, repo: GitSandbox) -> None:
    repo.write(".logist/recipes/up.md", "---\nagent: mock\nvariables: { to: null }\n---\nUpgrade to {{ to }}.\n")
    ran = succeeded(cli("create", "--recipe", "up", "--var", "to=3.13", "--json"))
    assert ran.document["input"]["prompt"].strip() == "Upgrade to 3.13."
    assert cli("create", "--recipe", "up").status == 2


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("create",), 2, "nothing to do"),
        (("create", "--"), 2, "nothing to do"),
        (("create", "words"), 2, "No agent is configured"),
        (("create", "words", "--agent", "nobody"), 2, "'nobody'"),
        (("create", "--check", "a", "--no-checks", "--", "true"), 2, "exclude each other"),
        (("create", "--limit", "wall", "--", "true"), 2, "NAME=VALUE"),
        (("create", "--limit", "wall=1s", "--limit", "wall=2s", "--", "true"), 2, "twice"),
        (("create", "--limit", "wal=1s", "--", "true"), 2, "'wal'"),
        (("create", "--priority", "high", "--", "true"), 2, "not a whole number"),
        (("create", "--base", "nowhere", "--", "true"), 2, "'nowhere'"),
        (("create", "--include-dirty", "--base", "main", "--", "true"), 2, "excludes --base"),
        (("create", "--runtime", "moon", "--", "true"), 2, "'moon'"),
        (("create", "--agent", "mock", "--", "true"), 2, "not by 'mock'"),
        (("create", "--", "no-such-program"), 4, "no-such-program: command not found"),
        (("create", "--needs", "nobody", "--", "true"), 2, "'nobody'"),
        (("create", "--job", "x"), 2, "No such option"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    cli: Cli, repo: GitSandbox, words: tuple[str, ...], status: int, says: str
) -> None:
    ran = cli(*words)
    assert (ran.status, ran.out) == (status, "")
    assert says in ran.err
    assert ran.err.startswith("Error: ")
    assert repo.git("for-each-ref", "refs/logist") == ""
    assert not (repo.path / ".logist").exists()


def test_a_program_below_the_worktree_needs_not_be_on_the_path(cli: Cli) -> None:
    succeeded(cli("create", "--", "./codemod.sh"))


def test_jobs_are_listed_newest_first_and_filtered(cli: Cli) -> None:
    created(cli, "--title", "One thing", name="one")
    created(cli, "--title", "Other thing", "--draft", name="two")
    assert {line["id"] for line in cli("list", "--json").document} == {"one", "two"}
    assert [line["id"] for line in cli("list", "--json", "--state", "draft").document] == ["two"]
    assert [line["id"] for line in cli("list", "--json", "--match", "ONE").document] == ["one"]
    assert cli("list", "--json", "--agent", "mock").document == []
    assert "two" in cli("list").out
    assert cli("list", "--state", "nowhere").status == 2


def test_an_empty_list_says_how_to_begin(cli: Cli) -> None:
    ran = succeeded(cli("list"))
    assert ran.out == ""
    assert "logist-ci run" in ran.err
    assert succeeded(cli("list", "--json")).document == []


def test_status_shows_one_job_or_what_is_going_on(cli: Cli) -> None:
    assert "No job runs or waits" in succeeded(cli("status")).err
    created(cli)
    assert "fix-login" in succeeded(cli("status")).out
    assert succeeded(cli("status", "fix")).out.startswith("fix-login\n")
    document = succeeded(cli("status", "@last", "--json")).document
    assert document["manifest"]["id"] == "fix-login"
    assert document["next"] == ["logist-ci run --job fix-login"]
    succeeded(cli("cancel", "fix-login"))
    assert succeeded(cli("status")).out == ""


def test_history_and_stats_tell_what_was(cli: Cli) -> None:
    created(cli)
    succeeded(cli("suspend", "fix-login"))
    succeeded(cli("resume", "fix-login"))
    states = [entry["state"] for entry in cli("history", "fix-login", "--json").document]
    assert states == ["PENDING", "SUSPENDED", "PENDING"]
    assert "PENDING → SUSPENDED" in cli("history", "fix").out
    stats = cli("stats", "--json").document
    assert (stats["jobs"], stats["by_state"], stats["queued"]) == (1, {"PENDING": 1}, 1)
    assert "ready to run" in cli("stats").out


def test_decisions_are_events_of_the_table(cli: Cli) -> None:
    created(cli, "--draft")
    assert "fix-login: PENDING" in succeeded(cli("activate", "fix-login")).out
    assert "fix-login: SUSPENDED   next: logist-ci resume fix-login" in succeeded(cli("suspend", "fix-login")).out
    assert "PENDING" in succeeded(cli("resume", "fix-login")).out
    assert "CANCELED" in succeeded(cli("cancel", "fix-login")).out
    for command in ("activate", "approve", "reject", "stop", "resume", "suspend"):
        ran = cli(command, "fix-login")
        assert (ran.status, ran.out) == (2, ""), command
        assert ran.err.startswith("Error: ")


def test_one_failed_decision_does_not_hide_the_others(cli: Cli) -> None:
    created(cli, name="one")
    created(cli, name="two")
    ran = cli("cancel", "nobody", "one", "two", "one")
    assert ran.status == 2
    assert [line.split(":")[0] for line in ran.out.splitlines()] == ["one", "two"]
    assert "'nobody'" in ran.err


def test_an_ambiguous_beginning_is_refused_with_the_candidates(cli: Cli) -> None:
    created(cli, name="fix-one")
    created(cli, name="fix-two")
    ran = cli("status", "fix")
    assert ran.status == 2
    assert "fix-one, fix-two" in ran.err


def test_the_path_of_what_is_not_there_is_an_error(cli: Cli) -> None:
    created(cli)
    ran = cli("path", "fix-login")
    assert ran.status == 1
    assert "no workspace folder" in ran.err
    assert Path(cli("path", "fix-login", "--json").document["workspace"]).name == "workspace"
    assert cli("path", "fix-login", "nowhere").status == 2


def test_a_job_without_a_result_has_nothing_to_show(cli: Cli) -> None:
    created(cli)
    assert "no result yet" in succeeded(cli("diff", "fix-login")).err
    assert "no such log" in succeeded(cli("logs", "fix-login")).err
    assert cli("apply", "fix-login").status == 1


def test_a_report_is_markdown(cli: Cli) -> None:
    created(cli)
    assert "`fix-login`" in succeeded(cli("report", "fix-login")).out
    assert cli("report", "fix-login", "--json").document["job"] == "fix-login"


def test_quiet_and_verbose_may_stand_anywhere(cli: Cli) -> None:
    assert succeeded(cli("-q", "create", "--", "true")).err == ""
    assert succeeded(cli("create", "-q", "--", "true")).err == ""


def test_another_folder_can_be_named(cli: Cli, repo: GitSandbox, tmp_path: Path) -> None:
    created(cli)
    assert succeeded(cli("-C", "repo", "list", "--json", at=tmp_path)).document
    assert succeeded(cli("list", "-C", str(repo.path), "--json", at=tmp_path)).document
    assert cli("-C", "nowhere", "list", at=tmp_path).status == 2


def test_a_file_with_settings_can_be_named(cli: Cli, repo: GitSandbox) -> None:
    repo.write("other.toml", "approval = true\n")
    manifest = succeeded(cli("--config", "other.toml", "create", "--json", "--", "true")).document
    assert manifest["spec"]["approval"] is True


def test_colour_is_for_terminals_only(cli: Cli) -> None:
    created(cli)
    terminal = {"TERM": "xterm"}
    assert "\x1b[" in cli("list", tty=True, environ=terminal).out
    assert "\x1b[" not in cli("list", environ=terminal).out
    assert "\x1b[" not in cli("--no-color", "list", tty=True, environ=terminal).out
    assert "\x1b[" not in cli("list", tty=True, environ={**terminal, "NO_COLOR": "1"}).out


def test_a_slip_in_the_configuration_keeps_nobody_from_their_jobs(cli: Cli, repo: GitSandbox) -> None:
    created(cli)
    repo.write("logist.toml", "colour = 1\n")
    listed = succeeded(cli("list"))
    assert "fix-login" in listed.out
    assert listed.err.count("logist.toml:1") == 1
    assert "CANCELED" in succeeded(cli("cancel", "fix-login")).out
    assert cli("create", "--id", "more", "--", "true").status == 2
