from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from logist_ci.errors import MissingError, StoreError
from logist_ci.gitstore.git_program import ask_git, tell_git, try_git
from logist_ci.testing.sandbox import GitSandbox

ROOT = Path(__file__).resolve().parents[2]


def test_git_answers(repo: GitSandbox) -> None:
    assert ask_git("rev-parse", "HEAD", cwd=repo.path, environ=repo.environ).decode().strip() == repo.head()
    assert ask_git("hash-object", "--stdin", cwd=repo.path, environ=repo.environ, stdin=b"x")


def test_what_git_says_is_passed_on(repo: GitSandbox) -> None:
    with pytest.raises(StoreError, match=r"git rev-parse --verify nothing ended with status 128: fatal"):
        ask_git("rev-parse", "--verify", "nothing", cwd=repo.path, environ=repo.environ)
    done = try_git("rev-parse", "--verify", "nothing", cwd=repo.path, environ=repo.environ)
    assert done.returncode == 128


def test_too_long_an_answer_is_no_answer(repo: GitSandbox) -> None:
    with pytest.raises(StoreError, match="more than 5 bytes"):
        ask_git("rev-parse", "HEAD", cwd=repo.path, environ=repo.environ, output_bytes=5)


def test_git_may_be_missing(repo: GitSandbox, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="git"):
        ask_git("version", cwd=repo.path, environ={"PATH": str(tmp_path)})


def test_inherited_variables_are_dropped_and_wanted_ones_kept(repo: GitSandbox, tmp_path: Path) -> None:
    environ = {**repo.environ, "GIT_DIR": str(tmp_path)}
    assert ask_git("rev-parse", "HEAD", cwd=repo.path, environ=environ).decode().strip() == repo.head()
    extra = {"GIT_DIR": str(tmp_path)}
    assert try_git("rev-parse", "HEAD", cwd=repo.path, environ=environ, extra=extra).returncode != 0


def test_the_users_git_answers_too(repo: GitSandbox) -> None:
    answer = tell_git("rev-parse", "HEAD", cwd=repo.path, environ=repo.environ)
    assert (answer.status, answer.stdout, answer.stderr) == (0, repo.head(), "")
    refused = tell_git("rev-parse", "--verify", "nothing", cwd=repo.path, environ=repo.environ)
    assert refused.status == 128
    assert "fatal" in refused.stderr


TELLING = """
import os, sys
from pathlib import Path
from logist_ci.gitstore.git_program import tell_git
clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
print(tell_git(*sys.argv[2:], cwd=Path(sys.argv[1]), environ=clean).stdout)
"""


def test_nothing_of_git_leaks_from_this_process(repo: GitSandbox, tmp_path: Path) -> None:
    other = GitSandbox.create(tmp_path / "other", repo.environ)
    led_astray = {
        **repo.environ,
        "PYTHONPATH": str(ROOT),
        "GIT_DIR": str(other.path / ".git"),
        "GIT_INDEX_FILE": str(other.path / "index"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_OBJECT_DIRECTORY": str(other.path),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Nobody",
        "GIT_CONFIG_PARAMETERS": "'user.name=Nobody'",
        "GIT_AUTHOR_NAME": "Nobody",
        "GIT_NAMESPACE": "odd",
    }

    def said(*arguments: str) -> str:
        command = [sys.executable, "-c", TELLING, str(repo.path), *arguments]
        return subprocess.run(command, env=led_astray, capture_output=True, text=True, check=True).stdout.strip()

    assert said("rev-parse", "HEAD") == repo.head()
    assert said("var", "GIT_AUTHOR_IDENT").startswith("Test Person <")
    said("-c", "alias.show-environment=!env > environment", "show-environment")
    inherited = (repo.path / "environment").read_text().splitlines()
    # Git sets some for the programs that it starts itself; none is what we inherited. The numbered
    # ones are still there, and git does not look at them without their count.
    misleading = [line for line in inherited if "Nobody" in line or str(other.path) in line]
    assert misleading == ["GIT_CONFIG_VALUE_0=Nobody"]


def test_every_variable_of_a_repository_is_taken_out(repo: GitSandbox) -> None:
    local = set(repo.git("rev-parse", "--local-env-vars").split())
    source = (ROOT / "logist_ci" / "gitstore" / "git_program.py").read_text()
    # Without the count, git does not read the numbered ones.
    assert {name for name in local if f'"{name}"' not in source} == set()


def test_arguments_may_have_any_bytes(repo: GitSandbox) -> None:
    name = os.fsdecode(b"odd \xff\n'\"")
    repo.write(os.fsencode(name), "x")
    assert try_git("add", "--", name, cwd=repo.path, environ=repo.environ).returncode == 0
