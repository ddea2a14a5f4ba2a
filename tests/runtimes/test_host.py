from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.errors import MissingError
from logist_ci.process.command import Command
from logist_ci.runtimes.base import Mounts, Probe
from logist_ci.runtimes.host import HostRuntime

COMMAND = Command(("agent", "--fast"), Path("/w"), {"A": "b"}, ("secret",))
MOUNTS = Mounts(workspace=Path("/w"))


def test_the_command_is_not_changed() -> None:
    assert HostRuntime().wrap(COMMAND, MOUNTS, "full") is COMMAND


def test_it_claims_no_protection() -> None:
    assert HostRuntime().probe() == Probe(works=True, proved=())


def test_it_says_loudly_what_it_lacks() -> None:
    words = " ".join(HostRuntime().protection().unprotected)
    for topic in ("files", "git", "network", "processes", "limits"):
        assert topic in words


def test_what_it_cannot_do_it_refuses() -> None:
    with pytest.raises(MissingError, match="network") as caught:
        HostRuntime().wrap(COMMAND, MOUNTS, "none")
    assert caught.value.hint
