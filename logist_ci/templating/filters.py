"""Filters that write a value as a literal of the language a template is in. No value can break out of one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

__all__ = ["FILTERS", "code_fence", "encodable", "line", "literal", "markdown", "toml"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|~<>&])")
_LIST_ITEM = re.compile(r"^(\d+(?=[.)])|(?=[-+=]))")


def encodable(value: object) -> str:
    """Return ``value`` as text that can be encoded: halves of surrogate pairs become replacement characters."""
    return _SURROGATE.sub("\ufffd", str(value))


def literal(value: object) -> str:
    """Return ``value`` as a string of JSON or JavaScript, in plain ASCII and harmless inside HTML."""
    text = json.dumps(encodable(value))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\x7f", "\\u007f")


def toml(value: object) -> str:
    """Return ``value`` as a basic string of TOML, which is one of Python as well; neither knows surrogate pairs."""
    return json.dumps(encodable(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def line(value: object) -> str:
    """Return ``value`` as one line of text without control characters, for comments and headings."""
    return _CONTROL.sub(" ", encodable(value)).strip()


def markdown(value: object) -> str:
    """Return ``value`` as one line of Markdown that is shown as it is."""
    return _LIST_ITEM.sub(r"\1\\", _MARKDOWN.sub(r"\\\1", line(value)))


def code_fence(value: object) -> str:
    """Return ``value`` as a fenced block of Markdown, with a fence longer than any inside it."""
    text = encodable(value).strip("\n")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


#: The names by which templates know them.
FILTERS: Mapping[str, Callable[[object], str]] = {
    "code_fence": code_fence,
    "line": line,
    "literal": literal,
    "markdown": markdown,
    "python": toml,
    "toml": toml,
}
