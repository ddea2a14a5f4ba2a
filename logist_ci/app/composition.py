"""Builds the real parts from a folder and an environment, each when it is first needed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

from logist_ci.agents.registry import AgentRegistry, builtin_agents
from logist_ci.checks.registry import builtin_checks
from logist_ci.config.load import Loaded, load
from logist_ci.config.settings import Settings
from logist_ci.config.trust import TrustStore
from logist_ci.errors import ConfigError
from logist_ci.gitstore.folders import locate
from logist_ci.gitstore.index import SummaryIndex
from logist_ci.gitstore.manifests import ManifestStore
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.worktrees import Worktrees
from logist_ci.process.clock import Clock, SystemClock
from logist_ci.process.environment import without_git
from logist_ci.runner.parts import Parts
from logist_ci.runtimes.registry import builtin_runtimes
from logist_ci.shim.nursery import Nursery
from logist_ci.templating.render import Templates

if TYPE_CHECKING:
    from logist_ci.lifecycle.doctor import Surroundings

__all__ = ["App", "open_app", "user_folder"]

_RANDOM_BITS = 40


def open_app(
    start: Path,
    environ: Mapping[str, str],
    *,
    config: Path | None = None,
    flags: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    agents: AgentRegistry | None = None,
    misconfigured: Callable[[ConfigError], None] | None = None,
) -> App:
    """Return the application for the repository that ``start`` lies in; nothing is read before it is needed.

    Args:
        start: A file or folder of a worktree, or a git directory.
        environ: The environment that everything sees; git's own variables are taken out.
        config: A configuration file to read instead of the repository's.
        flags: Settings by key, as text; they win over all files and variables.
        clock: The time; default is the machine's.
        agents: The agents to choose from; default are the built-in and the installed ones.
        misconfigured: Is told what is wrong with the configuration, and the files are then left out of account;
            without it that is an error.
    """
    return App(start, without_git(environ), config, dict(flags or {}), clock or SystemClock(), agents, misconfigured)


class App:
    """One repository, ready to be worked with. Close it, or use it as a context manager."""

    def __init__(
        self,
        start: Path,
        environ: Mapping[str, str],
        config: Path | None,
        flags: Mapping[str, str],
        clock: Clock,
        agents: AgentRegistry | None = None,
        misconfigured: Callable[[ConfigError], None] | None = None,
    ) -> None:
        self.environ = environ
        self.clock = clock
        self._start = start
        self._config = config
        self._flags = flags
        self._agents = agents
        self._misconfigured = misconfigured
        self._nursery: Nursery | None = None
        self._nursery_lock = Lock()

    @cached_property
    def repository(self) -> Repository:
        """The repository.

        Raises:
            RepositoryError: there is none, or Logist CI cannot use it.
        """
        return Repository.open(self._start, environ=self.environ)

    @cached_property
    def loaded(self) -> Loaded:
        """The settings and where each came from.

        Raises:
            ConfigError: a file, a variable or a flag sets something unknown or malformed.
        """
        try:
            return load(
                root=self.repository.worktree or self.repository.main_worktree,
                user_file=user_folder(self.environ, "XDG_CONFIG_HOME", ".config", "config.toml"),
                environ=self.environ,
                flags=self._flags,
                explicit=self._config,
            )
        except ConfigError as error:
            if self._misconfigured is None:
                raise
            self._misconfigured(error)
            return load(root=None, user_file=None, environ={}, flags=self._flags)

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.loaded.settings

    @cached_property
    def parts(self) -> Parts:
        """The parts that use cases take.

        Raises:
            RepositoryError: there is no repository that can be used.
            ConfigError: the configuration is wrong.
        """
        repository, settings, clock = self.repository, self.settings, self.clock
        root = locate(repository, paths=settings.paths, environ=self.environ)
        refs = RefStore(repository)
        store = ManifestStore(refs, repository.identity(), clock, root)
        standing = repository.worktree or repository.main_worktree
        return Parts(
            repository=repository,
            refs=refs,
            store=store,
            index=SummaryIndex(store, root.index_file),
            root=root,
            worktrees=Worktrees(repository, root, clock),
            settings=settings,
            origins=self.loaded.origins,
            clock=clock,
            environ=self.environ,
            templates=Templates(standing / ".logist" / "templates" if standing else None),
            agents=self._agents or builtin_agents(),
            runtimes=builtin_runtimes(),
            checks=builtin_checks(self.environ),
            trust=TrustStore(_trust_file(self.environ)),
            randomness=lambda: secrets.randbits(_RANDOM_BITS),
            nursery=self._started_nursery,
        )

    def surroundings(self) -> Surroundings:
        """Return what the doctor looks at; it works where nothing else does."""
        from logist_ci.lifecycle.doctor import Surroundings  # late: it looks at the metadata of packages

        return Surroundings(
            environ=self.environ,
            directory=self._start,
            agents=self._agents or builtin_agents(),
            runtimes=builtin_runtimes(),
            parts=lambda: self.parts,
        )

    def close(self) -> None:
        """End what was started; running shims go on."""
        with self._nursery_lock:
            if self._nursery is not None:
                self._nursery.close()
                self._nursery = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started_nursery(self) -> Nursery:
        with self._nursery_lock:
            if self._nursery is None:
                self._nursery = Nursery.start()
            return self._nursery


def user_folder(environ: Mapping[str, str], variable: str, below_home: str, *names: str) -> Path | None:
    """Return a path of the user's below an XDG folder; ``None`` where neither it nor HOME is known."""
    chosen = environ.get(variable, "")
    if Path(chosen).is_absolute():
        return Path(chosen, "logist-ci", *names)
    home = environ.get("HOME")
    return Path(home, below_home, "logist-ci", *names) if home else None


def _trust_file(environ: Mapping[str, str]) -> Path:
    # Without a place to remember it nothing is trusted, and the attempt to trust says why.
    file = user_folder(environ, "XDG_STATE_HOME", ".local/state", "trusted.json")
    return file or Path("/dev/null/trusted.json")
