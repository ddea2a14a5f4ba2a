from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logist_ci.cli.notice import Notices
from logist_ci.cli.session import Invocation, Session
from logist_ci.cli.stopping import Stopper
from logist_ci.cli.talk import Talk
from logist_ci.cli.terminal import Terminal
from logist_ci.job.ids import JobId
from logist_ci.job.states import State
from logist_ci.runner.listener import Happening
from logist_ci.testing import FakeClock, GitSandbox, example_in
from tests.cli.conftest import Screen

JOB = JobId("example-000001")
Stage = Callable[..., "Scene"]


class Scene:
    """Notices at work: a clock, a screen, and a listener that remembers."""

    def __init__(self, session: Session, clock: FakeClock, screen: Screen) -> None:
        self.session, self.clock, self.screen = session, clock, screen
        self.heard: list[Happening] = []

    def on(self, event: Happening) -> None:
        self.heard.append(event)

    @contextmanager
    def job_of(self, seconds: float, state: State = State.SUCCESS) -> Iterator[None]:
        with Notices(self.session) as notices:
            listener = notices.before(self)
            listener.on(Happening(JOB, "state", "begun", manifest=example_in(State.RUNNING)))
            self.clock.advance(seconds)
            listener.on(Happening(JOB, "state", "ended", manifest=example_in(state)))
        yield


@pytest.fixture
def scene(repo: GitSandbox) -> Iterator[Stage]:
    opened: list[Session] = []

    def make(*, tty: bool = True, **environ: str) -> Scene:
        screen, clock = Screen(tty=tty), FakeClock()
        terminal = Terminal(Screen(), Screen(), screen, environ={**repo.environ, **environ})
        session = Session(Invocation(terminal, Stopper(), repo.path, clock=clock))
        opened.append(session)
        return Scene(session, clock, screen)

    yield make
    for session in opened:
        session.close()


def test_the_bell_rings_when_a_long_job_ends(scene: Stage) -> None:
    stage = scene()
    with stage.job_of(61):
        assert stage.screen.getvalue() == "\a"
        assert [event.text for event in stage.heard] == ["begun", "ended"]


def test_short_jobs_end_quietly(scene: Stage) -> None:
    stage = scene()
    with stage.job_of(59):
        assert stage.screen.getvalue() == ""


def test_a_job_that_goes_on_is_not_announced(scene: Stage) -> None:
    stage = scene()
    with stage.job_of(61, State.PENDING):
        assert stage.screen.getvalue() == ""


def test_the_bell_can_be_switched_off_and_is_for_terminals(scene: Stage) -> None:
    for stage in (scene(LOGIST_NOTIFY_BELL="false"), scene(tty=False)):
        with stage.job_of(61):
            assert stage.screen.getvalue() == ""


def test_a_command_is_told_id_state_and_title(scene: Stage, tmp_path: Path) -> None:
    told = tmp_path / "told"
    stage = scene(tty=False, LOGIST_NOTIFY_COMMAND=f'["sh", "-c", "printf \'%s\\n\' \\"$@\\" > {told}", "sh"]')
    with stage.job_of(61, State.INTERVENTION_REQUIRED):
        assert told.read_text().splitlines() == ["example-000001", "INTERVENTION_REQUIRED", "Example"]


@pytest.mark.parametrize(
    ("command", "says"), [("false", "ended with status 1"), ("no-such-program", "could not be run")]
)
def test_a_command_that_fails_is_said(scene: Stage, command: str, says: str) -> None:
    stage = scene(tty=False, LOGIST_NOTIFY_COMMAND=command)
    with stage.job_of(61):
        assert says in stage.screen.getvalue()


def test_lines_are_for_states_and_notes() -> None:
    screen = Screen()
    talk = Talk(Terminal(Screen(), Screen(), screen))
    talk.on(Happening(JOB, "state", "example-000001: PENDING → RUNNING"))
    talk.on(Happening(JOB, "note", "odd \x1b[2J"))
    talk.on(Happening(JOB, "stage", "harvest"))
    talk.on(Happening(JOB, "progress", "line"))
    assert screen.getvalue() == "example-000001: PENDING → RUNNING\nexample-000001: odd \\x1b[2J\n"


def test_stages_are_for_those_who_ask() -> None:
    screen = Screen()
    talk = Talk(Terminal(Screen(), Screen(), screen, verbosity=1), verbose_only=True)
    talk.on(Happening(JOB, "stage", "harvest"))
    talk.on(Happening(JOB, "state", "example-000001: PENDING → RUNNING"))
    assert screen.getvalue().splitlines() == ["example-000001: harvest", "example-000001: PENDING → RUNNING"]
