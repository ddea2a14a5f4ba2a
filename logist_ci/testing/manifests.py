"""A job for every state, made on the way that real jobs take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.manifest import (
    AgentSpec,
    Blocked,
    Input,
    Manifest,
    Phase,
    Protection,
    Result,
    Source,
    Spec,
    Trigger,
)
from logist_ci.job.states import State
from logist_ci.job.transitions import Ask, Cancel, End, Run, Start, Stuck, Succeed, Suspend, Transition, apply, create

__all__ = ["EXAMPLE_MOMENT", "example_in", "example_manifest"]

#: When everything in an example happens; the fake clock's start.
EXAMPLE_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

_HEAD = commit_id("1" * 40)
_START = Start(owner="host:1", now=EXAMPLE_MOMENT)
_RUN = Run(now=EXAMPLE_MOMENT, role="agent", agent="command", protection=Protection(runtime="host"))
_HARVESTED = (_START, _RUN, End(now=EXAMPLE_MOMENT, verdict="completed"))
_BLOCKED = Blocked(code="stuck", reason="The example needs a person.", remedy="logist-ci rerun example-000001")

_WAYS: dict[State, tuple[Transition, ...]] = {
    State.DRAFT: (),
    State.PENDING: (),
    State.PROVISIONING: (_START,),
    State.RUNNING: (_START, _RUN),
    State.HARVESTING: _HARVESTED,
    State.APPROVAL_REQUIRED: (*_HARVESTED, Ask(result=Result(head=_HEAD))),
    State.INTERVENTION_REQUIRED: (*_HARVESTED, Stuck(blocked=_BLOCKED)),
    State.SUSPENDED: (Suspend(),),
    State.SUCCESS: (*_HARVESTED, Succeed(result=Result(head=_HEAD))),
    State.CANCELED: (Cancel(),),
}


def example_manifest(name: str = "example-000001", **changes: Any) -> Manifest:
    """Return the manifest of a job that runs the command ``true``, not created yet, with fields as in ``changes``."""
    manifest = Manifest(
        id=job_id(name),
        title="Example",
        created_at=EXAMPLE_MOMENT,
        created_by="Test Person <person@example.invalid>",
        input=Input(prompt="Do nothing."),
        source=Source(base_commit=commit_id("0" * 40), branch=f"logist/{name}", trigger=Trigger(event="local")),
        spec=Spec(agent=AgentSpec(name="command", argv=("true",)), phases=(Phase.GENERATE,)),
        state=State.PENDING,
        phase=Phase.GENERATE,
    )
    return replace(manifest, **changes)


def example_in(state: State, manifest: Manifest | None = None) -> Manifest:
    """Return ``manifest`` (of one phase; default: the example) brought to ``state`` by legal events."""
    reached = create(manifest or example_manifest(), draft=state is State.DRAFT)
    for transition in _WAYS[state]:
        reached = apply(reached, transition)
    return reached
