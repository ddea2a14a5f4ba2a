"""Where jobs keep what is not in git: one folder each, below one root for each repository."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logist_ci.errors import InvalidNameError, MissingError, RefusedError
from logist_ci.gitstore.exclusion import exclude, exclude_line
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import JobId, job_id
from logist_ci.process.files import translated_os_errors

__all__ = ["JobFolder", "JobsRoot", "Locations", "locate", "real_folder", "set_aside"]

_PRIVATE = 0o700


class Locations(Protocol):
    """Where the user wants worktrees, results and logs to be; empty: in the job's folder."""

    @property
    def work(self) -> str:
        """The folder for worktrees."""
        ...

    @property
    def output(self) -> str:
        """The folder for artifacts."""
        ...

    @property
    def log(self) -> str:
        """The folder for logs."""
        ...


@dataclass(frozen=True)
class JobFolder:
    """The folder of one job; ``work_base``, ``output_base`` and ``log_base`` are its folders elsewhere, if any."""

    id: JobId
    base: Path
    work_base: Path | None = None
    output_base: Path | None = None
    log_base: Path | None = None

    @property
    def workspace(self) -> Path:
        """The worktree."""
        return (self.work_base or self.base) / "workspace"

    @property
    def output(self) -> Path:
        """The artifacts."""
        return (self.output_base or self.base) / "output"

    @property
    def logs(self) -> Path:
        """What the job and its programs said."""
        return (self.log_base or self.base) / "logs"

    @property
    def backups(self) -> Path:
        """What was saved before something was removed."""
        return self.base / "backups"

    @property
    def shim(self) -> Path:
        """What the shim and its watchers write; no program of the job has a path to it."""
        return self.base / "shim"

    @property
    def temp(self) -> Path:
        """The scratch folder of the job's programs, gone with the job."""
        return self.base / "temp"

    @property
    def manifest_copy(self) -> Path:
        """The manifest, for people to read; the reference is the truth."""
        return self.base / "job_manifest.json"

    @property
    def local(self) -> Path:
        """The facts of this machine."""
        return self.base / "local.json"

    @property
    def job_log(self) -> Path:
        """One line for each thing that happened."""
        return self.logs / "job.log"

    @property
    def events(self) -> Path:
        """What agents reported, as JSON lines."""
        return self.logs / "events.jsonl"

    @property
    def lock(self) -> Path:
        """The kernel lock of the job's owner."""
        return self.shim / "lock"

    @property
    def exit_record(self) -> Path:
        """How the last program ended."""
        return self.shim / "exit.json"

    @property
    def request(self) -> Path:
        """What the shim was asked to run."""
        return self.shim / "request.json"

    @property
    def home(self) -> Path:
        """The HOME of the job's programs."""
        return self.temp / "home"

    @property
    def result(self) -> Path:
        """The answer that an agent may write; outside the worktree."""
        return self.temp / "result.json"

    @property
    def index(self) -> Path:
        """The private index as recorded when the worktree was made."""
        return self.shim / "index"

    @property
    def snapshot(self) -> Path:
        """What the repository looked like before the program started."""
        return self.shim / "snapshot.json"

    def log(self, phase: str, attempt: int) -> Path:
        """Return where the raw output of an attempt goes."""
        return self.logs / f"{phase}.{attempt}.log"

    def make(self) -> None:
        """Create the folder and those in it, except the worktree; what exists stays as it is.

        Raises:
            MissingError: a permission is missing, or the file system is read-only.
            StoreError: the disk is full, or refused otherwise.
        """
        for folder in (self.output, self.logs, self.backups):
            real_folder(folder, mode=0o777)
        for private in (self.shim, self.temp):
            real_folder(private)
        with translated_os_errors(f"make the folder {self.workspace.parent}"):
            self.workspace.parent.mkdir(parents=True, exist_ok=True)


def real_folder(path: Path, *, mode: int = _PRIVATE) -> None:
    """Make ``path`` a folder; what a program of the job put there instead, a link for example, is set aside.

    Raises:
        MissingError, StoreError: the disk refused.
    """
    with translated_os_errors(f"make the folder {path}"):
        if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
            set_aside(path)
        path.mkdir(mode=mode, parents=True, exist_ok=True)


def set_aside(path: Path) -> None:
    """Let nothing be at ``path``: a file goes, and whatever else is there gets another name beside it.

    Raises:
        MissingError, StoreError: the disk refused.
    """
    with translated_os_errors(f"set {path} aside"):
        try:
            path.unlink()
        except FileNotFoundError:
            return
        except (IsADirectoryError, PermissionError):  # what unlink() of a folder says differs between systems
            path.rename(path.with_name(f"{path.name}.aside-{os.urandom(4).hex()}"))


@dataclass(frozen=True)
class JobsRoot:
    """The folder of all jobs of a repository, and the folders elsewhere that the user may have chosen.

    ``exclude_file`` is the repository's ``info/exclude``, which gets ``excluded`` lines.
    """

    path: Path
    work: Path | None = None
    output: Path | None = None
    log: Path | None = None
    exclude_file: Path | None = None
    excluded: tuple[bytes, ...] = ()

    def folder(self, job: JobId) -> JobFolder:
        """Return the folder of ``job``, whether or not it exists."""
        work, output, log = (base / job if base else None for base in (self.work, self.output, self.log))
        return JobFolder(job, self.path / job, work, output, log)

    def existing(self) -> list[JobId]:
        """Return the jobs that have a folder, in order; other things in there are left out."""
        if not self.path.is_dir():
            return []
        with translated_os_errors(f"list {self.path}"), os.scandir(self.path) as entries:
            return sorted(JobId(e.name) for e in entries if _is_id(e.name) and e.is_dir(follow_symlinks=False))

    @property
    def lock_file(self) -> Path:
        """The kernel lock for what concerns all jobs: registering worktrees, say."""
        return self.path / ".lock"

    @property
    def index_file(self) -> Path:
        """The cache of all jobs' summaries."""
        return self.path / "jobs_index.json"

    def owns(self, path: Path) -> bool:
        """Whether ``path`` lies below the root, or below one of the folders elsewhere."""
        bases = [base for base in (self.path, self.work, self.output, self.log) if base]
        return any(base in path.parents for base in bases)

    def make(self) -> None:
        """Create the root where it is missing, and let git ignore it; the user's ``.gitignore`` stays as it is.

        Raises:
            RefusedError: ``.logist`` is a symbolic link.
            MissingError: a permission is missing, or the file system is read-only.
        """
        for link in (self.path.parent, self.path):
            if link.is_symlink():
                raise RefusedError(
                    f"{link} is a symbolic link, and what jobs leave there would land where it leads.",
                    hint="Remove it, or choose other folders with [paths] in logist.toml.",
                )
        with translated_os_errors(f"make the folder {self.path}"):
            self.path.mkdir(parents=True, exist_ok=True)
        if self.exclude_file is not None:
            exclude(self.exclude_file, self.excluded, self.lock_file)


def locate(repository: Repository, *, paths: Locations, environ: Mapping[str, str]) -> JobsRoot:
    """Return where the jobs of ``repository`` are kept: below its main worktree, else in the user's state folder.

    ``LOGIST_WORK_BASE``, ``LOGIST_OUTPUT_BASE`` and ``LOGIST_LOG_BASE`` win over ``paths``; relative
    ones begin at the main worktree. Nothing is created.

    Raises:
        MissingError: the repository is bare, and neither XDG_STATE_HOME nor HOME says where to go.
    """
    main = repository.main_worktree
    key = _key(repository.common_dir)
    root = main / ".logist" / "jobs" if main else _state_home(environ) / "logist-ci" / key / "jobs"
    start = main or repository.common_dir

    def elsewhere(variable: str, setting: str) -> Path | None:
        chosen = environ.get(variable) or setting
        # Several repositories may share a base, so each has a folder of its own in it.
        return Path(os.path.normpath(start / Path(chosen).expanduser())) / key if chosen else None

    bases = (
        elsewhere("LOGIST_WORK_BASE", paths.work),
        elsewhere("LOGIST_OUTPUT_BASE", paths.output),
        elsewhere("LOGIST_LOG_BASE", paths.log),
    )
    lines = [exclude_line(main, folder) for folder in (root, *bases) if folder and main]
    excluded = tuple(dict.fromkeys(line for line in lines if line))
    return JobsRoot(root, *bases, exclude_file=repository.common_dir / "info" / "exclude", excluded=excluded)


def _key(common_dir: Path) -> str:
    """Return a name for the repository that no other one on this machine has."""
    name = common_dir.parent.name if common_dir.name == ".git" else common_dir.name.removesuffix(".git")
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:40].strip("-.") or "repository"
    return f"{readable}-{hashlib.sha256(os.fsencode(common_dir)).hexdigest()[:12]}"


def _state_home(environ: Mapping[str, str]) -> Path:
    chosen = environ.get("XDG_STATE_HOME", "")
    if Path(chosen).is_absolute():
        return Path(chosen)
    if not environ.get("HOME"):
        raise MissingError(
            "The jobs of a bare repository are kept in your state folder, and neither HOME nor XDG_STATE_HOME is set.",
            hint="Set XDG_STATE_HOME to a folder of yours.",
        )
    return Path(environ["HOME"]) / ".local" / "state"


def _is_id(name: str) -> bool:
    try:
        job_id(name)
    except InvalidNameError:
        return False
    return True
