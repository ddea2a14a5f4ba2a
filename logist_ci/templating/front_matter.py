"""The YAML between two lines of three dashes at the top of a Markdown file, with the line of every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from logist_ci.errors import TemplateError

if TYPE_CHECKING:
    from yaml import Event, Node

__all__ = ["Entry", "defect_at", "front_matter"]

_FENCE = "---"
# PyYAML takes seconds for a few thousand nested brackets.
_LENGTH = 20_000
_DEPTH = 40


@dataclass(frozen=True)
class Entry:
    """A key's value (what JSON could hold) and its line in the file, counted from 1."""

    value: object
    line: int


def front_matter(text: str, path: str) -> tuple[Mapping[str, Entry], str, int]:
    """Return the entries at the top of ``text``, what follows them, and how many lines they took.

    Raises:
        TemplateError: the front matter is malformed; the message names ``path`` and the line.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return {}, text, 0
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise defect_at(path, 1, "the front matter has no end", hint="Close it with a line of three dashes.")
    # The first line is kept, empty, so that marks count as lines of the file.
    above = "\n".join(["", *lines[1:end]])
    if len(above) > _LENGTH or _depth(above) > _DEPTH:
        raise defect_at(path, 1, "the front matter is too long or nested too deeply")
    return _entries(above, path), "\n".join(lines[end + 1 :]), end + 1


def defect_at(path: str, line: int, what: str, *, hint: str = "") -> TemplateError:
    """Return the error that something is wrong at a line of a recipe."""
    return TemplateError(f"The recipe {path}, line {line}: {what.rstrip('.')}.", hint=hint)


def _entries(text: str, path: str) -> dict[str, Entry]:
    import yaml  # late: only recipes need it

    try:
        _refuse_aliases(text, path)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return {}
        if not isinstance(root, yaml.MappingNode):
            raise defect_at(path, _line(root), "the front matter is not a list of keys and values")
        return _mapping(root, path)
    except yaml.MarkedYAMLError as defect:
        line = defect.problem_mark.line + 1 if defect.problem_mark else 1
        raise defect_at(path, line, f"it is not YAML ({defect.problem or defect})") from defect
    except (yaml.YAMLError, RecursionError, ValueError) as defect:
        raise defect_at(path, 1, f"it is not YAML ({defect})") from defect


def _depth(text: str) -> int:
    steps = ((sign in "[{") - (sign in "]}") for sign in text)
    return max(accumulate(steps), default=0)


def _refuse_aliases(text: str, path: str) -> None:
    import yaml

    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            # Aliases of aliases make a few lines fill the memory.
            raise defect_at(path, _line(event), "aliases (`*name`) are not allowed here")


def _mapping(root: Node, path: str) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for key_node, value_node in root.value:
        key = str(_value(key_node, path))
        if key in entries:
            raise defect_at(path, _line(key_node), f"the key {key!r} is there twice")
        entries[key] = Entry(_value(value_node, path), _line(key_node))
    return entries


def _value(node: Node, path: str) -> object:
    import yaml

    if isinstance(node, yaml.MappingNode):
        return {key: entry.value for key, entry in _mapping(node, path).items()}
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, path) for child in node.value]
    return yaml.SafeLoader("").construct_object(node)


def _line(part: Node | Event) -> int:
    return part.start_mark.line + 1 if part.start_mark else 1
