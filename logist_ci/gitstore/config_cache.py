"""Git's configuration, read again only when one of the files behind it has changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from logist_ci.gitstore.configuration import Configuration
from logist_ci.gitstore.repository import Repository

__all__ = ["ConfigurationCache"]

_Print = tuple[tuple[int, int, int] | None, ...]


class ConfigurationCache:
    """The configuration of one repository, for a batch of jobs that would each ask git for it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: tuple[tuple[Path, ...], _Print, Configuration] | None = None

    def get(self) -> Configuration:
        """Return the configuration as it is now."""
        known = self._known
        if known is not None and _print(known[0]) == known[1]:
            return known[2]
        before = _print(self._candidates())
        configuration = self._repository.configuration()
        files = tuple(dict.fromkeys([*self._candidates(), *_origins(configuration)]))
        # A file that is changed while git reads it must not count as read.
        settled = _print(self._candidates()) == before
        conditional = any(setting.name.startswith("includeif.") for setting in configuration.settings)
        self._known = (files, _print(files), configuration) if settled and not conditional else None
        return configuration

    def _candidates(self) -> tuple[Path, ...]:
        """Return where git looks, whether or not there is a file."""
        environ, repository = self._repository.environ, self._repository
        home = environ.get("HOME", "")
        xdg = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
        named = [
            environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig"),
            environ.get("GIT_CONFIG_GLOBAL", ""),
            f"{home}/.gitconfig" if home else "",
            f"{xdg}/git/config" if xdg else "",
        ]
        local = (repository.common_dir / "config", repository.git_dir / "config.worktree")
        return (*local, *(Path(name) for name in named if name))


def _origins(configuration: Configuration) -> Iterable[Path]:
    return (Path(setting.origin) for setting in configuration.settings)


def _print(files: Iterable[Path]) -> _Print:
    return tuple(_stamp(file) for file in files)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
