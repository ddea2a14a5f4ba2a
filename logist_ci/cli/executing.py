"""Executes jobs for a person: shows what they do, lets Ctrl-C stop them, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from logist_ci.cli.failures import report_error
from logist_ci.cli.notice import Notices
from logist_ci.cli.session import Session
from logist_ci.cli.stopping import INTERRUPTED
from logist_ci.cli.talk import Talk
from logist_ci.cli.views.results import ended
from logist_ci.errors import LogistError
from logist_ci.lifecycle.run import exit_status, run_jobs
from logist_ci.runner.batch import Outcome

if TYPE_CHECKING:
    from logist_ci.job.ids import JobId
    from logist_ci.job.manifest import Manifest
    from logist_ci.runner.listener import Listener, StopSignal

__all__ = ["execute_jobs", "listening", "outcome_of", "report"]


def execute_jobs(session: Session, ids: Sequence[JobId], *, jobs: int = 1, as_json: bool = False) -> int:
    """Run the jobs, at most ``jobs`` at once, and return the worst of their exit statuses."""
    if not ids:
        session.terminal.say("No job waits to be run.")
    with session.stoppable() as stop, listening(session) as listener:
        outcomes = run_jobs(session.parts, ids, listener, jobs=jobs, stop=stop)
    return report(session, outcomes, stop, as_json=as_json)


@contextmanager
def listening(session: Session) -> Iterator[Listener]:
    """Show what jobs do for the duration of the block: in place on a terminal, in lines elsewhere."""
    parts, terminal = session.parts, session.terminal
    # The nursery is a fork, so it comes before the threads of the view.
    parts.nursery()
    with Notices(session) as notices:
        if not terminal.lively or terminal.verbosity > 0:
            yield notices.before(Talk(terminal))
            return
        from logist_ci.cli.live import LiveView

        with LiveView(terminal, parts.clock) as view:
            yield notices.before(view)


def outcome_of(job_id: JobId, run: Callable[[], Manifest]) -> Outcome:
    """Return how ``run`` ended, an error included."""
    try:
        return Outcome(job_id, manifest=run())
    except LogistError as error:
        return Outcome(job_id, error=error)


def report(session: Session, outcomes: Sequence[Outcome], stop: StopSignal, *, as_json: bool) -> int:
    """Say how each job ended, results on stdout and errors on stderr, and return the exit status."""
    session.parts.index.refresh()
    now, palette = session.parts.clock.now(), session.terminal.palette
    manifests = [outcome.manifest for outcome in outcomes if outcome.manifest is not None]
    if as_json:
        errors = {outcome.job_id: str(outcome.error) for outcome in outcomes if outcome.error}
        session.terminal.show_json({"jobs": manifests, "errors": errors})
    else:
        for manifest in manifests:
            session.terminal.show(ended(manifest, now, palette))
    for outcome in outcomes:
        if outcome.error is not None:
            report_error(session.terminal, outcome.error)
    return INTERRUPTED if stop.requested else exit_status(outcomes)
