"""What holds for every manifest beyond the types of its fields."""

from __future__ import annotations

from collections.abc import Iterator

from logist_ci.errors import InvalidNameError, JobStateError
from logist_ci.job.ids import ref_name
from logist_ci.job.manifest import Manifest, Phase
from logist_ci.job.states import RESUMABLE, State

__all__ = ["check"]

_ORDER = {phase: place for place, phase in enumerate(Phase)}


def check(manifest: Manifest) -> Manifest:
    """Return ``manifest`` as it is.

    Raises:
        JobStateError: it contradicts itself; the message names the first defect.
    """
    for defect in _defects(manifest):
        raise JobStateError(f"The manifest of {manifest.id} is damaged: {defect}.")
    return manifest


def _defects(manifest: Manifest) -> Iterator[str]:
    phases = manifest.spec.phases
    if list(phases) != sorted(set(phases), key=_ORDER.__getitem__):
        yield f"its phases ({', '.join(phases)}) are out of order, or one comes twice"
    if manifest.phase not in phases:
        yield f"{manifest.phase.value} is not one of its phases"
    recorded = [record.name for record in manifest.phases]
    if len(set(recorded)) != len(recorded) or not set(recorded) <= set(phases):
        yield f"it records the phases {', '.join(recorded)}, and its phases are {', '.join(phases)}"
    if manifest.state is State.SUSPENDED and manifest.resume_to not in RESUMABLE:
        yield "it is suspended, and does not say which waiting state to resume to"
    if manifest.state is not State.SUSPENDED and manifest.resume_to is not None:
        yield f"it has a state to resume to, and is {manifest.state.value}"
    if manifest.id in manifest.spec.needs:
        yield "it needs itself"
    if not _is_own_branch(manifest):
        yield f"{manifest.source.branch!r} is not a branch of its own"


def _is_own_branch(manifest: Manifest) -> bool:
    # The prefix is configurable, the end is not: a foreign manifest must not lead to somebody's main branch.
    branch = manifest.source.branch
    try:
        ref_name(f"refs/heads/{branch}")
    except InvalidNameError:
        return False
    return branch.endswith(manifest.id) and not branch.startswith("refs/")
