"""Why a run had to be stopped: what its processes were doing, as a text for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from logist_ci.job.limits import Limits
from logist_ci.process.table import ProcessFacts, ProcessTable
from logist_ci.shim.protocol import LimitName

__all__ = ["describe_stop", "describe_tree"]

_SHOWN = 40
_COMMAND_CHARACTERS = 160
_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting for a disk or device",
    "T": "stopped",
    "t": "stopped by a debugger",
    "Z": "ended",
    "I": "idle",
}


def describe_stop(limit: LimitName | None, limits: Limits) -> str:
    """Return why the run is ended, as a sentence."""
    match limit:
        case "wall":
            return f"The run took longer than its wall limit of {limits.wall_s:g} s."
        case "idle":
            return f"The run had no output, no use of the CPU and no change in its worktree for {limits.idle_s:g} s."
        case "output":
            return f"The run wrote more than its output limit of {limits.output_bytes} bytes."
        case None:
            return "Somebody asked for the run to be stopped."


def describe_tree(
    root: int, tree: Iterable[ProcessFacts], table: ProcessTable, mask: Callable[[str], str] = str
) -> str:
    """Return a line for each process of ``tree`` (below ``root``), children indented below their parents.

    ``mask`` takes secrets out of command lines.
    """
    by_parent: dict[int, list[ProcessFacts]] = {}
    for facts in tree:
        by_parent.setdefault(facts.parent, []).append(facts)
    lines: list[str] = []
    waiting = [(0, facts) for facts in reversed(by_parent.pop(root, []))]
    while waiting and len(lines) < _SHOWN:
        depth, facts = waiting.pop()
        lines.append("  " * depth + _line(facts, table, mask))
        waiting += [(depth + 1, child) for child in reversed(by_parent.pop(facts.id.pid, []))]
    if waiting or by_parent:
        lines.append("…")
    return "\n".join(lines) or "No process was left."


def _line(facts: ProcessFacts, table: ProcessTable, mask: Callable[[str], str]) -> str:
    state = _STATES.get(facts.state, facts.state)
    channel = table.waits_in(facts.id.pid)
    # Masked before it is cut: half a secret is not found.
    command = mask(table.command_line(facts.id.pid)) or f"[{facts.name}]"
    shown = "".join(character if character.isprintable() else " " for character in command)[:_COMMAND_CHARACTERS]
    where = f" in {channel}" if channel else ""
    return f"{facts.id.pid} {state}{where}, CPU {facts.cpu_s:.2f} s, {facts.rss / 1e6:.1f} MB: {shown}"
