"""Recipes: committed Markdown files, front matter above and a prompt template below.

::

    ---
    title: Update the dependencies
    agent: claude
    limits: {wall: 20m}
    checks: [pytest -q, pre-commit]
    variables:
      package: null        # has to be given: --var package=…
      style: careful       # has a default
    ---
    Update {{ package }} to its newest version. Be {{ style }}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from logist_ci.errors import LogistError, TemplateError
from logist_ci.job.manifest import CheckSpec, Phase
from logist_ci.process.files import read_below
from logist_ci.templating.front_matter import Entry, defect_at, front_matter
from logist_ci.templating.recipe_keys import READERS
from logist_ci.templating.render import Templates

__all__ = ["RECIPES", "RECIPE_BYTES", "Recipe", "find", "names", "parse"]

#: Where recipes are, below the main worktree.
RECIPES = ".logist/recipes"
RECIPE_BYTES = 256_000


@dataclass(frozen=True)
class Recipe:
    """A recipe as it was read; what it does not say is empty or ``None``.

    ``variables`` are what the prompt can be given, each with its default or ``None`` when it has none.
    """

    name: str
    path: str
    title: str = ""
    agent: str = ""
    runtime: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[CheckSpec, ...] = ()
    phases: tuple[Phase, ...] = ()
    artifacts: tuple[str, ...] = ()
    approval: bool | None = None
    variables: Mapping[str, str | None] = field(default_factory=dict)
    body: str = ""

    def prompt(self, values: Mapping[str, str]) -> str:
        """Return the prompt with ``values`` filled in.

        Raises:
            TemplateError: a variable is missing or unknown, or the body is malformed.
        """
        unknown = [name for name in values if name not in self.variables]
        if unknown:
            known = ", ".join(self.variables) or "none"
            raise TemplateError(
                f"The recipe {self.name} has no variable {unknown[0]!r}.", hint=f"Its variables are: {known}."
            )
        complete = {**self.variables, **values}
        missing = [name for name, value in complete.items() if value is None]
        if missing:
            options = " ".join(f"--var {name}=…" for name in missing)
            raise TemplateError(f"The recipe {self.name} needs {', '.join(missing)}.", hint=f"Add: {options}")
        return Templates().render_text(self.body, complete, name=self.path).strip()


def names(root: Path) -> tuple[str, ...]:
    """Return the names of the recipes below ``root``."""
    folder = root / RECIPES
    return tuple(sorted(file.stem for file in folder.glob("*.md"))) if folder.is_dir() else ()


def find(root: Path, name: str) -> Recipe:
    """Return the recipe called ``name`` below ``root``.

    Raises:
        TemplateError: there is none, or it is malformed.
    """
    path = f"{RECIPES}/{name}.md"
    try:
        data = read_below(root, path, RECIPE_BYTES)
    except FileNotFoundError as missing:
        known = names(root)
        close = get_close_matches(name, known, 1)
        there = f"There are: {', '.join(known)}." if known else f"Recipes are Markdown files in {RECIPES}/."
        hint = f"Did you mean {close[0]}?" if close else there
        raise TemplateError(f"There is no recipe called {name!r}.", hint=hint) from missing
    except LogistError as defect:
        raise TemplateError(f"The recipe {name!r} cannot be read. {defect}") from defect
    return parse(data, name, path=path)


def parse(data: bytes, name: str, *, path: str = "") -> Recipe:
    """Return the recipe in ``data``; ``path`` is what messages call its file.

    Raises:
        TemplateError: it is not a recipe; the message names file and line.
    """
    shown = path or f"{RECIPES}/{name}.md"
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as defect:
        raise TemplateError(f"The recipe {shown} is not UTF-8: {defect}.") from defect
    entries, body, above = front_matter(text, shown)
    read = {key: _read(key, entry, shown) for key, entry in entries.items()}
    if not body.strip():
        raise TemplateError(f"The recipe {shown} has no prompt.", hint="Write it below the front matter.")
    # Blank lines stand for the front matter, so that errors in the prompt name lines of the file.
    return Recipe(name=name, path=shown, body="\n" * above + body, **read)


def _read(key: str, entry: Entry, path: str) -> Any:
    if key not in READERS:
        close = get_close_matches(key, READERS, 1)
        hint = f"Did you mean {close[0]}?" if close else f"A recipe knows: {', '.join(READERS)}."
        raise defect_at(path, entry.line, f"there is no key {key!r}", hint=hint)
    try:
        return READERS[key](entry.value)
    except (LogistError, ValueError) as defect:
        hint = defect.hint if isinstance(defect, LogistError) else ""
        raise defect_at(path, entry.line, f"`{key}`: {defect}", hint=hint) from defect
