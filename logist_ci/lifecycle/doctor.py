"""Examines the machine, the configuration and the jobs, and says what needs attention and how to mend it."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import msgspec

from logist_ci import __version__
from logist_ci.agents.registry import AgentRegistry
from logist_ci.config.keys import keys
from logist_ci.config.reference import shown
from logist_ci.errors import LogistError, MissingError
from logist_ci.gitstore.repository import FALLBACK_IDENTITY
from logist_ci.lifecycle.troubles import find_troubles
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.runner.parts import Parts
from logist_ci.runtimes.registry import RuntimeRegistry

__all__ = ["Diagnosis", "Fact", "Problem", "SettingFact", "Surroundings", "Tool", "examine"]

#: The oldest git with which Logist CI is tested.
_GIT = (2, 39)
_LIBRARIES = ("pygit2", "GitPython", "msgspec", "typer", "jinja2", "google-re2", "psutil", "PyYAML")
_OPTIONAL = {"git-lfs": "large files stay pointers in worktrees", "pre-commit": "pre-commit checks cannot run"}


class Tool(msgspec.Struct, frozen=True):
    """A program or library; ``version`` is empty when it is not there, ``note`` says what that means."""

    name: str
    version: str
    note: str = ""


class Fact(msgspec.Struct, frozen=True):
    """Something about the repository or a runtime."""

    name: str
    value: str


class SettingFact(msgspec.Struct, frozen=True):
    """A setting as a person would write it, and where its value came from."""

    key: str
    value: str
    origin: str


class Problem(msgspec.Struct, frozen=True):
    """Something that needs attention; ``missing`` means that jobs cannot run before it is mended."""

    level: Literal["missing", "attention"]
    what: str
    remedy: str


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that an examination found."""

    version: str
    tools: tuple[Tool, ...]
    agents: tuple[Fact, ...]
    runtimes: tuple[Fact, ...]
    repository: tuple[Fact, ...]
    settings: tuple[SettingFact, ...]
    problems: tuple[Problem, ...]

    @property
    def missing(self) -> bool:
        """Whether something is missing without which jobs cannot run."""
        return any(problem.level == "missing" for problem in self.problems)


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What an examination looks at. ``parts`` may fail, which is then a finding."""

    environ: Mapping[str, str]
    directory: Path
    agents: AgentRegistry
    runtimes: RuntimeRegistry
    parts: Callable[[], Parts]


def examine(around: Surroundings) -> Diagnosis:
    """Return what there is to say; nothing is changed."""
    tools = (*_programs(around), *_libraries())
    problems = [*_tool_problems(tools)]
    repository: tuple[Fact, ...] = ()
    settings: tuple[SettingFact, ...] = ()
    try:
        parts = around.parts()
        repository = tuple(_repository(parts))
        settings = tuple(_settings(parts))
        problems += _repository_problems(parts)
        problems += [Problem("attention", each.message, each.command) for each in find_troubles(parts)]
    except LogistError as error:
        problems.append(Problem("missing", str(error), error.hint))
    runtimes = tuple(_runtimes(around.runtimes))
    if not any(fact.value.startswith("works") for fact in runtimes):
        problems.append(Problem("missing", "No runtime works here.", "See the reasons above."))
    return Diagnosis(
        version=__version__,
        tools=tools,
        agents=tuple(_agents(around)),
        runtimes=runtimes,
        repository=repository,
        settings=settings,
        problems=tuple(problems),
    )


def _programs(around: Surroundings) -> Iterator[Tool]:
    yield Tool("python", platform.python_version(), f"on {platform.system()} {platform.release()}")
    yield Tool("git", _version_of(around, "git"))
    for name, lack in _OPTIONAL.items():
        found = _version_of(around, name)
        yield Tool(name, found, "" if found else lack)


def _version_of(around: Surroundings, program: str) -> str:
    try:
        done = capture(Command((program, "--version"), around.directory, around.environ), timeout_s=10.0)
    except LogistError:
        return ""
    match = re.search(rb"\d+(\.\d+)+", done.stdout)
    return match[0].decode() if match and done.returncode == 0 else ""


def _libraries() -> Iterator[Tool]:
    for name in _LIBRARIES:
        try:
            yield Tool(name, version(name))
        except PackageNotFoundError:
            yield Tool(name, "")


def _tool_problems(tools: tuple[Tool, ...]) -> Iterator[Problem]:
    for tool in tools:
        if not tool.version and tool.name not in _OPTIONAL:
            remedy = "Install git." if tool.name == "git" else "Install Logist CI again: pip install logist-ci"
            yield Problem("missing", f"{tool.name} is not installed.", remedy)
        elif tool.name == "git" and tuple(map(int, tool.version.split(".")[:2])) < _GIT:
            oldest = ".".join(map(str, _GIT))
            yield Problem("attention", f"git {tool.version} is older than {oldest}.", f"Upgrade to git {oldest}.")


def _agents(around: Surroundings) -> Iterator[Fact]:
    for name in around.agents.names():
        try:
            program = around.agents.get(name).needs.program
        except LogistError as error:
            yield Fact(name, f"cannot be loaded: {error}")
            continue
        found = shutil.which(program, path=around.environ.get("PATH", os.defpath)) if program else "built in"
        yield Fact(name, found or f"{program} is not installed")


def _runtimes(registry: RuntimeRegistry) -> Iterator[Fact]:
    for name in registry.names():
        try:
            probe = registry.get(name).probe()
        except LogistError as error:
            yield Fact(name, f"does not work: {error}")
            continue
        proved = f"proved: {', '.join(probe.proved)}" if probe.proved else "isolates nothing"
        yield Fact(name, f"works ({proved})" if probe.works else f"does not work: {probe.reason} {probe.remedy}")


def _repository(parts: Parts) -> Iterator[Fact]:
    repository, head = parts.repository, parts.repository.head()
    identity, configuration = repository.identity(), repository.configuration()
    yield Fact("git directory", str(repository.common_dir))
    yield Fact("worktree", str(repository.worktree or "none (bare)"))
    yield Fact("HEAD", f"{head.ref or 'detached'} at {head.commit[:10] if head.commit else 'no commit yet'}")
    yield Fact("jobs", str(parts.root.path))
    yield Fact("committer", f"{identity.name} <{identity.email}>")
    yield Fact("remote", repository.remote_url() or "none")
    for key in ("core.hookspath", "commit.gpgsign", "core.autocrlf", "extensions.partialclone"):
        value = configuration.value(key)
        if value is not None:
            yield Fact(key, value)


def _repository_problems(parts: Parts) -> Iterator[Problem]:
    if parts.repository.head().commit is None:
        remedy = "git commit --allow-empty -m 'Begin'"
        yield Problem("missing", "The repository has no commit yet, so there is nothing to start from.", remedy)
    if parts.repository.identity() == FALLBACK_IDENTITY:
        what = f"Git does not know who you are, so {FALLBACK_IDENTITY.name} commits."
        yield Problem("attention", what, 'git config --global user.name "Your Name" (and user.email)')
    folder = parts.root.path
    nearest = next(each for each in (folder, *folder.parents) if each.exists())
    if not os.access(nearest, os.W_OK):
        yield Problem("missing", f"{nearest} cannot be written.", "Move the jobs with [paths] in logist.toml.")
    try:
        parts.runtimes.select(parts.settings.runtime)
    except MissingError as error:
        yield Problem("missing", str(error), error.hint)


def _settings(parts: Parts) -> Iterator[SettingFact]:
    for key in keys().values():
        value: object = parts.settings
        for name in key.path:
            value = getattr(value, name)
        yield SettingFact(key.name, shown(key, value), parts.origins.get(key.name, "default"))
