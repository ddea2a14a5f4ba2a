"""A random walk through everything that a store can do, compared with a few dictionaries."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logist_ci.config.settings import PathSettings
from logist_ci.errors import JobStateError, RefusedError, UnknownJobError
from logist_ci.gitstore.folders import locate
from logist_ci.gitstore.index import SummaryIndex
from logist_ci.gitstore.manifests import ManifestStore
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity, Repository
from logist_ci.job.ids import JobId, job_id
from logist_ci.job.manifest import Manifest
from logist_ci.job.transitions import Cancel, Resume, Start, Suspend, Transition, Use, Want, apply, create
from logist_ci.job.usage import Usage
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.manifests import EXAMPLE_MOMENT, example_manifest
from logist_ci.testing.sandbox import GitSandbox, clean_environment

JOBS = st.sampled_from([job_id("a-000001"), job_id("b-000002"), job_id("c-000003")])
TRANSITIONS: list[Transition | None] = [
    None,
    Start(owner="host:1", now=EXAMPLE_MOMENT),
    Suspend(),
    Resume(),
    Cancel(),
    Want(wanted="cancel"),
    Want(wanted=None),
    Use(usage=Usage(tokens=1)),
]


class StoreWalk(RuleBasedStateMachine):
    """The store must do what the dictionaries do."""

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="logist-walk-"))
        self.live: dict[JobId, list[Manifest]] = {}
        self.archived: dict[JobId, list[Manifest]] = {}

    @initialize()
    def begin(self) -> None:
        self.sandbox = GitSandbox.create(self.place / "repo", clean_environment(self.place / "home"))
        self.sandbox.commit()
        repository = Repository.open(self.sandbox.path, environ=self.sandbox.environ)
        root = locate(repository, paths=PathSettings(), environ=repository.environ)
        root.make()
        self.store = ManifestStore(RefStore(repository), Identity("W", "w@example.invalid"), FakeClock(), root)
        self.index = SummaryIndex(self.store, root.index_file)

    def teardown(self) -> None:
        shutil.rmtree(self.place)

    def tries(self, allowed: bool, errors: type[Exception], action: Callable[[], object]) -> bool:
        """Do ``action``, which has to succeed exactly when it is ``allowed``."""
        if allowed:
            action()
        else:
            with pytest.raises(errors):
                action()
        return allowed

    @rule(job=JOBS)
    def creates(self, job: JobId) -> None:
        manifest = create(example_manifest(job))
        free = job not in self.live and job not in self.archived
        if self.tries(free, RefusedError, lambda: self.store.create(manifest, prompt=job)):
            self.live[job] = [manifest]

    @rule(job=JOBS, transition=st.sampled_from(TRANSITIONS))
    def changes(self, job: JobId, transition: Transition | None) -> None:
        history = self.live.get(job)
        if history is None:
            self.tries(False, UnknownJobError, lambda: self.store.change(job, lambda _: transition))
            return
        try:
            after = apply(history[-1], transition) if transition else history[-1]
        except JobStateError:
            self.tries(False, JobStateError, lambda: self.store.change(job, lambda _: transition))
            return
        assert self.store.change(job, lambda _: transition).manifest == after
        if after != history[-1]:
            history.append(after)

    @rule(job=JOBS, month=st.sampled_from(["2026-01", "2026-02"]))
    def archives(self, job: JobId, month: str) -> None:
        if self.tries(job in self.live, UnknownJobError, lambda: self.store.archive(job, month)):
            self.archived[job] = self.live.pop(job)

    @rule(job=JOBS)
    def restores(self, job: JobId) -> None:
        known = job in self.archived or job in self.live
        if known and job not in self.archived:
            # It is back already, and stays as it is.
            self.store.restore_archived(job)
        elif self.tries(known, UnknownJobError, lambda: self.store.restore_archived(job)):
            self.live[job] = self.archived.pop(job)

    @rule(job=JOBS)
    def removes(self, job: JobId) -> None:
        if job in self.live:
            self.store.remove(job, self.store.read(job).commit)
            del self.live[job]

    @rule()
    def refreshes(self) -> None:
        self.index.refresh()

    @rule()
    def packs(self) -> None:
        self.sandbox.git("gc", "-q", "--prune=now")

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        assert {job: self.store.read(job).manifest for job in self.store.ids()} == {
            job: history[-1] for job, history in self.live.items()
        }
        assert self.store.archived_ids() == sorted(self.archived)
        for job, history in (self.live | self.archived).items():
            assert [entry.state for entry in self.store.history(job)] == [each.state for each in reversed(history)]
        assert {summary.id: summary.state for summary in self.index.summaries()} == {
            job: history[-1].state for job, history in self.live.items()
        }


StoreWalk.TestCase.settings = settings(max_examples=6, stateful_step_count=15, deadline=None)
TestStoreWalk = StoreWalk.TestCase
