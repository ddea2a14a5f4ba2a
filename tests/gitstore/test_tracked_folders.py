from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.gitstore.intake import settled_now, take_in
from logist_ci.gitstore.oddities import Known, find_oddities
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.tracked_folders import TrackedFolder, tracked_folders
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import JobLab

ODD = os.fsdecode(b"TREE\nodd\xff 1 2")


def index_of(repo: GitSandbox, repository: Repository, tmp_path: Path, *then: str) -> bytes:
    with private_git(tmp_path, repository, Setup(repo.path)) as git:
        git.ask("read-tree", repo.head())
        git.ask("update-index", "-q", "--refresh")
        if then:
            git.ask(*then)
        return git.index.read_bytes()


@pytest.fixture
def filled(repo: GitSandbox) -> GitSandbox:
    for name in ("a/x", "a/b/y", "a/b/c/z", f"{ODD}/x", "d/TREE", "TREE/x"):
        repo.write(name, "x")
    repo.commit()
    for file in (path for path in repo.path.rglob("*") if path.is_file() and ".git" not in path.parts):
        # Git looks again, and less sure, at what is as young as its index.
        os.utime(file, (1, 1))
    return repo


def test_folders_are_those_of_the_commit(filled: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    found = tracked_folders(index_of(filled, repository, tmp_path))
    odd = os.fsencode(ODD) + b"/"
    # Git orders them by the length of their names first.
    assert {**found, b"": TrackedFolder(found[b""].whole, tuple(sorted(found[b""].inner)))} == {
        b"": TrackedFolder(True, tuple(sorted((b"TREE/", odd, b"a/", b"d/")))),
        b"a/": TrackedFolder(True, (b"a/b/",)),
        b"a/b/": TrackedFolder(True, (b"a/b/c/",)),
        b"a/b/c/": TrackedFolder(True, ()),
        b"d/": TrackedFolder(True, ()),
        b"TREE/": TrackedFolder(True, ()),
        odd: TrackedFolder(True, ()),
    }


def test_a_folder_in_which_something_was_added_is_not_whole(
    filled: GitSandbox, repository: Repository, tmp_path: Path
) -> None:
    filled.write("a/new/file", "x")
    found = tracked_folders(index_of(filled, repository, tmp_path, "add", "-A"))
    assert not found[b""].whole
    assert not found[b"a/"].whole
    assert found[b"a/b/"].whole
    assert b"a/new/" not in found


def test_an_empty_or_damaged_index_says_nothing(filled: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    whole = index_of(filled, repository, tmp_path)
    at = whole.rindex(b"TREE", 0, whole.rindex(b"\x00" + b"7 4\n"))
    for data in (b"", b"DIRC", whole[:-30], whole[:at] + whole[-20:], b"\xff" * 100):
        assert tracked_folders(data) == {}
    broken = b"\0-x 0\n"
    assert tracked_folders(b"DIRC" + b"TREE" + len(broken).to_bytes(4, "big") + broken + b"\0" * 20) == {}


def scanned(worktree: Path, known: Known) -> list[bytes]:
    """Return the folders for which somebody asked whether git ignores them."""
    asked: list[bytes] = []

    def ignored(folder: bytes) -> bool:
        asked.append(folder)
        return False

    find_oddities(worktree, ignored, known)
    return asked


def test_folders_that_nothing_has_touched_are_not_listed(folder: Path) -> None:
    for name in ("a/b/file", "c/file"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("x", encoding="utf-8")
    (folder / ".git").write_text("x", encoding="utf-8")
    wait(folder)
    settled = settled_now(folder)
    folders = {
        b"": TrackedFolder(True, (b"a/", b"c/")),
        b"a/": TrackedFolder(True, (b"a/b/",)),
        b"a/b/": TrackedFolder(True, ()),
        b"c/": TrackedFolder(False, ()),
    }
    os.mkfifo(folder / "c" / "pipe")
    assert find_oddities(folder, lambda path: False, Known(folders, settled)).special == [(b"c/pipe", "a named pipe")]
    os.mkfifo(folder / "a" / "b" / "pipe")
    (folder / "a" / "b" / "new").mkdir()
    found = find_oddities(folder, lambda path: False, Known(folders, settled))
    assert [path for path, _ in found.special] == [b"a/b/pipe", b"c/pipe"]
    assert scanned(folder, Known(folders, settled)) == [b"a/b/new/"]
    assert sorted(scanned(folder, Known())) == [b"a/", b"a/b/", b"a/b/new/", b"c/"]


def wait(folder: Path) -> None:
    """Let the file system's clock go on."""
    start = settled_now(folder)
    while settled_now(folder) == start:
        pass


@pytest.mark.parametrize("what", ["gone", "link", "file"])
def test_a_folder_that_became_something_else_is_no_way_in(folder: Path, tmp_path: Path, what: str) -> None:
    (folder / ".git").write_text("x", encoding="utf-8")
    victim = tmp_path / "victim"
    victim.mkdir()
    os.mkfifo(victim / "pipe")
    if what == "link":
        (folder / "a").symlink_to(victim)
    elif what == "file":
        (folder / "a").write_text("x", encoding="utf-8")
    wait(folder)
    known = Known({b"": TrackedFolder(True, (b"a/",)), b"a/": TrackedFolder(True, ())}, settled_now(folder))
    found = find_oddities(folder, lambda path: False, known)
    assert found.special == []


def test_without_its_link_a_worktree_is_never_settled(folder: Path) -> None:
    assert settled_now(folder) == 0


def planted(lab: JobLab, place: str) -> None:
    GitSandbox.create(lab.workspace / place, lab.repo.environ)


@pytest.mark.parametrize("place", ["src", "src/deep", "later", "later/deep", "new"])
def test_what_is_planted_is_found_in_every_attempt(lab: JobLab, place: str) -> None:
    lab.repo.write("src/deep/file", "x")
    lab.base = lab.repo.commit()
    lab.provision()
    assert lab.harvest().findings == ()
    lab.write("later/deep/file")
    assert lab.harvest().findings == ()
    for _ in range(2):
        planted(lab, place)
        (finding,) = lab.harvest().findings
        assert (finding.code, finding.path) == ("LG206", f"{place}/.git")
    lab.provision(clean=True)
    lab.write(f"{place}/file")
    planted(lab, place)
    assert lab.codes(lab.harvest().findings) == [("LG206", "warning")]


def test_taking_in_asks_about_few_folders(lab: JobLab, tmp_path: Path) -> None:
    for number in range(300):
        lab.repo.write(f"folder-{number}/file", "x")
    lab.base = lab.repo.commit()
    lab.provision()
    wait(lab.workspace)
    settled = settled_now(lab.workspace)
    lab.write("folder-7/new/file")
    folders = tracked_folders(lab.folder.index.read_bytes())
    assert scanned(lab.workspace, Known(folders, settled)) == [b"folder-7/new/"]
    with private_git(tmp_path, lab.repository, Setup(lab.workspace)) as git:
        counted(git, lab, settled)


def counted(git: PrivateGit, lab: JobLab, settled: int) -> None:
    git.ask("read-tree", lab.base)
    assert take_in(git, lab.workspace, lab.folder.backups, settled_ns=settled) == ()
    assert b"folder-7/new/file" in git.ask("ls-files", "folder-7")
