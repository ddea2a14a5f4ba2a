"""Masks known secret values in bytes, whole or as a stream, whichever way they are encoded, split or laced.

A form is found although line breaks, invisible characters or colour codes lie between its
characters. What is not found: compressed or encrypted text, double base64, look-alike letters.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Protocol

from logist_ci.redact.forms import forms, is_weak, pieces, weak
from logist_ci.redact.invisible import UNFINISHED_BYTES, boundary_at, texts, unfinished_at, views

__all__ = ["HELD_BYTES", "Masker", "StreamMasker", "weak"]

#: A stream holds back at most this much: a form laced with more than this is no longer recognised.
HELD_BYTES = 4096

_AUTOMATON_BYTES = 64 << 20
_MASK_CANDIDATES = b"*#=.:-+" + bytes(range(255, -1, -1))

_Span = tuple[int, int]


class _Match(Protocol):
    def start(self) -> int: ...
    def end(self) -> int: ...


class _Finder(Protocol):
    def search(self, text: bytes, pos: int = 0) -> _Match | None: ...


class Masker:
    """Replaces every form of ``secrets`` by a mask (``***``).

    ``secrets`` are values, or names with values for :meth:`find` to report. Those that
    :func:`weak` names are left alone. Making one costs next to nothing until it is used.
    """

    def __init__(self, secrets: Iterable[str] | Mapping[str, str]) -> None:
        if isinstance(secrets, Mapping):
            named = dict(secrets)
        else:
            named = {f"secret {number}": value for number, value in enumerate(secrets, 1)}
        self._secrets = {name: value for name, value in named.items() if not is_weak(value)}

    @property
    def idle(self) -> bool:
        """Whether there is nothing to mask."""
        return not self._secrets

    @cached_property
    def patterns(self) -> tuple[bytes, ...]:
        """Everything that is looked for, sorted; masked text contains none of it."""
        return tuple(sorted(self._labels))

    @cached_property
    def longest(self) -> int:
        """The length in bytes of the longest pattern."""
        return max(map(len, self.patterns), default=0)

    @cached_property
    def replacement(self) -> bytes:
        """The mask: made of a byte that occurs in no pattern, so that masking never completes another secret."""
        used = set(b"".join(self.patterns))
        return bytes([next((byte for byte in _MASK_CANDIDATES if byte not in used), _MASK_CANDIDATES[0])]) * 3

    def mask(self, data: bytes) -> bytes:
        """Return ``data`` with every form of a secret replaced."""
        spans = self.spans(data)
        return _cut(data, spans, self.replacement) if spans else data

    def mask_text(self, text: str) -> str:
        """Return ``text`` masked; bytes that are not UTF-8 are carried as surrogate escapes."""
        if self.idle:
            return text
        return self.mask(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def find(self, data: bytes) -> tuple[str, ...]:
        """Return the secrets in ``data`` by name and encoding, never by value: ``("secret 1 (base64)",)``."""
        if not self.suspects(data):
            return ()
        found = {text[start:end] for text in texts(data) for start, end in self._matches(text)}
        return tuple(sorted({self._labels[pattern] for pattern in found}))

    def suspects(self, data: bytes) -> bool:
        """Return whether ``data`` contains anything to mask."""
        return not self.idle and any(self._finder.search(text) is not None for text in texts(data))

    def spans(self, data: bytes) -> list[_Span]:
        """Return where to cut ``data``, in order, overlapping places joined."""
        if not self.suspects(data):
            return []
        found = [
            (view.origin(start), view.origin(end - 1) + 1)
            for view in views(data)
            for start, end in self._matches(view.text)
        ]
        spans: list[_Span] = []
        for start, end in sorted(found):
            if spans and start < spans[-1][1]:
                start, before = spans.pop()
                end = max(end, before)
            spans.append((start, end))
        return spans

    def begun_at(self, data: bytes) -> int:
        """Return where ``data`` ends in what may be the beginning of a pattern; its length when it does not."""
        for size in (2 * self.longest + UNFINISHED_BYTES, HELD_BYTES):
            at = max(0, len(data) - size)
            tails = list(views(data[at:]))
            # The cut may have gone through an invisible sequence: what is left of it must lie out of reach.
            if at == 0 or all(len(tail.text) >= self.longest + UNFINISHED_BYTES for tail in tails):
                break
        begun = ((tail, self._begun(tail.text)) for tail in tails)
        return min((at + tail.origin(len(tail.text) - length) for tail, length in begun if length), default=len(data))

    def _begun(self, text: bytes) -> int:
        for start in range(max(0, len(text) - self.longest + 1), len(text)):
            if text[start] in self._first_bytes and self._is_beginning(text[start:]):
                return len(text) - start
        return 0

    def _is_beginning(self, text: bytes) -> bool:
        at = bisect_left(self.patterns, text)
        at += self.patterns[at : at + 1] == (text,)
        return at < len(self.patterns) and self.patterns[at].startswith(text)

    def _matches(self, text: bytes) -> Iterator[_Span]:
        # The longest pattern at each place where one starts: together they cover all that any pattern covers.
        match = self._finder.search(text)
        while match is not None:
            yield match.start(), match.end()
            match = self._finder.search(text, match.start() + 1)

    @cached_property
    def _labels(self) -> dict[bytes, str]:
        labels: dict[bytes, str] = {}
        for name, value in self._secrets.items():
            for encoding, form in forms(value):
                for piece in pieces(form):
                    labels.setdefault(piece, f"{name} ({encoding})")
        return labels

    @cached_property
    def _first_bytes(self) -> frozenset[int]:
        return frozenset(pattern[0] for pattern in self.patterns)

    @cached_property
    def _finder(self) -> _Finder:
        import re2  # late: most commands never mask anything

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1
        options.longest_match = True
        options.never_capture = True
        options.max_mem = _AUTOMATON_BYTES
        finder: _Finder = re2.compile(b"|".join(map(re.escape, self.patterns)), options)
        return finder


class StreamMasker:
    """Masks a stream that arrives in chunks: what comes out is what :meth:`Masker.mask` makes of the whole.

    Only an end that may be the beginning of a secret is held back, never more than ``HELD_BYTES``.
    """

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""
        # How far a mask that was given out already reaches into what is held.
        self._masked = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return what can be given out after ``chunk``; the same object where nothing is to be masked at all."""
        if self._masker.idle:
            return chunk
        data = self._held + chunk
        unfinished = unfinished_at(data)
        ends = {len(data), unfinished}
        place = min(unfinished, *(self._masker.begun_at(data[:end]) for end in ends))
        # What is held is read again from its start, so it must not start within an invisible sequence.
        return self._give_out(data, boundary_at(data, place))

    def finish(self) -> bytes:
        """Return the rest. The stream masker can be used again, for another stream."""
        return self._give_out(self._held, len(self._held))

    def _give_out(self, data: bytes, upto: int) -> bytes:
        spans = self._masker.spans(data)
        reach, mask = self._masked, self._masker.replacement
        if reach:
            reach = max([reach, *(end for start, end in spans if start < reach)])
            spans = [(-1, reach), *(span for span in spans if span[0] >= reach)]
        self._held = data[upto:]
        self._masked = max((end - upto for start, end in spans if start < upto < end), default=0)
        given = _cut(data[:upto], [(max(0, start), min(end, upto)) for start, end in spans if start < upto], mask)
        return given[len(mask) :] if reach else given


def _cut(data: bytes, spans: Iterable[_Span], replacement: bytes) -> bytes:
    parts: list[bytes] = []
    done = 0
    for start, end in spans:
        parts += (data[done:start], replacement)
        done = end
    return b"".join((*parts, data[done:]))
