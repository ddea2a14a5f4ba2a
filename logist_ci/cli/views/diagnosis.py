"""What the doctor found."""

from __future__ import annotations

from logist_ci.cli.terminal import Palette
from logist_ci.cli.wording import printable, table
from logist_ci.lifecycle.doctor import Diagnosis, Tool

__all__ = ["diagnosis_page"]


def diagnosis_page(diagnosis: Diagnosis, palette: Palette, *, everything: bool = False) -> str:
    """Return a page: what there is, and at its end what needs attention; defaults only with ``everything``."""
    settings = [
        [each.key, printable(each.value), palette.dim(each.origin)]
        for each in diagnosis.settings
        if everything or each.origin != "default"
    ]
    sections = (
        (f"Logist CI {diagnosis.version}", [_tool(tool, palette) for tool in diagnosis.tools]),
        ("Runtimes", [[each.name, printable(each.value)] for each in diagnosis.runtimes]),
        ("Agents", [[each.name, printable(each.value)] for each in diagnosis.agents]),
        ("Repository", [[each.name, printable(each.value)] for each in diagnosis.repository]),
        ("Settings", settings or [["all have their defaults; -v shows them", ""]]),
    )
    pages = [f"{palette.bold(title)}\n{table(rows, indent='  ')}" for title, rows in sections if rows]
    return "\n\n".join([*pages, _problems(diagnosis, palette)])


def _tool(tool: Tool, palette: Palette) -> list[str]:
    return [tool.name, tool.version or palette.waiting("not installed"), palette.dim(tool.note)]


def _problems(diagnosis: Diagnosis, palette: Palette) -> str:
    if not diagnosis.problems:
        return palette.good("Everything is as it should be.")
    lines = [palette.bold("Needs attention")]
    for problem in diagnosis.problems:
        paint = palette.bad if problem.level == "missing" else palette.waiting
        lines += [f"  {paint(problem.level)}: {printable(problem.what)}", f"    {printable(problem.remedy)}"]
    return "\n".join(lines)
