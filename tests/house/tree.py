"""The project as the house's tests read it: parsed once, never imported."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path
    text: str
    tree: ast.Module

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def lines(self) -> int:
        return self.text.count("\n")

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def at(self, node: ast.stmt | ast.expr | ast.excepthandler) -> str:
        return f"{self}:{node.lineno}"


@cache
def sources(folder: str) -> tuple[Source, ...]:
    """Return every Python file below ``folder``."""
    files = sorted((ROOT / folder).rglob("*.py"))
    texts = {file: file.read_text(encoding="utf-8") for file in files if "__pycache__" not in file.parts}
    return tuple(Source(file, text, ast.parse(text)) for file, text in texts.items())


def length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


@cache
def tracked() -> dict[str, str]:
    """Return the text of every file that git tracks or would track, by name; empty outside a repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    names = listed.stdout.decode().split("\0") if listed.returncode == 0 else []
    files = [name for name in names if name and (ROOT / name).is_file()]
    return {name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in files}
