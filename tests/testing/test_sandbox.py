from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.testing import GitSandbox, clean_environment


def test_write_makes_folders_and_keeps_bytes(repo: GitSandbox) -> None:
    file = repo.write("a b/c\n'd'.txt", b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert repo.write("run.sh", "#!/bin/sh\n", executable=True).stat().st_mode & 0o777 == 0o755
    repo.commit("Add both")
    assert repo.git("ls-tree", "--format=%(objectmode)", "HEAD", "run.sh") == "100755"


def test_names_that_are_not_utf8_survive(repo: GitSandbox) -> None:
    name = b"caf\xe9.txt"
    repo.write(name, "x")
    repo.commit("Add a Latin-1 name")
    listed = repo.git("ls-tree", "-z", "--name-only", "HEAD")
    assert os.fsencode(listed).split(b"\0")[:2] == [b"README.md", name]


def test_commit_may_be_empty_and_returns_the_head(repo: GitSandbox) -> None:
    before = repo.head()
    after = repo.commit("Change nothing")
    assert before != after == repo.head()
    assert repo.head("HEAD~1") == before


def test_a_failing_git_says_what_it_said(repo: GitSandbox) -> None:
    with pytest.raises(StoreError, match=r"git rev-parse --verify .*status 128: fatal"):
        repo.head("nowhere")


def test_git_reads_standard_input_and_works_elsewhere(repo: GitSandbox, tmp_path: Path) -> None:
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"data")
    assert repo.git("cat-file", "blob", blob, at=repo.path / ".git") == "data"


def test_a_bare_sandbox_has_no_worktree(tmp_path: Path) -> None:
    bare = GitSandbox.create(
        tmp_path / "b.git", clean_environment(tmp_path / "home", path=os.environ["PATH"]), bare=True
    )
    assert bare.git("rev-parse", "--is-bare-repository") == "true"


def test_the_environment_is_complete_and_private(tmp_path: Path) -> None:
    environ = clean_environment(tmp_path / "home")
    inside = [name for name, value in environ.items() if value.startswith(str(tmp_path))]
    assert inside == ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
    assert environ["PATH"] == os.defpath
