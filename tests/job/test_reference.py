from __future__ import annotations

import json

import msgspec
import pytest

from logist_ci.job.codec import encode
from logist_ci.job.reference import manifest_page, schema_document, states_page
from logist_ci.job.states import Event, State
from logist_ci.testing import example_in


@pytest.mark.parametrize("word", [*State, *Event])
def test_the_page_of_states_explains_every_state_and_event(word: str) -> None:
    assert f"| `{word}` | " in states_page()


def test_the_manifest_page_explains_every_part() -> None:
    page = manifest_page()
    definitions = json.loads(schema_document())["$defs"]
    for name, definition in definitions.items():
        assert f"\n## {name}\n" in page
        for field in definition.get("properties", {}):
            assert f"| `{field}` | " in page
    assert "None" not in page
    assert "``" not in page


@pytest.mark.parametrize("state", State)
def test_real_manifests_satisfy_the_published_schema(state: State) -> None:
    schema = json.loads(schema_document())
    check(json.loads(encode(example_in(state))), schema["$defs"]["Manifest"], schema["$defs"])


def check(value: object, schema: dict[str, object], definitions: dict[str, dict[str, object]]) -> None:
    """Follow the parts of the schema that say which keys there are; the values' types are the decoder's work."""
    if "$ref" in schema:
        return check(value, definitions[str(schema["$ref"]).rpartition("/")[2]], definitions)
    if isinstance(value, dict) and "properties" in schema:
        properties = msgspec.convert(schema["properties"], dict[str, dict[str, object]])
        assert set(value) <= set(properties)
        assert set(msgspec.convert(schema["required"], list[str])) <= set(value)
        for key, part in value.items():
            check(part, properties[key], definitions)
    return None
