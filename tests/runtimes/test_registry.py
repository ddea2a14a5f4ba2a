from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import logist_ci
from logist_ci.errors import ConfigError, MissingError
from logist_ci.job.manifest import Protection
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.runtimes.base import Mounts, Probe, Runtime
from logist_ci.runtimes.registry import AUTO, RuntimeRegistry, builtin_runtimes, select


@dataclass(frozen=True)
class Pretended:
    """A runtime that works, or not, as it is told."""

    name: str
    works: bool = True

    def probe(self) -> Probe:
        return Probe(self.works, (), "" if self.works else "there is no kernel.", "" if self.works else "Install one.")

    def protection(self) -> Protection:
        return Protection(runtime=self.name)

    def wrap(self, command: Command, mounts: Mounts, network: str) -> Command:
        return command


def never() -> Runtime:
    raise AssertionError("nobody asked for this one")


def registry(**works: bool) -> RuntimeRegistry:
    def maker(name: str) -> Runtime:
        return Pretended(name, works[name])

    return RuntimeRegistry({name: lambda name=name: maker(name) for name in works})  # type: ignore[misc] # a bound name


def test_a_runtime_is_found_by_name() -> None:
    assert registry(strong=True, weak=True).select("weak").name == "weak"


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ConfigError, match="'bubble'") as caught:
        registry(strong=True, weak=True).select("bubble")
    assert caught.value.hint == "There are: auto, strong, weak."


def test_one_that_was_asked_for_and_does_not_work_is_not_replaced() -> None:
    with pytest.raises(MissingError, match=r"'strong' does not work here: there is no kernel\.") as caught:
        registry(strong=False, weak=True).select("strong")
    assert caught.value.hint == "Install one."


def test_auto_takes_the_strongest_that_works() -> None:
    assert registry(strong=True, weak=True).select(AUTO).name == "strong"
    assert registry(strong=False, weak=True).select(AUTO).name == "weak"


def test_auto_gives_up_where_nothing_works() -> None:
    with pytest.raises(MissingError) as caught:
        registry(strong=False).select(AUTO)
    assert "doctor" in caught.value.hint


def test_installed_ones_are_chosen_by_name_and_never_by_auto() -> None:
    found = RuntimeRegistry({"weak": lambda: Pretended("weak", False)}, lambda: {"theirs": lambda: Pretended("theirs")})
    assert found.get("theirs").name == "theirs"
    assert found.names() == ("weak", "theirs")
    with pytest.raises(MissingError):
        found.select(AUTO)


def test_installed_ones_cannot_take_a_name_over() -> None:
    found = RuntimeRegistry({"host": lambda: Pretended("host")}, lambda: {"host": never})
    assert found.select("host").name == "host"


def test_installed_ones_are_not_looked_for_without_need() -> None:
    def installed() -> dict[str, type[Pretended]]:
        raise AssertionError("looked for")

    assert RuntimeRegistry({"host": lambda: Pretended("host")}, installed).select("host").name == "host"


def test_the_host_is_built_in() -> None:
    assert builtin_runtimes().names()[0] == "host"
    assert select(AUTO, builtin_runtimes()).name == "host"
    assert builtin_runtimes({"more": lambda: Pretended("more")}).get("more").name == "more"


_PLUGIN = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from logist_ci.runtimes.registry import builtin_runtimes
registry = builtin_runtimes()
print(registry.names())
print(registry.get("theirs").name)
try:
    registry.get("broken")
except Exception as error:
    print(type(error).__name__, error)
"""


def test_packages_can_bring_their_own(tmp_path: Path) -> None:
    info = tmp_path / "theirs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[logist_ci.runtimes]\ntheirs = theirs:Mine\nbroken = theirs:Missing\n")
    (tmp_path / "theirs.py").write_text("class Mine:\n    name = 'theirs'\n")
    places = [str(tmp_path), str(Path(logist_ci.__file__).parent.parent), *sys.path]
    argv = (sys.executable, "-I", "-c", _PLUGIN, json.dumps(places))
    lines = capture(Command(argv, tmp_path, dict(os.environ))).stdout.decode().splitlines()
    assert lines[:2] == ["('host', 'theirs', 'broken')", "theirs"]
    assert lines[2].startswith("ConfigError The runtime 'broken' of an installed package cannot be loaded: ")
