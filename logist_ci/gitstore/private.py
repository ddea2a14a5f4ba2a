"""A private git directory: how we run git on files that an agent has touched.

Its configuration is written here, line by line; it has no hooks, no filters but git-lfs, no system or
global settings, no replaced objects and an index of its own. Nothing that an agent can write decides
which programs git starts.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from logist_ci.errors import StoreError
from logist_ci.gitstore.checkout_settings import CheckoutSettings, absolute_path
from logist_ci.gitstore.repository import Repository
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.process.files import translated_os_errors

__all__ = ["PrivateGit", "Setup", "private_git", "quoted"]

#: Checking out or adding a very large tree on a slow disk may take a while, but not for ever.
_TIMEOUT_S = 3600.0
_OUTPUT_BYTES = 1 << 30

_ALWAYS = (
    ("core.bare", "false"),
    ("core.hookspath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.logallrefupdates", "false"),
    ("core.safecrlf", "false"),
    # Names that would be a git directory on another system are refused on this one, too.
    ("core.protecthfs", "true"),
    ("core.protectntfs", "true"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("index.version", "2"),
    ("index.sparse", "false"),
    ("submodule.recurse", "false"),
)
_LFS = (
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
    ("filter.lfs.required", "true"),
    # What cannot be downloaded stays a pointer, rather than that nothing works.
    ("lfs.skipdownloaderrors", "true"),
)
# An agent's .lfsconfig may name any place; a setting wins over it.
_LFS_LOCAL = [("lfs.url", "file:///dev/null/nowhere"), ("lfs.transfer.maxretries", "1")]


@dataclass(frozen=True)
class Setup:
    """What a private git directory is made for.

    ``attributes`` become ``info/attributes``, which win over those in the worktree. ``extra`` are more
    settings, and ``network`` lets git reach the user's remotes with the user's own settings: only for
    what happens before an agent has run. With ``quarantine`` new objects stay in the private directory.
    """

    worktree: Path | None = None
    settings: CheckoutSettings = field(default_factory=CheckoutSettings)
    attributes: bytes = b""
    extra: Sequence[tuple[str, str]] = ()
    network: bool = False
    quarantine: bool = False


@dataclass(frozen=True)
class PrivateGit:
    """A private git directory while it exists: ``folder``, its ``index``, and git run with it."""

    folder: Path
    index: Path
    cwd: Path
    env: Mapping[str, str] = field(repr=False)

    def use_attributes(self, attributes: bytes) -> None:
        """Let ``attributes`` win over those in the worktree from now on."""
        with translated_os_errors(f"write the private git directory {self.folder}"):
            _write(self.folder / "info" / "attributes", attributes)

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        extra: Mapping[str, str] | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> Completed:
        """Run git, with ``extra`` variables, and return how it ended, whatever that was.

        Raises:
            MissingError: git is not installed.
            StoreError: it took longer than an hour; with a shorter ``timeout_s`` that is no error.
        """
        env = {**self.env, **extra} if extra else self.env
        command = Command(("git", *arguments), self.cwd, env)
        done = capture(command, stdin=stdin, timeout_s=timeout_s, output_bytes=_OUTPUT_BYTES)
        if done.timed_out and timeout_s >= _TIMEOUT_S:
            raise StoreError(f"git {arguments[0]} did not end within an hour.", hint="See what keeps the disk busy.")
        return done

    def ask(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run git and return what it printed.

        Raises:
            StoreError: it failed; the message has what it said.
        """
        done = self.run(*arguments, stdin=stdin)
        if done.returncode != 0 or done.truncated:
            said = done.stderr.decode("utf-8", "replace").strip() or f"it ended with status {done.returncode}"
            raise StoreError(f"git {arguments[0]} failed: {said}", hint="Look at: git fsck")
        return done.stdout


@contextmanager
def private_git(parent: Path, repository: Repository, setup: Setup) -> Iterator[PrivateGit]:
    """Make a private git directory in ``parent`` for the duration of the block.

    Its objects are those of ``repository``; what git writes lands there, unless ``setup`` asks for a quarantine.

    Raises:
        StoreError, MissingError: it could not be written.
    """
    with translated_os_errors(f"make a private git directory in {parent}"):
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="git-", dir=parent))
    try:
        with translated_os_errors(f"write the private git directory {folder}"):
            _fill(folder, repository, setup)
        yield PrivateGit(folder, folder / "index", setup.worktree or folder, _environment(folder, repository, setup))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def quoted(value: str) -> str:
    """Return ``value`` as git's configuration files write a string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _fill(folder: Path, repository: Repository, setup: Setup) -> None:
    settings = setup.settings
    for name in ("refs", "objects"):
        (folder / name).mkdir()
    (folder / "HEAD").write_bytes(b"ref: refs/heads/private\n")
    (folder / "config").write_bytes(_config(folder, repository, setup))
    # The repository's own patterns come last, because the last one that matches counts.
    _write(folder / "excludes", settings.global_excludes + b"\n" + settings.excludes)
    _write(folder / "attributes", settings.global_attributes)
    _write(folder / "info" / "attributes", setup.attributes)
    _write(folder / "info" / "sparse-checkout", settings.sparse or b"")
    shallow = repository.common_dir / "shallow"
    if shallow.is_file():
        shutil.copyfile(shallow, folder / "shallow")
    if setup.quarantine:
        (folder / "objects" / "pack").mkdir()
        objects = os.fsencode(quoted(os.fspath(repository.common_dir / "objects")))
        _write(folder / "objects" / "info" / "alternates", objects + b"\n")


def _config(folder: Path, repository: Repository, setup: Setup) -> bytes:
    lines = [
        *_ALWAYS,
        *setup.settings.lines(),
        ("core.excludesfile", os.fspath(folder / "excludes")),
        ("core.attributesfile", os.fspath(folder / "attributes")),
        *_protocol(setup),
        *([("core.worktree", os.fspath(setup.worktree))] if setup.worktree else []),
        *setup.extra,
    ]
    if setup.settings.lfs:
        # What git-lfs keeps has to outlive this directory, and to be found where the user's git looks for it.
        lines += [*_LFS, ("lfs.storage", os.fspath(repository.common_dir / "lfs"))]
        lines += [] if setup.network else _LFS_LOCAL
    version = 1 if any(key.startswith("extensions.") for key, _ in lines) else 0
    text = "".join(f"{_section(key)}\n\t{key.rpartition('.')[2]} = {quoted(value)}\n" for key, value in lines)
    return os.fsencode(f"[core]\n\trepositoryformatversion = {version}\n{text}")


def _protocol(setup: Setup) -> list[tuple[str, str]]:
    return [] if setup.network else [("protocol.allow", "never")]


def _section(key: str) -> str:
    section, _, rest = key.partition(".")
    subsection = rest.rpartition(".")[0]
    return f"[{section} {quoted(subsection)}]" if subsection else f"[{section}]"


def _environment(folder: Path, repository: Repository, setup: Setup) -> dict[str, str]:
    objects = folder / "objects" if setup.quarantine else repository.common_dir / "objects"
    private = {
        "PATH": absolute_path(repository.environ),
        "LC_ALL": "C",
        "LANGUAGE": "C",
        "GIT_DIR": os.fspath(folder),
        "GIT_WORK_TREE": os.fspath(setup.worktree or folder),
        "GIT_INDEX_FILE": os.fspath(folder / "index"),
        "GIT_OBJECT_DIRECTORY": os.fspath(objects),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
    }
    if setup.network:
        return {**repository.environ, **private}
    return {
        **private,
        "HOME": os.fspath(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
    }


def _write(file: Path, data: bytes) -> None:
    if data.strip():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
