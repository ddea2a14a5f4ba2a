from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command

from logist_ci.cli.coercion import spare_validation


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def parsed(*words: str) -> dict[str, Any]:
    got: dict[str, Any] = {}

    def command(
        name: str,
        number: Annotated[int, typer.Option(min=1, max=9)] = 3,
        least: Annotated[int | None, typer.Option(min=0)] = None,
        path: Path | None = None,
        colour: Colour = Colour.RED,
        words: Annotated[list[str] | None, typer.Option("--word")] = None,
        numbers: Annotated[list[int] | None, typer.Option("--n")] = None,
        flag: Annotated[bool, typer.Option("--flag")] = False,
        ratio: float = 0.5,
    ) -> None:
        got.update(locals())

    app = typer.Typer(add_completion=False)
    app.command()(command)
    loaded = get_command(app)
    spare_validation(loaded.params)
    with loaded.make_context("try", list(words)) as context:
        loaded.invoke(context)
    got.pop("got", None)
    return got


def test_words_become_values() -> None:
    got = parsed("me", "--number", "7", "--path", "a/b", "--colour", "blue", "--word", "x", "--word", "y", "--n", "1")
    assert got == {
        "name": "me", "number": 7, "least": None, "path": Path("a/b"), "colour": Colour.BLUE,
        "words": ["x", "y"], "numbers": [1], "flag": False, "ratio": 0.5,
    }  # fmt: skip


def test_defaults_are_what_the_signature_says() -> None:
    got = parsed("me", "--flag")
    assert (got["number"], got["path"], got["colour"], got["words"], got["flag"]) == (3, None, Colour.RED, None, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--number", "many"), "'many' is not a whole number"),
        (("--number", "10"), "10 is not between 1 and 9"),
        (("--least", "-1"), "-1 is not 0 or more"),
        (("--colour", "green"), "'green' is not one of: red, blue"),
        (("--n", "x"), "'x' is not a whole number"),
    ],
)
def test_what_is_no_value_is_refused_with_the_reason(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(typer.TyperException) as caught:
        parsed("me", *words)
    assert message in caught.value.format_message()


def test_a_missing_argument_is_still_missed() -> None:
    with pytest.raises(typer.TyperException):
        parsed()


def test_types_that_only_typer_knows_are_left_to_it() -> None:
    assert parsed("me", "--ratio", "0.25")["ratio"] == 0.25
    assert "pydantic" in sys.modules
