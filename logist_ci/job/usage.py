"""What a job used. An unknown amount is ``None``, and stays different from nothing used."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

__all__ = ["CostSource", "Usage", "add_usage"]

_Number = TypeVar("_Number", int, float)
_Count = Annotated[int, Meta(ge=0)]
_Amount = Annotated[float, Meta(ge=0)]

CostSource = Literal["reported", "estimated", "unknown"]


class Usage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens, money, turns, seconds and bytes; ``peak_rss`` is bytes of the whole process tree."""

    tokens: _Count | None = None
    cost_usd: _Amount | None = None
    cost_source: CostSource = "unknown"
    turns: _Count | None = None
    wall_s: _Amount = 0.0
    cpu_s: _Amount = 0.0
    peak_rss: _Count = 0


def _sum(first: _Number | None, second: _Number | None) -> _Number | None:
    if first is None or second is None:
        return second if first is None else first
    return first + second


def add_usage(total: Usage, more: Usage) -> Usage:
    """Return both together: amounts add up, the peak is the higher one, the cost's source the weaker one."""
    sources = [part.cost_source for part in (total, more) if part.cost_usd is not None]
    weakest: CostSource = "estimated" if "estimated" in sources else "reported"
    return Usage(
        tokens=_sum(total.tokens, more.tokens),
        cost_usd=_sum(total.cost_usd, more.cost_usd),
        cost_source=weakest if sources else "unknown",
        turns=_sum(total.turns, more.turns),
        wall_s=total.wall_s + more.wall_s,
        cpu_s=total.cpu_s + more.cpu_s,
        peak_rss=max(total.peak_rss, more.peak_rss),
    )
