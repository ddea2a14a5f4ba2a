"""``schema``: the documents that Logist CI writes and reads, as JSON Schema."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from logist_ci.cli.session import Session

__all__ = ["EXAMPLES", "Document", "command"]

EXAMPLES = """
logist-ci schema > job_manifest.schema.json
logist-ci schema config
"""


class Document(StrEnum):
    """What a schema can be of."""

    MANIFEST = "manifest"
    CONFIG = "config"


def command(
    context: typer.Context,
    document: Annotated[Document, typer.Argument(metavar="[DOCUMENT]", help="manifest or config.")] = Document.MANIFEST,
) -> None:
    """Print the JSON Schema of the manifest or the configuration."""
    from logist_ci.config.schema import json_schema as config_schema
    from logist_ci.job.codec import json_schema as manifest_schema

    session = Session.of(context)
    session.terminal.show_json(manifest_schema() if document is Document.MANIFEST else config_schema())
