"""What of a user's git settings decides how files look in a worktree, taken over value by checked value.

Only harmless words are copied: no setting in here can name a program, a file that git would follow,
or a place on the network. What can is looked at separately, before any agent has run.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from logist_ci.gitstore.configuration import Configuration
from logist_ci.gitstore.repository import Repository
from logist_ci.process.files import translated_os_errors

__all__ = ["CheckoutSettings", "absolute_path", "checkout_settings"]

_FLAG = re.compile("true|false")
# A failing core.safecrlf would keep an agent's work out of its commit, so it is not among them.
_HARMLESS = {
    "core.autocrlf": re.compile("true|false|input"),
    "core.eol": re.compile("lf|crlf|native"),
    "core.filemode": _FLAG,
    "core.symlinks": _FLAG,
    "core.ignorecase": _FLAG,
    "core.precomposeunicode": _FLAG,
    "core.trustctime": _FLAG,
    "core.checkstat": re.compile("default|minimal"),
}
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0", ""})


class CheckoutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How files are turned into blobs and back, which of them are there, and which are ignored.

    ``sparse`` are the patterns of a sparse checkout, ``None`` without one. ``excludes`` and
    ``attributes`` come from the repository's ``info`` folder, their ``global_…`` siblings from the
    user's own files. ``lfs`` says that the user has set git-lfs up, ``missing`` that objects may be
    absent because the clone is a partial one.
    """

    core: dict[str, str] = {}
    sparse: bytes | None = None
    cone: bool = False
    excludes: bytes = b""
    global_excludes: bytes = b""
    attributes: bytes = b""
    global_attributes: bytes = b""
    lfs: bool = False
    missing: bool = False

    def lines(self) -> list[tuple[str, str]]:
        """Return the settings as keys and values of git's, each checked again: they may have lain on a disk."""
        allowed = [(key, value) for key, value in self.core.items() if key in _HARMLESS]
        found = [(key, value) for key, value in allowed if _HARMLESS[key].fullmatch(value)]
        if self.sparse is not None:
            found += [("core.sparsecheckout", "true"), ("core.sparsecheckoutcone", "true" if self.cone else "false")]
        return found


def checkout_settings(repository: Repository) -> CheckoutSettings:
    """Return the settings that count where the user stands in ``repository``.

    Raises:
        MissingError: a file that git would read may not be read.
    """
    configuration, environ = repository.configuration(), repository.environ
    values = ((key, configuration.value(key)) for key in _HARMLESS)
    core = {key: word for key, value in values if value is not None and _HARMLESS[key].fullmatch(word := _word(value))}
    info = repository.common_dir / "info"
    return CheckoutSettings(
        core=core,
        sparse=_content(repository.git_dir / "info" / "sparse-checkout") if _sparse(configuration) else None,
        cone=configuration.flag("core.sparsecheckoutcone", default=True),
        excludes=_content(info / "exclude") or b"",
        global_excludes=_users_file(configuration, "core.excludesfile", environ, "ignore"),
        attributes=_content(info / "attributes") or b"",
        global_attributes=_users_file(configuration, "core.attributesfile", environ, "attributes"),
        lfs=configuration.value("filter.lfs.clean") is not None and _has_lfs(environ),
        missing=any(setting.name.endswith(".promisor") for setting in configuration.below("remote."))
        or configuration.value("extensions.partialclone") is not None,
    )


def absolute_path(environ: Mapping[str, str]) -> str:
    """Return the search path for programs without relative folders: those would be looked up in the worktree."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())


def _word(value: str) -> str:
    lower = value.strip().lower()
    return "true" if lower in _TRUE else "false" if lower in _FALSE else lower


def _sparse(configuration: Configuration) -> bool:
    return configuration.flag("core.sparsecheckout")


def _has_lfs(environ: Mapping[str, str]) -> bool:
    return shutil.which("git-lfs", path=absolute_path(environ)) is not None


def _users_file(configuration: Configuration, key: str, environ: Mapping[str, str], name: str) -> bytes:
    home = environ.get("HOME", "")
    chosen = configuration.value(key)
    if chosen is None:
        config_home = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
        chosen = f"{config_home}/git/{name}" if config_home else ""
    elif chosen == "~" or chosen.startswith("~/"):
        chosen = home + chosen[1:]
    # A relative one would be looked up in the worktree, which is no place for the user's own settings.
    return (_content(Path(chosen)) or b"") if Path(chosen).is_absolute() else b""


def _content(file: Path) -> bytes | None:
    with translated_os_errors(f"read {file}"):
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
