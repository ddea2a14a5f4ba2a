from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.process.environment import BASE_NAMES, COOKIE, allowed, job_environment, without_git
from logist_ci.testing import GitSandbox

USER = {
    "PATH": "/opt/bin:/bin",
    "LANG": "de_DE.UTF-8",
    "LC_TIME": "C",
    "TZ": "Europe/Berlin",
    "HOME": "/home/user",
    "XDG_CONFIG_HOME": "/home/user/.config",
    "HTTPS_PROXY": "http://proxy",
    "GITHUB_TOKEN": "logist-canary-token",
    "GITHUB_ENV": "/runner/env",
    "SSH_AUTH_SOCK": "/run/agent",
    "ACTIONS_RUNTIME_TOKEN": "logist-canary-runtime",
    "ANTHROPIC_API_KEY": "key",
    "TERM": "xterm-256color",
    "GIT_DIR": "/somewhere/.git",
    "LOGIST_JOB_ID": "the-outer-job",
}


def environment(pass_names: tuple[str, ...] = (), extra: dict[str, str] | None = None) -> dict[str, str]:
    return job_environment(
        USER,
        home=Path("/jobs/x/home"),
        job_id="x-1",
        phase="generate",
        workspace=Path("/jobs/x/w"),
        result=Path("/jobs/x/result.json"),
        pass_names=pass_names,
        extra=extra,
    )


def test_a_job_gets_what_every_program_needs() -> None:
    env = environment()
    for name in ("PATH", "LANG", "LC_TIME", "TZ", "HTTPS_PROXY"):
        assert env[name] == USER[name]


def test_a_job_gets_nothing_that_is_not_on_the_list() -> None:
    env = environment()
    for name in (
        "GITHUB_TOKEN",
        "GITHUB_ENV",
        "SSH_AUTH_SOCK",
        "ACTIONS_RUNTIME_TOKEN",
        "ANTHROPIC_API_KEY",
        "GIT_DIR",
    ):
        assert name not in env
    assert not [value for value in env.values() if "canary" in value]


def test_a_job_has_a_home_of_its_own() -> None:
    env = environment()
    assert env["HOME"] == "/jobs/x/home"
    assert {name: value for name, value in env.items() if name.startswith("XDG_")} == {
        "XDG_CACHE_HOME": "/jobs/x/home/.cache",
        "XDG_CONFIG_HOME": "/jobs/x/home/.config",
        "XDG_DATA_HOME": "/jobs/x/home/.local/share",
        "XDG_STATE_HOME": "/jobs/x/home/.local/state",
    }


def test_a_job_is_told_who_it_is() -> None:
    env = environment()
    assert env[COOKIE] == "x-1"
    assert env["LOGIST_PHASE"] == "generate"
    assert env["LOGIST_WORKSPACE"] == "/jobs/x/w"
    assert env["LOGIST_RESULT"] == "/jobs/x/result.json"


def test_nothing_can_wait_for_a_person() -> None:
    env = environment()
    assert env["GIT_TERMINAL_PROMPT"] == "0"
    assert env["TERM"] == "dumb"
    assert env["PAGER"] == env["GIT_PAGER"] == "cat"


def test_names_can_be_passed_and_values_set() -> None:
    env = environment(("ANTHROPIC_API_KEY", "MISSING"), {"LOGIST_TASK": "/t", "TERM": "vt100"})
    assert env["ANTHROPIC_API_KEY"] == "key"
    assert env["LOGIST_TASK"] == "/t"
    assert env["TERM"] == "vt100"
    assert "MISSING" not in env


def test_the_mark_of_the_job_cannot_be_overridden() -> None:
    env = environment(("LOGIST_JOB_ID", "HOME"), {"LOGIST_JOB_ID": "other", "LOGIST_PHASE": "other"})
    assert env[COOKIE] == "x-1"
    assert env["LOGIST_PHASE"] == "generate"
    assert env["HOME"] == "/jobs/x/home"


def test_there_is_always_a_path() -> None:
    assert job_environment(
        {}, home=Path("/h"), job_id="x", phase="p", workspace=Path("/w"), result=Path("/r")
    )["PATH"]  # fmt: skip


def test_a_star_stands_for_any_ending() -> None:
    assert allowed({"LC_ALL": "C", "LC": "x", "LCX": "y"}, ["LC_*"]) == {"LC_ALL": "C"}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=4)), st.lists(st.text(max_size=8)))
def test_allowed_takes_away_and_never_adds(environ: dict[str, str], names: list[str]) -> None:
    kept = allowed(environ, names)
    assert kept.items() <= environ.items()
    assert all(any(name == wanted or wanted.endswith("*") for wanted in names) for name in kept)


def test_git_variables_go_and_the_ways_to_others_stay() -> None:
    environ = {
        "GIT_DIR": "x",
        "GIT_INDEX_FILE": "x",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_AUTHOR_DATE": "x",
        "GIT_NEVER_HEARD_OF": "x",
        "GIT_SSH_COMMAND": "ssh -i key",
        "GIT_SSL_CAINFO": "/ca",
        "GITHUB_TOKEN": "x",
        "PATH": "/bin",
    }
    assert set(without_git(environ)) == {"GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GITHUB_TOKEN", "PATH"}


def test_every_variable_that_git_itself_calls_local_goes(repo: GitSandbox) -> None:
    names = repo.git("rev-parse", "--local-env-vars").split()
    assert "GIT_INDEX_FILE" in names
    assert without_git(dict.fromkeys(names, "x")) == {}


def test_no_base_name_is_a_credential() -> None:
    assert not [name for name in BASE_NAMES if any(word in name for word in ("TOKEN", "KEY", "SECRET", "AUTH"))]


def test_programs_find_their_way_in_a_job_environment(tmp_path: Path) -> None:
    done = capture(Command(("sh", "-c", "echo $LOGIST_JOB_ID"), tmp_path, environment()))
    assert done.stdout == b"x-1\n"
