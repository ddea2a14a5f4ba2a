"""The forms in which a secret value turns up in text: as it is, encoded, escaped or reversed."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from logist_ci.redact.invisible import visible

__all__ = ["PIECE_BYTES", "SHORTEST", "forms", "is_weak", "pieces", "weak"]

#: Values with fewer bytes are not masked: they would mangle ordinary text.
SHORTEST = 6
#: A long form is looked for in pieces of this size (the last one shorter than two), so that a part of it is masked too.
PIECE_BYTES = 64

_LINE_BYTES = 16
_COMMON_WORDS = """
123456 1234567 12345678 123456789 1234567890 abc123 access admin administrator always anonymous changeme chrome
client console content debug default deploy desktop developer development disable disabled docker enable enabled
example failed failure false firefox format github gitlab global guest heroku image invalid issues latest letmein
linux local localhost login master message module monday mysql never newest node null nothing number object oldest
optional output passwd password postgres private prod production project public python qwerty release remote report
request require required result return runner script secret secrets server service stable staging stdout stderr
string success sudo system target template testing testuser token tokens true undefined unknown update user
username value verbose version warning welcome windows worker
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def is_weak(value: str) -> bool:
    """Return whether masking ``value`` would mangle ordinary text: too short, too simple or a common word."""
    text = visible(_bytes(value.strip()))
    return len(text) < SHORTEST or len(set(text)) < 3 or value.strip().lower() in _COMMON


def weak(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return the values among ``secrets`` that are not masked, for their owner to be told; empty ones are left out."""
    return tuple(value for value in secrets if value.strip() and is_weak(value))


def forms(value: str) -> Iterator[tuple[str, bytes]]:
    """Yield each form of ``value`` without its invisible parts, after the name of the encoding. Forms may repeat."""
    stripped = value.strip()
    yield from _encodings(stripped)
    lines = [line.strip() for line in stripped.splitlines()]
    if len(lines) > 1:
        # The lines of a key or certificate are as secret as the whole, and are often indented or quoted one by one.
        for line in lines:
            if len(line) >= _LINE_BYTES and not line.startswith("-----") and not is_weak(line):
                yield from _encodings(line)


def pieces(form: bytes) -> Iterator[bytes]:
    """Yield ``form`` cut into pieces that follow each other, none shorter than ``PIECE_BYTES`` unless it is alone."""
    start = 0
    while len(form) - start >= 2 * PIECE_BYTES:
        yield form[start : start + PIECE_BYTES]
        start += PIECE_BYTES
    yield form[start:]


def _bytes(text: str) -> bytes:
    # Environment values that are not UTF-8 arrive with surrogate escapes; any other lone surrogate stays what it is.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _encodings(value: str) -> Iterator[tuple[str, bytes]]:
    raw = _bytes(value)
    for name, form in (
        ("plain", raw),
        ("reversed", raw[::-1]),
        *(("base64", core) for core in _base64_cores(raw)),
        *(("hex", digits) for digits in (raw.hex().encode(), raw.hex().upper().encode())),
        *(("url", form.encode()) for form in _url_forms(raw)),
        *(("json", form) for form in _json_forms(value)),
        *(("html", _bytes(form)) for form in _html_forms(value)),
    ):
        yield name, visible(form)


def _base64_cores(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of ``raw`` at each alignment, without the characters that its neighbours share."""
    for lead, first in ((0, 0), (1, 2), (2, 3)):
        padded = b"\0" * lead + raw
        core = base64.b64encode(padded)[first : len(padded) * 8 // 6]
        yield core
        yield core.translate(bytes.maketrans(b"+/", b"-_"))


def _url_forms(raw: bytes) -> Iterator[str]:
    for form in (quote(raw), quote(raw, safe=""), quote_plus(raw), "".join(f"%{byte:02X}" for byte in raw)):
        yield form
        parts = form.split("%")
        yield "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _json_forms(value: str) -> Iterator[bytes]:
    for ascii_only in (False, True):
        once = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield _bytes(once)
        yield _bytes(once.replace("/", "\\/"))
        # Agents report tool output as JSON inside JSON.
        yield _bytes(json.dumps(once, ensure_ascii=ascii_only)[1:-1])


def _html_forms(value: str) -> Iterator[str]:
    yield html.escape(value, quote=False)
    escaped = html.escape(value)
    yield escaped
    yield escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
