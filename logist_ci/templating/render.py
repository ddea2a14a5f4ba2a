"""Renders templates: the shipped ones, each of which a file in ``.logist/templates/`` may replace.

All run in jinja2's sandbox with undefined names being errors, because some come from a repository.
The sandbox keeps templates from reaching Python; it does not keep them from taking long.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import logist_ci
from logist_ci.errors import LogistError, MissingError, TemplateError
from logist_ci.process.files import read_below
from logist_ci.templating.filters import FILTERS

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

__all__ = ["TEMPLATE_BYTES", "Templates", "environment", "shipped", "translated"]

#: No template of ours comes near this size; a larger one is not read.
TEMPLATE_BYTES = 1_000_000

_Load = Callable[[str], tuple[str, str, Callable[[], bool]] | None]


def shipped() -> Path:
    """Return the folder of the templates that Logist CI ships.

    Raises:
        MissingError: the installation is incomplete.
    """
    package = Path(logist_ci.__file__).parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "scaffolds").is_dir():
            return folder
    raise MissingError(
        "The templates of Logist CI are not where they were installed.",
        hint="Install it again: pip install --force-reinstall logist-ci",
    )


class Templates:
    """Finds and renders templates; ``overrides`` is a folder whose files win over the shipped ones."""

    def __init__(self, overrides: Path | None = None) -> None:
        self._overrides = overrides

    def render(self, name: str, values: Mapping[str, object]) -> str:
        """Return the template ``name`` (such as ``report.md.j2``) filled in with ``values``.

        Raises:
            TemplateError: there is no such template, it is malformed, or it fails; with file and line.
        """
        with translated(name):
            return self._environment.get_template(name).render(values)

    def render_text(self, text: str, values: Mapping[str, object], *, name: str) -> str:
        """Return the template ``text`` filled in; ``name`` is what messages call it, and decides on escaping for HTML.

        Raises:
            TemplateError: it is malformed, or fails.
        """
        chosen = environment(lambda wanted: (text, name, lambda: True) if wanted == name else self._load(wanted))
        with translated(name):
            return chosen.get_template(name).render(values)

    def source(self, name: str) -> bytes:
        """Return the template ``name`` as it stands.

        Raises:
            TemplateError: there is none, or it cannot be read.
        """
        if self._overrides is not None:
            try:
                return read_below(self._overrides, name, TEMPLATE_BYTES)
            except FileNotFoundError:
                pass  # not replaced
            except LogistError as defect:
                raise TemplateError(f"The template {name} cannot be read. {defect}") from defect
        file = shipped() / name
        # A template may include another by name: "/etc/passwd" is a name as well.
        if not _is_inside(name) or not file.is_file():
            raise TemplateError(f"There is no template {name!r}.", hint=f"The shipped ones are in {shipped()}.")
        return file.read_bytes()

    @cached_property
    def _environment(self) -> SandboxedEnvironment:
        return environment(self._load)

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]]:
        try:
            text = self.source(name).decode("utf-8")
        except UnicodeDecodeError as defect:
            raise TemplateError(f"The template {name} is not UTF-8: {defect}.") from defect
        return text, name, lambda: True


def _is_inside(name: str) -> bool:
    return "\0" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


def environment(load: _Load) -> SandboxedEnvironment:
    """Return the jinja2 environment in which templates run; ``load`` finds them."""
    from jinja2 import FunctionLoader, StrictUndefined  # late: most commands render nothing
    from jinja2.sandbox import SandboxedEnvironment

    made = SandboxedEnvironment(
        loader=FunctionLoader(load),
        autoescape=lambda name: (
            bool(name) and str(name).removesuffix(".j2").endswith((".html", ".htm", ".xml", ".svg"))
        ),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    return made


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn whatever a template can raise into a :class:`TemplateError` that names file and line."""
    from jinja2 import TemplateSyntaxError
    from jinja2.exceptions import TemplateError as Failure

    try:
        yield
    except TemplateSyntaxError as defect:
        raise TemplateError(
            f"The template {defect.name or name} is malformed: line {defect.lineno}: {defect.message}."
        ) from defect
    except (
        Failure,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RecursionError,
        TypeError,
        ValueError,
    ) as defect:
        raise TemplateError(f"The template {_place(name, defect)} failed: {str(defect).rstrip('.')}.") from defect


def _place(name: str, defect: BaseException) -> str:
    # jinja2 gives its frames the template's name and lines.
    frames = traceback.extract_tb(defect.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == name), None)
    return f"{name}, line {line}," if line else name
