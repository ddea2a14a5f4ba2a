"""The layers of the house, as its import-linter contracts have them."""

from __future__ import annotations

import subprocess
import sys
from graphlib import TopologicalSorter

import grimp
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


def test_no_module_needs_itself() -> None:
    # Imports inside functions count too: a cycle that is dodged is a cycle.
    graph = grimp.build_graph("logist_ci", cache_dir=None, exclude_type_checking_imports=True)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(needs).prepare()


@pytest.mark.parametrize("module", ["logist_ci.cli.main", "logist_ci.testing.plugin"])
def test_nothing_heavy_is_imported_at_the_start(module: str) -> None:
    program = f"import sys, {module}; print(*sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("", "")
