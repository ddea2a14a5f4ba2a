"""How a run, a decision or an application ended, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from logist_ci.cli.terminal import Palette
from logist_ci.cli.wording import count, duration, printable
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.lifecycle.show import Facts, detail

__all__ = ["change_line", "check_line", "decided", "ended", "painted"]

_GOOD = (State.SUCCESS,)
_BAD = (State.INTERVENTION_REQUIRED, State.CANCELED)
_WAITS = (State.APPROVAL_REQUIRED, State.SUSPENDED, State.DRAFT)


def painted(state: State, text: str, palette: Palette) -> str:
    """Return ``text`` in the colour of a state."""
    if state in _GOOD:
        return palette.good(text)
    if state in _BAD:
        return palette.bad(text)
    return palette.waiting(text) if state in _WAITS else palette.busy(text)


def decided(manifest: Manifest, now: datetime, palette: Palette) -> str:
    """Return where a job is after a decision, and the command that leads on."""
    if manifest.wanted:
        return f"{manifest.id}: asked its owner to {manifest.wanted} it; see: logist-ci status {manifest.id}"
    leads = detail(manifest, Facts(), now).next
    return f"{manifest.id}: {painted(manifest.state, manifest.state.value, palette)}   next: {leads[0]}"


def ended(manifest: Manifest, now: datetime, palette: Palette) -> str:
    """Return what came of a job."""
    shown = detail(manifest, Facts(), now)
    lines = [
        f"{palette.bold(manifest.id)}  {painted(manifest.state, manifest.state.value, palette)}  {_spent(manifest)}",
        f"  {change_line(manifest)}",
        *(f"  {row}" for row in check_line(manifest, palette)),
        *(f"  {palette.waiting(finding.code)} {printable(finding.message)}" for finding in manifest.result.findings),
        *(f"  artifact {artifact.path} ({count(artifact.bytes, 'byte')})" for artifact in manifest.result.artifacts),
    ]
    told = manifest.blocked.reason if manifest.blocked else ""
    if manifest.result.summary and manifest.result.summary not in told:
        lines += [f"  {row}" for row in printable(manifest.result.summary).splitlines()[:12]]
    if manifest.blocked is not None:
        lines += [f"  {palette.bad('Why:')} {printable(row)}" for row in _paragraph(manifest.blocked.reason)]
        lines += [f"  What to do: {printable(manifest.blocked.remedy)}"]
    else:
        lines += [f"  Next: {'   '.join(shown.next)}"]
    return "\n".join(lines)


def change_line(manifest: Manifest) -> str:
    """Return how much a job changed, and on which branch."""
    result = manifest.result
    if result.head is None or not result.files:
        return "no changes"
    return (
        f"{count(result.files, 'file')} changed, +{result.insertions} -{result.deletions}, "
        f"on branch {manifest.source.branch}"
    )


def check_line(manifest: Manifest, palette: Palette) -> Sequence[str]:
    """Return how each check ended; a job without checks is called what it is."""
    if manifest.result.checks:
        return [
            f"{palette.good('ok') if check.ok else palette.bad('failed')}  {printable(check.name)}"
            f"  ({duration(check.duration_ms / 1000)})"
            for check in manifest.result.checks
        ]
    if not manifest.spec.checks:
        return [palette.waiting("not checked")]
    return ["checks have not run"]


def _spent(manifest: Manifest) -> str:
    tries = "1 attempt" if manifest.attempt == 1 else f"{manifest.attempt} attempts"
    return f"{tries}, {duration(manifest.usage.wall_s)}"


def _paragraph(text: str) -> list[str]:
    return text.strip().splitlines()[:12] or [""]
