from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.checkout_settings import CheckoutSettings
from logist_ci.gitstore.intake import take_in
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.repository import Repository
from logist_ci.job.manifest import Finding
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import Canary
from tests.privileges import needs_permissions


@contextmanager
def at_work(repo: GitSandbox, repository: Repository, tmp_path: Path) -> Iterator[PrivateGit]:
    """A private git whose index is that of the last commit, on the repository's own worktree."""
    with private_git(tmp_path / "temp", repository, Setup(repo.path, CheckoutSettings(excludes=b"*.o\n"))) as git:
        git.ask("read-tree", repo.head())
        yield git


@pytest.fixture
def taken(
    repo: GitSandbox, repository: Repository, tmp_path: Path
) -> Callable[[], tuple[dict[str, str], list[tuple[str, str, str]]]]:
    """Take the repository's worktree in; return modes by path, and the findings."""

    def take() -> tuple[dict[str, str], list[tuple[str, str, str]]]:
        with at_work(repo, repository, tmp_path) as git:
            findings = take_in(git, repo.path, tmp_path / "backups")
            listing = [
                line.partition("\t") for line in os.fsdecode(git.ask("ls-files", "-z", "-s")).split("\0") if line
            ]
        return {path: header.split()[0] for header, _, path in listing}, [short(each) for each in findings]

    return take


def short(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.level, finding.path


def backups(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "backups").iterdir()) if (tmp_path / "backups").exists() else []


Taken = Callable[[], tuple[dict[str, str], list[tuple[str, str, str]]]]


def test_everything_that_can_happen_to_a_file(repo: GitSandbox, taken: Taken) -> None:
    for name in ("changed", "deleted", "renamed", "made executable", "made a link", "made a folder"):
        repo.write(name, f"{name}\n")
    repo.commit()
    repo.write("changed", "other\n")
    (repo.path / "deleted").unlink()
    (repo.path / "renamed").rename(repo.path / "new name")
    (repo.path / "made executable").chmod(0o755)
    for name in ("made a link", "made a folder"):
        (repo.path / name).unlink()
    (repo.path / "made a link").symlink_to("changed")
    repo.write("made a folder/inside", "x")
    repo.write(b"caf\xe9\nand more", b"\0\xff")
    repo.write("ignored.o", "x")
    repo.write("build/ignored too", "x")
    repo.write(".gitignore", "build/\n")
    found, findings = taken()
    assert found == {
        "README.md": "100644", ".gitignore": "100644", "changed": "100644", "new name": "100644",
        "made executable": "100755", "made a link": "120000", "made a folder/inside": "100644",
        os.fsdecode(b"caf\xe9\nand more"): "100644",
    }  # fmt: skip
    assert findings == []


def test_an_unchanged_worktree_leaves_the_index_alone(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    # Git looks twice at what is as young as its index.
    os.utime(repo.path / "README.md", (1, 1))
    with at_work(repo, repository, tmp_path) as git:
        take_in(git, repo.path, tmp_path / "backups")
        before = git.index.stat()
        take_in(git, repo.path, tmp_path / "backups")
        after = git.index.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_inner_repositories_become_files(repo: GitSandbox, taken: Taken, tmp_path: Path) -> None:
    inner = GitSandbox.create(repo.path / "vendor" / "lib", repo.environ)
    inner.write("code", "x")
    inner.commit()
    GitSandbox.create(repo.path / "vendor" / "empty", repo.environ).write("file", "x")
    found, findings = taken()
    assert found == {"README.md": "100644", "vendor/lib/code": "100644", "vendor/empty/file": "100644"}
    assert findings == [("LG206", "warning", "vendor/empty/.git"), ("LG206", "warning", "vendor/lib/.git")]
    assert [(folder / "HEAD").exists() for folder in backups(tmp_path)] == [True, True]


def test_one_planted_among_files_of_the_base_goes_as_well(repo: GitSandbox, taken: Taken, tmp_path: Path) -> None:
    repo.write("src/code", "x")
    repo.commit()
    repo.write("src/.git", "gitdir: /tmp/evil\n")
    _, findings = taken()
    assert findings == [("LG206", "warning", "src/.git")]
    assert [file.read_text(encoding="utf-8") for file in backups(tmp_path)] == ["gitdir: /tmp/evil\n"]


def submodule(repo: GitSandbox, tmp_path: Path) -> Path:
    origin = GitSandbox.create(tmp_path / "origin", repo.environ)
    origin.write("code", "x")
    origin.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", origin.path, "sub module")
    repo.commit()
    return repo.path / "sub module"


def test_a_submodule_is_never_stepped_into(repo: GitSandbox, taken: Taken, tmp_path: Path, canary: Canary) -> None:
    place = submodule(repo, tmp_path)
    repo.git("config", "core.fsmonitor", canary.program, at=place)
    (place / "code").write_text("changed", encoding="utf-8")
    (place / "new").write_text("x", encoding="utf-8")
    found, findings = taken()
    assert canary.sang == ""
    assert found["sub module"] == "160000"
    assert not [name for name in found if name.startswith("sub module/")]
    assert findings == [("LG206", "note", "sub module/.git")]


def test_an_empty_submodule_is_nothing_to_tell(repo: GitSandbox, taken: Taken, tmp_path: Path) -> None:
    place = submodule(repo, tmp_path)
    for file in place.iterdir():
        file.unlink()
    assert taken() == ({"README.md": "100644", ".gitmodules": "100644", "sub module": "160000"}, [])


def test_a_submodule_that_became_a_link_stays_untouched_behind_it(
    repo: GitSandbox, taken: Taken, tmp_path: Path
) -> None:
    place = submodule(repo, tmp_path)
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    found, findings = taken()
    assert found["sub module"] == "120000"
    assert findings == []
    assert (tmp_path / "moved" / ".git").exists()


def test_special_files_are_left_out(repo: GitSandbox, taken: Taken) -> None:
    repo.write("tracked", "x")
    repo.commit()
    (repo.path / "tracked").unlink()
    for name in ("tracked", "pipe"):
        os.mkfifo(repo.path / name)
    repo.write("new", "x")
    found, findings = taken()
    assert found == {"README.md": "100644", "new": "100644"}
    assert sorted(findings) == [("LG211", "warning", "pipe"), ("LG211", "warning", "tracked")]


def test_names_that_mean_a_git_directory_elsewhere_are_refused(repo: GitSandbox, taken: Taken) -> None:
    for name in ("git~1", "a/.GIT", "b/.g\u200cit/config"):
        repo.write(name, "[core]\n\tfsmonitor = evil\n")
    (repo.path / ".gitmodules").symlink_to("/etc/passwd")
    repo.write("good", "x")
    found, findings = taken()
    assert found == {"README.md": "100644", "good": "100644"}
    paths = [".gitmodules", "a/.GIT", r"b/.g\u200cit/config", "git~1"]
    assert findings == [("LG208", "error", path) for path in paths]


@needs_permissions
def test_what_is_closed_is_opened_when_it_is_ours(repo: GitSandbox, taken: Taken) -> None:
    repo.write("tracked", "x")
    repo.write("folder/tracked", "x")
    repo.commit()
    for name in ("tracked", "new", "folder/tracked", "folder/new"):
        repo.write(name, "other").chmod(0)
    (repo.path / "folder").chmod(0)
    found, findings = taken()
    assert sorted(found) == ["README.md", "folder/new", "folder/tracked", "new", "tracked"]
    assert findings == []


def test_many_of_a_kind_are_counted(repo: GitSandbox, taken: Taken) -> None:
    for number in range(25):
        os.mkfifo(repo.path / f"pipe-{number:02}")
    _, findings = taken()
    assert len(findings) == 21
    assert findings[-1] == ("LG211", "warning", "")


def test_a_trap_for_whoever_works_in_it_is_told(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    for name in ("HEAD", "objects/x", "refs/y"):
        repo.write(f"trap/{name}", "x")
        repo.write(f"fixture/{name}", "x")
    with at_work(repo, repository, tmp_path) as git:
        findings = take_in(git, repo.path, tmp_path / "backups", known=lambda path: path == b"fixture/HEAD")
        assert b"trap/HEAD" in git.ask("ls-files")
    assert [short(finding) for finding in findings] == [("LG206", "warning", "trap")]


def test_hiding_has_no_effect(repo: GitSandbox, taken: Taken) -> None:
    for name in ("skipped", "assumed", "mode"):
        repo.write(name, "x")
    repo.commit()
    repo.git("update-index", "--skip-worktree", "skipped")
    repo.git("update-index", "--assume-unchanged", "assumed")
    repo.git("config", "core.fileMode", "false")
    repo.git("config", "status.showUntrackedFiles", "no")
    repo.git("config", "core.excludesFile", repo.write(".git/all", "*\n"))
    repo.write(".git/info/exclude", "*\n")
    for name in ("skipped", "assumed"):
        (repo.path / name).unlink()
    (repo.path / "mode").chmod(0o755)
    repo.write("untracked", "x")
    assert taken()[0] == {"README.md": "100644", "mode": "100755", "untracked": "100644"}


def test_a_disk_that_refuses_is_an_error(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    repo.write("new", "x")
    objects = repository.common_dir / "objects"
    with at_work(repo, repository, tmp_path) as git:
        objects.rename(tmp_path / "objects")
        objects.write_text("no folder", encoding="utf-8")
        try:
            with pytest.raises(StoreError):
                take_in(git, repo.path, tmp_path / "backups")
        finally:
            objects.unlink()
            (tmp_path / "objects").rename(objects)


@needs_permissions
def test_a_store_that_is_read_only_is_an_error(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    repo.write("new", "x")
    objects = repository.common_dir / "objects"
    with at_work(repo, repository, tmp_path) as git:
        objects.chmod(0o500)
        try:
            with pytest.raises(StoreError, match="could not be taken over"):
                take_in(git, repo.path, tmp_path / "backups")
        finally:
            objects.chmod(0o700)
