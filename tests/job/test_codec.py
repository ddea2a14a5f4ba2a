from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from logist_ci.errors import JobStateError, NewerSchemaError
from logist_ci.job.codec import MANIFEST_BYTES, MIGRATIONS, Migration, decode, encode, json_schema
from logist_ci.job.manifest import SCHEMA, Input
from logist_ci.job.states import State
from logist_ci.job.usage import Usage
from logist_ci.testing import example_in, example_manifest

GOOD = encode(example_in(State.RUNNING))
DOCUMENT: dict[str, Any] = json.loads(GOOD)


def document(**changes: Any) -> bytes:
    return json.dumps({**DOCUMENT, **changes}).encode()


def altered(old: str, new: str | bytes) -> bytes:
    assert old.encode() in GOOD
    return GOOD.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1)


@pytest.mark.parametrize("state", State)
def test_every_state_round_trips(state: State) -> None:
    manifest = example_in(state)
    assert decode(encode(manifest)) == manifest


def test_a_manifest_is_a_readable_document() -> None:
    text = GOOD.decode()
    assert text.startswith('{\n  "schema": 1,\n  "id": "example-000001",\n')
    assert text.endswith("}\n")
    assert '"created_at": "2026-01-01T00:00:00Z"' in text


def test_another_layout_of_the_same_document_is_read() -> None:
    assert decode(document()) == decode(GOOD)
    assert decode(json.dumps(dict(reversed(DOCUMENT.items()))).encode()) == decode(GOOD)


@given(st.text(), st.dictionaries(st.text(), st.text()))
def test_any_text_is_stored_or_refused_before_it_is_written(prompt: str, context: dict[str, str]) -> None:
    manifest = replace(example_manifest(), input=Input(prompt=prompt, context=context))
    assert decode(encode(manifest)) == manifest


DAMAGED = {
    "nothing": b"",
    "no JSON": b"\x00\x01",
    "half of it": GOOD[: len(GOOD) // 2],
    "a list": b"[]",
    "null": b"null",
    "text after it": GOOD + b"x",
    "no UTF-8": altered("Example", b"\xff"),
    "encoded surrogate": altered("Example", b"\xed\xa0\x80"),
    "lone surrogate": altered("Example", "\\ud800"),
    "duplicate key": altered('"title"', '"title": "Other", "title"'),
    "duplicate key further down": altered('"prompt"', '"prompt": "Other", "prompt"'),
    "duplicate key, escaped": altered('"title"', '"t\\u0069tle": "Other", "title"'),
    "NaN": altered('"priority": 0', '"priority": NaN'),
    "infinity": altered('"cost_usd": 5.0', '"cost_usd": 1e999'),
    "a cost below zero": altered('"cost_usd": 5.0', '"cost_usd": -1.0'),
    "usage below zero": altered('"wall_s": 0.0', '"wall_s": -1.0'),
    "an enormous number": altered('"priority": 0', '"priority": ' + "9" * 5000),
    "deep nesting": altered('"Example"', "[" * 1_000_000),
    "deep nesting in an unknown field": b'{"schema": 1, "x": ' + b'{"x":' * 1_000_000,
    "an unknown field": document(surprise=1),
    "an unknown state": document(state="WAITING"),
    "an unknown phase": document(phase="think"),
    "no phase": json.dumps({key: value for key, value in DOCUMENT.items() if key != "phase"}).encode(),
    "no phases": document(spec={**DOCUMENT["spec"], "phases": []}),
    "a phase that is not its own": document(phase="deploy"),
    "a wrong type": document(title=7),
    "a time without a zone": document(created_at="2026-01-01T00:00:00"),
    "attempt zero": document(attempt=0),
    "an id that is a path": document(id="../../etc"),
    "an id with a newline": document(id="example-000001\n"),
    "a commit with a newline": document(source={**DOCUMENT["source"], "base_commit": "0" * 40 + "\n"}),
    "schema zero": document(schema=0),
    "schema below zero": document(schema=-1),
    "schema as text": document(schema="1"),
    "no schema": json.dumps({key: value for key, value in DOCUMENT.items() if key != "schema"}).encode(),
    "somebody else's document": b'{"name": "left-pad", "version": "1.0.0"}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_manifest_is_a_named_defect(name: str) -> None:
    with pytest.raises(JobStateError) as caught:
        decode(DAMAGED[name])
    assert re.search(r"[Tt]he manifest .*(is damaged: .+|is not one of Logist CI's)", str(caught.value))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("duplicate key", "'title' comes twice"),
        ("an unknown field", "`surprise`"),
        ("a wrong type", "`$.title`"),
        ("no phase", "`phase`"),
        ("no schema", "has no `schema`"),
        ("schema zero", "0 is not a schema"),
    ],
)
def test_the_defect_is_located(name: str, words: str) -> None:
    with pytest.raises(JobStateError, match=re.escape(words)):
        decode(DAMAGED[name])


@given(st.binary(max_size=200) | st.integers(0, len(GOOD)).flatmap(lambda at: st.just(GOOD[:at] + GOOD[at + 1 :])))
def test_any_bytes_are_a_manifest_or_a_job_state_error(data: bytes) -> None:
    try:
        manifest = decode(data)
    except JobStateError:
        return
    assert decode(encode(manifest)) == manifest


def test_a_huge_document_is_not_parsed() -> None:
    with pytest.raises(JobStateError, match=f"{MANIFEST_BYTES + 1} bytes"):
        decode(b" " * (MANIFEST_BYTES + 1))


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({"title": "\ud800"}, "bytes that are no text"),
        ({"usage": Usage(wall_s=float("nan"))}, r"\$\.usage\.wall_s"),
        ({"title": "x" * MANIFEST_BYTES}, "bytes"),
        ({"attempt": 0}, r"\$\.attempt"),
        ({"state": State.SUSPENDED}, "suspended"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(changes: dict[str, Any], defect: str) -> None:
    with pytest.raises(JobStateError, match=defect):
        encode(example_manifest(**changes))


def test_a_newer_schema_is_refused_with_a_hint() -> None:
    with pytest.raises(NewerSchemaError, match=f"schema {SCHEMA + 1}.* reads up to schema {SCHEMA}") as caught:
        decode(document(schema=SCHEMA + 1, fields_of_tomorrow=True))
    assert "upgrade" in caught.value.hint
    assert caught.value.exit_status == 2


def renamed_title(old: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in old.items() if key != "name"}, "title": old["name"]}


def with_title_in_capitals(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "title": old["title"].upper()}


STEPS: dict[int, Migration] = {1: renamed_title, 2: with_title_in_capitals}
OLD = {key: value for key, value in DOCUMENT.items() if key != "title"}


def test_an_old_document_is_migrated_step_by_step() -> None:
    oldest = json.dumps({**OLD, "schema": 1, "name": "Old one"}).encode()
    older = json.dumps({**OLD, "schema": 2, "title": "Old one"}).encode()
    for data in (oldest, older):
        manifest = decode(data, current=3, migrations=STEPS)
        assert (manifest.title, manifest.schema) == ("OLD ONE", 3)


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        ({}, "KeyError.*'name'"),
        ({"name": 5}, "has no attribute 'upper'"),
        ({"name": "x", "phase": "deploy"}, "deploy is not one of its phases"),
        ({"name": "x", "surprise": 1}, "surprise"),
    ],
)
def test_a_damaged_old_document_is_a_named_defect(changes: dict[str, Any], defect: str) -> None:
    with pytest.raises(JobStateError, match=f"damaged: .*{defect}"):
        decode(json.dumps({**OLD, "schema": 1, **changes}).encode(), current=3, migrations=STEPS)


def test_an_old_document_with_duplicate_keys_is_refused() -> None:
    data = json.dumps({**OLD, "schema": 1, "name": "x"}).encode().replace(b'"name"', b'"name": "y", "name"')
    with pytest.raises(JobStateError, match="comes twice"):
        decode(data, current=3, migrations=STEPS)


def test_a_schema_that_nothing_leads_from_is_refused() -> None:
    with pytest.raises(JobStateError, match="schema 1 cannot be read: no migration leads from 2"):
        decode(document(schema=1), current=4, migrations={1: renamed_title, 3: renamed_title})


def test_there_is_a_migration_for_every_schema_there_was() -> None:
    assert list(MIGRATIONS) == list(range(1, SCHEMA))


def test_the_json_schema_names_every_field_and_is_portable() -> None:
    schema = json_schema()
    assert schema["$ref"] == "#/$defs/Manifest"
    assert set(schema["$defs"]["Manifest"]["properties"]) == set(DOCUMENT)
    assert "(?!" not in json.dumps(schema)
    assert schema["$defs"]["Manifest"]["properties"]["id"]["pattern"].endswith("*$")
