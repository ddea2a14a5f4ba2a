"""The program as a user has it, with a throw-away home."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.acceptance.program import Program


@pytest.fixture
def environ(git_env: dict[str, str]) -> dict[str, str]:
    # Tools that tests run as agents or checks (ruff, pytest) stand beside the interpreter.
    tools = str(Path(sys.executable).parent)
    return {**git_env, "PATH": os.pathsep.join((tools, git_env["PATH"]))}


@pytest.fixture
def logist(environ: dict[str, str]) -> Program:
    return Program(environ)
