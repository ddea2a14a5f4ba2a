"""The live view of running jobs: one line each, drawn again in place, with what has ended above them."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from logist_ci.cli.terminal import Palette, Terminal
from logist_ci.cli.views.results import painted
from logist_ci.cli.wording import count, duration, printable, size
from logist_ci.job.ids import JobId
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import Phase
from logist_ci.job.states import TRANSIENT, State
from logist_ci.lifecycle.show import shown_state
from logist_ci.process.clock import Clock
from logist_ci.runner.listener import Happening
from logist_ci.shim.protocol import Progress

__all__ = ["LiveView", "Row", "fitted", "frame"]

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PERIOD_S = 0.2


@dataclass(frozen=True)
class Row:
    """What the view knows about one job; ``since`` is when its present state began, on the monotonic clock."""

    job_id: JobId
    since: float
    state: State = State.PENDING
    phase: Phase = Phase.GENERATE
    attempt: int = 1
    limits: Limits = field(default_factory=Limits)
    progress: Progress | None = None
    stage: str = ""


def frame(rows: Sequence[Row], now: float, width: int, height: int, palette: Palette) -> list[str]:
    """Return the lines of the view at ``now``, none wider than ``width`` and at most ``height`` of them."""
    shown = list(rows[: height - 1] if len(rows) > height else rows)
    lines = [_line(row, now, width, palette) for row in shown]
    if len(shown) < len(rows):
        lines.append(fitted(f"  and {count(len(rows) - len(shown), 'more job')}", width))
    return lines


def fitted(text: str, width: int) -> str:
    """Return ``text`` cut to ``width`` columns; wide letters take two."""
    used = 0
    for position, sign in enumerate(text):
        used += 0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        if used > width:
            return text[: max(0, position - 1)] + "…"
    return text


def _line(row: Row, now: float, width: int, palette: Palette) -> str:
    state = shown_state(row.state, row.phase, "alive")
    wall = f"/{duration(row.limits.wall_s)}" if row.limits.wall_s else ""
    parts = [f"{row.job_id}", f"{state} {row.phase.value}", f"{duration(max(0.0, now - row.since))}{wall}"]
    if row.attempt > 1:
        parts[1] += f" (attempt {row.attempt} of {row.limits.attempts})"
    if row.progress:
        most = f"/{size(row.limits.output_bytes)}" if row.limits.output_bytes else ""
        parts.append(f"{size(row.progress.output_bytes)}{most}")
    last = printable(row.progress.last_line if row.progress else row.stage).replace("\n", " ").replace("\t", " ")
    text = fitted("  ".join([*parts, last]).rstrip(), width - 2)
    spinner = _SPINNER[int(now / _PERIOD_S) % len(_SPINNER)]
    return f"{painted(row.state, spinner, palette)} {text}"


class LiveView:
    """A listener that draws; it may be told things by several threads."""

    def __init__(
        self, terminal: Terminal, clock: Clock, *, measure: Callable[[], tuple[int, int]] | None = None
    ) -> None:
        self._terminal = terminal
        self._clock = clock
        self._measure = measure or self._terminal_size
        self._lock = threading.Lock()
        self._rows: dict[JobId, Row] = {}
        self._drawn = 0
        self._over = threading.Event()
        self._painter = threading.Thread(target=self._paint, name="live-view", daemon=True)

    def __enter__(self) -> LiveView:
        self._painter.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._painter.join()
        with self._lock:
            self._write([], [])

    def on(self, event: Happening) -> None:
        """Take note of ``event``; it is seen at the next drawing."""
        with self._lock:
            row = self._rows.get(event.job_id) or Row(event.job_id, self._clock.monotonic())
            if event.kind == "note":
                self._write([printable(f"{event.job_id}: {event.text}")], self._frame())
                return
            changed = self._changed(row, event)
            if changed is None:
                self._rows.pop(event.job_id, None)
                self._write([printable(event.text)], self._frame())
            else:
                self._rows[event.job_id] = changed

    def _changed(self, row: Row, event: Happening) -> Row | None:
        """Return the row after ``event``; ``None`` when the job has left the runner."""
        if event.manifest is not None:
            manifest = event.manifest
            if manifest.state not in TRANSIENT and manifest.state is not State.PENDING:
                return None
            return Row(
                row.job_id, self._clock.monotonic(), manifest.state, manifest.phase, manifest.attempt,
                manifest.spec.limits,
            )  # fmt: skip
        if event.progress is not None:
            return replace(row, progress=event.progress)
        return replace(row, stage=event.text)

    def _paint(self) -> None:
        while not self._over.wait(_PERIOD_S):
            with self._lock:
                self._write([], self._frame())

    def _frame(self) -> list[str]:
        width, height = self._measure()
        return frame(
            list(self._rows.values()), self._clock.monotonic(), width, max(2, height - 2), self._terminal.talk_palette
        )

    def _write(self, lasting: list[str], lines: list[str]) -> None:
        back = f"\x1b[{self._drawn}A\x1b[J" if self._drawn else ""
        self._terminal.stderr.write(back + "".join(f"{line}\n" for line in [*lasting, *lines]))
        self._terminal.stderr.flush()
        self._drawn = len(lines)

    def _terminal_size(self) -> tuple[int, int]:
        try:
            size = os.get_terminal_size(self._terminal.stderr.fileno())
        except (OSError, ValueError):
            return 80, 24
        return size.columns or 80, size.lines or 24
