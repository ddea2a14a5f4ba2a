"""Takes over what a program left in the worktree, and decides what follows."""

from __future__ import annotations

from msgspec.structs import replace

from logist_ci.errors import LogistError
from logist_ci.gitstore.harvest import Harvested, harvest
from logist_ci.gitstore.tamper import compare_and_restore
from logist_ci.job.manifest import CheckResult, Finding, Manifest, Phase, Result
from logist_ci.job.transitions import Cancel, Suspend
from logist_ci.process.files import read_bounded
from logist_ci.runner.artifacts import collect
from logist_ci.runner.next_move import next_move
from logist_ci.runner.verdicts import Judgement
from logist_ci.runner.work import Work

__all__ = ["obey", "settle"]

_SNAPSHOT_BYTES = 256_000_000


def settle(
    work: Work,
    manifest: Manifest,
    judgement: Judgement,
    checks: tuple[CheckResult, ...] = (),
    *,
    before: bytes | None = None,
) -> Manifest:
    """Harvest a job in HARVESTING and apply the event that its verdict leads to.

    Harvesting is idempotent: doing it again after a crash makes no second commit. ``before`` is the snapshot
    of the repository; whoever has not taken it reads what its taker wrote down.
    """
    findings = (*_tampering(work, manifest, before), *judgement.findings)
    if manifest.phase is Phase.VALIDATE:
        # What checks leave in the worktree is a by-product, not work: the harvested head stays as it was.
        result = replace(manifest.result, checks=checks, findings=(*manifest.result.findings, *findings))
    else:
        result = _result(work, manifest, judgement, _harvested(work, manifest, judgement), findings)
    if judgement.verdict == "completed":
        result = replace(result, artifacts=collect(work, manifest.spec.artifacts))
    after = work.move(next_move(manifest, judgement, result), note=judgement.verdict)
    return obey(work, after)


def obey(work: Work, manifest: Manifest) -> Manifest:
    """Do what somebody asked for while the job was owned: suspend or cancel it."""
    wanted = manifest.wanted
    if wanted is None:
        return manifest
    return work.move(Suspend() if wanted == "suspend" else Cancel(), note="as asked")


def _tampering(work: Work, manifest: Manifest, before: bytes | None) -> tuple[Finding, ...]:
    data = before if before is not None else _written_down(work)
    findings = compare_and_restore(work.parts.repository, data, job_branch=manifest.source.branch, folder=work.folder)
    for finding in findings:
        work.say(f"{finding.code} {finding.message}")
    return findings


def _written_down(work: Work) -> bytes:
    """Return the snapshot as it was written down; what cannot be read is no snapshot, and that is a finding."""
    try:
        return read_bounded(work.folder.snapshot, _SNAPSHOT_BYTES)
    except (LogistError, FileNotFoundError):
        return b""


def _harvested(work: Work, manifest: Manifest, judgement: Judgement) -> Harvested:
    agent = manifest.spec.agent.name
    with work.stage("harvest"):
        return harvest(
            work.parts.repository,
            work.folder,
            manifest,
            message=_message(manifest, judgement),
            author=work.parts.settings.agent_author.replace("{agent}", agent),
            trailers={
                "Logist-Job": manifest.id,
                "Logist-Phase": manifest.phase.value,
                "Logist-Attempt": str(manifest.attempt),
                "Logist-Agent": agent,
                "Logist-Verdict": judgement.verdict,
            },
        )


def _message(manifest: Manifest, judgement: Judgement) -> str:
    subject = " ".join(manifest.title.split())[:72] or manifest.id
    if judgement.verdict != "completed":
        subject = f"{subject[:50]} (partial: {judgement.verdict})"
    return f"{subject}\n\n{judgement.summary}".strip()


def _result(
    work: Work, manifest: Manifest, judgement: Judgement, harvested: Harvested, findings: tuple[Finding, ...]
) -> Result:
    found = (*findings, *harvested.findings)
    for finding in harvested.findings:
        work.say(f"{finding.code} {finding.message}")
    return replace(
        manifest.result,
        head=harvested.head,
        files=harvested.files,
        insertions=harvested.insertions,
        deletions=harvested.deletions,
        findings=found,
        checks=(),
        summary=judgement.summary or manifest.result.summary,
    )
