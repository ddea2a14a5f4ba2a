"""Jobs as a table, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from logist_ci.cli.terminal import Palette
from logist_ci.cli.views.results import painted
from logist_ci.cli.wording import ago, moment, printable, size, table
from logist_ci.lifecycle.show import Line, Past, Stats
from logist_ci.lifecycle.troubles import Trouble

__all__ = ["history_table", "job_table", "stats_table", "trouble_lines"]

_TITLE = 48


def job_table(lines: Sequence[Line], now: datetime, palette: Palette) -> str:
    """Return one row for each job."""
    head = [palette.dim(word) for word in ("JOB", "STATE", "PHASE", "TRY", "AGENT", "AGE", "TITLE")]
    rows = [_row(line, now, palette) for line in lines]
    return table([head, *rows])


def trouble_lines(troubles: Sequence[Trouble], palette: Palette) -> str:
    """Return what needs attention, each with the command that helps."""
    return "\n".join(f"{palette.waiting(printable(each.message))}\n  {printable(each.command)}" for each in troubles)


def stats_table(stats: Stats, palette: Palette) -> str:
    """Return the numbers of jobs by state."""
    rows = [[state, str(number)] for state, number in stats.by_state.items()]
    totals = [
        ["jobs", str(stats.jobs)],
        ["ready to run", str(stats.queued)],
        ["running", str(stats.running)],
        ["waiting for you", str(stats.waiting)],
        ["archived", str(stats.archived)],
        ["damaged", str(stats.damaged)],
        ["on disk", size(stats.disk_bytes)],
    ]
    agents = [[f"by {agent}", str(number)] for agent, number in stats.by_agent.items()]
    return "\n".join(filter(None, (table(totals), palette.dim(table(rows)), table(agents))))


def history_table(entries: Sequence[Past], palette: Palette) -> str:
    """Return a job's changes, one a line, oldest first."""
    return table([[palette.dim(moment(entry.at)), entry.commit[:10], printable(entry.what)] for entry in entries])


def _row(line: Line, now: datetime, palette: Palette) -> list[str]:
    title = printable(line.title)
    return [
        line.id,
        painted(line.state, line.shown, palette) if line.state else palette.bad(line.shown),
        line.phase.value if line.phase else "",
        str(line.attempt),
        line.agent,
        ago(line.created_at, now),
        title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…",
    ]
