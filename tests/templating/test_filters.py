"""Literals: whatever the value is, it stays one."""

from __future__ import annotations

import ast
import json
import tomllib

from hypothesis import given
from hypothesis import strategies as st

from logist_ci.templating.filters import code_fence, encodable, line, literal, markdown, toml

anything = st.text(st.characters())


@given(anything)
def test_a_literal_is_the_same_value_again(value: str) -> None:
    expected = encodable(value)
    assert json.loads(literal(value)) == expected
    assert tomllib.loads(f"x = {toml(value)}")["x"] == expected
    assert ast.literal_eval(toml(value)) == expected
    assert literal(value).isascii()
    assert not set(literal(value)) & set("<>&\n\r\x7f")
    toml(value).encode()


@given(anything)
def test_a_line_is_one_line_that_can_be_encoded(value: str) -> None:
    shown = line(value)
    assert shown.splitlines() in ([], [shown])
    assert shown == shown.strip()
    shown.encode()


def test_markdown_is_shown_as_it_is() -> None:
    assert markdown("# a *b* [c](d) `e` <f> g|h") == r"\# a \*b\* \[c\](d) \`e\` \<f\> g\|h"
    assert [markdown(text) for text in ("- a", "+ a", "1. a", "2) a", "a - b", "1 a")] == [
        r"\- a",
        r"\+ a",
        r"1\. a",
        r"2\) a",
        "a - b",
        "1 a",
    ]


def test_a_fence_is_longer_than_any_inside() -> None:
    assert code_fence("a") == "```text\na\n```"
    assert code_fence("\n```\nx\n````\n").startswith("`````text\n```\nx\n````\n`````")
