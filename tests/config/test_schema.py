from __future__ import annotations

from typing import Any

import pytest

from logist_ci.config.keys import keys
from logist_ci.config.schema import json_schema


def found(name: str) -> dict[str, Any]:
    schema = json_schema()
    for part in name.split("."):
        assert schema["additionalProperties"] is False
        schema = schema["properties"][part]
    return schema


@pytest.mark.parametrize("name", list(keys()))
def test_every_setting_is_in_the_schema_with_its_meaning(name: str) -> None:
    schema = found(name)
    assert schema["description"].startswith(keys()[name].meaning.replace("`", ""))
    assert "enum" in schema or "type" in schema or "anyOf" in schema


def test_choices_are_listed() -> None:
    assert found("cleanup.when")["enum"] == ["finished", "merged", "never"]


def test_agents_are_tables_that_users_name() -> None:
    one = json_schema()["properties"]["agents"]["additionalProperties"]
    assert set(one["properties"]) == {"options", "env_pass"}
    assert one["additionalProperties"] is False
