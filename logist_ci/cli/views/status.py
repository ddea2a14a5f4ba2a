"""Everything about one job."""

from __future__ import annotations

from datetime import datetime

from logist_ci.cli.terminal import Palette
from logist_ci.cli.views.results import change_line, check_line, painted
from logist_ci.cli.wording import ago, duration, moment, printable, size, table
from logist_ci.lifecycle.show import Detail, LimitUse

__all__ = ["amount", "status_page"]


def status_page(detail: Detail, now: datetime, palette: Palette) -> str:
    """Return a page about a job: where it is, what it used, what it made, and what to do next."""
    manifest = detail.manifest
    rows = [
        ("state", _state(detail, palette)),
        ("why", _blocked(detail)),
        ("title", printable(manifest.title)),
        ("made", f"{moment(manifest.created_at)} ({ago(manifest.created_at, now)})"),
        ("by", printable(manifest.created_by)),
        ("agent", f"{manifest.spec.agent.name} on {manifest.spec.runtime}"),
        ("branch", f"{manifest.source.branch} from {manifest.source.base_ref or 'a detached HEAD'}"
                   f" at {manifest.source.base_commit[:10]}"),
        ("way", " → ".join(detail.milestones)),
        ("worktree", detail.facts.workspace or "none"),
        ("artifacts", detail.facts.output or ""),
        ("disk", size(detail.facts.disk_bytes or 0)),
        ("result", change_line(manifest)),
        ("checks", "\n".join(check_line(manifest, palette))),
        ("findings", "\n".join(f"{each.code} {printable(each.message)}" for each in detail.findings)),
        ("summary", printable(manifest.result.summary)),
        ("attempts", table([_try(detail, position) for position in range(len(detail.tries))])),
        ("limits", table([_limit(use) for use in detail.limits if use.used is not None or use.allowed is not None])),
        ("next", "\n".join(detail.next)),
    ]  # fmt: skip
    return "\n".join([palette.bold(manifest.id), *(_field(name, text, palette) for name, text in rows if text)])


def amount(value: float | None, unit: str) -> str:
    """Return an amount with its unit; ``None`` is unknown."""
    if value is None:
        return "?"
    if unit == "s":
        return duration(value)
    if unit == "bytes":
        return size(value)
    return f"${value:.2f}" if unit == "usd" else f"{value:,.0f}"


def _state(detail: Detail, palette: Palette) -> str:
    manifest = detail.manifest
    text = painted(manifest.state, detail.shown, palette)
    if manifest.wanted:
        text += f" ({manifest.wanted} asked for)"
    if manifest.not_before:
        text += f" (not before {moment(manifest.not_before)})"
    if manifest.spec.needs:
        text += f" (needs {', '.join(manifest.spec.needs)})"
    allowed = manifest.spec.limits.attempts
    # A person may ask for more than the limit allows.
    of_all = f" of {allowed}" if manifest.attempt <= allowed else ""
    return f"{text} in {manifest.phase.value}, attempt {manifest.attempt}{of_all}"


def _blocked(detail: Detail) -> str:
    blocked = detail.manifest.blocked
    return f"{printable(blocked.reason)}\n{printable(blocked.remedy)}" if blocked else ""


def _try(detail: Detail, position: int) -> list[str]:
    attempt = detail.tries[position]
    ended = attempt.attempt.verdict or "running"
    took = duration(attempt.attempt.duration_ms / 1000) if attempt.attempt.duration_ms is not None else ""
    protection = attempt.attempt.protection
    return [
        attempt.phase.value, str(attempt.number), attempt.agent, ended, took, protection.runtime if protection else "",
    ]  # fmt: skip


def _limit(use: LimitUse) -> list[str]:
    allowed = amount(use.allowed, use.unit) if use.allowed is not None else "unlimited"
    share = f"{use.used / use.allowed:.0%}" if use.used is not None and use.allowed else ""
    return [use.name, amount(use.used, use.unit), "of", allowed, share]


def _field(name: str, text: str, palette: Palette) -> str:
    first, *others = text.splitlines()
    return "\n".join([f"  {palette.dim(f'{name:<10}')} {first}", *(f"  {'':<10} {other}" for other in others)])
