"""Configuration files: which there are, what they say, and on which line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from logist_ci.config.toml_lines import lines_of
from logist_ci.errors import ConfigError, MissingError

__all__ = [
    "CONFIG_BYTES",
    "PROJECT_FILE",
    "REPOSITORY_FILE",
    "Document",
    "Read",
    "read_document",
    "repository_document",
]

REPOSITORY_FILE = "logist.toml"
PROJECT_FILE = "pyproject.toml"
_PROJECT_TABLE = ("tool", "logist-ci")

#: A larger configuration file is a mistake, and is not read.
CONFIG_BYTES = 1_000_000

#: Returns the content of a file of the repository by its path, ``None`` when there is none.
Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Document:
    """One file: the table that is ours, and where its keys stand."""

    path: Path
    shown: str
    content: Mapping[str, object]
    lines: Mapping[str, int] = field(default_factory=dict)
    prefix: str = ""
    from_repository: bool = False

    def place(self, name: str) -> str:
        """Return where the key ``name`` stands, as ``<file>:<line>``."""
        parts = (self.prefix + name).split(".")
        known = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
        line = next((self.lines[candidate] for candidate in known if candidate in self.lines), None)
        return f"{self.shown}:{line}" if line else self.shown


def repository_document(root: Path | None, read: Read | None) -> Document | None:
    """Return what the repository's own files say, ``None`` when they say nothing.

    Raises:
        ConfigError: both ``logist.toml`` and ``pyproject.toml`` configure Logist CI, or one cannot be read.
    """
    if root is None and read is None:
        return None
    base = root or Path()
    fetch = read or (lambda name: _bytes_of(base / name))
    own, project = fetch(REPOSITORY_FILE), fetch(PROJECT_FILE)
    table = _project_document(base / PROJECT_FILE, project) if project else None
    if own is None:
        return table
    if table is not None:
        raise ConfigError(
            f"Both {REPOSITORY_FILE} and [tool.logist-ci] of {PROJECT_FILE} configure Logist CI.",
            hint="Keep one of them, so that nobody has to guess which counts.",
        )
    content, text = _parsed(own, REPOSITORY_FILE)
    return Document(base / REPOSITORY_FILE, REPOSITORY_FILE, content, lines_of(text), from_repository=True)


def read_document(path: Path, *, required: bool = False) -> Document | None:
    """Return what a file of the user's says, ``None`` when it does not exist and is not ``required``.

    Raises:
        ConfigError: it cannot be read, or is required and missing.
    """
    data = _bytes_of(path)
    if data is None:
        if required:
            raise ConfigError(f"There is no configuration file {path}.", hint="Check the path given with --config.")
        return None
    content, text = _parsed(data, str(path))
    return Document(path, str(path), content, lines_of(text))


def _project_document(path: Path, data: bytes) -> Document | None:
    # A pyproject.toml that is broken, or somebody else's business, must not stop us: a job may be about to mend it.
    if not re.search(rb"logist-ci", data):
        return None
    content, text = _parsed(data, PROJECT_FILE)
    tool = content.get(_PROJECT_TABLE[0])
    table = tool.get(_PROJECT_TABLE[1]) if isinstance(tool, Mapping) else None
    if table is None:
        return None
    prefix = ".".join(_PROJECT_TABLE) + "."
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{PROJECT_FILE}: tool.logist-ci is a table.", hint="Write [tool.logist-ci] and its keys below it."
        )
    header = re.search(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*[\"']?logist-ci", text, re.MULTILINE)
    start = header.start() if header else 0
    lines = lines_of(text[start:], text.count("\n", 0, start) + 1)
    return Document(path, PROJECT_FILE, table, lines, prefix, from_repository=True)


def _bytes_of(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            data = file.read(CONFIG_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as defect:
        raise MissingError(f"{path} cannot be read: permission denied.", hint=f"Try: chmod u+r {path}") from defect
    except OSError as defect:
        raise ConfigError(
            f"{path} cannot be read: {defect.strerror}.", hint="A configuration file is a plain file."
        ) from defect
    if len(data) > CONFIG_BYTES:
        raise ConfigError(
            f"{path} is larger than {CONFIG_BYTES} bytes.", hint="A configuration file is a few lines of TOML."
        )
    return data


def _parsed(data: bytes, shown: str) -> tuple[dict[str, object], str]:
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        return tomllib.loads(text), text
    except UnicodeDecodeError as defect:
        raise ConfigError(f"{shown} is not UTF-8 text: {defect.reason} at byte {defect.start}.") from defect
    except tomllib.TOMLDecodeError as defect:
        raise ConfigError(
            f"{shown} is not valid TOML: {defect}.", hint="See https://toml.io for the format."
        ) from defect
