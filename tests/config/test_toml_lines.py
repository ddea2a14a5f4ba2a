from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from logist_ci.config.toml_lines import lines_of


def test_keys_tables_and_values_that_span_lines() -> None:
    text = '''\
# a comment = 1

a = 1
"b.c" = 2
d.e = 3   # and a [comment]
f = [
  # = inside
  1, { g = 2 },
]
h = """
[not a table]
x = 1
"""
[i]
j = '[k]'

  [ i . "l m" ]
n = { o = 1, p.q = 2 }
[[r]]
s = 1
[[r]]
t = 1
'''
    tomllib.loads(text)
    assert lines_of(text) == {
        "a": 3, "b.c": 4, "d": 5, "d.e": 5, "f": 6, "f.g": 6, "h": 10, "i": 14, "i.j": 15, "i.l m": 17,
        "i.l m.n": 18, "i.l m.n.o": 18, "i.l m.n.p": 18, "i.l m.n.p.q": 18, "r": 19, "r.s": 20, "r.t": 22,
    }  # fmt: skip


def test_an_empty_document() -> None:
    assert lines_of("") == {} == lines_of("\n# only words\n")


_names = st.from_regex(r"\A[a-z]{1,5}\Z")


@given(st.dictionaries(_names, st.one_of(st.integers(0, 9), st.dictionaries(_names, st.integers(0, 9))), max_size=6))
def test_every_key_is_found_where_it_was_written(content: dict[str, Any]) -> None:
    lines: list[str] = []
    expected: dict[str, int] = {}
    for name, value in sorted(content.items(), key=lambda item: isinstance(item[1], dict)):
        lines.append(f"[{name}]" if isinstance(value, dict) else f"{name} = {value}")
        expected[name] = len(lines)
        for inner in value if isinstance(value, dict) else ():
            lines.append(f"{inner} = {value[inner]}")
            expected[f"{name}.{inner}"] = len(lines)
    assert lines_of("\n".join(lines)) == expected
