from __future__ import annotations

import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logist_ci.app import App
from logist_ci.testing import GitSandbox

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "docs" / "examples" / "chat_bot.py"


@pytest.fixture
def bot(app: App) -> Callable[..., list[str]]:
    """Return a function that lets the example's bot handle a message, and returns what it said."""
    example: dict[str, Any] = runpy.run_path(str(PROGRAM))

    def handle(message: str, agent: str) -> list[str]:
        said: list[str] = []
        example["ChatBot"](app, said.append, agent=agent).handle("somebody", message)
        return said

    return handle


def test_the_example_is_a_program(tmp_path: Path, git_env: dict[str, str]) -> None:
    repo = GitSandbox.create(tmp_path / "new", git_env)
    repo.commit("Begin with nothing")
    done = subprocess.run(
        [sys.executable, PROGRAM, repo.path, "create a landing page for my startup"],
        env={**repo.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^Done: [1-9]\d* files changed on the branch logist/\S+\.", done.stdout, re.MULTILINE)


def test_a_failing_job_does_not_raise_into_the_chat(bot: Callable[..., list[str]]) -> None:
    said = bot("crash", "mock")
    assert re.fullmatch(r"I am at it: \S+", said[0])
    assert said[-1].startswith("I need help with ")


def test_a_request_that_makes_no_sense_is_answered(bot: Callable[..., list[str]]) -> None:
    (answer,) = bot("  ", "mock")
    assert answer.startswith("I cannot do that. There is nothing to do")


def test_an_unknown_agent_is_answered(bot: Callable[..., list[str]]) -> None:
    (answer,) = bot("Do something.", "nobody")
    assert answer.startswith("I cannot do that.")
    assert "nobody" in answer


def test_the_page_quotes_names_that_exist() -> None:
    page = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    for dotted in re.findall(r"`(logist_ci(?:\.\w+)+)", page):
        program = f"import pkgutil; pkgutil.resolve_name({dotted!r})"
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
