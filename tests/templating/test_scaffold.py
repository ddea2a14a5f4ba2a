"""Scaffolds: what they hold is accepted by its own tools, whatever the title is."""

from __future__ import annotations

import ast
import json
import os
import shutil
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logist_ci.errors import TemplateError
from logist_ci.process.capture import Completed, capture
from logist_ci.process.command import Command
from logist_ci.templating.filters import line
from logist_ci.templating.render import Templates
from logist_ci.templating.scaffold import TITLE_LENGTH, kinds, scaffold, scaffold_values

HOSTILE = [
    "My \"Startup\" & 'Sons' </script></title><script>alert(1)</script>",
    "{{ 7 * 7 }} {% raw %} ${7*7} `x` \\",
    "a\n\"\"\"\nb\r\n'''\t*/ --> ]]>",
    "Zürich 😀 \u202e\u2028 \x00\x7f",
    "\ud800 lone",
    "",
    "json",
    "123",
]

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed in order, every attribute quoted and once."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.declarations: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


def written(files: dict[str, bytes], folder: Path) -> Path:
    for path, data in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def run(folder: Path, *argv: str) -> Completed:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8", "PIP_NO_INDEX": "1", "NO_COLOR": "1"}
    env |= {"npm_config_offline": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    done = capture(Command(argv, folder, env), timeout_s=120)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done


def checked_page(text: str, files: dict[str, bytes]) -> Page:
    page = Page(text)
    assert page.declarations == ["doctype html"]
    names = [tag for tag, _ in page.tags]
    assert [names.count(tag) for tag in ("html", "head", "title", "body", "main", "h1", "script")] == [
        1,
        1,
        1,
        1,
        1,
        1,
        0,
    ]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        target = attributes.get("href") or ""
        assert not target.startswith("#") or target[1:] in ids
        assert target.startswith(("#", "mailto:")) or not target or target in files
        assert attributes.get("aria-labelledby", ids[0]) in ids
    return page


def check_syntax(files: dict[str, bytes]) -> None:
    """Parse every file in its own language."""
    for path, data in files.items():
        text = data.decode("utf-8")
        if path.endswith(".json"):
            json.loads(text)
        elif path.endswith(".toml"):
            tomllib.loads(text)
        elif path.endswith(".py"):
            ast.parse(text)
        elif path.endswith(".html"):
            checked_page(text, files)
        elif path.endswith(".svg"):
            Page(text)


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("kind", kinds())
def test_any_title_gives_valid_files(kind: str, title: str) -> None:
    check_syntax(scaffold(kind, {"title": title, "description": title * 3}))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(kinds()), st.text(st.characters()), st.text(st.characters()))
def test_any_words_give_valid_files(kind: str, title: str, description: str) -> None:
    files = scaffold(kind, {"title": title, "description": description})
    check_syntax(files)
    assert all(path.isprintable() and not path.startswith("/") and ".." not in path for path in files)


@pytest.mark.parametrize("title", HOSTILE)
def test_the_title_is_shown_as_it_is(title: str) -> None:
    shown = scaffold_values(title)["title"]
    files = scaffold("static_html", {"title": title})
    assert checked_page(files["index.html"].decode(), files).texts["title"] == shown
    package = json.loads(scaffold("node_project", {"title": title, "description": title})["package.json"])
    assert package["description"] == (line(title) or shown)
    for kind in ("python_package", "discord_bot"):
        module = scaffold_values(title)["module"]
        files = scaffold(kind, {"title": title})
        source = next(data for path, data in files.items() if path.endswith(f"{module}/__init__.py"))
        names = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(source).body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        assert names["TITLE"] == shown


def test_names_are_made_of_the_title() -> None:
    assert scaffold_values("My Café, 2nd try") == {
        "title": "My Café, 2nd try",
        "description": "My Café, 2nd try",
        "slug": "my-cafe-2nd-try",
        "module": "my_cafe_2nd_try",
    }
    taken = {title: scaffold_values(title)["module"] for title in ("json", "class", "2 fast", "pytest", "???", "Tests")}
    assert taken == {
        "json": "project_json",
        "class": "project_class",
        "2 fast": "project_2_fast",
        "pytest": "project_pytest",
        "???": "job",
        "Tests": "project_tests",
    }
    assert scaffold_values("json")["slug"] == "project-json"
    assert len(scaffold_values("x" * 1000)["title"]) == TITLE_LENGTH
    assert scaffold_values(" \n ")["title"] == "Untitled"


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(TemplateError, match="no scaffold called 'rails'") as caught:
        scaffold("rails", {"title": "x"})
    assert "discord_bot, node_project, python_package, static_html" in caught.value.hint


def test_a_file_can_be_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "scaffolds" / "python_package" / "src" / "{{ module }}"
    folder.mkdir(parents=True)
    (folder / "greeting.py").write_text("# ours\n")
    files = scaffold("python_package", {"title": "Dates"}, Templates(tmp_path))
    assert files["src/dates/greeting.py"] == b"# ours\n"


node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")


@node
@pytest.mark.parametrize("title", [HOSTILE[0], HOSTILE[2], HOSTILE[3]])
def test_the_node_project_is_accepted_by_node(tmp_path: Path, title: str) -> None:
    files = scaffold("node_project", {"title": title})
    folder = written(files, tmp_path)
    for path in files:
        if path.endswith(".js"):
            run(folder, "node", "--check", path)
    assert b"# fail 0" in run(folder, "node", "--test", "--test-reporter=tap").stdout


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_the_node_project_is_accepted_by_npm(tmp_path: Path) -> None:
    folder = written(scaffold("node_project", {"title": HOSTILE[0]}), tmp_path)
    run(folder, "npm", "test")
    assert json.loads(run(folder, "npm", "pkg", "get", "name").stdout) == scaffold_values(HOSTILE[0])["slug"]
    run(folder, "npm", "pack", "--dry-run")


@pytest.mark.parametrize("kind", ["python_package", "discord_bot"])
@pytest.mark.parametrize("title", [HOSTILE[0], HOSTILE[3], "json"])
def test_the_tests_of_a_python_project_pass_without_installing_anything(tmp_path: Path, kind: str, title: str) -> None:
    folder = written(scaffold(kind, {"title": title}), tmp_path)
    run(folder, sys.executable, "-m", "compileall", "-q", ".")
    assert b" passed" in run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider").stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["python_package", "discord_bot"])
def test_a_python_project_can_be_built(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("hatchling", reason="the projects' build backend is not installed")
    folder = written(scaffold(kind, {"title": HOSTILE[0]}), tmp_path / "project")
    run(folder, sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", "dist", ".")
    (wheel,) = (folder / "dist").iterdir()
    assert wheel.name == f"{scaffold_values(HOSTILE[0])['module']}-0.1.0-py3-none-any.whl"
