"""What runs in a phase: the agent in ``plan``, ``generate`` and ``review``, the checks in ``validate``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec.structs import replace as with_fields

from logist_ci.agents.answer import Answer, read_answer
from logist_ci.agents.base import Task
from logist_ci.checks.base import CheckContext
from logist_ci.errors import JobStateError
from logist_ci.gitstore.folders import set_aside
from logist_ci.gitstore.repository import read_file
from logist_ci.job.manifest import Blocked, CheckResult, CheckSpec, Manifest, Phase
from logist_ci.job.usage import Usage, add_usage
from logist_ci.process.files import read_bounded
from logist_ci.runner.program import Program, launch
from logist_ci.runner.provision import environment, passed_secrets
from logist_ci.runner.verdicts import Judgement, judge, usage_of
from logist_ci.runner.work import Work
from logist_ci.runtimes.base import Runtime
from logist_ci.shim.protocol import ExitRecord

__all__ = ["PhaseOutcome", "judged_again", "role_of", "run_phase"]

#: How much of a log is read back for a check's result; a shim keeps logs below the output limit.
_LOG_BYTES = 64_000_000
_OUTPUT_BYTES = 8_000


@dataclass(frozen=True)
class PhaseOutcome:
    """How a phase ended, what it used, and what its checks said."""

    judgement: Judgement
    usage: Usage = field(default_factory=Usage)
    checks: tuple[CheckResult, ...] = ()


def role_of(manifest: Manifest) -> tuple[str, str]:
    """Return what the current phase's program is (``agent`` or ``checks``) and its name."""
    if manifest.phase is Phase.VALIDATE:
        return "checks", "checks"
    return "agent", manifest.spec.agent.name


def run_phase(work: Work, manifest: Manifest, runtime: Runtime, *, set_up: bool) -> PhaseOutcome:
    """Run the programs of the current phase, one after another, each under its own shim."""
    used = Usage()
    if set_up and work.parts.settings.setup:
        record = _run(
            work,
            manifest,
            runtime,
            Program(
                "setup",
                work.parts.settings.setup,
                _plain_env(work, manifest),
                secrets=passed_secrets(work, manifest, ()),
            ),
        )
        used = usage_of(record)
        # Whoever recovers the job must not take it for the agent's.
        set_aside(work.folder.exit_record)
        judgement = judge(manifest.id, record, None)
        if judgement.verdict != "completed":
            return PhaseOutcome(_set_up_failed(manifest, judgement), used)
    run = _validate if manifest.phase is Phase.VALIDATE else _work
    outcome = run(work, manifest, runtime)
    return replace(outcome, usage=add_usage(used, outcome.usage))


def judged_again(work: Work, manifest: Manifest, record: ExitRecord | None) -> Judgement:
    """Return the judgement of an agent's attempt from what it left on disk, after its runner was gone."""
    return judge(manifest.id, record, _answer(work))


def _run(work: Work, manifest: Manifest, runtime: Runtime, program: Program) -> ExitRecord | None:
    return launch(work, manifest, runtime, program)


def _plain_env(work: Work, manifest: Manifest) -> dict[str, str]:
    return environment(work, manifest, (), {})


def _work(work: Work, manifest: Manifest, runtime: Runtime) -> PhaseOutcome:
    agent = work.parts.agents.get(manifest.spec.agent.name)
    command = agent.command(_task(work, manifest))
    env = environment(work, manifest, agent.needs.env_pass, dict(command.env))
    secrets = passed_secrets(work, manifest, agent.needs.env_pass)
    record = _run(work, manifest, runtime, Program(agent.name, command.argv, env, command.stdin, secrets))
    return PhaseOutcome(judge(manifest.id, record, _answer(work)), usage_of(record))


def _task(work: Work, manifest: Manifest) -> Task:
    spec = manifest.spec.agent
    return Task(
        prompt=_prompt(work, manifest),
        request=manifest.input.prompt,
        workspace=work.folder.workspace,
        phase=manifest.phase,
        attempt=manifest.attempt,
        feedback=manifest.feedback,
        result=work.folder.result,
        scratch=work.folder.temp,
        argv=spec.argv,
        options=spec.options,
        title=manifest.title,
    )


def _prompt(work: Work, manifest: Manifest) -> str:
    if not manifest.feedback:
        return manifest.input.prompt
    values = {"prompt": manifest.input.prompt, "feedback": manifest.feedback, "attempt": manifest.attempt}
    return work.parts.templates.render("prompt/feedback.md.j2", values)


def _answer(work: Work) -> Answer | JobStateError | None:
    try:
        return read_answer(work.folder.result, work.folder.workspace)
    except JobStateError as defect:
        return defect


def _validate(work: Work, manifest: Manifest, runtime: Runtime) -> PhaseOutcome:
    results: list[CheckResult] = []
    used = Usage()
    context = CheckContext(
        workspace=work.folder.workspace,
        changed=work.parts.worktrees.changed_paths(manifest.source.base_commit, manifest.result.head),
        scratch=work.folder.temp,
        base_file=lambda path: read_file(work.parts.repository, manifest.source.base_commit, path),
    )
    for spec in manifest.spec.checks:
        outcome = _check(work, manifest, runtime, spec, context)
        used = add_usage(used, outcome.usage)
        results.extend(outcome.checks)
        if outcome.judgement.verdict not in ("completed", "retry"):
            return PhaseOutcome(outcome.judgement, used, tuple(results))
    return PhaseOutcome(_checked(tuple(results)), used, tuple(results))


def _check(work: Work, manifest: Manifest, runtime: Runtime, spec: CheckSpec, context: CheckContext) -> PhaseOutcome:
    """Run the commands of one check; it fails with the first of them."""
    check = work.parts.checks.get(spec.kind)
    log = work.folder.log(manifest.phase, manifest.attempt)
    used, result = Usage(), CheckResult(name=spec.name, ok=True)
    for command in check.plan(spec, context):
        before = log.stat().st_size if log.exists() else 0
        env = environment(work, manifest, (), dict(command.env))
        record = _run(
            work,
            manifest,
            runtime,
            Program(f"check {spec.name}", command.argv, env, secrets=passed_secrets(work, manifest, ())),
        )
        used = add_usage(used, usage_of(record))
        judgement = judge(manifest.id, record, None)
        if record is None or judgement.verdict not in ("completed", "retry"):
            return PhaseOutcome(judgement, used, (CheckResult(name=spec.name, ok=False),))
        result = check.report(spec, record.exit_status, _since(log, before))
        result = _timed(result, used)
        if not result.ok:
            break
    return PhaseOutcome(Judgement("completed" if result.ok else "retry"), used, (result,))


def _since(log: Path, offset: int) -> bytes:
    return read_bounded(log, _LOG_BYTES)[offset:] if log.exists() else b""


def _timed(result: CheckResult, used: Usage) -> CheckResult:
    return with_fields(result, duration_ms=round(used.wall_s * 1000), output=result.output[-_OUTPUT_BYTES:])


def _checked(results: tuple[CheckResult, ...]) -> Judgement:
    failed = [result for result in results if not result.ok]
    if not failed:
        return Judgement("completed")
    return Judgement("retry", feedback="\n\n".join(map(_told, failed)))


def _told(result: CheckResult) -> str:
    output = result.output.strip()
    return f"The check {result.name!r} failed:\n{output}" if output else f"The check {result.name!r} failed silently."


def _set_up_failed(manifest: Manifest, judgement: Judgement) -> Judgement:
    if judgement.verdict != "retry":
        return judgement
    blocked = Blocked(
        code="setup",
        reason=f"The set-up command failed. {judgement.feedback}",
        remedy=f"Correct `setup` in the configuration, then: logist-ci rerun {manifest.id}",
    )
    return Judgement("stuck", blocked=blocked)
