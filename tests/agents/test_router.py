"""Requests and repositories, and the project types that they are about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.agents.router import PROJECT_TYPES, explain, route
from logist_ci.templating.scaffold import kinds


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("create a landing page for my startup", "static_html"),
        ("build a discord bot with slash commands", "discord_bot"),
        ("make an Express API server", "node_project"),
        ("a python library for parsing dates", "python_package"),
        ("Create a LANDING\n  PAGE", "static_html"),
        ("a landing page for our Discord bot", "static_html"),
        ("a Discord bot in Python that rolls dice", "discord_bot"),
        ("a website for my python library", "static_html"),
        ("publish a package on PyPI", "python_package"),
        ("write a REST service with Node.js", "node_project"),
        ("a typescript backend", "node_project"),
        ("bot for Discord", "discord_bot"),
        ("a Flask app", "python_package"),
        ("an HTML5 portfolio", "static_html"),
        ("a static site with some CSS", "static_html"),
        ("an express.js service", "node_project"),
    ],
)
def test_words_name_the_type(prompt: str, expected: str) -> None:
    found = route(prompt, [])
    assert found.project_type == expected
    assert found.requires_build == (expected != "static_html")
    assert found.matched
    assert all(text.startswith("word: ") for text in found.matched)
    assert expected in explain(found)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["package.json", "src/app.py"], "node_project"),
        (["pyproject.toml", "README.md"], "python_package"),
        (["setup.py"], "python_package"),
        (["index.html", "styles.css"], "static_html"),
        (["discord_bot.py", "pyproject.toml"], "discord_bot"),
        (["docs/package.json", "README.md"], None),
        (["package.json", "pyproject.toml"], None),
    ],
)
def test_files_decide_when_words_do_not(files: list[str], expected: str | None) -> None:
    assert route("fix the tests", files).project_type == expected


def test_what_was_matched_is_shown() -> None:
    assert route("make an Express API server", []).matched == ("word: express", "word: api server")
    assert route("fix it", ["package.json", "tsconfig.json"]).matched == ("file: package.json", "file: tsconfig.json")


def test_words_that_name_a_type_win_over_files() -> None:
    assert route("add a landing page", ["package.json", "tsconfig.json"]).project_type == "static_html"
    assert route("add a library function", ["package.json"]).project_type == "node_project"


def test_an_unknown_type_is_explained() -> None:
    unknown = route("make me a sandwich", ["README.md"])
    assert (unknown.project_type, unknown.matched, unknown.requires_build) == (None, (), False)
    assert explain(unknown).startswith("No word of the request and no file")
    tied = route("node or python?", [])
    assert tied.project_type is None
    assert tied.matched == ("word: node", "word: python")
    assert "more than one type" in explain(tied)


@pytest.mark.parametrize("prompt", ["expressive prose", "a nodes list", "pythonic", "discordant", "shtml"])
def test_parts_of_words_do_not_count(prompt: str) -> None:
    assert route(prompt, []).project_type is None


def test_every_type_has_a_scaffold() -> None:
    assert kinds() == tuple(sorted(PROJECT_TYPES))


words = st.lists(
    st.sampled_from(
        ["discord", "bot", "python", "library", "node", "express", "landing", "page", "for", "my", "\n", "é"]
    )
    | st.text(max_size=5),
    max_size=12,
).map(" ".join)
paths = st.lists(
    st.sampled_from(["package.json", "pyproject.toml", "index.html", "a/package.json"]) | st.text(), max_size=5
)


@given(words, paths, st.randoms())
def test_the_route_is_a_function_of_the_request_and_the_set_of_files(
    prompt: str, files: list[str], source: object
) -> None:
    found = route(prompt, files)
    assert found == route(prompt, reversed(files)) == route(prompt, [*files, "src/unrelated.c"])
    assert found.project_type is None or found.project_type in PROJECT_TYPES
    assert found.project_type is None or found.matched
    assert not found.requires_build or found.project_type
    assert explain(found)


def test_a_huge_request_takes_no_time() -> None:
    assert route("for " * 100_000 + "a landing page", []).project_type is None
    assert route("a landing page " * 50_000, []).project_type == "static_html"
