"""What every kind of check has to do, and the registry that finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.checks.base import CheckContext
from logist_ci.checks.registry import CheckRegistry, builtin_checks
from logist_ci.errors import ConfigError
from logist_ci.job.manifest import CheckSpec

CONFIGS = {
    "command": CheckSpec(kind="command", name="one", argv=("true",)),
    "pre_commit": CheckSpec(kind="pre_commit", name="one"),
}


def test_the_kinds_are_those_of_the_manifest(git_env: dict[str, str]) -> None:
    assert builtin_checks(git_env).kinds() == ("command", "pre_commit")


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ConfigError, match="no check of kind 'magic'"):
        CheckRegistry([]).get("magic")


@pytest.mark.parametrize("kind", CONFIGS)
def test_every_kind_plans_commands_and_reports_results(kind: str, tmp_path: Path, git_env: dict[str, str]) -> None:
    check, spec = builtin_checks(git_env).get(kind), CONFIGS[kind]
    assert check.kind == kind
    (tmp_path / "a").write_text("")
    before = sorted(tmp_path.rglob("*"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    context = CheckContext(tmp_path, ("a",), scratch, lambda path: b"repos: []\n")
    commands = check.plan(spec, context)
    assert commands and all(command.argv and command.name == "one" for command in commands)
    assert sorted(set(tmp_path.rglob("*")) - set(scratch.rglob("*")) - {scratch}) == before
    good, bad = check.report(spec, 0, b""), check.report(spec, None, b"killed")
    assert good.ok and not bad.ok and bad.output == "killed" and good.name == spec.name
