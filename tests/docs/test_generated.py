from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

from logist_ci.job.reference import states_page

ROOT = Path(__file__).parents[2]


def test_generated_pages_are_what_the_code_says() -> None:
    outdated = runpy.run_path(str(ROOT / "docs" / "generate.py"))["outdated"]()
    assert outdated == [], "run: python docs/generate.py"


def test_the_generator_says_what_is_outdated_and_mends_it(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "generate.py").write_bytes((ROOT / "docs" / "generate.py").read_bytes())
    (docs / "config.md").write_bytes((ROOT / "docs" / "config.md").read_bytes())
    (docs / "states.md").write_text("# Something else\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, docs / "generate.py", *arguments],
            capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    checked = run("--check")
    assert checked.returncode == 1, checked.stderr
    assert "docs/states.md" in checked.stdout.splitlines()
    assert (docs / "states.md").read_text() == "# Something else\n"
    assert run().returncode == 0
    assert (docs / "states.md").read_text() == states_page()
    assert run("--check").stdout == ""
