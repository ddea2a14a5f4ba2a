"""Pages of the documentation that are made from the types and the table, so that they cannot lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from inspect import cleandoc
from typing import Any

from logist_ci.job.codec import MANIFEST_BYTES, json_schema
from logist_ci.job.manifest import SCHEMA, Phase
from logist_ci.job.states import FINAL, TABLE, TRANSIENT, Event, Rule, State

__all__ = ["manifest_page", "schema_document", "states_page"]

_MEANINGS = {
    State.DRAFT: "Written down, not to be run yet.",
    State.PENDING: "Ready for its next attempt, or waiting for a time or for another job.",
    State.PROVISIONING: "Branch, worktree and runtime are being made.",
    State.RUNNING: "The phase's program runs.",
    State.HARVESTING: "What the program left is taken over onto the job's branch.",
    State.APPROVAL_REQUIRED: "A person has to approve the result.",
    State.INTERVENTION_REQUIRED: "Only a person can help; the manifest's `blocked` says why and how.",
    State.SUSPENDED: "Put aside by a person; `resume_to` is where it goes on.",
    State.SUCCESS: "Done; the work is on the job's branch.",
    State.CANCELED: "Given up; the branch stays until it is cleaned up.",
}

# The schema sorts these by name; their own order says more.
_ORDERED: Mapping[str, type[StrEnum]] = {"Phase": Phase, "State": State}

_STATES_HEAD = """\
# States of a job

<!-- Made from `logist_ci/job/states.py` by `python docs/generate.py`; a test compares them. -->

A job's state is stored in its manifest. It changes only by the events below; anything else is an error and writes
nothing. How an event changes the rest of the manifest is in `logist_ci/job/transitions.py`.
"""

_MANIFEST_HEAD = f"""\
# The manifest

<!-- Made from `logist_ci/job/manifest.py` by `python docs/generate.py`; a test compares them. -->

`job_manifest.json` is the stored truth about a job: schema {SCHEMA}, one JSON document of at most
{MANIFEST_BYTES // 10**6} MB, in the tree of `refs/logist/jobs/<job-id>`. The reference's log is the job's history.
A readable copy lies in the job's folder.

Times are in UTC (`2026-01-01T00:00:00Z`), durations end in `_s` (seconds) or `_ms`, sizes are bytes, money ends in
`_usd`. A field that is not listed here is an error. The same as [JSON Schema](job_manifest.schema.json);
`logist-ci schema` prints it.
"""


def states_page() -> str:
    """Return the page of states and events as Markdown."""
    return "\n".join([_STATES_HEAD, *_state_lines(), *_event_lines(), *_diagram_lines()])


def manifest_page() -> str:
    """Return the reference of every field of the manifest as Markdown."""
    return "\n".join([_MANIFEST_HEAD, *_definition_lines(json_schema()["$defs"])])


def schema_document() -> str:
    """Return the manifest's JSON Schema as indented text."""
    return json.dumps(json_schema(), indent=2) + "\n"


def _state_lines() -> Iterator[str]:
    yield "| state | meaning | |"
    yield "| --- | --- | --- |"
    for state in State:
        kind = "owned by a process" if state in TRANSIENT else "final" if state in FINAL else "waits"
        yield f"| `{state.value}` | {_MEANINGS[state]} | {kind} |"
    yield "\n`SUCCESS` is final once the work is merged; until then it can be reopened.\n"


def _event_lines() -> Iterator[str]:
    yield "## Events\n"
    yield "| event | from | to |"
    yield "| --- | --- | --- |"
    for event, rule in TABLE.items():
        sources = ", ".join(f"`{source.value}`" if source else "–" for source in rule.leads)
        condition = f"; {rule.condition}" if rule.condition else ""
        yield f"| `{event.value}` | {sources} | {', '.join(_targets(rule))}{condition} |"
    yield ""


def _targets(rule: Rule) -> Iterator[str]:
    for target in dict.fromkeys(rule.leads.values()):
        sources = [source.value for source, leads in rule.leads.items() if leads is target and source]
        where = f" (from `{'`, `'.join(sources)}`)" if len(set(rule.leads.values())) > 1 else ""
        yield (f"`{target.value}`" if target else "where it was") + where


def _diagram_lines() -> Iterator[str]:
    yield "## As a picture\n"
    yield "`suspend`, `resume` and `cancel` are left out: nearly every state has them.\n"
    yield "```mermaid\nstateDiagram-v2"
    for event, rule in TABLE.items():
        if event in (Event.SUSPEND, Event.RESUME, Event.CANCEL):
            continue
        for source, target in rule.leads.items():
            yield f"    {source.value if source else '[*]'} --> {target.value if target else '[*]'}: {event.value}"
    yield "```\n"


def _definition_lines(definitions: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, definition in definitions.items():
        yield f"## {name}\n"
        yield cleandoc(definition["description"]).replace("``", "`") + "\n"
        if "enum" in definition:
            yield ", ".join(f"`{value}`" for value in _ORDERED.get(name, definition["enum"])) + "\n"
            continue
        yield "| field | type | default |"
        yield "| --- | --- | --- |"
        for field, what in definition["properties"].items():
            required = field in definition["required"]
            yield f"| `{field}` | {_type(what)} | {'required' if required else _default(what)} |"
        yield ""


def _default(what: Mapping[str, Any]) -> str:
    value = what["default"]
    # A whole part by default is described where the part is.
    return "see there" if isinstance(value, dict) and value else f"`{json.dumps(value)}`"


def _type(what: Mapping[str, Any]) -> str:
    if "anyOf" in what:
        return " or ".join(_type(part) for part in what["anyOf"])
    if "$ref" in what:
        name = what["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in what:
        return " or ".join(f"`{json.dumps(value)}`" for value in what["enum"])
    if what["type"] == "array":
        return f"list of {_type(what['items'])}"
    if what["type"] == "object":
        return f"object of {_type(what['additionalProperties'])}"
    return _scalar(what)


def _scalar(what: Mapping[str, Any]) -> str:
    name = "time" if what.get("format") == "date-time" else str(what["type"])
    bounds = {"minimum": "at least", "exclusiveMinimum": "more than", "maxLength": "length at most", "pattern": "like"}
    said = [f"{words} `{what[key]}`" for key, words in bounds.items() if key in what]
    # A bar ends a cell of a table, also inside a span of code.
    return ", ".join([name, *said]).replace("|", "\\|")
