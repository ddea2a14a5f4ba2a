"""Rules on what a changed file holds, and on how much there is of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from logist_ci.gate.change import Change, Policy, shown

__all__ = [
    "binary_file",
    "change_too_large",
    "conflict_markers",
    "file_too_large",
    "hidden_text",
    "known_secret",
    "likely_secret",
]

#: What tokens and keys of well-known services look like. Every alternative begins with literal text.
_TOKENS = {
    "a private key": rb"-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----",
    "an Anthropic key": rb"sk-ant-[A-Za-z0-9_-]{24,}",
    "an AWS access key": rb"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])",
    "a GitHub token": rb"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}",
    "a GitLab token": rb"glpat-[A-Za-z0-9_-]{20,}",
    "a Google API key": rb"AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])",
    "an npm token": rb"npm_[A-Za-z0-9]{36}(?![0-9A-Za-z])",
    "an OpenAI key": rb"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{24,}|sk-[A-Za-z0-9]{48}(?![0-9A-Za-z])",
    "a PyPI token": rb"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{20,}",
    "a Slack token": rb"xox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a Stripe key": rb"[rs]k_live_[A-Za-z0-9]{20,}",
}
_ANY_TOKEN = re.compile(b"(?<![A-Za-z0-9])(?:" + b"|".join(_TOKENS.values()) + b")")
_EACH_TOKEN = {name: re.compile(pattern) for name, pattern in _TOKENS.items()}
# Direction overrides and isolates, and tag characters: what a reader sees is not what a program reads.
_HIDDEN = re.compile(rb"\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\xf3\xa0[\x80\x81][\x80-\xbf]")
_CONFLICT = tuple(re.compile(pattern, re.MULTILINE) for pattern in (rb"^<{7} ", rb"^={7}\r?$", rb"^>{7} "))
_BINARY_LOOK = 8_000


def file_too_large(change: Change, policy: Policy) -> Iterator[str]:
    """A single file is larger than allowed."""
    if change.bytes > policy.file_bytes:
        yield f"{shown(change.path)} has {change.bytes:,} bytes, and {policy.file_bytes:,} are allowed."


def change_too_large(changes: Sequence[Change], policy: Policy) -> Iterator[tuple[None, str]]:
    """The whole change has more files or bytes than allowed."""
    if len(changes) > policy.files:
        yield None, f"The change has {len(changes):,} files, and {policy.files:,} are allowed."
    total = sum(change.bytes for change in changes)
    if total > policy.total_bytes:
        yield None, f"The change has {total:,} bytes, and {policy.total_bytes:,} are allowed."


def known_secret(change: Change, policy: Policy) -> Iterator[str]:
    """A value that the job was given, and that has to stay secret, is in a file or its name."""
    if change.gone:
        return
    for where, data in (("The name of ", change.path), ("", change.content or b"")):
        names = policy.find_secrets(data)
        if names:
            yield f"{where}{shown(change.path)} contains {', '.join(names)}."


def likely_secret(change: Change, policy: Policy) -> Iterator[str]:
    """Something new looks like a key or token of a well-known service."""
    content = change.content or b""
    before = change.old_content or b""
    for match in _ANY_TOKEN.finditer(content):
        if match.group() not in before:
            name = next(name for name, pattern in _EACH_TOKEN.items() if pattern.match(match.group()))
            yield f"{shown(change.path)}, line {_line(content, match.start())}, has what looks like {name}."
            return


def hidden_text(change: Change, policy: Policy) -> Iterator[str]:
    """A text has new characters that make it look different from what it is."""
    content = change.content or b""
    if not change.is_file or _is_binary(content):
        return
    match = _HIDDEN.search(content)
    if match and not _HIDDEN.search(change.old_content or b""):
        yield f"{shown(change.path)}, line {_line(content, match.start())}, has characters that change how it is shown."


def binary_file(change: Change, policy: Policy) -> Iterator[str]:
    """A file that nobody can review as text was added or changed."""
    if change.is_file and _is_binary(change.content or b""):
        yield f"{shown(change.path)} is binary ({change.bytes:,} bytes)."


def conflict_markers(change: Change, policy: Policy) -> Iterator[str]:
    """A merge conflict was committed as it is."""
    content = change.content or b""
    if not change.is_file or b"<<<<<<< " not in content:
        return
    markers = list(_markers(content))
    if len(markers) == len(_CONFLICT):
        yield f"{shown(change.path)}, line {_line(content, markers[0])}, has the markers of a merge conflict."


def _markers(content: bytes) -> Iterator[int]:
    """Yield where the markers of a conflict begin, as far as each follows the one before it."""
    place = 0
    for marker in _CONFLICT:
        match = marker.search(content, place)
        if match is None:
            return
        yield match.start()
        place = match.end()


def _is_binary(content: bytes) -> bool:
    return b"\0" in content[:_BINARY_LOOK]


def _line(content: bytes, place: int) -> int:
    return content.count(b"\n", 0, place) + 1
