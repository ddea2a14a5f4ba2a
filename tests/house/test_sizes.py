"""How large things may be: a newcomer should understand a file without scrolling far."""

from __future__ import annotations

from statistics import median

from tests.house.tree import length, sources


def test_modules_fit_their_measure() -> None:
    sizes = {str(source): source.lines for source in sources("logist_ci")}
    assert {name: lines for name, lines in sizes.items() if lines > 400} == {}
    assert median(sizes.values()) <= 110


def test_functions_fit_their_measure() -> None:
    sizes = {
        source.at(function): length(function) for source in sources("logist_ci") for function in source.functions()
    }
    assert {place: lines for place, lines in sizes.items() if lines > 60} == {}
    assert median(sizes.values()) <= 8
    long = sorted(place for place, lines in sizes.items() if lines > 40)
    assert len(long) <= 0.03 * len(sizes), long


def test_tests_are_readable_too() -> None:
    functions = ((source, function) for source in sources("tests") for function in source.functions())
    assert [source.at(function) for source, function in functions if length(function) > 60] == []


def test_there_is_more_test_than_code() -> None:
    code, tests = (sum(source.lines for source in sources(folder)) for folder in ("logist_ci", "tests"))
    assert tests >= 1.0 * code, f"{tests} lines of tests for {code} lines of code"
