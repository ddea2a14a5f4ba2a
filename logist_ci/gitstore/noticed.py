"""What a harvest notices, as findings: a sentence each, and never thousands of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from logist_ci.job.manifest import Finding

__all__ = ["Level", "noticed", "shown"]

Level = Literal["error", "warning", "note"]

#: So many findings of one kind say enough; one more counts the rest.
_SHOWN = 20


def noticed(code: str, level: Level, found: Iterable[tuple[bytes, str]]) -> list[Finding]:
    """Return a finding for each path and sentence of ``found``, and one for all beyond the first twenty."""
    every = list(found)
    findings = [Finding(code=code, level=level, message=text, path=shown(path)) for path, text in every[:_SHOWN]]
    if len(every) > _SHOWN:
        more = f"The same goes for {len(every) - _SHOWN} more."
        findings.append(Finding(code=code, level=level, message=more))
    return findings


def shown(path: bytes) -> str:
    """Return ``path`` as text that a manifest can hold and a terminal can print."""
    text = path.decode("utf-8", "backslashreplace")
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
