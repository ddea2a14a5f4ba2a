"""Where a prompt comes from: words, a file, stdin, or the person's editor."""

from __future__ import annotations

import shlex
from pathlib import Path

from logist_ci.cli.session import Session
from logist_ci.errors import MissingError, UsageError

__all__ = ["PROMPT_BYTES", "read_prompt"]

#: A longer prompt is a mistake: somebody gave the wrong file.
PROMPT_BYTES = 1_000_000

_SCISSORS = "# ------------------------ >8 ------------------------"
_EMPTY = f"""

{_SCISSORS}
# Write above what is to be done, then save and leave the editor.
# Everything from the line with the scissors on is left out; an empty text does nothing.
"""


def read_prompt(session: Session, words: list[str], file: Path | None, *, optional: bool) -> str:
    """Return the prompt; empty only when it is ``optional``.

    Raises:
        UsageError: there is none, or there are two.
        MissingError: the file cannot be read, or there is no editor.
    """
    if file is not None and words:
        raise UsageError("A prompt was given twice: in words and with -F.", hint="Leave one of the two out.")
    if words == ["-"] or file == Path("-"):
        return _from_stdin(session)
    if file is not None:
        return _from_file(session.invocation.directory / file)
    text = " ".join(words)
    if text.strip() or optional:
        return text
    if session.terminal.interactive and not words:
        return _from_editor(session)
    raise UsageError(
        "There is nothing to do: no prompt and no command was given.",
        hint='Write for example: logist-ci run "fix the login"   or: logist-ci run -- ruff check --fix .',
    )


def _from_stdin(session: Session) -> str:
    text = session.terminal.stdin.read()
    if not text.strip():
        raise UsageError("There is nothing to do: stdin was empty.", hint="Pipe the prompt in, or give it as words.")
    return text


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            data = stream.read(PROMPT_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as defect:
        raise MissingError(f"The prompt {path} cannot be read: {defect.strerror}.") from defect
    except UnicodeDecodeError as defect:
        raise UsageError(f"The prompt {path} is not UTF-8 text.", hint="Save it as UTF-8.") from defect
    if len(data) > PROMPT_BYTES:
        raise UsageError(f"The prompt {path} is longer than {PROMPT_BYTES} bytes.", hint="Point to files by name.")
    if not text.strip():
        raise UsageError(f"There is nothing to do: {path} is empty.", hint="Write down what is to be done.")
    return text


def _from_editor(session: Session) -> str:
    import tempfile

    from logist_ci.process.command import Command
    from logist_ci.process.foreground import run_in_foreground

    environ = session.terminal.environ
    editor = shlex.split(environ.get("VISUAL") or environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory(prefix="logist-ci-") as folder:
        file = Path(folder, "prompt.md")
        file.write_text(_EMPTY, encoding="utf-8")
        with session.invocation.stopper.left_to_program():
            status = run_in_foreground(Command((*editor, str(file)), session.invocation.directory, environ))
        text = file.read_text("utf-8", "replace").partition(_SCISSORS)[0].strip()
    if status != 0 or not text:
        raise UsageError("There is nothing to do: the editor was left without a text.")
    return text
