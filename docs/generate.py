"""Writes the pages that are made from the code: ``python docs/generate.py``. A test compares them.

With ``--check`` nothing is written, and the status is 1 when a page is not what the code says.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from logist_ci.cli import reference as cli
from logist_ci.config import reference as config
from logist_ci.gate import page as rules
from logist_ci.job import reference as job

DOCS = Path(__file__).parent


def pages() -> Mapping[str, str]:
    """Return the text of every generated page by its name in ``docs/``."""
    return {
        "states.md": job.states_page(),
        "manifest.md": job.manifest_page(),
        "rules.md": rules.page(),
        "job_manifest.schema.json": job.schema_document(),
        "cli.md": cli.cli_page(),
        "config.md": _with_part(DOCS / "config.md", config.BEGIN, config.END, config.reference_table()),
    }


def outdated() -> list[str]:
    """Return the names of the pages that are missing or not what the code says."""
    return [name for name, text in pages().items() if not (DOCS / name).exists() or _read(DOCS / name) != text]


def main(arguments: list[str]) -> int:
    """Write or check the pages, and return the exit status."""
    changed = outdated()
    if "--check" not in arguments:
        for name in changed:
            (DOCS / name).write_text(pages()[name], encoding="utf-8")
    for name in changed:
        sys.stdout.write(f"docs/{name}\n")
    return 1 if changed and "--check" in arguments else 0


def _with_part(file: Path, begin: str, end: str, part: str) -> str:
    """Return the text of ``file`` with everything from ``begin`` to ``end`` replaced by ``part``, which has both."""
    before, _, rest = _read(file).partition(begin)
    return before + part.rstrip("\n") + rest.partition(end)[2]


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
