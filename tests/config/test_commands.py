from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.config.commands import parse_check, parse_checks, parse_command
from logist_ci.errors import UsageError


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_a_list_of_words_stays_as_it_is(words: list[str]) -> None:
    assert parse_command(words) == tuple(words)


def test_strings_are_split_but_never_expanded() -> None:
    assert parse_command("""sh -c 'echo $HOME && rm *' "a b" """) == ("sh", "-c", "echo $HOME && rm *", "a b")
    assert parse_command("echo $(id) `id` *") == ("echo", "$(id)", "`id`", "*")


@pytest.mark.parametrize("text", ["a && b", "a | b", "a ; b", "a > b", "a &", "VAR=1 a"])
def test_what_needs_a_shell_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not given to a shell"):
        parse_command(text)


@pytest.mark.parametrize("value", ["", "   ", [], [""], 3, ["a", 3], {"a": 1}, "'open", ["a\0b"], None])
def test_what_is_no_command_is_refused(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        parse_command(value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "value", [{"name": "x"}, {"run": "a", "shell": True}, {"run": "a", "name": ""}, {"run": "a", "name": "x\ny"},
              {"run": {"run": "a"}}, {"run": "a", "name": 3}, 3],
)  # fmt: skip
def test_what_is_no_check_is_refused(value: object) -> None:
    with pytest.raises(UsageError):
        parse_check(value)


def test_a_check_is_called_by_its_command() -> None:
    assert parse_check(["a b", "c"]).name == shlex.join(["a b", "c"])


def test_checks_have_different_names() -> None:
    assert [check.name for check in parse_checks(["a", {"name": "b", "run": "a"}])] == ["a", "b"]
    with pytest.raises(UsageError, match="two checks"):
        parse_checks(["pre-commit", "pre-commit"])
