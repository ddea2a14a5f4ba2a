"""``logs``: what a job's programs printed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.logs import Chunk, LogFile, follow, log_files, tail

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci logs @last
logist-ci logs fix-login -f
logist-ci logs fix-login --phase validate --attempt 2
logist-ci logs fix-login --job-log
"""


def command(
    context: typer.Context,
    job: JobArgument,
    follow_it: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the job stops running.")] = False,
    lines: Annotated[int | None, typer.Option("-n", "--lines", min=0, metavar="N", help="Only the last lines.")] = None,
    phase: Annotated[str | None, typer.Option(metavar="PHASE", help="Only this phase.")] = None,
    attempt: Annotated[int | None, typer.Option(metavar="N", help="Only this attempt; default is the newest.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All attempts.")] = False,
    job_log: Annotated[bool, typer.Option("--job-log", help="What Logist CI itself noted, a line for each.")] = False,
    json: JsonOption = False,
) -> None:
    """Print what a job said.

    Secrets that Logist CI knows were masked before anything was written.
    """
    session = Session.of(context)
    job_id = session.job(job)
    folder = session.parts.root.folder(job_id)

    def chosen() -> list[Path]:
        if job_log:
            return [folder.job_log] if folder.job_log.exists() else []
        found = log_files(folder, phase=phase, attempt=attempt)
        return [each.path for each in (found if every or attempt else _newest(found))]

    if json:
        session.terminal.show_json({"job": job_id, "logs": [_document(path, lines) for path in chosen()]})
    elif follow_it:
        _copy(session, follow(session.parts, job_id, chosen, lines=lines))
    elif paths := chosen():
        _copy(session, (chunk for path in paths for chunk in tail(path, lines=lines)))
    else:
        _nothing(session, job_id)


def _document(path: Path, lines: int | None) -> dict[str, str]:
    data = b"".join(chunk.data for chunk in tail(path, lines=lines))
    return {"path": str(path), "text": data.decode("utf-8", "replace")}


def _newest(found: list[LogFile]) -> list[LogFile]:
    return [each for each in found if each.attempt == found[-1].attempt]


def _copy(session: Session, chunks: Iterable[Chunk]) -> None:
    current: Path | None = None
    for chunk in chunks:
        if chunk.path != current:
            session.terminal.say(f"==> {chunk.path.name} <==")
            current = chunk.path
        session.terminal.show_bytes(chunk.data)
        session.terminal.stdout.flush()


def _nothing(session: Session, job_id: JobId) -> None:
    session.terminal.say(f"There is no such log of {job_id} on this machine.")
