"""What a cleanup would remove, has removed, and keeps, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from logist_ci.cli.terminal import Palette
from logist_ci.cli.wording import printable
from logist_ci.lifecycle.cleanup.decisions import CleanupPlan, Kept, Removal
from logist_ci.lifecycle.cleanup.execute import CleanupReport

__all__ = ["plan_page", "report_page"]


def plan_page(plan: CleanupPlan, palette: Palette) -> str:
    """Return what a cleanup would do."""
    lines: list[str] = []
    for job in plan.jobs:
        lines += _section(job.id, [("would", removal, "") for removal in job.removals], palette)
    orphans = [("would", each.removal, "") for each in plan.orphans if each.removal]
    lines += _section("belonging to no job", orphans, palette)
    kept = [kept for job in plan.jobs for kept in job.kept] + [each.kept for each in plan.orphans if each.kept]
    return "\n".join([*lines, *_kept(kept, palette)]) or "There is nothing to clean up."


def report_page(report: CleanupReport, palette: Palette) -> str:
    """Return what a cleanup did."""
    lines: list[str] = []
    for target in dict.fromkeys(done.target for done in report.done):
        steps = [("", done.removal, done.saved) for done in report.done if done.target == target]
        lines += _section(target, steps, palette)
    saved = [done for done in report.done if done.saved]
    if saved:
        lines.append(f"Undo with: logist-ci restore {saved[0].target}")
    return "\n".join([*lines, *_kept(report.kept, palette)]) or "There was nothing to clean up."


def _section(title: str, steps: Sequence[tuple[str, Removal, str]], palette: Palette) -> list[str]:
    if not steps:
        return []
    return [palette.bold(printable(title)), *(_step(*step, palette) for step in steps)]


def _step(mood: str, removal: Removal, saved: str, palette: Palette) -> str:
    words = f"{mood} {removal.action.value}".strip()
    proof = f"saved as {saved}" if saved else removal.proof
    return f"  {words} {printable(removal.target)} {palette.dim(f'({printable(proof)})')}"


def _kept(kept: Sequence[Kept], palette: Palette) -> Iterator[str]:
    for each in kept:
        yield f"{palette.waiting('kept')} {printable(each.target)}: {printable(each.reason)}"
        if each.remedy:
            yield f"  {printable(each.remedy)}"
