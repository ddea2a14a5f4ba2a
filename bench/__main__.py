"""Runs every benchmark, or those that are named: ``python -m bench [NAME …] [--json] [--write]``."""

from __future__ import annotations

import sys

from bench import batch, cold, harvest, latency, listing, shim, start, worktree
from bench.ground import PROJECT, ground
from bench.measuring import Row
from bench.report import Measure, as_json, options, page, table

#: Each benchmark with the number of rounds that gives a steady median in reasonable time.
BENCHMARKS: dict[str, tuple[Measure, int]] = {
    "batch": (batch.measure, 5),
    "cold": (cold.measure, 15),
    "start": (start.measure, 25),
    "list": (listing.measure, 9),
    "worktree": (worktree.measure, 5),
    "harvest": (harvest.measure, 5),
    "shim": (shim.measure, 3),
    "latency": (latency.measure, 5),
}


def main() -> int:
    """Measure, show, and say with the exit status whether every number was held."""
    parser = options(__doc__ or "", rounds=None)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--write", action="store_true", help="renew bench/RESULTS.md (all rows only)")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(BENCHMARKS)
    if unknown or (chosen.write and chosen.names):
        parser.error(f"no such benchmark: {', '.join(unknown)}" if unknown else "--write wants all rows")
    rows: list[Row] = []
    for name in chosen.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        measure, rounds = BENCHMARKS[name]
        with ground(chosen.folder) as here:
            rows += measure(here, chosen.rounds or rounds)
    print(as_json(rows, chosen.folder) if chosen.json else table(rows))
    if chosen.write:
        (PROJECT / "bench" / "RESULTS.md").write_text(page(rows, chosen.folder), encoding="utf-8")
    return 0 if all(row.held for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
