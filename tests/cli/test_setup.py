"""Commands around jobs: trust, init, deinit, schema, doctor."""

from __future__ import annotations

import tomllib

import pytest

from logist_ci.testing import GitSandbox
from tests.cli.conftest import Cli, succeeded


@pytest.fixture
def configured(repo: GitSandbox) -> GitSandbox:
    """A repository that configures a check and a set-up command."""
    repo.write("logist.toml", 'checks = ["pytest -q"]\nsetup = "npm ci"\n')
    repo.commit()
    return repo


@pytest.fixture
def detected(repo: GitSandbox) -> GitSandbox:
    """A repository whose files suggest a check."""
    repo.write("Makefile", "test:\n\ttrue\n")
    repo.commit()
    return repo


def test_configured_commands_need_trust(cli: Cli, configured: GitSandbox) -> None:
    ran = cli("create", "--", "true")
    assert (ran.status, ran.out) == (4, "")
    assert "check: pytest -q" in ran.err
    assert "setup: npm ci" in ran.err
    assert "logist-ci trust" in ran.err
    succeeded(cli("trust", "--yes"))
    assert "Checks: pytest -q" in succeeded(cli("create", "--", "true")).err


def test_trust_is_in_exactly_this_content(cli: Cli, configured: GitSandbox) -> None:
    succeeded(cli("trust", "--yes"))
    configured.write("logist.toml", 'checks = ["pytest -x"]\n')
    assert cli("create", "--", "true").status == 4


def test_trust_shows_what_it_is_about(cli: Cli, configured: GitSandbox) -> None:
    assert cli("trust", "--show", "--json").document == {
        "trusted": False, "detected": False, "commands": ["setup: npm ci", "check: pytest -q"]
    }  # fmt: skip
    assert "configured by this repository" in succeeded(cli("trust", "--show")).out
    assert cli("create", "--", "true").status == 4
    assert "Trusted" in succeeded(cli("trust", "--yes")).err
    assert "They are trusted." in succeeded(cli("trust")).out


def test_a_person_is_asked_and_may_say_no(cli: Cli, configured: GitSandbox) -> None:
    assert cli("trust", tty=True, stdin="n\n").status == 4
    ran = cli("create", "--", "true", tty=True, stdin="n\n")
    assert ran.status == 4
    assert "pytest -q" in ran.err
    ran = succeeded(cli("create", "--", "true", tty=True, stdin="y\n"))
    assert ran.err.count("[y/N]") == 1
    assert "[y/N]" not in succeeded(cli("create", "--", "true", tty=True)).err


def test_somebody_may_have_decided_before(cli: Cli, configured: GitSandbox) -> None:
    assert "npm ci" in succeeded(cli("create", "--yes", "--", "true")).err
    succeeded(cli("create", "--", "true"))


def test_a_repository_without_commands_needs_no_trust(cli: Cli) -> None:
    assert "no commands" in succeeded(cli("trust")).out
    assert succeeded(cli("create", "--json", "--", "true")).document["spec"]["checks"] == []


def test_detected_checks_are_left_out_until_they_are_trusted(cli: Cli, detected: GitSandbox) -> None:
    ran = succeeded(cli("create", "--json", "--", "true"))
    assert ran.document["spec"]["checks"] == []
    assert "Not checked" in ran.err
    assert "make test" in ran.err
    succeeded(cli("trust", "--yes"))
    ran = succeeded(cli("create", "--json", "--", "true"))
    assert [check["name"] for check in ran.document["spec"]["checks"]] == ["make test"]
    assert "Checks: make test" in ran.err


def test_detected_checks_are_asked_about_on_a_terminal(cli: Cli, detected: GitSandbox) -> None:
    ran = succeeded(cli("create", "--json", "--", "true", tty=True, stdin="n\n"))
    assert ran.document["spec"]["checks"] == []
    ran = succeeded(cli("create", "--json", "--", "true", tty=True, stdin="y\n"))
    assert ran.err.count("[y/N]") == 1
    assert len(ran.document["spec"]["checks"]) == 1


def test_what_a_person_types_needs_no_trust(cli: Cli, detected: GitSandbox) -> None:
    ran = succeeded(cli("create", "--check", "pytest -q", "--json", "--", "true"))
    assert [check["name"] for check in ran.document["spec"]["checks"]] == ["pytest -q"]
    assert "Checks" not in ran.err
    assert succeeded(cli("create", "--no-checks", "--json", "--", "true")).document["spec"]["checks"] == []


def test_a_recipes_checks_need_trust_by_name(cli: Cli, repo: GitSandbox) -> None:
    repo.write(".logist/recipes/up.md", "---\nagent: mock\nchecks: [pytest -q]\n---\nUpgrade.\n")
    ran = cli("create", "--recipe", "up")
    assert ran.status == 4
    assert "logist-ci trust --recipe up" in ran.err
    succeeded(cli("trust", "--yes", "--recipe", "up"))
    succeeded(cli("create", "--recipe", "up"))


def test_init_writes_what_can_be_read_back(cli: Cli, detected: GitSandbox) -> None:
    ran = succeeded(cli("init"))
    assert ran.out.splitlines() == ["wrote logist.toml", "wrote .logist/recipes/example.md"]
    text = (detected.path / "logist.toml").read_text()
    assert tomllib.loads(text) == {"limits": {}, "cleanup": {}}
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line or line[:1] == "[")
    assert tomllib.loads(uncommented)["checks"] == ["make test"]
    detected.write("logist.toml", uncommented.replace('agent = "template"\n', ""))
    assert cli("list").status == 0, "every line of the example is a setting"
    detected.write("logist.toml", text)
    assert (
        "Improve the README"
        in cli("create", "--recipe", "example", "--no-checks", "--json").document["input"]["prompt"]
    )


def test_init_keeps_what_is_there(cli: Cli, repo: GitSandbox) -> None:
    repo.write("logist.toml", "approval = true\n")
    assert succeeded(cli("init", "--json")).document == {
        "made": [".logist/recipes/example.md"],
        "kept": ["logist.toml"],
    }
    assert (repo.path / "logist.toml").read_text() == "approval = true\n"


def test_init_respects_a_table_in_pyproject(cli: Cli, repo: GitSandbox) -> None:
    repo.write("pyproject.toml", "[tool.logist-ci]\napproval = true\n")
    assert cli("init", "--json").document["kept"] == ["logist.toml"]


def test_deinit_takes_back_what_init_made(cli: Cli, repo: GitSandbox) -> None:
    before = sorted(repo.path.rglob("*"))
    succeeded(cli("init"))
    assert succeeded(cli("deinit")).out.splitlines() == ["removed logist.toml", "removed .logist/recipes/example.md"]
    after = [path for path in sorted(repo.path.rglob("*")) if path.name != "exclude"]
    assert after == [path for path in before if path.name != "exclude"]
    assert "nothing to remove" in succeeded(cli("deinit")).out


def test_deinit_keeps_what_was_changed(cli: Cli, repo: GitSandbox) -> None:
    succeeded(cli("init"))
    repo.write("logist.toml", "approval = true\n")
    assert succeeded(cli("deinit")).out.splitlines() == [
        "removed .logist/recipes/example.md", "kept logist.toml: it was changed"
    ]  # fmt: skip
    assert (repo.path / "logist.toml").exists()


def test_deinit_refuses_while_there_are_jobs(cli: Cli, repo: GitSandbox) -> None:
    succeeded(cli("init"))
    succeeded(cli("create", "--id", "fix", "--", "true"))
    ran = cli("deinit")
    assert ran.status == 5
    assert "fix" in ran.err
    succeeded(cli("deinit", "--force"))
    assert [line["id"] for line in cli("list", "--json").document] == ["fix"]


def test_a_bare_repository_has_nothing_to_prepare(cli: Cli, remote: GitSandbox) -> None:
    assert cli("init", at=remote.path).status == 2


def test_schemas_are_printed(cli: Cli) -> None:
    assert succeeded(cli("schema")).document["title"] == "Logist CI job manifest"
    assert "limits" in succeeded(cli("schema", "config")).document["properties"]


def test_the_doctor_finds_everything_in_order(cli: Cli, repo: GitSandbox) -> None:
    ran = succeeded(cli("doctor"))
    assert "Everything is as it should be." in ran.out
    assert "git " in ran.out
    assert str(repo.path) in ran.out
    document = succeeded(cli("doctor", "--json")).document
    assert {tool["name"] for tool in document["tools"]} >= {"git", "python", "pygit2"}
    assert document["problems"] == []
    origins = {setting["key"]: setting["origin"] for setting in document["settings"]}
    assert origins["limits.wall"] == "default"


def test_the_doctor_shows_where_settings_came_from(cli: Cli, repo: GitSandbox) -> None:
    repo.write("logist.toml", "approval = true\n")
    ran = succeeded(cli("doctor", environ={"LOGIST_LIMITS_IDLE": "1m"}))
    assert "logist.toml:1" in ran.out
    assert "LOGIST_LIMITS_IDLE" in ran.out
    assert "branch_prefix" not in ran.out
    assert "branch_prefix" in succeeded(cli("-v", "doctor")).out


@pytest.mark.parametrize(
    ("text", "says"), [("aproval = true\n", "logist.toml:1"), ("[limits]\nwall = 'x'\n", "logist.toml:2")]
)
def test_the_doctor_diagnoses_a_broken_configuration(cli: Cli, repo: GitSandbox, text: str, says: str) -> None:
    repo.write("logist.toml", text)
    ran = cli("doctor")
    assert ran.status == 4
    assert says in ran.out


def test_the_doctor_can_be_called_anywhere(cli: Cli, repo: GitSandbox) -> None:
    ran = cli("doctor", at=repo.path.parent)
    assert ran.status == 4
    assert "no git repository" in ran.out.lower() or "repository" in ran.out


def test_the_doctor_says_who_would_commit(cli: Cli, repo: GitSandbox, tmp_path: object) -> None:
    ran = succeeded(cli("doctor", environ={"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}))
    assert "Git does not know who you are" in ran.out


def test_the_doctor_misses_git(cli: Cli) -> None:
    ran = cli("doctor", environ={"PATH": "/nowhere"})
    assert ran.status == 4
    assert "git is not installed" in ran.out


def test_without_a_terminal_nothing_is_trusted_by_default(cli: Cli, configured: GitSandbox) -> None:
    refused = cli("trust", stdin="n\n")
    assert refused.status == 4
    assert "--yes" in refused.err
    assert "They are not trusted." in succeeded(cli("trust", "--show")).out
    assert cli("trust", "--yes", "--json").document["trusted"] is True
