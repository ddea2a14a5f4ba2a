from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.cli.intake import PROMPT_BYTES, read_prompt
from logist_ci.cli.session import Invocation, Session
from logist_ci.cli.stopping import Stopper
from logist_ci.cli.terminal import Terminal
from logist_ci.errors import LogistError, MissingError, UsageError
from tests.cli.conftest import Screen


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return make(tmp_path)


def make(folder: Path, *, stdin: str = "", tty: bool = False, **environ: str) -> Session:
    terminal = Terminal(Screen(stdin, tty=tty), Screen(tty=tty), Screen(tty=tty), environ=environ)
    return Session(Invocation(terminal, Stopper(), folder))


def prompt(session: Session, *words: str, file: str | None = None, optional: bool = False) -> str:
    return read_prompt(session, list(words), Path(file) if file else None, optional=optional)


def test_words_are_a_prompt(session: Session) -> None:
    assert prompt(session, "fix", "the login") == "fix the login"


def test_a_prompt_can_come_from_stdin(tmp_path: Path) -> None:
    assert prompt(make(tmp_path, stdin="Fix it.\n"), "-") == "Fix it.\n"
    assert prompt(make(tmp_path, stdin="Fix it.\n"), file="-") == "Fix it.\n"


def test_a_prompt_can_come_from_a_file_where_the_user_stands(session: Session, tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_bytes(b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe")
    assert prompt(session, file="prompt.md") == "Grüße"


def test_nothing_is_enough_when_something_else_says_what_to_do(session: Session) -> None:
    assert prompt(session, optional=True) == ""


@pytest.mark.parametrize(
    ("words", "file", "kind", "says"),
    [
        ((), None, UsageError, "nothing to do"),
        (("  ",), None, UsageError, "nothing to do"),
        (("-",), None, UsageError, "stdin was empty"),
        (("words",), "prompt.md", UsageError, "twice"),
        ((), "missing.md", MissingError, "cannot be read"),
        ((), "folder", MissingError, "cannot be read"),
        ((), "empty.md", UsageError, "is empty"),
        ((), "binary.md", UsageError, "not UTF-8"),
        ((), "huge.md", UsageError, "longer than"),
    ],
)
def test_what_is_no_prompt_is_refused(
    session: Session, tmp_path: Path, words: tuple[str, ...], file: str | None, kind: type[LogistError], says: str
) -> None:
    (tmp_path / "empty.md").write_text(" \n")
    (tmp_path / "binary.md").write_bytes(b"\xff\xfe")
    (tmp_path / "huge.md").write_bytes(b"x" * (PROMPT_BYTES + 1))
    (tmp_path / "folder").mkdir()
    with pytest.raises(kind, match=says):
        prompt(session, *words, file=file)


def editor(tmp_path: Path, script: str) -> str:
    program = tmp_path / "my editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"'{program}' --wait"


def test_on_a_terminal_the_editor_asks(tmp_path: Path) -> None:
    command = editor(tmp_path, 'test "$1" = --wait; { echo "# Fix it"; cat "$2"; } > "$2.new"; mv "$2.new" "$2"')
    assert prompt(make(tmp_path, tty=True, EDITOR=command, PATH="/usr/bin:/bin")) == "# Fix it"


def test_the_visual_editor_comes_first(tmp_path: Path) -> None:
    command = editor(tmp_path, 'echo visual > "$2"')
    session = make(tmp_path, tty=True, VISUAL=command, EDITOR="false", PATH="/usr/bin:/bin")
    assert prompt(session) == "visual"


@pytest.mark.parametrize("script", ["exit 0", 'echo text > "$2"; exit 1'])
def test_an_editor_left_without_a_text_does_nothing(tmp_path: Path, script: str) -> None:
    command = editor(tmp_path, script)
    with pytest.raises(UsageError, match="without a text"):
        prompt(make(tmp_path, tty=True, EDITOR=command, PATH="/usr/bin:/bin"))


def test_a_missing_editor_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no-such-editor"):
        prompt(make(tmp_path, tty=True, EDITOR="no-such-editor", PATH="/usr/bin:/bin"))
