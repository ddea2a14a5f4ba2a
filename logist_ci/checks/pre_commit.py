"""The repository's own pre-commit hooks, configured as of the base commit, on the changed files.

The configuration is the base's because a job could otherwise switch off what it is measured by.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from logist_ci.checks.base import CheckCommand, CheckContext, plain_result
from logist_ci.errors import ConfigError, LogistError, MissingError
from logist_ci.job.manifest import CheckResult, CheckSpec
from logist_ci.process.files import write_atomically

__all__ = ["CONFIG_FILE", "PreCommitCheck"]

CONFIG_FILE = ".pre-commit-config.yaml"

# Far below what a kernel accepts for one command line, environment included.
_BATCH_BYTES = 100_000


class PreCommitCheck:
    """Runs ``pre-commit`` with the base's configuration.

    ``environ`` is the user's environment: where the program is, and where its cache of installed hooks
    lies, which has to outlive the job's private HOME. ``beside`` is a folder to look in, too: one virtual
    environment may hold both programs without being activated.
    """

    kind = "pre_commit"

    def __init__(self, environ: Mapping[str, str], *, beside: Path | None = None) -> None:
        self._environ = environ
        self._beside = beside or Path(sys.executable).parent

    def plan(self, spec: CheckSpec, context: CheckContext) -> tuple[CheckCommand, ...]:
        """Return one command for each batch of the changed files that are still there.

        Raises:
            ConfigError: the base has no hook configuration.
            MissingError: pre-commit is not installed.
        """
        config = context.base_file(CONFIG_FILE)
        if config is None:
            raise ConfigError(
                f"The check {spec.name!r} runs pre-commit, and the base commit has no {CONFIG_FILE}.",
                hint="Commit one first, or take pre-commit out of `checks`.",
            )
        files = [path for path in context.changed if os.path.lexists(context.workspace / path)]
        if not files:
            return ()
        _check_names(files)
        program = self._program()
        own_copy = context.scratch / "pre-commit-config.yaml"
        write_atomically(own_copy, config)
        first = (program, "run", "--config", str(own_copy), "--color", "never", "--show-diff-on-failure", "--files")
        env = {"PRE_COMMIT_HOME": str(self._cache())}
        return tuple(CheckCommand(spec.name, (*first, *batch), env) for batch in _batches(files))

    def report(self, spec: CheckSpec, exit_status: int | None, output: bytes) -> CheckResult:
        """Return a good result for status 0: every hook passed and none changed a file."""
        return plain_result(spec, exit_status, output)

    def _program(self) -> str:
        search = os.pathsep.join([self._environ.get("PATH", os.defpath), str(self._beside)])
        found = shutil.which("pre-commit", path=search)
        if found is None:
            raise MissingError(
                "The program pre-commit is not installed, and a check needs it.",
                hint="Install it with: pipx install pre-commit   or take pre-commit out of `checks`.",
            )
        return found

    def _cache(self) -> Path:
        configured = self._environ.get("PRE_COMMIT_HOME")
        if configured:
            return Path(configured)
        home = Path(self._environ.get("HOME", "/"))
        return Path(self._environ.get("XDG_CACHE_HOME") or home / ".cache") / "pre-commit"


def _check_names(files: Sequence[str]) -> None:
    """Refuse names that pre-commit cannot hand on; leaving them out would leave them unchecked."""
    for path in files:
        if path.startswith("-"):
            why = "hooks would take its name for an option"
        elif any("\udc80" <= sign <= "\udcff" for sign in path):
            why = "its name is not UTF-8, on which pre-commit itself fails"
        else:
            continue
        raise LogistError(
            f"The file {path!r} cannot be checked: {why}.", hint="Rename it, or take pre-commit out of `checks`."
        )


def _batches(files: Sequence[str]) -> Iterator[tuple[str, ...]]:
    batch: list[str] = []
    size = 0
    for path in files:
        length = len(os.fsencode(path)) + 1
        if batch and size + length > _BATCH_BYTES:
            yield tuple(batch)
            batch, size = [], 0
        batch.append(path)
        size += length
    yield tuple(batch)
