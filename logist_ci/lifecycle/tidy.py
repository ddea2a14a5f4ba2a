"""Takes away the workspace of a job that has ended; its branch, its manifest and its logs stay."""

from __future__ import annotations

from logist_ci.errors import LogistError
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import FINAL
from logist_ci.lifecycle.cleanup.decisions import CleanupPlan, CleanupPolicy
from logist_ci.lifecycle.cleanup.execute import apply_plan
from logist_ci.lifecycle.cleanup.plan import plan_job
from logist_ci.lifecycle.survey import facts_of
from logist_ci.runner.listener import Happening, Listener
from logist_ci.runner.parts import Parts

__all__ = ["discard_workspace", "tidy"]


def discard_workspace(parts: Parts, manifest: Manifest, listener: Listener) -> None:
    """Remove the workspace of a job that has just been harvested: what is left there are by-products of checks."""
    if not _due(parts, manifest):
        return
    try:
        parts.worktrees.remove(manifest.id, parts.root.folder(manifest.id))
    except LogistError as defect:
        _say(listener, manifest, f"The workspace of {manifest.id} could not be removed: {defect}")


def tidy(parts: Parts, manifest: Manifest, listener: Listener) -> None:
    """Remove the workspace of a job that somebody ended; what a person did in it since its harvest is saved first."""
    if not _due(parts, manifest) or not parts.root.folder(manifest.id).workspace.exists():
        return
    policy = CleanupPolicy(when=parts.settings.cleanup.when)
    facts = facts_of(parts, manifest.id)
    decided = plan_job(facts, policy, parts.clock.now()) if facts else None
    if decided is None:
        return
    report = apply_plan(parts, CleanupPlan(policy, (decided,)))
    for done in report.done:
        if done.saved:
            _say(listener, manifest, f"Uncommitted changes in the workspace of {manifest.id} were saved: {done.saved}")
    for kept in report.kept:
        _say(listener, manifest, f"The workspace of {manifest.id} stays: {kept.reason}. {kept.remedy}".strip())
    for failed in report.failed:
        _say(listener, manifest, f"The workspace of {manifest.id} could not be removed: {failed.error}")


def _due(parts: Parts, manifest: Manifest) -> bool:
    return manifest.state in FINAL and not manifest.spec.keep and parts.settings.cleanup.when == "finished"


def _say(listener: Listener, manifest: Manifest, text: str) -> None:
    listener.on(Happening(manifest.id, "note", text))
