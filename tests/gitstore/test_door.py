from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from logist_ci.gitstore.door import ImportDoor
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.testing.sandbox import GitSandbox


@pytest.fixture
def door(repository: Repository, tmp_path: Path) -> ImportDoor:
    return ImportDoor(repository, tmp_path / "temp")


def tree(repo: GitSandbox, *entries: tuple[bytes, bytes, bytes]) -> str:
    """Store a tree as nobody's git would make it, and return its id."""
    raw = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(target.decode()) for mode, name, target in entries)
    return repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)


def blob(repo: GitSandbox, content: bytes = b"x") -> bytes:
    return repo.git("hash-object", "-w", "--stdin", stdin=content).encode()


def committed(repo: GitSandbox, root: str) -> CommitId:
    return CommitId(repo.git("commit-tree", root, "-p", "HEAD", "-m", "Evil"))


def test_ordinary_commits_come_in(repo: GitSandbox, door: ImportDoor, tmp_path: Path) -> None:
    base = repo.head()
    repo.write("a/b", "x")
    repo.write("c", "y", executable=True)
    repo.commit()
    repo.git("rm", "-q", "c")
    tip = repo.commit()
    assert door.check(tip, not_in=base) == ()
    assert door.check(base, not_in=base) == ()
    assert list((tmp_path / "temp").iterdir()) == []


@pytest.mark.parametrize("name", [b".git", b"..", b".", b".GIT", b"git~1", ".g\u200cit".encode(), b"", b"a/b"])
def test_names_that_lead_elsewhere_do_not(repo: GitSandbox, door: ImportDoor, name: bytes) -> None:
    inner = tree(repo, (b"100644", b"config", blob(repo)))
    for mode, target in ((b"40000", inner.encode()), (b"100644", blob(repo))):
        (finding,) = door.check(committed(repo, tree(repo, (mode, name, target))), not_in=repo.head())
        assert (finding.code, finding.level) == ("LG208", "error")


def test_a_name_in_a_folder_is_looked_at_too(repo: GitSandbox, door: ImportDoor) -> None:
    inner = tree(repo, (b"100644", b".git", blob(repo)))
    (finding,) = door.check(committed(repo, tree(repo, (b"40000", b"a", inner.encode()))), not_in=repo.head())
    assert "hasDotgit" in finding.message


def test_a_linked_gitmodules_does_not(repo: GitSandbox, door: ImportDoor) -> None:
    evil = committed(repo, tree(repo, (b"120000", b".gitmodules", blob(repo, b"/etc/passwd"))))
    assert [finding.code for finding in door.check(evil, not_in=repo.head())] == ["LG208"]


def test_gitmodules_that_run_something_do_not(repo: GitSandbox, door: ImportDoor) -> None:
    for text in (b'[submodule "x"]\n\turl = -u./evil\n', b'[submodule "../x"]\n\turl = y\n'):
        evil = committed(repo, tree(repo, (b"100644", b".gitmodules", blob(repo, text))))
        assert [finding.code for finding in door.check(evil, not_in=repo.head())] == ["LG208"]


def test_what_is_twice_in_a_tree_does_not(repo: GitSandbox, door: ImportDoor) -> None:
    evil = committed(repo, tree(repo, (b"100644", b"a", blob(repo)), (b"100644", b"a", blob(repo, b"y"))))
    assert [finding.code for finding in door.check(evil, not_in=repo.head())] == ["LG208"]


def test_what_leads_to_nothing_does_not(repo: GitSandbox, door: ImportDoor) -> None:
    evil = committed(repo, tree(repo, (b"100644", b"a", b"1" * 40)))
    (finding,) = door.check(evil, not_in=repo.head())
    assert finding.code == "LG208"


def test_an_object_under_a_false_name_does_not(repo: GitSandbox, door: ImportDoor) -> None:
    base = repo.head()
    repo.write("file", "honest\n")
    tip = repo.commit()
    honest, other = (repo.git("hash-object", "-w", "--stdin", stdin=text) for text in (b"honest\n", b"other\n"))
    objects = repo.path / ".git" / "objects"
    false = objects / honest[:2] / honest[2:]
    false.chmod(0o644)
    shutil.copy(objects / other[:2] / other[2:], false)
    assert [finding.code for finding in door.check(tip, not_in=base)] == ["LG208"]


def test_a_broken_commit_does_not(repo: GitSandbox, door: ImportDoor) -> None:
    raw = f"tree {repo.git('rev-parse', 'HEAD^{tree}')}\nparent {repo.head()}\nauthor x\n\nno one\n".encode()
    evil = repo.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
    assert [finding.code for finding in door.check(CommitId(evil), not_in=repo.head())] == ["LG208"]


def test_what_is_no_commit_does_not(repo: GitSandbox, door: ImportDoor) -> None:
    (finding,) = door.check(CommitId("1" * 40), not_in=repo.head())
    assert "were not let in" in finding.message


def test_a_partial_clone_may_miss_what_the_base_has(repo: GitSandbox, tmp_path: Path) -> None:
    repo.write("large", "x" * 1000)
    repo.commit()
    repo.git("config", "uploadpack.allowFilter", "true")
    options = ("--filter=blob:none", "--sparse", "--no-local")
    repo.git("clone", "-q", *options, f"file://{repo.path}", str(tmp_path / "partial"))
    clone = GitSandbox(tmp_path / "partial", repo.environ)
    base = clone.head()
    clone.write("new", "x")
    tree_id = clone.git("mktree", "--missing", stdin=os.fsencode(clone.git("ls-tree", "HEAD") + "\n" + (
        f"100644 blob {clone.git('hash-object', '-w', 'new')}\tnew\n")))  # fmt: skip
    tip = CommitId(clone.git("commit-tree", tree_id, "-p", base, "-m", "New"))
    for pack in (clone.path / ".git" / "objects" / "pack").glob("*"):
        pack.chmod(0o644)
    repository = Repository.open(clone.path, environ=clone.environ)
    assert ImportDoor(repository, tmp_path / "temp", incomplete=True).check(tip, not_in=base) == ()
