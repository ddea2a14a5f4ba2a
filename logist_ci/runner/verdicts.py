"""From how a program ended to a verdict: pure functions of the exit record and the agent's answer."""

from __future__ import annotations

from dataclasses import dataclass

from logist_ci.agents.answer import Answer
from logist_ci.errors import JobStateError
from logist_ci.job.manifest import Blocked, Finding, Verdict
from logist_ci.job.usage import Usage
from logist_ci.shim.protocol import ExitRecord

__all__ = ["Judgement", "judge", "usage_of"]

_PASSED = "The run passed one of its limits."


@dataclass(frozen=True)
class Judgement:
    """What an attempt ended with: the verdict, its summary, feedback for a retry, and why a person is needed."""

    verdict: Verdict
    summary: str = ""
    feedback: str = ""
    blocked: Blocked | None = None
    findings: tuple[Finding, ...] = ()


def judge(job_id: str, record: ExitRecord | None, answer: Answer | JobStateError | None) -> Judgement:
    """Return the verdict of an attempt.

    Args:
        job_id: For the commands that remedies name.
        record: How the program ended; ``None`` when its shim died.
        answer: The agent's own word, the defect that made it unreadable, or ``None`` without one.
    """
    if record is None or record.reason == "stopped":
        return Judgement("interrupted")
    if record.reason == "limit":
        return _halted(job_id, record)
    if record.reason == "not_started":
        return Judgement("stuck", blocked=_not_started(job_id, record))
    if isinstance(answer, JobStateError):
        remedy = f"See what it wrote with: logist-ci logs {job_id}   Try again with: logist-ci rerun {job_id}"
        return Judgement("stuck", blocked=Blocked(code="bad-result", reason=str(answer), remedy=remedy))
    if answer is not None:
        return _answered(job_id, answer)
    return _by_status(record)


def usage_of(record: ExitRecord | None) -> Usage:
    """Return what a program used, as far as its shim could measure it."""
    if record is None:
        return Usage()
    return Usage(wall_s=record.wall_s, cpu_s=record.cpu_s, peak_rss=record.peak_rss)


def _halted(job_id: str, record: ExitRecord) -> Judgement:
    limit = record.limit or "wall"
    blocked = Blocked(
        code=f"halted-{limit}",
        reason=f"{(record.report.splitlines() or [_PASSED])[0]} What it had done is on the branch.",
        remedy=f"See why with: logist-ci logs {job_id}   Allow more with: logist-ci rerun {job_id} --limit {limit}=…",
    )
    return Judgement(f"halted:{limit}", blocked=blocked)


def _not_started(job_id: str, record: ExitRecord) -> Blocked:
    reason = record.report or "The program could not be started."
    return Blocked(
        code="not-started",
        reason=reason,
        remedy=f"Install it or correct its name, then: logist-ci rerun {job_id}",
    )


def _answered(job_id: str, answer: Answer) -> Judgement:
    if answer.action == "COMPLETED":
        return Judgement("completed", summary=answer.summary)
    if answer.action == "RETRY":
        return Judgement("retry", summary=answer.summary, feedback=answer.summary)
    blocked = Blocked(
        code="stuck",
        reason=answer.summary or "The agent says that it is stuck, without a reason.",
        remedy=f'Help it with a word: logist-ci rerun {job_id} --message "…"',
    )
    return Judgement("stuck", summary=answer.summary, blocked=blocked)


def _by_status(record: ExitRecord) -> Judgement:
    if record.exit_status == 0:
        return Judgement("completed")
    how = f"was ended by signal {record.signal}" if record.signal else f"exited with status {record.exit_status}"
    tail = f" Its last output was:\n\n{record.tail.strip()}" if record.tail.strip() else " It printed nothing."
    return Judgement("retry", feedback=f"The program {how}.{tail}")
