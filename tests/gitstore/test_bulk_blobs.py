from __future__ import annotations

import os
from pathlib import Path

from logist_ci.gitstore.bulk_blobs import read_many
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.testing.sandbox import GitSandbox


def test_reading_many_tells_what_it_could_not_read(repo: GitSandbox, repository: Repository) -> None:
    head = repo.head()
    read = list(read_many(repository, [head, "1" * 40, head], "README.md"))
    assert read == [b"# Sandbox\n", None, b"# Sandbox\n"]
    repo.write("folder/file", "x")
    assert list(read_many(repository, [repo.commit()], "folder")) == [None]
    assert list(read_many(repository, [], "README.md")) == []


def test_reading_many_runs_nothing_of_the_repositorys(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {canary}\n")
    script.chmod(0o755)
    repo.git("config", "remote.origin.url", f"ext::{script}")
    repo.git("config", "remote.origin.promisor", "true")
    repo.git("config", "protocol.ext.allow", "always")
    repo.git("config", "core.fsmonitor", str(script))
    assert list(read_many(repository, ["1" * 40] * 3, "README.md")) == [None] * 3
    assert not canary.exists()


def test_something_larger_than_a_manifest_is_cut_off(repo: GitSandbox, repository: Repository) -> None:
    repo.write("README.md", os.urandom(300_000).hex())
    large = repo.commit()
    first = CommitId(repo.git("rev-parse", "HEAD^"))
    assert next(iter(read_many(repository, [large, first], "README.md"))) is None


def test_what_git_prints_is_not_mistaken(repo: GitSandbox, repository: Repository) -> None:
    # Contents that look like git's own answers, and that end in any way.
    contents = [b"", b"\n", b"no newline", f"{'1' * 40} blob 3\nabc\n".encode(), b"\0\xff\n\n", b"missing\n"]
    commits = []
    for content in contents:
        repo.write("file", content)
        commits.append(repo.commit())
    assert list(read_many(repository, commits, "file")) == contents


def test_an_odd_number_is_shared_out(repo: GitSandbox, repository: Repository) -> None:
    commits = []
    for number in range(7):
        repo.write("file", str(number))
        commits.append(repo.commit())
    for count in range(8):
        assert list(read_many(repository, commits[:count], "file")) == [b"%d" % number for number in range(count)]


def test_objects_of_another_store_are_found(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--shared", repo.path, tmp_path / "clone")
    clone = Repository.open(tmp_path / "clone", environ=repo.environ)
    assert list(read_many(clone, [repo.head()], "README.md")) == [b"# Sandbox\n"]


def test_replaced_objects_are_not_followed(repo: GitSandbox, repository: Repository) -> None:
    first = repo.head()
    repo.write("README.md", "replaced\n")
    repo.git("replace", first, repo.commit())
    assert list(read_many(repository, [first], "README.md")) == [b"# Sandbox\n"]


def test_nothing_is_left_behind(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    before = sorted(path.name for path in (repo.path / ".git").iterdir())
    list(read_many(repository, [repo.head()] * 10, "README.md"))
    assert sorted(path.name for path in (repo.path / ".git").iterdir()) == before
