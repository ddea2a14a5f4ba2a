"""The pytest plug-in: fixtures for whoever tests Logist CI or an adapter for it (see ``docs/testing.md``).

Pytest loads it in every project that has Logist CI installed, so nothing heavy is imported before
a fixture is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from logist_ci.app import App
    from logist_ci.testing.clock import FakeClock
    from logist_ci.testing.mock_jobs import MockJobs
    from logist_ci.testing.sandbox import GitSandbox

__all__ = ["app", "clock", "git_env", "mock_agent", "remote", "repo"]


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 2026-01-01T00:00:00Z that passes only when slept on or advanced."""
    from logist_ci.testing.clock import FakeClock

    return FakeClock()


@pytest.fixture
def git_env(tmp_path: Path) -> dict[str, str]:
    """A complete environment with a throw-away HOME, an identity for git, and no system configuration."""
    from logist_ci.testing.sandbox import clean_environment

    # Programs that a test starts are measured when the test is.
    measuring = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    return clean_environment(tmp_path / "home", path=os.environ.get("PATH", os.defpath)) | measuring


@pytest.fixture
def repo(tmp_path: Path, git_env: dict[str, str]) -> GitSandbox:
    """A repository with one commit on ``main`` that holds a ``README.md``."""
    from logist_ci.testing.sandbox import GitSandbox

    sandbox = GitSandbox.create(tmp_path / "repo", git_env)
    sandbox.write("README.md", "# Sandbox\n")
    sandbox.commit("Begin")
    return sandbox


@pytest.fixture
def remote(tmp_path: Path, repo: GitSandbox) -> GitSandbox:
    """A bare repository on disk, the ``origin`` of ``repo``, whose ``main`` is pushed and tracked."""
    from logist_ci.testing.sandbox import GitSandbox

    sandbox = GitSandbox.create(tmp_path / "remote.git", repo.environ, bare=True)
    repo.git("remote", "add", "origin", sandbox.path)
    repo.git("push", "-q", "-u", "origin", "main")
    return sandbox


@pytest.fixture
def app(repo: GitSandbox) -> Iterator[App]:
    """Logist CI, opened on ``repo``; its ``parts`` are what the use cases take."""
    from logist_ci.app import open_app

    with open_app(repo.path, repo.environ) as opened:
        yield opened


@pytest.fixture
def mock_agent(app: App) -> MockJobs:
    """Runs jobs whose agent plays a script: ``mock_agent.run({"write": {"path": "a", "text": "b"}}, "succeed")``."""
    from logist_ci.testing.mock_jobs import MockJobs

    return MockJobs(app)
