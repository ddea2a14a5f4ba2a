from __future__ import annotations

import io

import pytest

from logist_ci.cli.terminal import Palette, Terminal
from tests.cli.conftest import Screen


def make(*, tty: bool = False, stdin: str = "", verbosity: int = 0, color: bool = True, **environ: str) -> Terminal:
    return Terminal(
        Screen(stdin, tty=tty), Screen(tty=tty), Screen(tty=tty),
        environ={"TERM": "xterm", **environ}, verbosity=verbosity, color=color,
    )  # fmt: skip


def written(terminal: Terminal) -> tuple[str, str]:
    assert isinstance(terminal.stdout, io.StringIO)
    assert isinstance(terminal.stderr, io.StringIO)
    return terminal.stdout.getvalue(), terminal.stderr.getvalue()


def test_data_goes_to_stdout_and_talk_to_stderr() -> None:
    terminal = make()
    terminal.show("data")
    terminal.show("more\n")
    terminal.say("talk")
    assert written(terminal) == ("data\nmore\n", "talk\n")


def test_quiet_leaves_only_what_matters() -> None:
    terminal = make(verbosity=-1)
    terminal.say("talk")
    terminal.detail("detail")
    terminal.warn("warning")
    assert written(terminal) == ("", "warning\n")


@pytest.mark.parametrize(("verbosity", "text"), [(0, ""), (1, "detail\n")])
def test_details_are_for_those_who_ask(verbosity: int, text: str) -> None:
    terminal = make(verbosity=verbosity)
    terminal.detail("detail")
    assert written(terminal)[1] == text


def test_json_is_one_indented_document() -> None:
    terminal = make()
    terminal.show_json({"a": [1]})
    assert written(terminal)[0] == '{\n  "a": [\n    1\n  ]\n}\n'


def test_bytes_reach_a_pipe_as_they_are() -> None:
    binary = io.BytesIO()
    with io.TextIOWrapper(binary, encoding="utf-8") as stdout:
        terminal = Terminal(Screen(), stdout, Screen())
        terminal.show("first")
        terminal.show_bytes(b"\xff\x1b[2J\n")
        stdout.flush()
        assert binary.getvalue() == b"first\n\xff\x1b[2J\n"


def test_bytes_are_made_harmless_for_a_terminal() -> None:
    terminal = make(tty=True)
    terminal.show_bytes(b"+ \x1b[2J\xff\n")
    assert written(terminal)[0] == "+ \\x1b[2J\ufffd\n"


def test_a_stream_of_text_gets_the_bytes_as_surrogates() -> None:
    terminal = make()
    terminal.show_bytes(b"\xff")
    assert written(terminal)[0] == "\udcff"


@pytest.mark.parametrize(
    ("answer", "meant"), [("y\n", True), ("Yes\n", True), ("\n", False), ("", False), ("n\n", False)]
)
def test_only_yes_is_yes(answer: str, meant: bool) -> None:
    assert make(tty=True, stdin=answer).ask("Sure?") is meant


def test_somebody_is_there_only_with_terminals_at_both_ends() -> None:
    assert make(tty=True).interactive
    assert not make().interactive
    assert not Terminal(Screen(tty=True), Screen(), Screen()).interactive


def test_lines_are_drawn_again_only_on_real_terminals() -> None:
    assert make(tty=True).lively
    assert not make(tty=True, TERM="dumb").lively
    assert not make(tty=True, verbosity=-1).lively
    assert not make().lively


def test_colours_are_for_terminals_that_nobody_wants_plain() -> None:
    assert make(tty=True).palette.on
    assert make(tty=True).talk_palette.on
    assert not make().palette.on
    assert not make(tty=True, color=False).palette.on
    assert not make(tty=True, NO_COLOR="1").palette.on
    assert make(tty=True, NO_COLOR="").palette.on
    assert not make(tty=True, TERM="dumb").palette.on


def test_a_palette_paints_or_leaves_text_alone() -> None:
    on, off = Palette(on=True), Palette()
    for name in ("bold", "dim", "good", "bad", "busy", "waiting"):
        painted = getattr(on, name)("text")
        assert painted.startswith("\x1b[")
        assert painted.endswith("text\x1b[0m")
        assert getattr(off, name)("text") == "text"
    assert on.bold("") == ""
