"""Creates jobs: resolves the base, renders the recipe, writes the first manifest, and does nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from logist_ci.agents.router import route
from logist_ci.config.commands import parse_check
from logist_ci.errors import RefusedError, TrustError, UsageError
from logist_ci.gitstore.branches import keep_tip
from logist_ci.gitstore.manifests import Stored
from logist_ci.gitstore.repository import list_files
from logist_ci.gitstore.snapshots import snapshot_dirty
from logist_ci.job.ids import CommitId, JobId, job_id, new_job_id, ref_name
from logist_ci.job.limits import Limits, with_limit
from logist_ci.job.manifest import (
    AgentSpec,
    CheckSpec,
    Input,
    Manifest,
    Phase,
    Route,
    Source,
    Spec,
)
from logist_ci.job.states import State
from logist_ci.job.transitions import create
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.trusting import RepositoryCommands, repository_commands
from logist_ci.runner.parts import Parts
from logist_ci.templating.recipe import Recipe, find

__all__ = ["Consent", "Created", "create_job", "named_recipe"]

#: Asks somebody whether commands of the repository may run.
Consent = Callable[[RepositoryCommands], bool]

#: How often a fresh id may already be taken before we give up.
_TRIES = 20


@dataclass(frozen=True)
class Created:
    """A new job, and the checks that were left out because nobody has trusted them."""

    stored: Stored
    untrusted: RepositoryCommands | None = None


def create_job(parts: Parts, request: JobRequest, *, consent: Consent | None = None) -> Created:
    """Create a job.

    ``consent`` is asked about commands of the repository that nobody has trusted; its yes counts for this
    job, and it may remember it.

    Raises:
        UsageError: the request contradicts itself, or names what does not exist.
        RepositoryError: the base does not exist.
        TrustError: the repository configures commands that the user has not trusted.
        RefusedError: the job or its branch exists already.
    """
    recipe = named_recipe(parts, request.recipe) if request.recipe is not None else None
    base, base_ref = _base(parts, request)
    checks, untrusted = _checks(parts, request, recipe, base, consent or _nobody)
    prompt = _prompt(request, recipe)
    title = _title(request, recipe, prompt)
    agent = _agent(parts, request, recipe)
    spec = _spec(parts, request, recipe, agent, checks)
    routed = route(prompt, list_files(parts.repository, base)) if agent.name == "template" else Route()
    draft = Manifest(
        id=job_id("draft"),
        title=title,
        created_at=parts.clock.now(),
        created_by=request.created_by or parts.repository.identity().name,
        input=Input(prompt=prompt, context=dict(request.variables)),
        source=Source(
            remote=parts.repository.remote_url(),
            base_ref=base_ref,
            base_commit=base,
            branch=f"{parts.settings.branch_prefix}draft",
            trigger=request.trigger,
        ),
        route=routed,
        spec=spec,
        state=State.PENDING,
        phase=spec.phases[0],
    )
    return Created(_stored(parts, request, create(draft, draft=request.draft)), untrusted)


def _stored(parts: Parts, request: JobRequest, draft: Manifest) -> Stored:
    """Write the first manifest under the wanted id, or under a fresh one that nobody has."""
    parts.root.make()
    for attempt in range(_TRIES):
        chosen = job_id(request.job_id) if request.job_id else _fresh_id(parts, draft.title)
        manifest = _named(parts, draft, chosen)
        try:
            _check_unused(parts, manifest)
            stored = parts.store.create(manifest, prompt=manifest.input.prompt)
        except RefusedError:
            if request.job_id or attempt == _TRIES - 1:
                raise
        else:
            if request.include_dirty:
                # Nothing else leads to the snapshot before there is a branch.
                keep_tip(parts.refs, chosen, manifest.source.base_commit)
            return stored
    raise AssertionError("unreachable")


def _fresh_id(parts: Parts, title: str) -> JobId:
    return new_job_id(title, parts.clock.now(), parts.randomness())


def _named(parts: Parts, draft: Manifest, chosen: JobId) -> Manifest:
    branch = f"{parts.settings.branch_prefix}{chosen}"
    ref_name(f"refs/heads/{branch}")
    return replace(draft, id=chosen, source=replace(draft.source, branch=branch))


def _check_unused(parts: Parts, manifest: Manifest) -> None:
    branch = ref_name(f"refs/heads/{manifest.source.branch}")
    if parts.refs.read(branch) is not None:
        raise RefusedError(
            f"The branch {manifest.source.branch} exists already.",
            hint="Choose another id with --id.",
        )
    folder = parts.root.folder(manifest.id).base
    if folder.exists():
        raise RefusedError(
            f"The folder {folder} exists already.",
            hint="Choose another id with --id, or look at it with: logist-ci doctor",
        )


def named_recipe(parts: Parts, name: str) -> Recipe:
    """Return the recipe ``name`` of the worktree in which the user stands.

    Raises:
        UsageError: there are no files here.
        TemplateError: there is no such recipe, or it is malformed.
    """
    root = parts.repository.worktree or parts.repository.main_worktree
    if root is None:
        raise UsageError(
            "Recipes are read from .logist/recipes/, and a bare repository has no files.",
            hint="Run this in a worktree, or give the prompt itself.",
        )
    return find(root, name)


def _base(parts: Parts, request: JobRequest) -> tuple[CommitId, str]:
    if request.include_dirty:
        if request.base is not None:
            raise UsageError(
                "--include-dirty starts from the uncommitted work on HEAD, so it excludes --base.",
                hint="Leave one of the two out.",
            )
        return snapshot_dirty(parts.repository), parts.repository.head().ref
    if request.base is not None:
        return parts.repository.resolve(request.base), request.base
    return parts.repository.resolve("HEAD"), parts.repository.head().ref


def _nobody(commands: RepositoryCommands) -> bool:
    return False


def _checks(
    parts: Parts, request: JobRequest, recipe: Recipe | None, base: CommitId, consent: Consent
) -> tuple[tuple[CheckSpec, ...], RepositoryCommands | None]:
    """Return the checks to run, and the repository's own commands where they were left out."""
    if request.checks is not None:
        if parts.settings.setup:
            _require_trust(repository_commands(parts, base), request, consent)
        return tuple(_check_of(text) for text in request.checks), None
    commands = repository_commands(parts, base, recipe)
    if commands.detected:
        return (commands.checks, None) if commands.trusted or consent(commands) else ((), commands)
    _require_trust(commands, request, consent)
    return commands.checks, None


def _require_trust(commands: RepositoryCommands, request: JobRequest, consent: Consent) -> None:
    if not (commands.trusted or consent(commands)):
        recipe = f" --recipe {request.recipe}" if request.recipe else ""
        raise TrustError(
            "This repository configures commands that you have not trusted yet:\n  " + "\n  ".join(commands.lines),
            hint=f"Read them, then trust exactly these with: logist-ci trust{recipe}",
        )


def _check_of(text: str) -> CheckSpec:
    try:
        return parse_check(text.strip())
    except UsageError as defect:
        raise UsageError(f"The check {text!r} cannot be run: {defect}.", hint=defect.hint) from defect


def _prompt(request: JobRequest, recipe: Recipe | None) -> str:
    if recipe is not None:
        words = recipe.prompt(request.variables)
        return f"{words}\n\n{request.prompt}".strip()
    if not request.prompt.strip() and not request.argv:
        raise UsageError(
            "There is nothing to do: the prompt is empty.",
            hint='Write it after the command, as in: logist-ci run "fix the login"   or give a command after --',
        )
    return request.prompt or shlex.join(request.argv)


def _title(request: JobRequest, recipe: Recipe | None, prompt: str) -> str:
    chosen = request.title or (recipe.title if recipe and recipe.title else "") or prompt
    first = next((line.strip() for line in chosen.splitlines() if line.strip()), "job")
    return "".join(sign for sign in first if sign.isprintable())[:120]


def _agent(parts: Parts, request: JobRequest, recipe: Recipe | None) -> AgentSpec:
    if request.argv:
        if request.agent not in (None, "command"):
            raise UsageError(
                f"A command after -- is run by the agent `command`, not by {request.agent!r}.",
                hint="Leave out --agent, or the command.",
            )
        return AgentSpec(name="command", argv=request.argv)
    name = request.agent or (recipe.agent if recipe and recipe.agent else "") or parts.settings.agent
    if name == "command":
        raise UsageError(
            "No agent is configured, and there is no command to run.",
            hint="Name one with --agent, or give a command after --, as in: logist-ci run -- ruff check --fix .",
        )
    parts.agents.get(name)
    configured = parts.settings.agents.get(name)
    options = dict(configured.options) if configured else {}
    return AgentSpec(name=name, options={**options, **request.agent_options})


def _spec(
    parts: Parts, request: JobRequest, recipe: Recipe | None, agent: AgentSpec, checks: tuple[CheckSpec, ...]
) -> Spec:
    settings = parts.settings
    runtime = request.runtime or (recipe.runtime if recipe and recipe.runtime else "") or settings.runtime
    phases = (recipe.phases if recipe and recipe.phases else (Phase.GENERATE,)) + (Phase.VALIDATE,) * bool(checks)
    approval = (
        request.approval if request.approval is not None else (settings.approval or bool(recipe and recipe.approval))
    )
    return Spec(
        recipe=request.recipe,
        agent=agent,
        runtime=parts.runtimes.select(runtime).name,
        limits=_limits(parts, request, recipe, agent),
        checks=checks,
        phases=tuple(phase for phase in Phase if phase in phases),
        needs=tuple(parts.store.find(need) for need in request.needs),
        priority=request.priority,
        artifacts=(*settings.artifacts, *(recipe.artifacts if recipe else ()), *request.artifacts),
        env_pass=(*settings.env_pass, *request.env_pass),
        approval=approval,
        keep=request.keep,
        dirty=request.include_dirty,
    )


def _limits(parts: Parts, request: JobRequest, recipe: Recipe | None, agent: AgentSpec) -> Limits:
    asked = {**(recipe.limits if recipe else {}), **request.limits}
    limits = parts.settings.limits
    if agent.name == "command" and parts.origins.get("limits.attempts", "default") == "default":
        # A fixed command does the same thing again: it is tried once unless somebody asked for more.
        limits = with_limit(limits, "attempts", "1")
    for name, text in asked.items():
        limits = with_limit(limits, name, text)
    return limits
