"""``report``: the result as a document."""

from __future__ import annotations

import typer

from logist_ci.cli.options import JobArgument, JsonOption
from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "command"]

EXAMPLES = """
logist-ci report @last > report.md
"""


def command(context: typer.Context, job: JobArgument, json: JsonOption = False) -> None:
    """Print a job's result as Markdown.

    The text is the template report.md.j2; .logist/templates/ may replace it.
    """
    session = Session.of(context)
    manifest = session.parts.store.read(session.job(job)).manifest
    text = session.parts.templates.render("report.md.j2", {"job": manifest})
    session.show({"job": manifest.id, "report": text}, lambda: text, as_json=json)
