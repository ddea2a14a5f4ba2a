from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.gitstore.adoption import Adopted, Standing, adopt, commit_of_head
from logist_ci.gitstore.door import ImportDoor
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.testing.sandbox import GitSandbox


class Line:
    """A small history: ``given`` is the recorded tip, ``next`` and ``last`` continue it, ``side`` branches off,
    ``other`` has nothing to do with it."""

    def __init__(self, repo: GitSandbox) -> None:
        self.first = repo.head()
        self.given = self.on(repo, self.first, "given")
        self.next = self.on(repo, self.given, "next")
        self.last = self.on(repo, self.next, "last")
        self.side = self.on(repo, self.given, "side")
        self.amended = self.on(repo, self.first, "amended")
        self.other = CommitId(repo.git("commit-tree", "HEAD^{tree}", "-m", "other"))

    @staticmethod
    def on(repo: GitSandbox, parent: CommitId, message: str) -> CommitId:
        return CommitId(repo.git("commit-tree", "HEAD^{tree}", "-p", parent, "-m", message))


@pytest.fixture
def line(repo: GitSandbox) -> Line:
    return Line(repo)


@pytest.fixture
def door(repository: Repository, tmp_path: Path) -> ImportDoor:
    return ImportDoor(repository, tmp_path / "temp")


def decide(repository: Repository, door: ImportDoor, line: Line, branch: str | None, head: str | None) -> Adopted:
    places = vars(line)
    commits = [None if name is None else CommitId(places[name]) for name in (branch, head)]
    return adopt(repository, door, Standing(line.given, *commits))


@pytest.mark.parametrize(
    ("branch", "head", "parent", "files"),
    [
        ("given", "given", "given", "given"),
        ("next", "next", "next", "next"),
        ("given", "last", "last", "last"),
        ("next", "last", "last", "last"),
        (None, "next", "next", "next"),
        ("next", None, "next", "next"),
    ],
)
def test_commits_that_continue_count(
    repository: Repository, door: ImportDoor, line: Line, branch: str | None, head: str | None, parent: str, files: str
) -> None:
    found = decide(repository, door, line, branch, head)
    assert (found.parent, found.files, found.beyond) == (vars(line)[parent], vars(line)[files], False)
    assert found.rejected == ()


def test_where_the_branch_is_ahead_of_the_worktree(repository: Repository, door: ImportDoor, line: Line) -> None:
    found = decide(repository, door, line, "last", "next")
    assert (found.parent, found.files, found.beyond, found.findings) == (line.last, line.next, True, ())


def test_where_both_went_their_own_way_the_branch_counts(repository: Repository, door: ImportDoor, line: Line) -> None:
    found = decide(repository, door, line, "last", "side")
    assert (found.parent, found.files, found.beyond, found.rejected) == (line.last, line.side, False, (line.side,))
    assert [finding.code for finding in found.findings] == ["LG207"]


@pytest.mark.parametrize(
    ("branch", "head", "parent", "rejected"),
    [
        ("amended", "amended", "given", ["amended"]),
        ("first", "first", "given", ["first"]),
        ("other", "other", "given", ["other"]),
        ("other", "given", "given", ["other"]),
        ("other", "next", "next", ["other"]),
        ("next", "other", "next", ["other"]),
        ("other", "amended", "given", ["other", "amended"]),
        (None, None, "given", []),
    ],
)
def test_commits_that_do_not_continue_are_kept_aside(
    repository: Repository,
    door: ImportDoor,
    line: Line,
    branch: str | None,
    head: str | None,
    parent: str,
    rejected: list[str],
) -> None:
    found = decide(repository, door, line, branch, head)
    assert found.parent == vars(line)[parent]
    assert found.rejected == tuple(vars(line)[name] for name in rejected)
    assert [(finding.code, finding.level) for finding in found.findings] == [("LG207", "warning")]


def test_what_the_door_refuses_is_neither_taken_nor_kept(
    repo: GitSandbox, repository: Repository, door: ImportDoor, line: Line
) -> None:
    blob = bytes.fromhex(repo.git("hash-object", "-w", "--stdin", stdin=b"x"))
    raw = b"100644 .git\0" + blob
    evil_tree = repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    evil = CommitId(repo.git("commit-tree", evil_tree, "-p", line.given, "-m", "evil"))
    found = adopt(repository, door, Standing(line.given, evil, evil))
    assert (found.parent, found.files, found.rejected) == (line.given, line.given, ())
    assert sorted(finding.code for finding in found.findings) == ["LG207", "LG208"]


def test_a_commit_that_is_missing_does_not_count(repository: Repository, door: ImportDoor, line: Line) -> None:
    found = adopt(repository, door, Standing(line.given, CommitId("1" * 40), line.given))
    assert (found.parent, found.rejected) == (line.given, ())


def test_heads_lead_to_commits(repo: GitSandbox, refs: RefStore) -> None:
    head = repo.head()
    assert commit_of_head(refs, b"ref: refs/heads/main") == head
    assert commit_of_head(refs, head.encode()) == head
    for nothing in (None, b"", b"ref: refs/heads/no", b"ref: ../../etc", b"ref: refs/heads/\xff", b"\0" * 40):
        assert commit_of_head(refs, nothing) is None
    repo.git("symbolic-ref", "refs/heads/led", "refs/heads/main")
    assert commit_of_head(refs, b"ref: refs/heads/led") is None
