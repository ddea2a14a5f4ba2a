from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from logist_ci.checks.base import CheckCommand, CheckContext
from logist_ci.checks.pre_commit import CONFIG_FILE, PreCommitCheck
from logist_ci.errors import ConfigError, LogistError, MissingError
from logist_ci.job.manifest import CheckSpec
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.testing.sandbox import GitSandbox

SPEC = CheckSpec(kind="pre_commit", name="hooks")
CONFIG = b"""\
repos:
  - repo: local
    hooks:
      - id: no-tabs
        name: no tabs
        language: system
        entry: sh -c '! grep -l TAB "$@"' --
"""


@pytest.fixture
def context(repo: GitSandbox, tmp_path: Path) -> CheckContext:
    scratch = tmp_path / "scratch folder"
    scratch.mkdir()
    return CheckContext(repo.path, (), scratch, {CONFIG_FILE: CONFIG}.get)


def _run(command: CheckCommand, context: CheckContext, environ: Mapping[str, str]) -> Completed:
    return capture(Command(command.argv, context.workspace, {**environ, **command.env}))


def _planned(context: CheckContext, environ: Mapping[str, str], *changed: str) -> CheckCommand:
    (command,) = PreCommitCheck(environ).plan(SPEC, replace(context, changed=changed))
    return command


def test_changed_files_are_checked_and_only_those(
    repo: GitSandbox, context: CheckContext, git_env: dict[str, str]
) -> None:
    repo.write("old", "TAB")
    repo.write("good file's\nname", "fine")
    done = _run(_planned(context, git_env, "good file's\nname", "deleted"), context, git_env)
    assert done.returncode == 0, done
    repo.write("bad", "TAB")
    done = _run(_planned(context, git_env, "bad"), context, git_env)
    assert done.returncode == 1
    result = PreCommitCheck(git_env).report(SPEC, done.returncode, done.stdout)
    assert not result.ok and "no tabs" in result.output and "bad" in result.output


def test_the_configuration_is_the_bases(repo: GitSandbox, context: CheckContext, git_env: dict[str, str]) -> None:
    repo.write(CONFIG_FILE, "repos: []\n")
    repo.write("bad", "TAB")
    assert _run(_planned(context, git_env, "bad", CONFIG_FILE), context, git_env).returncode == 1


def test_hooks_that_change_files_fail(repo: GitSandbox, context: CheckContext, git_env: dict[str, str]) -> None:
    fixing = CONFIG.replace(b"""sh -c '! grep -l TAB "$@"' --""", b"sh -c 'for f; do echo more >> \"$f\"; done' --")
    repo.write("a", "")
    repo.commit()
    command = _planned(replace(context, base_file={CONFIG_FILE: fixing}.get), git_env, "a")
    done = _run(command, context, git_env)
    assert done.returncode == 1 and b"+more" in done.stdout


def test_the_cache_outlives_the_job(context: CheckContext, git_env: dict[str, str]) -> None:
    (context.workspace / "a").write_text("")
    with_cache = _planned(context, git_env, "a").env["PRE_COMMIT_HOME"]
    assert with_cache == f"{git_env['XDG_CACHE_HOME']}/pre-commit"
    plain = {name: value for name, value in git_env.items() if name != "XDG_CACHE_HOME"}
    assert _planned(context, plain, "a").env["PRE_COMMIT_HOME"] == f"{git_env['HOME']}/.cache/pre-commit"
    own = {**git_env, "PRE_COMMIT_HOME": "/var/hooks"}
    assert _planned(context, own, "a").env["PRE_COMMIT_HOME"] == "/var/hooks"


def test_nothing_changed_is_nothing_to_run(context: CheckContext, git_env: dict[str, str]) -> None:
    check = PreCommitCheck(git_env)
    assert check.plan(SPEC, context) == ()
    assert check.plan(SPEC, replace(context, changed=("deleted",))) == ()


def test_many_files_are_run_in_batches(context: CheckContext, git_env: dict[str, str]) -> None:
    changed = tuple(f"{'x' * 200}{number:04d}" for number in range(1_000))
    for name in changed:
        (context.workspace / name).touch()
    commands = PreCommitCheck(git_env).plan(SPEC, replace(context, changed=changed))
    assert len(commands) == 3
    files = [word for command in commands for word in command.argv[command.argv.index("--files") + 1 :]]
    assert tuple(files) == changed
    assert all(len(" ".join(command.argv)) < 110_000 for command in commands)


@pytest.mark.parametrize("name", [b"--fix", b"-", b"caf\xe9"])
def test_names_that_cannot_be_handed_on_are_refused(
    context: CheckContext, git_env: dict[str, str], name: bytes
) -> None:
    (context.workspace / os.fsdecode(name)).touch()
    with pytest.raises(LogistError, match="cannot be checked") as caught:
        _planned(context, git_env, os.fsdecode(name))
    str(caught.value).encode()


def test_a_base_without_hooks_is_named(context: CheckContext, git_env: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"the base commit has no \.pre-commit-config\.yaml"):
        PreCommitCheck(git_env).plan(SPEC, replace(context, base_file=lambda path: None))


def test_a_link_planted_at_the_scratch_file_is_not_followed(
    context: CheckContext, git_env: dict[str, str], tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (context.scratch / "pre-commit-config.yaml").symlink_to(victim)
    (context.workspace / "a").touch()
    command = _planned(context, git_env, "a")
    assert victim.read_text() == "mine"
    assert Path(command.argv[command.argv.index("--config") + 1]).read_bytes() == CONFIG


def test_a_missing_program_is_named(context: CheckContext, git_env: dict[str, str], tmp_path: Path) -> None:
    (context.workspace / "a").touch()
    empty = tmp_path / "bin"
    empty.mkdir()
    check = PreCommitCheck({**git_env, "PATH": str(empty)}, beside=empty)
    with pytest.raises(MissingError, match="pre-commit is not installed") as caught:
        check.plan(SPEC, replace(context, changed=("a",)))
    assert "pipx install" in caught.value.hint
