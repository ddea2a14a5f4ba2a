from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from logist_ci.agents.base import AgentCommand, AgentEvent, AgentNeeds, Task
from logist_ci.agents.registry import AgentRegistry
from logist_ci.app import open_app
from logist_ci.errors import ConfigError, MissingError
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Protection
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.doctor import Diagnosis, Surroundings, examine
from logist_ci.lifecycle.request import JobRequest
from logist_ci.process.command import Command
from logist_ci.runner.parts import Parts
from logist_ci.runtimes.base import Mounts, Probe
from logist_ci.runtimes.registry import RuntimeRegistry, builtin_runtimes
from logist_ci.testing import GitSandbox
from tests.privileges import needs_permissions


def programs(folder: Path, **versions: str) -> Path:
    """Make programs that print a version, and git as it is."""
    folder.mkdir()
    for name, version in versions.items():
        (folder / name).write_text(f"#!/bin/sh\necho '{name} version {version}'\n")
        (folder / name).chmod(0o755)
    return folder


class Weak:
    """A runtime that does not work."""

    name = "weak"

    def probe(self) -> Probe:
        return Probe(works=False, reason="It is too weak.", remedy="Feed it.")

    def protection(self) -> Protection:
        return Protection(runtime=self.name)

    def wrap(self, command: Command, mounts: Mounts, network: str) -> Command:
        return command


class Strong(Weak):
    """A runtime that works and has proved something."""

    name = "strong"

    def probe(self) -> Probe:
        return Probe(works=True, proved=("files", "network"))


class Needy:
    """An agent that needs a program."""

    name = "needy"

    def __init__(self, program: str) -> None:
        self.needs = AgentNeeds(program=program)

    def command(self, task: Task) -> AgentCommand:
        return AgentCommand((self.needs.program,))

    def events(self, line: bytes) -> tuple[AgentEvent, ...]:
        return ()


def broken() -> Weak:
    raise MissingError("It cannot be loaded.")


def broken_agent() -> Needy:
    raise ConfigError("It cannot be loaded.")


@pytest.fixture
def around(repo: GitSandbox) -> Surroundings:
    return surroundings(repo)


def surroundings(
    repo: GitSandbox,
    environ: Mapping[str, str] | None = None,
    agents: AgentRegistry | None = None,
    runtimes: RuntimeRegistry | None = None,
) -> Surroundings:
    complete = {**repo.environ, **(environ or {})}
    app = open_app(repo.path, complete)
    return Surroundings(
        environ=complete, directory=repo.path, agents=agents or AgentRegistry({}),
        runtimes=runtimes or builtin_runtimes(), parts=lambda: app.parts,
    )  # fmt: skip


def said(diagnosis: Diagnosis) -> dict[str, str]:
    return {problem.what: problem.remedy for problem in diagnosis.problems}


def test_a_sound_machine_has_no_problems(around: Surroundings) -> None:
    diagnosis = examine(around)
    assert diagnosis.problems == ()
    assert not diagnosis.missing
    facts = {fact.name: fact.value for fact in diagnosis.repository}
    assert facts["HEAD"].startswith("refs/heads/main at ")
    assert facts["committer"] == "Test Person <person@example.invalid>"
    assert facts["remote"] == "none"


def test_examining_changes_nothing(around: Surroundings, repo: GitSandbox) -> None:
    before = sorted(repo.path.rglob("*"))
    examine(around)
    assert sorted(repo.path.rglob("*")) == before


def test_an_old_git_deserves_attention(repo: GitSandbox, tmp_path: Path) -> None:
    path = f"{programs(tmp_path / 'bin', git='2.20.1')}:{repo.environ['PATH']}"
    diagnosis = examine(surroundings(repo, {"PATH": path}))
    assert said(diagnosis)["git 2.20.1 is older than 2.39."] == "Upgrade to git 2.39."
    assert not diagnosis.missing


def test_programs_that_may_be_missing_say_what_is_lost(repo: GitSandbox, tmp_path: Path) -> None:
    path = f"{programs(tmp_path / 'bin', **{'git-lfs': '3.4.0'})}:/usr/bin:/bin"
    tools = {tool.name: tool for tool in examine(surroundings(repo, {"PATH": path})).tools}
    assert (tools["git-lfs"].version, tools["git-lfs"].note) == ("3.4.0", "")
    assert tools["msgspec"].version
    if not tools["pre-commit"].version:
        assert "cannot run" in tools["pre-commit"].note


def test_a_program_without_a_version_counts_as_missing(repo: GitSandbox, tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin")
    (folder / "git-lfs").write_text("#!/bin/sh\nexit 1\n")
    (folder / "git-lfs").chmod(0o755)
    tools = {tool.name: tool for tool in examine(surroundings(repo, {"PATH": f"{folder}:/usr/bin:/bin"})).tools}
    assert tools["git-lfs"].version == ""


def test_agents_say_where_their_program_is(repo: GitSandbox, tmp_path: Path) -> None:
    folder = programs(tmp_path / "bin", there="1.0")
    agents = AgentRegistry(
        {
            "found": lambda: Needy("there"),
            "lost": lambda: Needy("nowhere"),
            "own": lambda: Needy(""),
            "bad": broken_agent,
        }
    )
    path = f"{folder}{os.pathsep}{repo.environ['PATH']}"
    facts = {fact.name: fact.value for fact in examine(surroundings(repo, {"PATH": path}, agents)).agents}
    assert facts == {
        "bad": "cannot be loaded: It cannot be loaded.",
        "found": str(folder / "there"),
        "lost": "nowhere is not installed",
        "own": "built in",
    }


def test_runtimes_say_what_they_proved(repo: GitSandbox) -> None:
    runtimes = RuntimeRegistry({"strong": Strong, "weak": Weak, "broken": broken})
    diagnosis = examine(surroundings(repo, runtimes=runtimes))
    facts = {fact.name: fact.value for fact in diagnosis.runtimes}
    assert facts == {
        "strong": "works (proved: files, network)",
        "weak": "does not work: It is too weak. Feed it.",
        "broken": "does not work: It cannot be loaded.",
    }
    assert not diagnosis.missing


def test_without_a_runtime_nothing_can_run(repo: GitSandbox) -> None:
    diagnosis = examine(surroundings(repo, runtimes=RuntimeRegistry({"weak": Weak})))
    assert diagnosis.missing
    assert "No runtime works here." in said(diagnosis)


def test_a_repository_without_a_commit_is_missing_one(tmp_path: Path, git_env: dict[str, str]) -> None:
    empty = GitSandbox.create(tmp_path / "empty", git_env)
    diagnosis = examine(surroundings(empty))
    assert diagnosis.missing
    [problem] = diagnosis.problems
    assert "no commit yet" in problem.what
    assert problem.remedy.startswith("git commit")


def test_no_repository_and_no_git_are_said_together(repo: GitSandbox, tmp_path: Path) -> None:
    lost = GitSandbox(tmp_path, repo.environ)
    diagnosis = examine(surroundings(lost, {"PATH": "/nowhere"}))
    assert diagnosis.missing
    assert "git is not installed." in said(diagnosis)
    assert diagnosis.repository == ()
    assert len(diagnosis.problems) == 2


def test_what_git_is_told_to_do_otherwise_is_shown(repo: GitSandbox) -> None:
    repo.git("config", "core.hooksPath", "hooks")
    repo.git("config", "commit.gpgSign", "true")
    facts = {fact.name: fact.value for fact in examine(surroundings(repo)).repository}
    assert (facts["core.hookspath"], facts["commit.gpgsign"]) == ("hooks", "true")


@needs_permissions
def test_a_folder_that_cannot_be_written_is_missing(repo: GitSandbox) -> None:
    repo.path.chmod(0o555)
    try:
        assert examine(surroundings(repo)).missing
    finally:
        repo.path.chmod(0o755)


def test_settings_are_shown_as_one_would_write_them(repo: GitSandbox) -> None:
    repo.write("logist.toml", '[limits]\nwall = "90s"\n')
    settings = {each.key: each for each in examine(surroundings(repo)).settings}
    assert (settings["limits.wall"].value, settings["limits.wall"].origin) == ('"90s"', "logist.toml:2")
    assert settings["cleanup.when"].value == '"finished"'


def test_what_no_job_answers_for_is_pointed_at(parts: Parts, repo: GitSandbox) -> None:
    stray = parts.root.folder(JobId("stray"))
    stray.make()
    found = said(examine(surroundings(repo)))
    [message] = found
    assert str(stray.base) in message
    assert found[message] == "logist-ci cleanup"


def test_a_damaged_manifest_is_pointed_at(parts: Parts, repo: GitSandbox) -> None:
    create_job(parts, JobRequest(argv=("true",), checks=(), job_id="fix"))
    repo.git("update-ref", "refs/logist/jobs/fix", repo.head())
    assert "logist-ci validate fix" in said(examine(surroundings(repo))).values()
