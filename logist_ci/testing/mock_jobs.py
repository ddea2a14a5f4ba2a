"""Jobs whose agent plays a script, run for real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from logist_ci.app import App
from logist_ci.job.manifest import Manifest
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job
from logist_ci.runner.listener import Happening

__all__ = ["MockJobs", "Recorder"]


class Recorder:
    """A listener that remembers what it heard."""

    def __init__(self) -> None:
        self.heard: list[Happening] = []

    def on(self, event: Happening) -> None:
        """Remember ``event``."""
        self.heard.append(event)

    def states(self) -> list[str]:
        """Return the states that jobs came to, in order."""
        return [event.manifest.state.value for event in self.heard if event.kind == "state" and event.manifest]


class MockJobs:
    """Makes and runs jobs of the agent ``mock`` in one repository; ``recorder`` hears what happens."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.recorder = Recorder()

    def request(self, *steps: str | Mapping[str, Any], **changes: Any) -> JobRequest:
        """Return a request whose agent plays ``steps``; ``changes`` are other fields of the request."""
        script = {"agent": "mock", "agent_options": {"script": json.dumps(list(steps))}}
        return JobRequest(**{"prompt": "Play a script.", "checks": (), **script, **changes})

    def run(self, *steps: str | Mapping[str, Any], **changes: Any) -> Manifest:
        """Create a job whose agent plays ``steps``, run it to where it waits or ends, and return its manifest."""
        created = create_job(self.app.parts, self.request(*steps, **changes))
        return run_job(self.app.parts, created.stored.manifest.id, self.recorder)
