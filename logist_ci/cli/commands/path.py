"""``path``: where a job's files are."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session
from logist_ci.errors import JobStateError

__all__ = ["EXAMPLES", "Part", "command"]

EXAMPLES = """
cd "$(logist-ci path fix-login)"
ls "$(logist-ci path fix-login output)"
"""


class Part(StrEnum):
    """A folder of a job."""

    WORKSPACE = "workspace"
    OUTPUT = "output"
    LOGS = "logs"
    BASE = "base"


def command(
    context: typer.Context,
    job: JobArgument,
    part: Annotated[Part, typer.Argument(metavar="[PART]", help="workspace, output, logs, or base for all of it.")] = (
        Part.WORKSPACE
    ),
    json: JsonOption = False,
) -> None:
    """Print where a job's files are."""
    session = Session.of(context)
    job_id = session.job(job)
    folder = session.parts.root.folder(job_id)
    if json:
        session.terminal.show_json({each.value: str(getattr(folder, each.value)) for each in Part})
        return
    path = getattr(folder, part.value)
    if not path.is_dir():
        raise JobStateError(
            f"The job {job_id} has no {part.value} folder now.",
            hint=f"Its work is on its branch; see: logist-ci diff {job_id}",
        )
    session.terminal.show(str(path))
