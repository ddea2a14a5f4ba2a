"""Arguments and options that several commands have in common, each written once."""

from __future__ import annotations

from typing import Annotated

import typer

from logist_ci.errors import UsageError

__all__ = [
    "FeedbackOption",
    "JobArgument",
    "JobCountOption",
    "JobListOption",
    "JobsArgument",
    "JsonOption",
    "LimitOption",
    "OptionalJobArgument",
    "OptionalJobsArgument",
    "pairs",
]


def _complete_job(context: typer.Context, incomplete: str) -> list[str]:
    from logist_ci.cli.completion import complete_job

    return complete_job(context, incomplete)


_JOB_HELP = "A job's id, a unique beginning of it, or @last."

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help=_JOB_HELP, autocompletion=_complete_job)]
OptionalJobArgument = Annotated[
    str | None, typer.Argument(metavar="JOB", help=_JOB_HELP, autocompletion=_complete_job, show_default=False)
]
JobsArgument = Annotated[
    list[str],
    typer.Argument(metavar="JOB", help="Ids, unique beginnings of them, or @last.", autocompletion=_complete_job),
]
OptionalJobsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="JOB", help=_JOB_HELP, autocompletion=_complete_job, show_default=False),
]
JobListOption = Annotated[
    list[str] | None,
    typer.Option("--job", metavar="JOB", help="Run this job; repeatable.", autocompletion=_complete_job),
]
JobCountOption = Annotated[
    int, typer.Option("-j", "--jobs", min=1, max=256, metavar="N", help="How many jobs run side by side.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LimitOption = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=VALUE", help="Set a limit, as in wall=10m or attempts=2; repeatable."),
]
FeedbackOption = Annotated[
    str, typer.Option("--message", "-m", metavar="TEXT", help="A word for the next attempt.", show_default=False)
]


def pairs(option: str, words: list[str] | None) -> dict[str, str]:
    """Return the ``name=value`` words of an option as a mapping.

    Raises:
        UsageError: one has no ``=``, or a name is given twice.
    """
    found: dict[str, str] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(
                f"{option} takes NAME=VALUE, not {word!r}.", hint=f"Write for example {option} name=value."
            )
        if name in found:
            raise UsageError(f"{option} names {name!r} twice.", hint="Leave one of the two out.")
        found[name] = value
    return found
