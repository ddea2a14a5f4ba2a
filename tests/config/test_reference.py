from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.config.keys import Key, keys, nearest, sections, variable_of
from logist_ci.config.load import load
from logist_ci.config.reference import BEGIN, END, reference_table, shown
from logist_ci.config.settings import Settings
from logist_ci.job.limits import Limits

PAGE = Path(__file__).parents[2] / "docs" / "config.md"


def test_the_page_has_the_table_that_the_types_give() -> None:
    page = PAGE.read_text(encoding="utf-8")
    table = page[page.index(BEGIN) : page.index(END) + len(END)] + "\n"
    assert table == reference_table(), "put the output of reference_table() into docs/config.md"


def test_every_setting_is_a_key_with_a_meaning() -> None:
    fields = {name for name in Settings.__struct_fields__ if name not in (*sections(), "agents")}
    assert fields <= set(keys())
    assert {key.path[1] for key in keys().values() if key.path[0] == "limits"} == set(Limits.__struct_fields__)
    assert all(key.meaning.endswith(".") for key in keys().values())
    assert len({variable_of(key) for key in keys().values()}) == len(keys())


@pytest.mark.parametrize("name", [name for name, key in keys().items() if key.default not in (None, (), "")])
def test_a_default_written_down_as_shown_is_that_default(tmp_path: Path, name: str) -> None:
    key = keys()[name]
    (tmp_path / "user.toml").write_text(f"{name} = {shown(key, key.default)}\n")
    assert load(root=None, user_file=tmp_path / "user.toml", environ={}).settings == Settings()


def test_odd_values_are_shown_too() -> None:
    key = Key("x", ("x",), "text", None, "")
    assert shown(key, None) == "unset"
    assert shown(key, {"a": "b"}) == '{ a = "b" }'
    assert shown(keys()["checks"], ("a", "b")) == '["a", "b"]'
    assert shown(keys()["limits.wall"], 90.5) == '"90.5s"'
    assert shown(keys()["limits.wall"], 7200) == '"2h"'
    assert shown(keys()["limits.output"], 1500) == '"1500B"'
    assert shown(keys()["limits.tokens"], None) == '"none"'


def test_the_nearest_key() -> None:
    assert nearest("agnt", keys()) == "agent"
    assert nearest("qqqqqq", keys()) is None
