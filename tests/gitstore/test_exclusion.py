from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logist_ci.errors import BusyError, StoreError
from logist_ci.gitstore.exclusion import exclude, exclude_line
from logist_ci.process.locks import try_lock
from logist_ci.testing.sandbox import GitSandbox

TOP = Path("/repo")
# Any bytes that can be in a name; a dot alone or two are folders of their own.
NAMES = (
    st.binary(min_size=1, max_size=12)
    .filter(lambda name: b"/" not in name and b"\0" not in name)
    .filter(lambda name: name not in (b".", b"..", b".git") and not name.lower().startswith(b".git"))
)


def test_a_folder_below_the_worktree_is_a_pattern() -> None:
    assert exclude_line(TOP, TOP / ".logist" / "jobs") == b"/.logist/jobs/"
    assert exclude_line(TOP, TOP / "a b" / "c*") == b"/a\\ b/c\\*/"


@pytest.mark.parametrize("folder", ["/repo", "/elsewhere", "/repository", "/"])
def test_a_folder_elsewhere_is_none(folder: str) -> None:
    assert exclude_line(TOP, Path(folder)) is None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES)
def test_git_understands_every_pattern(repo: GitSandbox, name: bytes) -> None:
    folder = repo.path / os.fsdecode(name)
    line = exclude_line(repo.path, folder)
    assert line is not None
    (repo.path / ".git" / "info" / "exclude").write_bytes(line + b"\n")
    asked = name + b"/file\0" + b"other" + name + b"/file\0" + b"sub/" + name + b"/file\0"
    ignored = repo.git("check-ignore", "-z", "--stdin", "--no-index", stdin=asked)
    assert os.fsencode(ignored).split(b"\0")[:-1] == [name + b"/file"]


def test_nothing_is_written_without_need(folder: Path) -> None:
    file = folder / "exclude"
    file.write_bytes(b"/a/\n/b/\n")
    before = file.stat().st_ino
    exclude(file, (b"/b/", b"/a/"), folder / ".lock")
    exclude(file, (), folder / ".lock")
    assert file.stat().st_ino == before
    assert not (folder / ".lock").exists()


def test_only_what_is_missing_is_added(folder: Path) -> None:
    file = folder / "info" / "exclude"
    exclude(file, (b"/a/",), folder / ".lock")
    exclude(file, (b"/b/", b"/a/", b"/c/"), folder / ".lock")
    assert file.read_bytes() == b"/a/\n/b/\n/c/\n"


def test_other_peoples_lines_stay_as_they_are(folder: Path) -> None:
    file = folder / "exclude"
    file.write_bytes(b"# \xff\r\n\n /a/ \n!x")
    exclude(file, (b"/a/",), folder / ".lock")
    assert file.read_bytes() == b"# \xff\r\n\n /a/ \n!x\n/a/\n"


def test_what_cannot_be_read_is_said(folder: Path) -> None:
    with pytest.raises(StoreError, match="Logist CI could not read"):
        exclude(folder, (b"/a/",), folder / ".lock")


@pytest.mark.slow
def test_somebody_who_never_lets_go_is_said(folder: Path) -> None:
    held = try_lock(folder / ".lock")
    assert held is not None
    with held, pytest.raises(BusyError):
        exclude(folder / "exclude", (b"/a/",), folder / ".lock")
