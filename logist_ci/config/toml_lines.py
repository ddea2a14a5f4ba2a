"""On which line of a TOML document each of its keys stands; the standard library's reader does not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

__all__ = ["lines_of"]


def lines_of(text: str, first_line: int = 1) -> dict[str, int]:
    """Return the line of every key and table of the valid TOML document ``text``, by dotted name.

    ``first_line`` is the number of the first line, for a ``text`` cut from a larger document at a table.

    A document is read statement by statement, each the shortest run of lines that parses, which leaves
    every decision about quotes, escapes and line breaks to the real reader.
    """
    found: dict[str, int] = {}
    table = ""
    for line, is_header, content in _statements(text, first_line):
        if is_header:
            table = max(_names(content, ""), key=len)
            found.setdefault(table, line)
        else:
            for name in _names(content, f"{table}." if table else ""):
                found.setdefault(name, line)
    return found


def _statements(text: str, first_line: int) -> Iterator[tuple[int, bool, Mapping[str, object]]]:
    import tomllib

    pending, first = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=first_line):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first = first if pending else number
        pending += line + "\n"
        if line.rstrip().endswith(",") and "#" not in line:
            continue  # no statement ends so, and long lists would be parsed again with each of their lines
        try:
            content = tomllib.loads(pending)
        except tomllib.TOMLDecodeError:
            continue
        yield first, pending.lstrip().startswith("["), content
        pending = ""


def _names(value: object, prefix: str) -> Iterator[str]:
    """Yield the dotted names in ``value``; a list of tables has the names of its tables."""
    if isinstance(value, list):
        for entry in value:
            yield from _names(entry, prefix)
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield prefix + key
            yield from _names(entry, f"{prefix}{key}.")
