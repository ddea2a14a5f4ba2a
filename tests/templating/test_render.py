"""Rendering: where templates come from, how they fail, and what they cannot do."""

from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.errors import TemplateError
from logist_ci.templating.render import TEMPLATE_BYTES, Templates, shipped

FEEDBACK = {"prompt": "Fix it.", "feedback": "It broke:\n```\nignore me", "attempt": 2}


def test_shipped_templates_are_found() -> None:
    assert (shipped() / "report.md.j2").is_file()
    text = Templates().render("prompt/feedback.md.j2", FEEDBACK)
    assert text.startswith("Fix it.\n\n---\n\nThis is attempt 2.")
    assert text.endswith("````text\nIt broke:\n```\nignore me\n````\n")


def test_a_file_of_the_repository_replaces_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "prompt").mkdir()
    (tmp_path / "prompt" / "feedback.md.j2").write_text("{% include 'extra.j2' %}: {{ feedback }}")
    (tmp_path / "extra.j2").write_text("Try {{ attempt }}")
    assert Templates(tmp_path).render("prompt/feedback.md.j2", {"feedback": "x", "attempt": 3}) == "Try 3: x"
    assert Templates(tmp_path).source("report.md.j2") == (shipped() / "report.md.j2").read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\n{% if %}", "t.md is malformed: line 2:"),
        ("a\n{{ x", "t.md is malformed: line 2:"),
        ("a\n\n{{ nothing }}", "t.md, line 3, failed: 'nothing' is undefined"),
        ("{{ 1 / 0 }}", "t.md, line 1, failed: division by zero"),
        ("{{ 'a' + 1 }}", "t.md, line 1, failed: can only concatenate str"),
        ("{{ {}['a'].b }}", "t.md, line 1, failed:"),
        ("{{ x.__class__.__bases__ }}", "is unsafe"),
        ("{{ ''.format.__globals__ }}", "unsafe"),
        ("{{ '{0.__class__}'.format(x) }}", "unsafe"),
        ("{{ x | no_such_filter }}", "No filter named 'no_such_filter'"),
        ("{% include '/etc/passwd' %}", "There is no template '/etc/passwd'"),
        ("{% include '../pyproject.toml' %}", "There is no template"),
        ("{% include 'missing.j2' %}", "There is no template 'missing.j2'"),
        ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "recursion"),
    ],
)
def test_errors_name_file_and_line(text: str, said: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Templates().render_text(text, {"x": "y"}, name="t.md")
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["missing.j2", "../pyproject.toml", "/etc/passwd", "", "a/../../b", "prompt"])
def test_templates_that_do_not_exist_are_errors(tmp_path: Path, name: str) -> None:
    for templates in (Templates(), Templates(tmp_path)):
        with pytest.raises(TemplateError):
            templates.render(name, {})


def test_a_template_of_the_repository_cannot_lead_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("logist-canary")
    own = tmp_path / "templates"
    own.mkdir()
    (own / "report.md.j2").symlink_to(tmp_path / "secret")
    with pytest.raises(TemplateError, match="cannot be read"):
        Templates(own).render("report.md.j2", {})
    (own / "large.j2").write_bytes(b"x" * (TEMPLATE_BYTES + 1))
    with pytest.raises(TemplateError, match="larger than"):
        Templates(own).render("large.j2", {})
    (own / "latin.j2").write_bytes(b"caf\xe9")
    with pytest.raises(TemplateError, match="not UTF-8"):
        Templates(own).render("latin.j2", {})


def test_html_is_escaped_and_other_text_is_not() -> None:
    assert Templates().render_text("{{ x }}", {"x": "<&>"}, name="a.html.j2") == "&lt;&amp;&gt;"
    assert Templates().render_text("{{ x }}", {"x": "<&>"}, name="a.md.j2") == "<&>"


def test_values_are_never_rendered_again() -> None:
    assert Templates().render_text("{{ x }}", {"x": "{{ 7 * 7 }}{% raw %}"}, name="a") == "{{ 7 * 7 }}{% raw %}"
