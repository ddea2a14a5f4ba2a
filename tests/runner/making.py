"""Manifests in given states, made only by the table's own events."""

from __future__ import annotations

from datetime import UTC, datetime

from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import (
    AgentSpec,
    CheckSpec,
    Input,
    Manifest,
    Phase,
    Protection,
    Source,
    Spec,
    Trigger,
)
from logist_ci.job.states import State
from logist_ci.job.transitions import End, Run, Start, apply, create

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BASE = commit_id("a" * 40)
TIP = commit_id("b" * 40)


def pending(*, attempts: int = 3, phases: tuple[Phase, ...] = (Phase.GENERATE,), approval: bool = False) -> Manifest:
    checks = (CheckSpec(kind="command", name="true", argv=("true",)),) if Phase.VALIDATE in phases else ()
    manifest = Manifest(
        id=job_id("fix-login-k3v9q2"),
        title="Fix login",
        created_at=NOW,
        created_by="Test Person",
        input=Input(prompt="Fix the login."),
        source=Source(base_commit=BASE, branch="logist/fix-login-k3v9q2", trigger=Trigger(event="run")),
        spec=Spec(
            agent=AgentSpec(name="mock"),
            limits=Limits(attempts=attempts),
            phases=phases,
            checks=checks,
            approval=approval,
        ),
        state=State.PENDING,
        phase=phases[0],
    )
    return create(manifest)


def harvesting(manifest: Manifest, verdict: str = "completed") -> Manifest:
    for transition in (
        Start(owner="me", now=NOW),
        Run(now=NOW, role="agent", agent="mock", protection=Protection(runtime="host")),
        End(now=NOW, verdict=verdict),
    ):
        manifest = apply(manifest, transition)
    return manifest
