"""Recipes: what they may say, and how precisely they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.errors import TemplateError
from logist_ci.job.manifest import CheckSpec, Phase
from logist_ci.templating.recipe import RECIPE_BYTES, Recipe, find, names, parse
from logist_ci.templating.render import Templates

FULL = """\
---
title: Update the dependencies
agent: claude
runtime: bubblewrap
limits: {wall: 20m, attempts: 2, cost_usd: 1.5}
checks:
  - pytest -q "a b"
  - pre-commit
  - {name: types, run: [mypy, --strict]}
  - {name: hooks, run: pre-commit}
phases: [plan, generate]
artifacts: [dist/*.whl]
approval: true
variables:
  package: null
  style: careful
  count: 3
---
# Update {{ package }}

Be {{ style }}, {{ count }} times.
"""


def test_everything_is_read() -> None:
    recipe = parse(FULL.encode(), "deps")
    assert recipe == Recipe(
        name="deps",
        path=".logist/recipes/deps.md",
        title="Update the dependencies",
        agent="claude",
        runtime="bubblewrap",
        limits={"wall": "20m", "attempts": "2", "cost_usd": "1.5"},
        checks=(
            CheckSpec(kind="command", name="pytest -q 'a b'", argv=("pytest", "-q", "a b")),
            CheckSpec(kind="pre_commit", name="pre-commit"),
            CheckSpec(kind="command", name="types", argv=("mypy", "--strict")),
            CheckSpec(kind="pre_commit", name="hooks"),
        ),
        phases=(Phase.PLAN, Phase.GENERATE),
        artifacts=("dist/*.whl",),
        approval=True,
        variables={"package": None, "style": "careful", "count": "3"},
        body=recipe.body,
    )
    assert recipe.prompt({"package": "jinja2"}) == "# Update jinja2\n\nBe careful, 3 times."


def test_a_recipe_needs_no_front_matter() -> None:
    recipe = parse(b"Fix the tests.\r\n", "fix", path="x/fix.md")
    assert (recipe.prompt({}), recipe.path, recipe.approval, recipe.checks) == ("Fix the tests.", "x/fix.md", None, ())
    assert parse("\ufeff---\r\n---\r\nFix.".encode(), "fix").prompt({}) == "Fix."


def test_variables_are_asked_for_by_name() -> None:
    recipe = parse(FULL.encode(), "deps")
    with pytest.raises(TemplateError, match=r"The recipe deps needs package\.") as caught:
        recipe.prompt({"style": "bold"})
    assert caught.value.hint == "Add: --var package=…"
    with pytest.raises(TemplateError, match="has no variable 'pakage'") as caught:
        recipe.prompt({"pakage": "x"})
    assert caught.value.hint == "Its variables are: package, style, count."
    with pytest.raises(TemplateError) as caught:
        parse(b"Fix.", "fix").prompt({"a": "b"})
    assert caught.value.hint == "Its variables are: none."


def test_errors_in_the_prompt_name_the_line_of_the_file() -> None:
    recipe = parse(b"---\ntitle: A\n---\nfirst\n{{ missing }}\n", "a")
    with pytest.raises(TemplateError, match=r"\.logist/recipes/a\.md, line 5, failed: 'missing' is undefined"):
        recipe.prompt({})


def test_a_recipe_cannot_reach_out_of_its_sandbox() -> None:
    recipe = parse(b"---\nvariables: {x: a}\n---\n{{ x.__class__.__mro__ }}", "a")
    with pytest.raises(TemplateError, match="unsafe"):
        recipe.prompt({})
    value = "{{ 7 * 7 }}"
    assert parse(b"---\nvariables: {x: a}\n---\n{{ x }}", "a").prompt({"x": value}) == value


@pytest.mark.parametrize(
    ("front", "line", "said"),
    [
        ("titel: x", 2, "there is no key 'titel'"),
        ("title: a\nagent: b\ntitle: c", 4, "the key 'title' is there twice"),
        ("variables:\n  a: 1\n  a: 2", 4, "the key 'a' is there twice"),
        ("title: [a]", 2, "`title`: it has to be one line of text"),
        ('title: "a\\nb"', 2, "`title`: it has to be one line of text"),
        ("title: ''", 2, "`title`: it has to be one line of text"),
        ("runtime: host", 2, "`runtime`: a repository's own files cannot take the protection away"),
        ("limits: [1]", 2, "`limits`: it has to be a table of limits"),
        ("limits: {wall: yes}", 2, "`limits`: it has to be a text or a number"),
        ("limits: {speed: 1}", 2, "`limits`: There is no limit called 'speed'"),
        ("limits: {wall: soon}", 2, "`limits`: 'soon' is not a duration"),
        ("approval: maybe", 2, "`approval`: it has to be true or false"),
        ("phases: generate", 2, "`phases`: it has to be a list of phases"),
        ("phases: [dance]", 2, "`phases`: there is no phase 'dance'"),
        ("phases: [generate, plan]", 2, "`phases`: phases are named once each, in order"),
        ("phases: []", 2, "`phases`: phases are named once each, in order"),
        ("artifacts: [../x]", 2, "`artifacts`: globs are relative to the worktree"),
        ("artifacts: [/x]", 2, "`artifacts`: globs are relative to the worktree"),
        ("variables: {a-b: 1}", 2, "`variables`: 'a-b' is not the name of a variable"),
        ("variables: {a: [1]}", 2, "`variables`: it has to be a text or a number"),
        ("variables: {a: 2026-01-01}", 2, "`variables`: it has to be a text or a number"),
        ("checks: pytest", 2, "`checks`: it has to be a list of commands"),
        ("checks: [a, a]", 2, "`checks`: two checks are called 'a'"),
        ("checks: ['']", 2, "`checks`: a command needs the name of a program"),
        ("""checks: ["a 'b"]""", 2, "cannot be split into words"),
        ("checks: [{run: a}]", 2, "`checks`: a check that is a table has `name` and `run`"),
        ("checks: [5]", 2, "`checks`: it has to be a list of words"),
        ("- a", 2, "the front matter is not a list of keys and values"),
        ("title: 'a", 2, "it is not YAML"),
        ("title: a\n\tb: c", 3, "it is not YAML"),
        ("a: &x [1]\nb: *x", 3, "aliases (`*name`) are not allowed"),
        ("title: !!python/name:os.system a", 2, "it is not YAML"),
        ("title: \x07", 1, "it is not YAML"),
        ("? [a, b]\n: c", 2, "there is no key"),
        ("title: " + "[" * 5000, 1, "nested too deeply"),
        ("title: " + "x" * 30_000, 1, "too long"),
        ("title: " + "[" * 30 + "]" * 30, 2, "one line of text"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(front: str, line: int, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(f"---\n{front}\n---\nDo it.\n".encode(), "a")
    assert str(caught.value).startswith(f"The recipe .logist/recipes/a.md, line {line}: ")
    assert said in str(caught.value)


def test_a_close_key_is_suggested() -> None:
    with pytest.raises(TemplateError) as caught:
        parse(b"---\nvariable: {}\n---\nx", "a")
    assert caught.value.hint == "Did you mean variables?"
    with pytest.raises(TemplateError) as caught:
        parse(b"---\nzzz: {}\n---\nx", "a")
    assert "A recipe knows: title, agent" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"---\ntitle: a\n", "line 1: the front matter has no end"),
        (b"---\ntitle: a\n---\n \n", "has no prompt"),
        (b"", "has no prompt"),
        (b"caf\xe9", "is not UTF-8"),
    ],
)
def test_what_is_no_recipe_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        parse(data, "a")


def test_aliases_cannot_fill_the_memory() -> None:
    bomb = "a: &a [x,x]\n" + "".join(
        f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
    )
    with pytest.raises(TemplateError, match="aliases"):
        parse(f"---\n{bomb}---\nx".encode(), "a")


def test_recipes_are_found_by_name(tmp_path: Path) -> None:
    assert names(tmp_path) == ()
    with pytest.raises(TemplateError) as caught:
        find(tmp_path, "deps")
    assert caught.value.hint == "Recipes are Markdown files in .logist/recipes/."
    folder = tmp_path / ".logist" / "recipes"
    folder.mkdir(parents=True)
    (folder / "deps.md").write_text(FULL)
    (folder / "docs.md").write_text("Write.")
    (folder / "not.txt").write_text("x")
    assert names(tmp_path) == ("deps", "docs")
    assert find(tmp_path, "deps") == parse(FULL.encode(), "deps")
    with pytest.raises(TemplateError, match="There is no recipe called 'dep'") as caught:
        find(tmp_path, "dep")
    assert caught.value.hint == "Did you mean deps?"
    with pytest.raises(TemplateError) as caught:
        find(tmp_path, "zzz")
    assert caught.value.hint == "There are: deps, docs."


@pytest.mark.parametrize("name", ["../secret", "a/b", "", "..", "link", "a\0b", "large"])
def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / ".logist" / "recipes"
    folder.mkdir(parents=True)
    (tmp_path / ".logist" / "secret.md").write_text("logist-canary")
    (folder / "link.md").symlink_to(tmp_path / ".logist" / "secret.md")
    (folder / "large.md").write_bytes(b"x" * (RECIPE_BYTES + 1))
    with pytest.raises(TemplateError) as caught:
        find(tmp_path, name)
    assert "canary" not in str(caught.value)


@given(st.binary(max_size=100) | st.text().map(lambda text: f"---\n{text}\n---\nx".encode("utf-8", "surrogatepass")))
def test_anything_is_a_recipe_or_a_named_defect(data: bytes) -> None:
    try:
        recipe = parse(data, "a")
    except TemplateError as defect:
        assert ".logist/recipes/a.md" in str(defect)
    else:
        assert recipe.body.strip()


def test_the_recipe_that_init_writes_is_one() -> None:
    text = Templates().render("init/recipe.md.j2", {"checks": ()})
    recipe = parse(text.encode(), "example")
    assert recipe.prompt({name: "x" for name, default in recipe.variables.items() if default is None})
