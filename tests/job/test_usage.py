from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.job.usage import CostSource, Usage, add_usage

amounts = st.none() | st.integers(min_value=0, max_value=10**9)
usages = st.builds(
    Usage, tokens=amounts, turns=amounts, cost_usd=amounts, cost_source=st.sampled_from(["reported", "estimated"])
)


def test_amounts_add_up_and_the_peak_is_the_higher_one() -> None:
    first = Usage(tokens=10, cost_usd=0.5, cost_source="reported", turns=1, wall_s=2.0, cpu_s=1.0, peak_rss=100)
    second = Usage(tokens=5, cost_usd=0.25, cost_source="reported", turns=2, wall_s=3.0, cpu_s=0.5, peak_rss=70)
    assert add_usage(first, second) == Usage(
        tokens=15, cost_usd=0.75, cost_source="reported", turns=3, wall_s=5.0, cpu_s=1.5, peak_rss=100
    )


def test_an_unknown_amount_is_not_zero() -> None:
    assert add_usage(Usage(), Usage()).tokens is None
    assert add_usage(Usage(), Usage(tokens=0)).tokens == 0
    assert add_usage(Usage(tokens=3), Usage()).tokens == 3
    assert add_usage(Usage(), Usage()).cost_source == "unknown"


@pytest.mark.parametrize(
    ("first", "second", "weaker"),
    [
        ("reported", "reported", "reported"),
        ("reported", "estimated", "estimated"),
        ("estimated", "reported", "estimated"),
    ],
)
def test_the_weaker_source_is_the_source_of_the_sum(first: CostSource, second: CostSource, weaker: CostSource) -> None:
    total = add_usage(Usage(cost_usd=1.0, cost_source=first), Usage(cost_usd=1.0, cost_source=second))
    assert total.cost_source == weaker


def test_a_source_without_a_cost_says_nothing() -> None:
    total = add_usage(Usage(cost_usd=1.0, cost_source="reported"), Usage(cost_usd=None, cost_source="estimated"))
    assert (total.cost_usd, total.cost_source) == (1.0, "reported")


@given(usages, usages)
def test_the_order_does_not_matter(first: Usage, second: Usage) -> None:
    assert add_usage(first, second) == add_usage(second, first)
