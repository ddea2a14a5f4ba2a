"""The real entry point, in processes of its own: what only a process can show."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import logist_ci
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.testing import GitSandbox

PROJECT = Path(logist_ci.__file__).parents[1]


def called(
    *words: str, at: Path, environ: Mapping[str, str], python: tuple[str, ...] = (), program: tuple[str, ...] = ()
) -> Completed:
    argv = (*program, sys.executable, *python, "-m", "logist_ci", *words)
    return capture(Command(argv, at, {**environ, "PYTHONPATH": str(PROJECT)}))


def test_the_version_is_printed(repo: GitSandbox) -> None:
    done = called("--version", at=repo.path, environ=repo.environ)
    assert (done.returncode, done.stdout) == (0, f"logist-ci {logist_ci.__version__}\n".encode())


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_the_overview_is_printed(repo: GitSandbox, words: tuple[str, ...]) -> None:
    done = called(*words, at=repo.path, environ=repo.environ)
    assert done.returncode == 0
    assert done.stdout.startswith(b"Usage: logist-ci ")


@pytest.mark.parametrize("words", [("help", "run"), ("run", "--help"), ("run", "-h")])
def test_the_help_of_a_command_is_printed(repo: GitSandbox, words: tuple[str, ...]) -> None:
    done = called(*words, at=repo.path, environ=repo.environ)
    assert done.returncode == 0, done.stderr
    assert b"Usage: logist-ci run" in done.stdout
    assert b"logist-ci run -- ruff check --fix ." in done.stdout


def imported(*words: str, repo: GitSandbox) -> set[str]:
    # What measures coverage imports packages itself.
    environ = {name: value for name, value in repo.environ.items() if not name.startswith("COVERAGE_")}
    done = called(*words, at=repo.path, environ=environ, python=("-X", "importtime"))
    assert done.returncode == 0, done.stderr
    return {line.rpartition(b"|")[2].strip().decode() for line in done.stderr.splitlines() if b"|" in line}


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_what_is_asked_all_the_time_imports_nothing(repo: GitSandbox, word: str) -> None:
    ours = {name for name in imported(word, repo=repo) if name.startswith("logist_ci.")}
    assert ours <= {"logist_ci.cli", "logist_ci.cli.main", "logist_ci.cli.catalog"}
    assert not imported(word, repo=repo) & {"typer", "msgspec", "pygit2", "re", "typing", "pathlib"}


def test_looking_loads_neither_validators_nor_templates(repo: GitSandbox) -> None:
    heavy = {"pydantic", "jinja2", "git", "yaml", "rich", "re2", "psutil"}
    assert imported("list", repo=repo) & heavy == set()


def test_git_variables_of_a_hook_lead_nowhere(repo: GitSandbox, tmp_path: Path) -> None:
    other = GitSandbox.create(tmp_path / "other", repo.environ)
    environ = {**repo.environ, "GIT_DIR": str(other.path / ".git"), "GIT_INDEX_FILE": str(tmp_path / "index")}
    done = called("create", "--id", "fix", "--", "true", at=repo.path, environ=environ)
    assert done.returncode == 0, done.stderr
    assert repo.git("for-each-ref", "--format=%(refname)", "refs/logist") == "refs/logist/jobs/fix"
    assert other.git("for-each-ref") == ""


@pytest.mark.parametrize("words", ["--help", "schema", "create --help"])
def test_a_reader_that_leaves_is_no_error(repo: GitSandbox, words: str) -> None:
    script = f'{{ "$@" {words}; echo "status $?" >&2; }} | true'
    done = called(at=repo.path, environ=repo.environ, program=("bash", "-c", script, "bash"))
    assert done.stderr in (b"status 0\n", b""), done.stderr


def test_names_that_are_no_text_come_out_as_they_went_in(repo: GitSandbox) -> None:
    folder = repo.path.parent / os.fsdecode(b"odd \xff")
    GitSandbox.create(folder, repo.environ)
    done = called("list", "-C", os.fsdecode(b"odd \xff"), at=repo.path.parent, environ=repo.environ)
    assert done.returncode == 0, done.stderr
    missing = called("list", "-C", os.fsdecode(b"no \xff"), at=repo.path.parent, environ=repo.environ)
    assert b"no \xff" in missing.stderr or b"no \\udcff" in missing.stderr


def test_a_folder_that_is_gone_is_said(repo: GitSandbox) -> None:
    done = called(
        "list", at=repo.path, environ=repo.environ, program=("sh", "-c", 'mkdir x; cd x; rmdir ../x; "$@"', "sh")
    )
    assert done.returncode == 2
    assert b"does not exist any more" in done.stderr


def test_completion_knows_commands_options_and_jobs(repo: GitSandbox) -> None:
    def offered(line: str) -> str:
        words = line.split(" ")
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_LOGIST_CI_COMPLETE": "complete_bash"}
        done = called(at=repo.path, environ={**repo.environ, **asked}, program=())
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    called("create", "--id", "fix-login", "--", "true", at=repo.path, environ=repo.environ)
    assert "status" in offered("logist-ci st")
    assert "--limit" in offered("logist-ci run --li")
    assert "fix-login" in offered("logist-ci status fi")


def test_completion_can_be_shown(repo: GitSandbox) -> None:
    environ = {**repo.environ, "SHELL": "/bin/bash", "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = called("--show-completion", "bash", at=repo.path, environ=environ)
    assert done.returncode == 0, done.stderr
    assert b"_LOGIST_CI_COMPLETE" in done.stdout
