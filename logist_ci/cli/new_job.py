"""The options that describe a new job, written once for ``run`` and ``create``, and what becomes of them."""

from __future__ import annotations

import functools
import inspect
import os
import shutil
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from logist_ci.cli.consent import consent
from logist_ci.cli.intake import read_prompt
from logist_ci.cli.options import LimitOption, pairs
from logist_ci.cli.session import Session
from logist_ci.errors import MissingError, UsageError

if typing.TYPE_CHECKING:
    from logist_ci.gitstore.manifests import Stored
    from logist_ci.lifecycle.request import JobRequest

__all__ = ["NewJob", "create_from", "with_job_options"]

_Words = list[str] | None


@dataclass(frozen=True)
class NewJob:
    """A new job as the command line describes it."""

    prompt: Annotated[
        _Words,
        typer.Argument(
            metavar="PROMPT",
            show_default=False,
            help="What is to be done, in words; - reads it from stdin. After --: a command to run as the agent.",
        ),
    ] = None
    file: Annotated[Path | None, typer.Option("-F", "--file", help="Read the prompt from a file; - is stdin.")] = None
    recipe: Annotated[str | None, typer.Option(help="Use the recipe .logist/recipes/NAME.md.", metavar="NAME")] = None
    var: Annotated[
        _Words, typer.Option("--var", metavar="NAME=VALUE", help="A variable of the recipe; repeatable.")
    ] = None
    title: Annotated[
        str, typer.Option(help="What to call the job; default is the prompt's first line.", show_default=False)
    ] = ""
    agent: Annotated[
        str | None, typer.Option(help="Who does it: command, template, mock, or one of your own.", metavar="NAME")
    ] = None
    option: Annotated[
        _Words, typer.Option("--option", metavar="NAME=VALUE", help="An option of the agent's adapter; repeatable.")
    ] = None
    runtime: Annotated[str | None, typer.Option(help="Where it runs: auto, host.", metavar="NAME")] = None
    base: Annotated[
        str | None, typer.Option(help="Start from this branch, tag or commit; default is HEAD.", metavar="REV")
    ] = None
    include_dirty: Annotated[bool, typer.Option("--include-dirty", help="Start from your uncommitted work.")] = False
    limit: LimitOption = None
    check: Annotated[
        _Words,
        typer.Option(
            "--check",
            metavar="COMMAND",
            help="Check the work with this command instead of the configured ones; repeatable.",
        ),
    ] = None
    no_checks: Annotated[bool, typer.Option("--no-checks", help="Check nothing.")] = False
    artifacts: Annotated[
        _Words, typer.Option("--artifacts", metavar="GLOB", help="Copy what matches to output/; repeatable.")
    ] = None
    approval: Annotated[bool, typer.Option("--approval", help="Ask a person before the job succeeds.")] = False
    keep: Annotated[bool, typer.Option("--keep", help="Keep the worktree when the job has ended.")] = False
    needs: Annotated[
        _Words, typer.Option("--needs", metavar="JOB", help="Wait until JOB has succeeded; repeatable.")
    ] = None
    priority: Annotated[int, typer.Option(help="Higher runs first with --pending.", metavar="N")] = 0
    job_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="Use this id; default is a fresh one.")] = (
        None
    )
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Trust the repository's commands without being asked.")] = (
        False
    )

    @property
    def described(self) -> bool:
        """Whether anything about a new job was said."""
        return any(getattr(self, field.name) != field.default for field in fields(self) if field.name != "yes")


def with_job_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of :class:`NewJob`; its parameter ``new`` receives them as one value."""
    own = inspect.signature(function, eval_str=True).parameters
    hints = typing.get_type_hints(NewJob, include_extras=True)
    asked = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(NewJob)
    ]
    rest = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for name, parameter in own.items() if name != "new"]

    @functools.wraps(function)
    def command(**values: Any) -> Any:
        new = NewJob(**{field.name: values.pop(field.name) for field in fields(NewJob)})
        return function(new=new, **values)

    signature = inspect.Signature([*asked, *rest])
    command.__signature__ = signature  # type: ignore[attr-defined]  # what inspect.signature looks at
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    return command


def create_from(session: Session, new: NewJob, *, draft: bool = False) -> Stored:
    """Create the job that ``new`` describes, asking for trust where it needs some.

    Raises:
        UsageError: the options contradict each other, or there is nothing to do.
        TrustError: the repository configures commands that nobody has trusted.
        MissingError: the command is not installed.
    """
    from logist_ci.lifecycle.create import create_job

    request = _request(session, new, draft=draft)
    _check_program(session, request.argv)
    created = create_job(session.parts, request, consent=consent(session, yes=new.yes))
    if created.untrusted is not None:
        names = ", ".join(check.name for check in created.untrusted.checks)
        session.terminal.warn(f"Not checked: nobody has trusted the checks detected here ({names}).")
        session.terminal.warn("Hint: Trust them with: logist-ci trust   Or say --no-checks.")
    elif created.stored.manifest.spec.checks and new.check is None:
        names = ", ".join(check.name for check in created.stored.manifest.spec.checks)
        session.terminal.say(f"Checks: {names}")
    return created.stored


def _check_program(session: Session, argv: tuple[str, ...]) -> None:
    """Refuse a command that cannot be found before there is a job; one below the worktree is not there yet."""
    program = argv[0] if argv else ""
    if not program or ("/" in program and not program.startswith("/")):
        return
    if shutil.which(program, path=session.terminal.environ.get("PATH", os.defpath)) is None:
        raise MissingError(
            f"{program}: command not found.",
            hint="Check the spelling, install the program, or give its path: ./name is below the worktree.",
        )


def _request(session: Session, new: NewJob, *, draft: bool) -> JobRequest:
    from logist_ci.lifecycle.request import JobRequest

    if new.check is not None and new.no_checks:
        raise UsageError("--check and --no-checks exclude each other.", hint="Leave one of the two out.")
    return JobRequest(
        prompt=read_prompt(session, new.prompt or [], new.file, optional=bool(session.rest or new.recipe)),
        argv=session.rest or (),
        title=new.title,
        recipe=new.recipe,
        variables=pairs("--var", new.var),
        agent=new.agent,
        agent_options=pairs("--option", new.option),
        runtime=new.runtime,
        base=new.base,
        include_dirty=new.include_dirty,
        limits=pairs("--limit", new.limit),
        checks=() if new.no_checks else tuple(new.check) if new.check is not None else None,
        artifacts=tuple(new.artifacts or ()),
        needs=tuple(new.needs or ()),
        priority=new.priority,
        approval=True if new.approval else None,
        keep=new.keep,
        draft=draft,
        job_id=new.job_id,
    )
