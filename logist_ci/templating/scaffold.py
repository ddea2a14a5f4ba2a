"""Scaffolds: folders of templates that become the first files of a project.

Names of files and folders are templates as well. A file that ends in ``.j2`` is rendered, any
other is copied. A title may be anything: what becomes a name is made of it here.
"""

from __future__ import annotations

import keyword
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from logist_ci.errors import TemplateError
from logist_ci.job.ids import slug
from logist_ci.templating.filters import encodable, line
from logist_ci.templating.render import Templates, shipped

__all__ = ["TITLE_LENGTH", "kinds", "scaffold", "scaffold_values"]

#: Titles are cut at this many characters.
TITLE_LENGTH = 120

_FOLDER = "scaffolds"
_RENDERED = ".j2"
# A module of ours with one of these names would hide the one that the project itself needs.
_TAKEN = sys.stdlib_module_names | {"discord", "hatchling", "pytest", "src", "tests"}


def kinds() -> tuple[str, ...]:
    """Return the kinds of project that can be scaffolded."""
    return tuple(sorted(entry.name for entry in (shipped() / _FOLDER).iterdir() if entry.is_dir()))


def scaffold_values(title: str, description: str = "") -> dict[str, str]:
    """Return what a scaffold is made with: ``title``, ``description``, and ``slug`` and ``module`` as names of both."""
    shown = line(title)[:TITLE_LENGTH].strip() or "Untitled"
    name = slug(shown)
    module = name.replace("-", "_")
    if not module.isidentifier() or keyword.iskeyword(module) or module in _TAKEN:
        name, module = f"project-{name}", f"project_{module}"
    return {"title": shown, "description": encodable(description).strip() or shown, "slug": name, "module": module}


def scaffold(kind: str, values: Mapping[str, str], templates: Templates | None = None) -> dict[str, bytes]:
    """Return the files of a new project: relative paths and contents.

    Args:
        kind: One of :func:`kinds`.
        values: ``title``, and ``description`` or nothing; what a template asks for besides can be added.
        templates: Where to look files up; the shipped ones when missing.

    Raises:
        TemplateError: there is no such kind, or a template fails.
    """
    if kind not in kinds():
        raise TemplateError(f"There is no scaffold called {kind!r}.", hint=f"There are: {', '.join(kinds())}.")
    chosen = templates or Templates()
    complete = {**values, **scaffold_values(values.get("title", ""), values.get("description", ""))}
    return dict(sorted(_files(f"{_FOLDER}/{kind}", complete, chosen)))


def _files(folder: str, values: Mapping[str, str], templates: Templates) -> Iterator[tuple[str, bytes]]:
    root = shipped() / folder
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root).as_posix()
        if not file.is_file() or "__pycache__" in relative:
            continue
        name = f"{folder}/{relative}"
        path = _path(relative.removesuffix(_RENDERED), values, templates)
        yield path, templates.render(name, values).encode() if name.endswith(_RENDERED) else templates.source(name)


def _path(relative: str, values: Mapping[str, str], templates: Templates) -> str:
    path = templates.render_text(relative, values, name=f"name of {relative}") if "{" in relative else relative
    parts = path.split("/")
    if any(part in ("", ".", "..", ".git") for part in parts) or not path.isprintable():
        raise TemplateError(f"The name {relative!r} of a file in a scaffold becomes {path!r}, which is not a path.")
    return Path(*parts).as_posix()
