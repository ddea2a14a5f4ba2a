"""What a runner is made of: the ready parts that the composition root hands to every use case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from logist_ci.agents.registry import AgentRegistry
from logist_ci.checks.registry import CheckRegistry
from logist_ci.config.settings import Settings
from logist_ci.config.trust import TrustStore
from logist_ci.gitstore.folders import JobsRoot
from logist_ci.gitstore.index import SummaryIndex
from logist_ci.gitstore.manifests import ManifestStore
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.worktrees import Worktrees
from logist_ci.process.clock import Clock
from logist_ci.runtimes.registry import RuntimeRegistry
from logist_ci.shim.nursery import Nursery
from logist_ci.templating.render import Templates

__all__ = ["Parts"]


@dataclass(frozen=True)
class Parts:
    """Everything that a use case may need; ``environ`` has been scrubbed of git's variables.

    ``origins`` says for each setting where its value came from; ``nursery`` returns the one
    nursery of this process, which has to be started before any thread.
    """

    repository: Repository
    refs: RefStore
    store: ManifestStore
    index: SummaryIndex
    root: JobsRoot
    worktrees: Worktrees
    settings: Settings
    origins: Mapping[str, str]
    clock: Clock
    environ: Mapping[str, str]
    templates: Templates
    agents: AgentRegistry
    runtimes: RuntimeRegistry
    checks: CheckRegistry
    trust: TrustStore
    randomness: Callable[[], int]
    nursery: Callable[[], Nursery]
