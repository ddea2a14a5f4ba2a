from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.process.command import Command


def command(*argv: str, secrets: tuple[str, ...] = ()) -> Command:
    return Command(argv, Path("/tmp"), {"TOKEN": "env-value"}, secrets)


def test_text_is_what_a_person_would_type() -> None:
    assert str(command("git", "commit", "-m", "two words", "it's")) == """git commit -m 'two words' 'it'"'"'s'"""


def test_secrets_are_masked_wherever_they_occur() -> None:
    shown = str(command("push", "https://x:hunter22@host/", "--token=hunter22", secrets=("hunter22",)))
    assert "hunter22" not in shown
    assert shown.count("***") == 2


def test_a_secret_that_needs_quoting_is_masked_too() -> None:
    assert "se'cret" not in str(command("echo", "a se'cret b", secrets=("se'cret",)))


def test_of_two_secrets_that_overlap_no_part_is_left() -> None:
    assert str(command("echo", "longer-secret", secrets=("longer", "longer-secret"))) == "echo '***'"


def test_an_empty_secret_changes_nothing() -> None:
    assert str(command("echo", "abc", secrets=("",))) == "echo abc"


def test_arguments_that_are_no_text_can_be_printed() -> None:
    str(command("cat", "caf\udce9")).encode("utf-8")


def test_the_representation_holds_neither_secrets_nor_the_environment() -> None:
    shown = repr(command("echo", "hunter22", secrets=("hunter22",)))
    assert shown == "Command(\"echo '***'\", cwd='/tmp')"


def test_a_command_is_frozen() -> None:
    with pytest.raises(AttributeError):
        command("true").argv = ("false",)  # type: ignore[misc] # that it cannot be assigned is what is tested
