"""The layers of the house, as its import-linter contracts have them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house.tree import ROOT

HEAVY = {"pygit2", "git", "jinja2", "re2", "yaml", "psutil", "rich", "pydantic", "textual", "github"}


def test_imports_go_one_way() -> None:
    # A process of its own: the linter reads the sources anew, and has its own idea of warnings.
    program = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["logist_ci.cli.main", "logist_ci.testing.plugin"])
def test_nothing_heavy_is_imported_at_the_start(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")
