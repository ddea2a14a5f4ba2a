from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from logist_ci.gitstore.guarded_files import Kept, Place
from logist_ci.gitstore.harmless_changes import harmless_change
from tests.gitstore.job_lab import JobLab


@pytest.fixture
def started(lab: JobLab) -> JobLab:
    lab.repo.write(".git/info/exclude", "*.own\n")
    return lab.start()


def test_what_people_do_all_day_is_left(started: JobLab) -> None:
    started.repo.git("config", "color.ui", "auto")
    started.repo.git("config", "user.name", "Another Name")
    exclude = started.repo.path / ".git" / "info" / "exclude"
    exclude.write_text("*.first\n" + exclude.read_text() + "*.more\n", encoding="utf-8")
    started.repo.write(".git/hooks/notes/README", "mine")
    findings = started.settle()
    assert {(finding.code, finding.level) for finding in findings} == {("LG205", "note")}
    assert {finding.path for finding in findings} == {"config", "info/exclude", "hooks/notes", "hooks/notes/README"}
    assert started.repo.git("config", "user.name").strip() == "Another Name"
    assert (started.repo.path / ".git/hooks/notes/README").read_text() == "mine"
    # What is accepted once is how things are.
    assert started.settle() != ()
    assert started.start().settle() == ()


@pytest.mark.parametrize("name", ["config", "info/exclude", "hooks/pre-commit"])
def test_what_was_put_back_can_be_taken_back(started: JobLab, name: str) -> None:
    text = "[core]\n\tpager = mine\n"
    started.repo.write(f".git/{name}", text, executable=True)
    (finding,) = started.settle()
    assert "by the agent or by you" in finding.message
    command = shlex.split(finding.message.partition("take it back with: ")[2])
    place = started.repo.path / ".git" / name
    assert not place.exists() or place.read_text() != text
    assert (command[:2], command[3]) == (["cp", "-a"], str(place))
    with open(command[2], encoding="utf-8") as copy:
        assert copy.read() == text


@pytest.mark.parametrize("now", [Kept("file", 0o755), Kept("link"), Kept("other")])
def test_what_may_run_is_not_harmless(now: Kept) -> None:
    place = Place("LG202", Path("hooks/x"))
    assert harmless_change("hooks/x", place, None, {"hooks/x": now}) is None
    assert harmless_change("hooks/x", place, None, {"hooks/x": Kept("folder"), "hooks/x/y": now}) is None
    assert harmless_change("hooks/x", place, Kept("file", 0o644), {"hooks/x": Kept("file", 0o644, b"y")}) is None
    assert harmless_change("hooks/x", place, Kept("file"), {}) is None
