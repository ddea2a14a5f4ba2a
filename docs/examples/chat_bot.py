"""A handler that turns chat messages into jobs; nothing that a job does raises into the chat.

Try it: ``python docs/examples/chat_bot.py REPOSITORY "create a landing page for my startup"``
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from logist_ci.app import App, open_app
from logist_ci.errors import LogistError
from logist_ci.job.manifest import Manifest, Trigger
from logist_ci.job.states import State
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_jobs
from logist_ci.runner.listener import Happening


class ChatBot:
    """Works in one repository, and answers with ``say``. Its methods may be called from several threads."""

    def __init__(self, app: App, say: Callable[[str], None], *, agent: str = "template") -> None:
        self._app = app
        self._say = say
        self._agent = agent
        # The process that starts programs has to be forked before there are threads.
        app.parts.nursery()

    def handle(self, author: str, message: str) -> None:
        """Make a job of ``message``, run it to where it waits or ends, and say how it went."""
        request = JobRequest(
            prompt=message, agent=self._agent, created_by=author, trigger=Trigger(event="chat", actor=author)
        )
        try:
            job_id = create_job(self._app.parts, request).stored.manifest.id
        except LogistError as error:
            self._say(f"I cannot do that. {error} {error.hint}".strip())
            return
        self._say(f"I am at it: {job_id}")
        # A job that fails is an outcome, never an exception.
        (outcome,) = run_jobs(self._app.parts, [job_id], self)
        if outcome.manifest is not None:
            self._say(summary(outcome.manifest))
        if outcome.error is not None:
            self._say(f"{job_id} could not go on. {outcome.error} {outcome.error.hint}".strip())

    def on(self, event: Happening) -> None:
        """Hear what happens to a job while it runs; this bot only tells of trouble."""
        if event.kind == "note":
            self._say(f"{event.job_id}: {event.text}")


def summary(manifest: Manifest) -> str:
    """Return how a job went, in a sentence or two."""
    if manifest.state is State.SUCCESS:
        result = manifest.result
        return f"Done: {result.files} files changed on the branch {manifest.source.branch}. {result.summary}".strip()
    if manifest.blocked is not None:
        return f"I need help with {manifest.id}: {manifest.blocked.reason} {manifest.blocked.remedy}"
    return f"{manifest.id} is {manifest.state.value}."


def main(repository: str, message: str) -> None:
    """Handle one message in the given repository."""
    with open_app(Path(repository), os.environ) as app:
        ChatBot(app, lambda text: print(text, flush=True)).handle("somebody", message)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
