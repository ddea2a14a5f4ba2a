"""A command as a value: what to run, where, and with which complete environment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Command"]


@dataclass(frozen=True, repr=False)
class Command:
    """A program to start.

    ``argv`` is never seen by a shell; its first word is looked up in the ``PATH`` of ``env``. ``env``
    is the whole environment, nothing is inherited. ``secrets`` are values that must not be shown.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    secrets: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return what a person would type, with every secret as ``***``."""
        return shlex.join(self._shown(word) for word in self.argv)

    def __repr__(self) -> str:
        # The environment is left out: it holds what nobody should find in a traceback.
        return f"Command({str(self)!r}, cwd={str(self.cwd)!r})"

    def _shown(self, word: str) -> str:
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            word = word.replace(secret, "***")
        # Arguments may be bytes that are no text; a message must be printable everywhere.
        return word.encode("utf-8", "backslashreplace").decode("utf-8")
