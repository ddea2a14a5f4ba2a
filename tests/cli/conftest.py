"""The command line is tried in this process: words in, status and what was printed out."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logist_ci.cli.execute import execute
from logist_ci.cli.stopping import Stopper
from logist_ci.cli.terminal import Terminal
from logist_ci.testing import GitSandbox


class Screen(io.StringIO):
    """A stream that says it is a terminal, or that it is none."""

    def __init__(self, text: str = "", *, tty: bool = False) -> None:
        super().__init__(text)
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty


@dataclass(frozen=True)
class Ran:
    """What a command line brought."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ran]


def run_cli(
    *words: str,
    at: Path,
    environ: Mapping[str, str],
    stdin: str = "",
    tty: bool = False,
    stopper: Stopper | None = None,
) -> Ran:
    streams = Screen(stdin, tty=tty), Screen(tty=tty), Screen(tty=tty)
    terminal = Terminal(*streams, environ={"TERM": "dumb", **environ})
    status = execute(words, terminal, directory=at, stopper=stopper)
    return Ran(status, streams[1].getvalue(), streams[2].getvalue())


@pytest.fixture
def cli(repo: GitSandbox) -> Cli:
    """Run a command line in the repository ``repo``."""

    def run(*words: str, at: Path | None = None, environ: Mapping[str, str] | None = None, **more: Any) -> Ran:
        return run_cli(*words, at=at or repo.path, environ={**repo.environ, **(environ or {})}, **more)

    return run


def succeeded(ran: Ran) -> Ran:
    """Return ``ran``, which must have ended with status 0."""
    assert ran.status == 0, ran
    return ran
