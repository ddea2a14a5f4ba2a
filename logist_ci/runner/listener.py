"""What a runner says while it works; faces draw it, tests collect it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.shim.protocol import Progress

__all__ = ["Happening", "Listener", "Silence", "StopSignal"]


@dataclass(frozen=True)
class Happening:
    """One thing that happened to a job.

    ``state`` carries the new manifest, ``progress`` the newest sample of a running program,
    ``stage`` and ``note`` only a sentence.
    """

    job_id: JobId
    kind: Literal["state", "stage", "progress", "note"]
    text: str
    manifest: Manifest | None = None
    progress: Progress | None = None


class Listener(Protocol):
    """Receives happenings, possibly from several threads at once."""

    def on(self, event: Happening) -> None:
        """Take note of ``event``; must be quick and must not raise."""


class Silence:
    """A listener that does nothing."""

    def on(self, event: Happening) -> None:
        """Forget ``event``."""


class StopSignal:
    """Asks runs to stop at the next opportunity: programs are ended, their work harvested, jobs left PENDING."""

    def __init__(self) -> None:
        self._event = Event()

    def set(self) -> None:
        """Ask every run that holds this signal to stop."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()
