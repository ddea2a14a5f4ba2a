from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox


def test_repo_has_one_commit_on_main(repo: GitSandbox) -> None:
    assert repo.git("log", "--format=%s %an") == "Begin Test Person"
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/main"
    assert repo.git("status", "--porcelain") == ""


def test_git_env_shows_nothing_of_the_developer(repo: GitSandbox, git_env: dict[str, str], tmp_path: Path) -> None:
    assert Path(git_env["HOME"]).is_relative_to(tmp_path)
    origins = repo.git("config", "--list", "--show-origin").splitlines()
    assert {line.split("\t")[0] for line in origins} == {f"file:{git_env['HOME']}/.gitconfig", "file:.git/config"}


def test_remote_is_the_origin_that_main_is_pushed_to(repo: GitSandbox, remote: GitSandbox) -> None:
    assert remote.head("main") == repo.head()
    assert repo.git("rev-parse", "--abbrev-ref", "main@{upstream}") == "origin/main"
    repo.write("more.txt", "more")
    made = repo.commit("Add more")
    repo.git("push", "-q")
    assert remote.head("main") == made


FOREIGN_PROJECT = """
def test_uses_fixtures(repo, remote, clock):
    clock.sleep(5)
    assert clock.monotonic() == 5
    assert repo.head() == remote.head("main")
"""


@pytest.mark.parametrize("how", ["-p logist_ci.testing.plugin", ""])
def test_somebody_elses_project_can_use_the_fixtures(how: str, tmp_path: Path, git_env: dict[str, str]) -> None:
    (tmp_path / "test_adapter.py").write_text(FOREIGN_PROJECT)
    if not how:
        (tmp_path / "conftest.py").write_text((Path(__file__).parents[1] / "conftest.py").read_text())
    environ = {**git_env, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *how.split(), "test_adapter.py"],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
