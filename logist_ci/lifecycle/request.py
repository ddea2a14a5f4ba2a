"""What somebody asks for, before it becomes a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from logist_ci.job.manifest import Trigger

__all__ = ["JobRequest"]


@dataclass(frozen=True)
class JobRequest:
    """A request for one job; what is ``None`` or empty comes from the recipe, then from the settings.

    Args:
        prompt: What is to be done, in words. May be empty when ``argv`` or ``recipe`` is given.
        argv: A command to run in the worktree; it makes the agent ``command``.
        variables: Values for the recipe's variables.
        base: A branch, tag or commit to start from; default is the current HEAD.
        include_dirty: Start from a snapshot of the uncommitted work.
        limits: Limits as users write them, such as ``{"wall": "10m"}``.
        checks: Commands as users write them; ``()`` means none, ``None`` the configured ones.
        job_id: The id to use; default is a fresh one.
    """

    prompt: str = ""
    argv: tuple[str, ...] = ()
    title: str = ""
    recipe: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    agent: str | None = None
    agent_options: Mapping[str, str] = field(default_factory=dict)
    runtime: str | None = None
    base: str | None = None
    include_dirty: bool = False
    limits: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] | None = None
    artifacts: tuple[str, ...] = ()
    env_pass: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    priority: int = 0
    approval: bool | None = None
    keep: bool = False
    draft: bool = False
    job_id: str | None = None
    created_by: str = ""
    trigger: Trigger = field(default_factory=lambda: Trigger(event="run"))
