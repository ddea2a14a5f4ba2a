from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.agents.registry import AgentRegistry
from logist_ci.app import App, open_app
from logist_ci.app.composition import user_folder
from logist_ci.errors import ConfigError, LogistError, RepositoryError
from logist_ci.testing import FakeClock, GitSandbox


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    with open_app(tmp_path / "nowhere", {}) as app, pytest.raises(RepositoryError):
        app.parts  # noqa: B018 - reading it is the point


def test_parts_are_built_once(app: App) -> None:
    assert app.parts is app.parts
    assert app.parts.settings is app.settings


def test_parts_belong_to_the_repository_from_wherever_one_stands(repo: GitSandbox) -> None:
    repo.write("src/deep/file.txt", "x")
    with open_app(repo.path / "src" / "deep", repo.environ) as app:
        assert app.parts.root.path == repo.path / ".logist" / "jobs"
        assert app.parts.repository.worktree == repo.path


def test_looking_makes_nothing(app: App, repo: GitSandbox) -> None:
    before = sorted(path for path in repo.path.rglob("*"))
    assert app.parts.index.summaries() == []
    assert sorted(path for path in repo.path.rglob("*")) == before


def test_git_variables_are_taken_out(repo: GitSandbox, tmp_path: Path) -> None:
    with open_app(repo.path, {**repo.environ, "GIT_DIR": str(tmp_path), "GIT_INDEX_FILE": "x"}) as app:
        assert app.parts.repository.git_dir == repo.path / ".git"
        assert "GIT_DIR" not in app.parts.environ


def test_settings_say_where_they_came_from(repo: GitSandbox) -> None:
    repo.write("logist.toml", "approval = true\nagent = 'template'\n")
    environ = {**repo.environ, "LOGIST_LIMITS_IDLE": "1m"}
    with open_app(repo.path, environ, flags={"agent": "mock"}) as app:
        assert (app.settings.approval, app.settings.agent, app.settings.limits.idle_s) == (True, "mock", 60.0)
        assert app.parts.origins["approval"] == "logist.toml:1"
        assert app.parts.origins["agent"] == "command line"


def test_a_file_named_explicitly_replaces_the_repositorys(repo: GitSandbox, tmp_path: Path) -> None:
    repo.write("logist.toml", "approval = true\n")
    other = tmp_path / "other.toml"
    other.write_text("agent = 'mock'\n")
    with open_app(repo.path, repo.environ, config=other) as app:
        assert (app.settings.approval, app.settings.agent) == (False, "mock")


def test_a_wrong_setting_is_named(repo: GitSandbox) -> None:
    repo.write("logist.toml", "aproval = true\n")
    with open_app(repo.path, repo.environ) as app, pytest.raises(ConfigError, match=r"logist\.toml:1"):
        app.parts  # noqa: B018 - reading it is the point


def test_time_and_agents_can_be_handed_in(repo: GitSandbox) -> None:
    clock, agents = FakeClock(), AgentRegistry({})
    with open_app(repo.path, repo.environ, clock=clock, agents=agents) as app:
        assert app.parts.clock is clock
        assert app.parts.agents is agents


def test_there_is_one_nursery_and_it_ends_with_the_app(app: App) -> None:
    first = app.parts.nursery()
    assert app.parts.nursery() is first
    app.close()
    app.close()


def test_without_a_home_nothing_is_trusted_and_trusting_says_why(repo: GitSandbox) -> None:
    environ = {name: value for name, value in repo.environ.items() if name not in ("HOME", "XDG_STATE_HOME")}
    with open_app(repo.path, environ) as app:
        assert not app.parts.trust.trusted("0" * 64)
        with pytest.raises(LogistError):
            app.parts.trust.trust("0" * 64, "make test", app.clock.now())


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home"}, Path("/state/logist-ci/x")),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home"}, Path("/home/.local/state/logist-ci/x")),
        ({"HOME": "/home"}, Path("/home/.local/state/logist-ci/x")),
        ({}, None),
    ],
)
def test_the_users_folders_follow_the_xdg_rules(environ: dict[str, str], folder: Path | None) -> None:
    assert user_folder(environ, "XDG_STATE_HOME", ".local/state", "x") == folder
