"""Lets a person know that a long job has ended: the terminal's bell, or a command of theirs."""

from __future__ import annotations

from threading import Lock, Thread
from typing import TYPE_CHECKING

from logist_ci.cli.session import Session
from logist_ci.errors import LogistError
from logist_ci.job.ids import JobId
from logist_ci.job.states import TRANSIENT, State
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.runner.listener import Happening, Listener

if TYPE_CHECKING:
    from logist_ci.job.manifest import Manifest

__all__ = ["Notices"]

_COMMAND_S = 30.0


class Notices:
    """Watches jobs for the duration of a block; notify commands run beside them and are waited for at its end."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._settings = session.parts.settings.notify
        self._clock = session.parts.clock
        self._begun: dict[JobId, float] = {}
        self._lock = Lock()
        self._messengers: list[Thread] = []

    def __enter__(self) -> Notices:
        return self

    def __exit__(self, *_: object) -> None:
        for messenger in self._messengers:
            messenger.join()

    def before(self, listener: Listener) -> Listener:
        """Return a listener that tells ``listener`` everything, and people what they wait for."""
        return _Relay(self, listener)

    def see(self, event: Happening) -> None:
        """Take note of a job's beginning, and announce its end if it took long."""
        now = self._clock.monotonic()
        with self._lock:
            begun = self._begun.setdefault(event.job_id, now)
        manifest = event.manifest
        if manifest is None or manifest.state in TRANSIENT or manifest.state is State.PENDING:
            return
        if now - begun < self._settings.after_s:
            return
        stderr = self._session.terminal.stderr
        if self._settings.bell and stderr.isatty():
            stderr.write("\a")
            stderr.flush()
        if self._settings.command:
            messenger = Thread(target=self._tell, args=(manifest,), name="notify")
            messenger.start()
            self._messengers.append(messenger)

    def _tell(self, manifest: Manifest) -> None:
        words = (*self._settings.command, manifest.id, manifest.state.value, manifest.title)
        session = self._session
        try:
            done = capture(Command(words, session.invocation.directory, session.terminal.environ), timeout_s=_COMMAND_S)
        except LogistError as error:
            session.terminal.warn(f"The notify command could not be run: {error}")
            return
        if done.returncode != 0:
            session.terminal.warn(f"The notify command {words[0]} ended with status {done.returncode}.")


class _Relay:
    def __init__(self, notices: Notices, listener: Listener) -> None:
        self._notices = notices
        self._listener = listener

    def on(self, event: Happening) -> None:
        self._listener.on(event)
        self._notices.see(event)
