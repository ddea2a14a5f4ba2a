"""Shows measured rows as a table for people, as JSON for programs, and as a page to be kept."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.ground import PROJECT, Ground, ground
from bench.measuring import Row, Timing

__all__ = ["Measure", "as_json", "main", "options", "page", "table"]

Measure = Callable[[Ground, int], list[Row]]


def main(measure: Measure, *, rounds: int = 5) -> None:
    """Run one benchmark as a program of its own."""
    chosen = options(__doc__ or "", rounds=rounds).parse_args()
    with ground(chosen.folder) as here:
        rows = measure(here, chosen.rounds)
    print(as_json(rows, chosen.folder) if chosen.json else table(rows))


def options(description: str, *, rounds: int | None) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--rounds", type=int, default=rounds, help="how often each side is measured")
    parser.add_argument(
        "--folder", type=Path, default=None, help="measure in a folder below this one (a tmpfs, a disk)"
    )
    return parser


def as_json(rows: Sequence[Row], folder: Path | None) -> str:
    """Return the rows with all their measurements, and what they were measured on."""
    return json.dumps({"machine": machine(folder), "rows": [_values(row) for row in rows]}, indent=2)


def table(rows: Sequence[Row]) -> str:
    """Return the rows as aligned columns."""
    cells = [("row", "measured", "(extremes)", "at most", "", "ours", "comparator"), *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([*lines, *(f"{row.name}: {note}" for row in rows for note in row.notes)])


def page(rows: Sequence[Row], folder: Path | None) -> str:
    """Return the rows as the Markdown page ``RESULTS.md``."""
    facts = machine(folder)
    head = [
        "# Results",
        "",
        "Written by `python -m bench --write`; do not edit. How to read and repeat it: [README.md](README.md).",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        "| row | against | measured | extremes | at most | | ours | comparator |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    body = []
    for row in rows:
        _, measured, extremes, at_most, held, ours, theirs = _cells(row)
        body.append(
            f"| {row.what} | {row.against} | {measured} | {extremes} | {at_most} | {held} | {ours} | {theirs} |"
        )
    notes = [f"- {row.name}: {note}" for row in rows for note in row.notes]
    return "\n".join([*head, *body, *(["", *notes] if notes else [])]) + "\n"


def machine(folder: Path | None) -> dict[str, str]:
    """Return what the numbers depend on."""
    with ground(folder) as here:
        git = here.run(["git", "--version"]).decode().strip()
        kind = here.run(["stat", "-f", "-c", "%T", here.folder]).decode().strip()
        revision = here.run(["git", "describe", "--always", "--dirty"], at=PROJECT, check=False).decode().strip()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "revision": revision or "unknown",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}",
        "file system": kind,
        "versions": f"Python {platform.python_version()}, {git}",
        "load": f"{os.getloadavg()[0]:.2f} in the last minute",
    }


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        _number(row.value, row.unit),
        f"{_number(row.lowest, row.unit)} – {_number(row.highest, row.unit)}",
        _number(row.at_most, row.unit),
        "held" if row.held else "MISSED",
        _milliseconds(row.subject),
        _milliseconds(row.comparator),
    )


def _number(value: float, unit: str) -> str:
    return f"{value:.2f} {unit}" if abs(value) < 10 else f"{value:.0f} {unit}"


def _milliseconds(timing: Timing | None) -> str:
    return "" if timing is None else f"{timing.median * 1000:.1f} ms"


def _values(row: Row) -> dict[str, Any]:
    return {**asdict(row), "held": row.held}


if __name__ == "__main__":
    sys.exit("This module has nothing to measure; see: python -m bench --help")
