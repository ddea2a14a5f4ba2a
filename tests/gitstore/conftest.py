"""A store on a real repository, as the composition root would build it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from logist_ci.config.settings import PathSettings
from logist_ci.gitstore.folders import JobsRoot, locate
from logist_ci.gitstore.manifests import ManifestStore, Stored
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity, Repository
from logist_ci.job.transitions import create
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.manifests import example_manifest
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import Canary, JobLab


@pytest.fixture
def repository(repo: GitSandbox) -> Repository:
    return Repository.open(repo.path, environ=repo.environ)


@pytest.fixture
def refs(repository: Repository) -> RefStore:
    return RefStore(repository)


@pytest.fixture
def root(repository: Repository) -> JobsRoot:
    return locate(repository, paths=PathSettings(), environ=repository.environ)


@pytest.fixture
def store(refs: RefStore, clock: FakeClock, root: JobsRoot) -> ManifestStore:
    return ManifestStore(refs, Identity("Test Person", "person@example.invalid"), clock, root)


@pytest.fixture
def job(store: ManifestStore) -> Callable[[str], Stored]:
    def made(name: str) -> Stored:
        return store.create(create(example_manifest(name)), prompt="Do nothing.")

    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


@pytest.fixture
def lab(repo: GitSandbox) -> JobLab:
    return JobLab(repo)


@pytest.fixture
def canary(tmp_path: Path) -> Canary:
    return Canary.hatch(tmp_path / "canary")
