from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.diffs import changed_paths, diff_stat, diff_text
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, commit_id
from logist_ci.testing.sandbox import GitSandbox


@pytest.fixture
def base(repo: GitSandbox) -> CommitId:
    repo.write("text.txt", "one\ntwo\nthree\n")
    repo.write("gone.txt", "gone\n")
    repo.write("moved.txt", "".join(f"line {number}\n" for number in range(20)))
    repo.write("image.bin", b"\0\1\2")
    return repo.commit("Base")


@pytest.fixture
def head(repo: GitSandbox, base: CommitId) -> CommitId:
    repo.write("text.txt", "one\n2\nthree\nfour\n")
    (repo.path / "gone.txt").unlink()
    (repo.path / "moved.txt").rename(repo.path / "folder.txt")
    repo.write("image.bin", b"\0\1\3")
    repo.write("new.sh", "#!/bin/sh\n", executable=True)
    (repo.path / "link").symlink_to("text.txt")
    return repo.commit("Head")


def test_the_text_is_gits_own(repo: GitSandbox, repository: Repository, base: CommitId, head: CommitId) -> None:
    theirs = repo.git("diff-tree", "-r", "-p", "-M", "--full-index", base, head)
    ours = diff_text(repository, base, head).decode()

    def bare(text: str) -> list[str]:
        return [line for line in text.splitlines() if not line.startswith("index ")]

    assert bare(ours) == bare(theirs)


def test_numbers_are_gits_own(repo: GitSandbox, repository: Repository, base: CommitId, head: CommitId) -> None:
    stat = diff_stat(repository, base, head)
    numbers = [line.split("\t") for line in repo.git("diff", "--numstat", "--no-renames", base, head).splitlines()]
    assert stat.paths == tuple(os.fsencode(path) for _, _, path in numbers)
    assert stat.files == len(numbers)
    assert stat.insertions == sum(int(added) for added, _, _ in numbers if added != "-")
    assert stat.deletions == sum(int(deleted) for _, deleted, _ in numbers if deleted != "-")


def test_no_difference_is_empty(repository: Repository, base: CommitId) -> None:
    assert diff_text(repository, base, base) == b""
    assert diff_stat(repository, base, base).files == 0


def test_paths_choose(repository: Repository, repo: GitSandbox, base: CommitId) -> None:
    repo.write("src/a.txt", "a")
    repo.write("src2/b.txt", "b")
    repo.write(b"src/\xff.txt", "c")
    head = repo.commit()

    def chosen(*paths: str) -> list[bytes]:
        text = diff_text(repository, base, head, paths=paths)
        return [line for line in text.splitlines() if line.startswith(b"diff --git")]

    assert len(chosen()) == 3
    assert chosen("src") == chosen("src/")
    assert len(chosen("src")) == 2
    assert len(chosen("src/a.txt", "src2")) == 2
    assert len(chosen(os.fsdecode(b"src/\xff.txt"))) == 1
    assert chosen("sr", "*", "none", "a.txt") == []


def test_a_renamed_file_is_found_by_both_names(repository: Repository, base: CommitId, head: CommitId) -> None:
    old = diff_text(repository, base, head, paths=["moved.txt"])
    assert old == diff_text(repository, base, head, paths=["folder.txt"])
    assert b"rename from moved.txt" in old


def test_binary_content_is_told_when_asked_for(
    repo: GitSandbox, repository: Repository, base: CommitId, head: CommitId
) -> None:
    assert b"Binary files a/image.bin and b/image.bin differ" in diff_text(repository, base, head)
    patch = diff_text(repository, base, head, binary=True)
    repo.git("checkout", "-q", base)
    repo.git("apply", "--index", "-", stdin=patch)
    assert repo.git("write-tree") == repo.git("rev-parse", f"{head}^{{tree}}")


def test_nobodys_program_is_run(
    repo: GitSandbox, repository: Repository, base: CommitId, head: CommitId, tmp_path: Path
) -> None:
    canary, script = tmp_path / "canary", tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    for key in (
        "diff.external",
        "diff.x.command",
        "diff.x.textconv",
        "filter.x.clean",
        "filter.x.smudge",
        "core.pager",
    ):
        repo.git("config", key, str(script))
    (repo.path / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")
    repo.write(".gitattributes", "* diff=x filter=x\n")
    expected = diff_text(repository, base, head)
    fresh = Repository.open(repo.path, environ={**repo.environ, "GIT_EXTERNAL_DIFF": str(script)})
    assert diff_text(fresh, base, head) == expected
    assert diff_stat(fresh, base, head).files == 7
    assert not canary.exists()


def test_submodules_and_modes_are_shown(repo: GitSandbox, repository: Repository, base: CommitId) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{base},inner")
    (repo.path / "text.txt").chmod(0o755)
    repo.git("add", "text.txt")
    repo.git("commit", "-q", "-m", "Modes")
    text = diff_text(repository, base, repo.head())
    assert f"+Subproject commit {base}".encode() in text
    assert b"old mode 100644\nnew mode 100755" in text
    assert diff_stat(repository, base, repo.head()).paths == (b"inner", b"text.txt")


def test_odd_names_are_bytes(repo: GitSandbox, repository: Repository, base: CommitId) -> None:
    names = [b"\xff\xfe", b"new\nline", b"quo\"te'", b"sp ace"]
    for name in names:
        repo.write(name, "x\n")
    head = repo.commit()
    assert sorted(diff_stat(repository, base, head).paths) == sorted(names)
    patch = diff_text(repository, base, head)
    repo.git("checkout", "-q", base)
    repo.git("apply", "--index", "-", stdin=patch)
    assert repo.git("write-tree") == repo.git("rev-parse", f"{head}^{{tree}}")


def test_a_missing_commit_is_said(repository: Repository, base: CommitId) -> None:
    for first, second in ((base, commit_id("1" * 40)), (commit_id("1" * 40), base)):
        with pytest.raises(StoreError, match="missing"):
            diff_text(repository, first, second)
        with pytest.raises(StoreError, match="missing"):
            diff_stat(repository, first, second)


def test_a_partial_clone_says_what_it_lacks(
    repo: GitSandbox, repository: Repository, base: CommitId, head: CommitId, tmp_path: Path
) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repo.path}", tmp_path / "partial")
    clone = Repository.open(tmp_path / "partial", environ=repo.environ)
    with pytest.raises(StoreError) as refusal:
        diff_text(clone, base, head)
    assert "git fetch --refetch" in refusal.value.hint
    # The names are in the folders, and those are there.
    assert changed_paths(clone, base, head) == diff_stat(repository, base, head).paths


@pytest.mark.slow
def test_fifty_thousand_files_are_compared(repo: GitSandbox, repository: Repository) -> None:
    lines = ["commit refs/heads/big\ncommitter a <a@b> 1700000000 +0000\ndata 1\nx\n"]
    lines += [f"M 100644 inline d{number % 500}/f{number}\ndata 6\n{number:06}\n" for number in range(50_000)]
    repo.git("fast-import", "--quiet", stdin="".join(lines).encode())
    base = repo.head("big")
    repo.git("read-tree", "big")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{repo.git('hash-object', '-w', 'README.md')},d1/f1")
    tree = repo.git("write-tree")
    head = CommitId(repo.git("commit-tree", "-p", "big", "-m", "x", tree))
    assert diff_stat(repository, base, head).paths == (b"d1/f1",)
