"""Turns the words of a command line into values without pydantic.

Typer leaves that to pydantic, whose import takes 60 ms: more than most commands themselves, and half of
what a cold start may take. Words, numbers, paths, names of a choice and lists of these are all that
our commands take, so each parameter gets a converter here before typer would make one. A typer that
keeps its converters elsewhere is merely slower.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

__all__ = ["spare_validation"]


def spare_validation(parameters: Sequence[Any]) -> None:
    """Give every parameter whose type we know a converter of ours."""
    for parameter in parameters:
        descriptor: Any = getattr(parameter, "type_descriptor", None)
        convert = _converter(getattr(descriptor, "annotation", None))
        if convert is not None:
            parameter._runtime_param = _Conversion(convert, descriptor.parameter_info)


class _Conversion:
    """What typer calls with each value: the word or words that were given, or a default."""

    def __init__(self, convert: Callable[[Any], Any], info: Any) -> None:
        self._convert = convert
        self._info = info

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value that the command gets."""
        many = param.multiple or param.nargs == -1
        if value is None:
            return () if many else None
        try:
            values = [self._convert(each) for each in value] if many else [self._convert(value)]
        except ValueError as defect:
            raise typer.BadParameter(str(defect), ctx=ctx, param=param) from defect
        for each in values:
            self._check_range(each, param, ctx)
        return values if many else values[0]

    def _check_range(self, value: Any, param: Any, ctx: Any) -> None:
        least, most = getattr(self._info, "min", None), getattr(self._info, "max", None)
        if (least is not None and value < least) or (most is not None and value > most):
            allowed = f"between {least} and {most}" if most is not None else f"{least} or more"
            raise typer.BadParameter(f"{value} is not {allowed}.", ctx=ctx, param=param)


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    """Return what makes a value of ``annotation`` out of one word; ``None`` for a type that only typer knows."""
    if get_origin(annotation) is list:
        return _converter(get_args(annotation)[0])
    if annotation is str or annotation is Path:
        return annotation
    if annotation is int:
        return _number
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return lambda word: _member(annotation, word)
    return None


def _number(word: Any) -> int:
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{word!r} is not a whole number.") from None


def _member(choices: type[Enum], word: Any) -> Enum:
    try:
        return choices(word)
    except ValueError:
        raise ValueError(f"{word!r} is not one of: {', '.join(str(each.value) for each in choices)}.") from None
