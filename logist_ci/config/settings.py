"""Everything that can be configured, as frozen values with defaults.

The keys that users write are derived from these types by :mod:`logist_ci.config.keys`: a field called
``stale_s`` is the key ``stale``, a struct is a table. A field's ``Meta`` says what it means, and by its
``extra`` how it is written (``kind``) and which values a repository's own files may not set (``weakens``).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from logist_ci.job.limits import Limits
from logist_ci.job.manifest import CheckSpec

__all__ = ["ANY", "AgentSettings", "CleanupSettings", "NotifySettings", "PathSettings", "Settings"]

#: In ``weakens``: whatever the value, a repository's own files may not set it.
ANY = "*"


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration."""


class CleanupSettings(_Section, frozen=True, kw_only=True):
    """When what a job left behind goes, and when it counts as stale."""

    when: Annotated[
        Literal["finished", "merged", "never"],
        Meta(description="When the workspace of an ended job goes: as soon as it ends, once it is merged, or never."),
    ] = "finished"
    stale_s: Annotated[
        float, Meta(description="How long nothing has to happen to a job before it is called stale.")
    ] = 604_800.0


class PathSettings(_Section, frozen=True, kw_only=True):
    """Where jobs keep their things; empty means `.logist/jobs` below the main worktree."""

    work: Annotated[
        str, Meta(description="Folder for the jobs' worktrees.", extra={"kind": "folder", "variable": "WORK_BASE"})
    ] = ""
    output: Annotated[
        str, Meta(description="Folder for the jobs' artifacts.", extra={"kind": "folder", "variable": "OUTPUT_BASE"})
    ] = ""
    log: Annotated[
        str, Meta(description="Folder for the jobs' logs.", extra={"kind": "folder", "variable": "LOG_BASE"})
    ] = ""


class NotifySettings(_Section, frozen=True, kw_only=True):
    """How a person learns that a long job has ended."""

    command: Annotated[
        tuple[str, ...],
        Meta(
            description="Command to run when a long job ends; the job's id, state and title are added to it.",
            extra={"kind": "command", "weakens": (ANY,)},
        ),
    ] = ()
    after_s: Annotated[float, Meta(description="How long a job has to run before its end is announced.")] = 60.0
    bell: Annotated[bool, Meta(description="Whether to ring the terminal's bell at that moment.")] = True


class AgentSettings(_Section, frozen=True, kw_only=True):
    """What one agent is given; the table's name is the agent's."""

    options: Annotated[dict[str, str], Meta(description="Options of the agent's adapter, name = value.")] = {}
    env_pass: Annotated[
        tuple[str, ...],
        Meta(description="Environment variables handed to this agent.", extra={"kind": "names", "weakens": (ANY,)}),
    ] = ()


class Settings(_Section, frozen=True, kw_only=True):
    """All settings, complete: what nobody has set has its default."""

    agent: Annotated[str, Meta(description="The agent that executes a job unless the job names one.")] = "command"
    runtime: Annotated[
        str,
        Meta(
            description="Where agents and checks run; `auto` takes the strongest runtime that works here.",
            extra={"weakens": ("host",)},
        ),
    ] = "auto"
    network: Annotated[
        Literal["full", "none"],
        Meta(description="What network agents and checks see.", extra={"weakens": ("full",)}),
    ] = "full"
    branch_prefix: Annotated[
        str, Meta(description="What the names of jobs' branches begin with.", extra={"kind": "prefix"})
    ] = "logist/"
    checks: Annotated[
        tuple[CheckSpec, ...] | None,
        Meta(
            description="Commands that say whether the work is good, or `pre-commit`; unset, they are detected.",
            extra={"kind": "checks"},
        ),
    ] = None
    setup: Annotated[
        tuple[str, ...],
        Meta(description="Command that prepares a fresh worktree before the agent starts.", extra={"kind": "command"}),
    ] = ()
    artifacts: Annotated[
        tuple[str, ...],
        Meta(description="Globs below the worktree whose files are copied to `output/`.", extra={"kind": "globs"}),
    ] = ()
    env_pass: Annotated[
        tuple[str, ...],
        Meta(description="Environment variables handed to every program.", extra={"kind": "names", "weakens": (ANY,)}),
    ] = ()
    approval: Annotated[bool, Meta(description="Whether a person approves before a job succeeds.")] = False
    validate_in: Annotated[
        Literal["worktree", "fresh"],
        Meta(description="Whether checks run in the job's worktree or in a fresh one made of what was harvested."),
    ] = "worktree"
    agent_author: Annotated[
        str, Meta(description="Author of agents' commits; `{agent}` is the agent's name.", extra={"kind": "author"})
    ] = "{agent} (Logist CI)"
    limits: Limits = Limits()
    cleanup: CleanupSettings = CleanupSettings()
    paths: PathSettings = PathSettings()
    notify: NotifySettings = NotifySettings()
    agents: dict[str, AgentSettings] = {}
