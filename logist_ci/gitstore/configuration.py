"""Git's configuration as git itself reads it: every file, every include, every condition."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from logist_ci.gitstore.git_program import ask_git

__all__ = ["Configuration", "Setting", "read_configuration", "without_credentials"]


@dataclass(frozen=True)
class Setting:
    """One line of configuration: ``scope`` is system, global, local or worktree; ``origin`` names the file."""

    name: str
    value: str
    scope: str
    origin: str


@dataclass(frozen=True)
class Configuration:
    """All settings in the order in which git reads them: a later one wins."""

    settings: tuple[Setting, ...]

    def value(self, name: str) -> str | None:
        """Return the value that counts for ``name`` (``section.key``, lower case), or ``None``."""
        return next((setting.value for setting in reversed(self.settings) if setting.name == name), None)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return the setting ``name`` as git understands booleans."""
        value = self.value(name)
        return default if value is None else value.lower() not in ("false", "no", "off", "0", "")

    def below(self, prefix: str) -> Iterator[Setting]:
        """Return the settings whose names begin with ``prefix``."""
        return (setting for setting in self.settings if setting.name.startswith(prefix))


def read_configuration(git_dir: Path, environ: Mapping[str, str]) -> Configuration:
    """Return the configuration that counts for the repository or worktree of ``git_dir``.

    Raises:
        MissingError: git is not installed.
        StoreError: the configuration cannot be read; the message says which line.
    """
    listing = ask_git(
        f"--git-dir={git_dir}", "config", "--list", "-z", "--show-scope", "--show-origin", cwd=git_dir, environ=environ
    )
    fields = os.fsdecode(listing).split("\0")
    return Configuration(tuple(map(_setting, fields[0::3], fields[1::3], fields[2::3])))


def without_credentials(url: str) -> str:
    """Return ``url`` without user and password where it is one of http; other addresses stay as they are."""
    return re.sub(r"^(https?://)[^/?#]*@", r"\1", url, flags=re.IGNORECASE)


def _setting(scope: str, origin: str, entry: str) -> Setting:
    name, separator, value = entry.partition("\n")
    # A key without any value means yes.
    return Setting(name, value if separator else "true", scope, origin.removeprefix("file:"))
