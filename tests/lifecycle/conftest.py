"""Use cases are tried on a real repository, with the parts that the composition root makes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from logist_ci.app import open_app
from logist_ci.runner.listener import Happening
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox


class Collector:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.seen: list[Happening] = []

    def on(self, event: Happening) -> None:
        self.seen.append(event)

    def states(self) -> list[str]:
        return [event.manifest.state.value for event in self.seen if event.manifest is not None]

    def texts(self) -> str:
        return "\n".join(event.text for event in self.seen)


@pytest.fixture
def listener() -> Collector:
    return Collector()


@pytest.fixture
def parts(repo: GitSandbox) -> Iterator[Parts]:
    with open_app(repo.path, repo.environ) as app:
        yield app.parts
