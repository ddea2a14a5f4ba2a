"""What a harvested attempt leads to: a pure function from verdict to transition."""

from __future__ import annotations

from logist_ci.job.manifest import Blocked, Manifest, Phase, Result
from logist_ci.job.transitions import (
    INTERRUPTIONS_ALLOWED,
    Advance,
    Ask,
    Retry,
    Stuck,
    Succeed,
    Transition,
    next_phase,
)
from logist_ci.runner.verdicts import Judgement

__all__ = ["next_move", "retry_phase"]

#: How many lines of output a reason quotes; the log has all of them.
_REASON_LINES = 12


def next_move(manifest: Manifest, judgement: Judgement, result: Result) -> Transition:
    """Return the event that follows from ``judgement`` for a job in HARVESTING."""
    if any(finding.level == "error" for finding in result.findings):
        return Stuck(blocked=_tampered(manifest, result), result=result)
    if judgement.verdict == "completed":
        return _onward(manifest, result)
    if judgement.verdict == "interrupted":
        return _after_interruption(manifest, result)
    if judgement.verdict == "retry":
        return _again(manifest, judgement, result)
    return Stuck(blocked=judgement.blocked or _unexplained(manifest), result=result)


def retry_phase(manifest: Manifest) -> Phase:
    """Return the phase in which failed checks are mended: the last one before them that an agent works in."""
    phases = manifest.spec.phases
    upto = phases[: phases.index(manifest.phase) + 1]
    working = [phase for phase in upto if phase in (Phase.PLAN, Phase.GENERATE)]
    return working[-1] if working else manifest.phase


def _onward(manifest: Manifest, result: Result) -> Transition:
    if next_phase(manifest) is not None:
        return Advance(result=result)
    return Ask(result=result) if manifest.spec.approval else Succeed(result=result)


def _again(manifest: Manifest, judgement: Judgement, result: Result) -> Transition:
    if manifest.attempt < manifest.spec.limits.attempts:
        return Retry(phase=retry_phase(manifest), feedback=judgement.feedback, result=result)
    tries = "The only attempt" if manifest.attempt == 1 else f"The last of {manifest.attempt} attempts"
    blocked = Blocked(
        code="attempts",
        reason=f"{tries} failed. {_ending(judgement.feedback)}".strip(),
        remedy=f"See: logist-ci logs {manifest.id}   Try again with: logist-ci rerun {manifest.id}",
    )
    return Stuck(blocked=blocked, result=result)


def _ending(feedback: str) -> str:
    """Return the first line of feedback and its last ones: what failed, and how it ended."""
    first, *others = feedback.strip().splitlines() or [""]
    said = [line for line in others if line.strip()]
    gap = ["…"] if len(said) > _REASON_LINES else []
    return "\n".join([first, *gap, *said[-_REASON_LINES:]])


def _after_interruption(manifest: Manifest, result: Result) -> Transition:
    if manifest.interruptions > INTERRUPTIONS_ALLOWED:
        blocked = Blocked(
            code="interrupted",
            reason=f"It was interrupted {manifest.interruptions} times in a row.",
            remedy=f"Find out what ends it (memory, the machine), then: logist-ci rerun {manifest.id}",
        )
        return Stuck(blocked=blocked, result=result)
    return Retry(phase=manifest.phase, counted=False, result=result)


def _tampered(manifest: Manifest, result: Result) -> Blocked:
    # What moved besides is no proof of anything, but whoever looks into this wants to see it.
    told = [finding.message for finding in result.findings if finding.level == "error" or finding.code == "LG205"]
    return Blocked(
        code="tampered",
        reason="While the job ran, something changed that is no part of its work. " + " ".join(told),
        remedy=f"If that was you, do it again. If not, accept nothing blindly: logist-ci diff {manifest.id}",
    )


def _unexplained(manifest: Manifest) -> Blocked:
    return Blocked(
        code="stuck",
        reason="The attempt ended without saying why.",
        remedy=f"See: logist-ci logs {manifest.id}",
    )
