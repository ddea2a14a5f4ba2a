"""Commands and checks as users write them: strings are split into words, and never reach a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from logist_ci.errors import UsageError
from logist_ci.job.manifest import CheckSpec

__all__ = ["PRE_COMMIT_NAME", "parse_check", "parse_checks", "parse_command"]

#: The check that runs the repository's own hooks instead of a command.
PRE_COMMIT_NAME = "pre-commit"

_SHELL_WORDS = frozenset({"&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1", "|&"})
_HINT = 'Write for example "pytest -q" or ["pytest", "-q"]; for a shell\'s help write ["sh", "-c", "…"].'


def parse_command(value: object) -> tuple[str, ...]:
    """Return a command written as one string or as a list of strings as its words.

    Raises:
        UsageError: it is neither, it is empty, or it was meant for a shell.
    """
    if isinstance(value, str):
        words = _split(value)
    elif _is_list_of_text(value):
        words = tuple(value)
    else:
        raise UsageError("a command is a string or a list of strings", hint=_HINT)
    if not words or not words[0]:
        raise UsageError("a command needs at least the name of a program", hint=_HINT)
    if any("\0" in word for word in words):
        raise UsageError("a command cannot contain a NUL character", hint=_HINT)
    return words


def parse_check(value: object) -> CheckSpec:
    """Return one check: a command, the word ``pre-commit``, or a table with ``name`` and ``run``.

    Raises:
        UsageError: it is none of these.
    """
    if value == PRE_COMMIT_NAME:
        return CheckSpec(kind="pre_commit", name=PRE_COMMIT_NAME)
    if isinstance(value, Mapping):
        return _from_table(value)
    words = parse_command(value)
    return CheckSpec(kind="command", name=shlex.join(words), argv=words)


def parse_checks(value: object) -> tuple[CheckSpec, ...]:
    """Return a list of checks; every name is there once.

    Raises:
        UsageError: it is not a list, an entry is not a check, or two have the same name.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise UsageError("checks are a list", hint='Write for example checks = ["pytest -q", "pre-commit"].')
    checks = tuple(parse_check(entry) for entry in value)
    names = [check.name for check in checks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"two checks are called {twice!r}", hint="Give one of them another name: { name = …, run = … }."
        )
    return checks


def _from_table(table: Mapping[object, object]) -> CheckSpec:
    unknown = sorted(str(key) for key in table if key not in ("name", "run"))
    if unknown:
        raise UsageError(f"a check has no {unknown[0]!r}", hint="A check's table has `name` and `run`.")
    if "run" not in table:
        raise UsageError(
            "a check's table needs `run`", hint='Write for example { name = "tests", run = ["pytest", "-q"] }.'
        )
    run = table["run"]
    words = () if run == PRE_COMMIT_NAME else parse_command(run)
    name = table.get("name", shlex.join(words) or PRE_COMMIT_NAME)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise UsageError("the name of a check is a line of text", hint='Write for example name = "tests".')
    return CheckSpec(kind="command" if words else "pre_commit", name=name, argv=words)


def _split(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text))
    except ValueError as defect:
        raise UsageError(f"{text!r} cannot be split into words: {str(defect).lower()}", hint=_HINT) from defect
    meant_for_shell = next((word for word in words if word in _SHELL_WORDS), None)
    if meant_for_shell:
        raise UsageError(f"commands are not given to a shell, and {meant_for_shell!r} would need one", hint=_HINT)
    if words and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*=.*", words[0], re.DOTALL):
        raise UsageError(
            f"commands are not given to a shell, and {words[0]!r} would need one",
            hint=f'Write ["env", {words[0]!r}, …] to set a variable for a command.',
        )
    return words


def _is_list_of_text(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list | tuple) and all(isinstance(word, str) for word in value)
