from __future__ import annotations

import pytest

from logist_ci.errors import JobStateError, StoreError
from logist_ci.gitstore.manifest_objects import (
    Draft,
    blob_of,
    contents_of,
    entries_of,
    manifest_in,
    parents_of,
    prompt_in,
    tree_of,
    write_commit,
)
from logist_ci.gitstore.repository import Identity, Repository
from logist_ci.job.codec import encode
from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.transitions import create
from logist_ci.testing.manifests import EXAMPLE_MOMENT, example_manifest
from logist_ci.testing.sandbox import GitSandbox

ID = job_id("example-000001")
PERSON = Identity("Pérson", "person@example.invalid")


def draft(message: str = "x") -> Draft:
    return Draft(message, PERSON, EXAMPLE_MOMENT)


def test_a_commit_is_what_git_reads(repo: GitSandbox, repository: Repository) -> None:
    raw = repository.raw
    manifest = create(example_manifest())
    files = {"job_manifest.json": raw.create_blob(encode(manifest)), "prompt.md": raw.create_blob("grün".encode())}
    first = write_commit(raw, files, draft("first"))
    second = write_commit(raw, files, Draft("second\nline", PERSON, EXAMPLE_MOMENT, (first, repo.head())))
    assert manifest_in(raw, ID, second) == manifest
    assert contents_of(raw, ID, second) == (manifest, files["prompt.md"])
    assert prompt_in(raw, second) == "grün"
    assert parents_of(raw, second) == (first, repo.head())
    assert parents_of(raw, first) == ()
    assert repo.git("log", "-1", "--format=%an|%B", second) == "Pérson|second line\n"
    repo.git("fsck", "--strict")


def test_trees_are_read_as_git_reads_them(repo: GitSandbox, repository: Repository) -> None:
    for name in (b"a b", b"\xff", b"new\nline", b"folder/deep"):
        repo.write(name, "x")
    head = repo.commit()
    entries = entries_of(repository.raw, tree_of(repository.raw, head))
    listed = repo.git("ls-tree", "-z", head).encode("utf-8", "surrogateescape").split(b"\0")[:-1]
    assert entries == {line.split(b"\t", 1)[1]: line.split()[2].decode() for line in listed}


def test_a_message_that_imitates_a_parent_is_none(repo: GitSandbox, repository: Repository) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    forged = repo.git("commit-tree", "-m", f"x\n\nparent {'1' * 40}", tree)
    assert parents_of(repository.raw, commit_id(forged)) == ()


@pytest.mark.parametrize("limit", [0, 9])
def test_a_file_over_the_limit_is_not_read(repo: GitSandbox, repository: Repository, limit: int) -> None:
    with pytest.raises(JobStateError, match=f"10 bytes; more than {limit}"):
        blob_of(repository.raw, repo.head(), "README.md", limit)
    assert blob_of(repository.raw, repo.head(), "README.md", 10) == b"# Sandbox\n"


@pytest.mark.parametrize("name", ["1" * 40, "not hexadecimal", ""])
def test_what_is_no_object_is_said(repository: Repository, name: str) -> None:
    with pytest.raises(JobStateError, match="missing"):
        entries_of(repository.raw, name)


def test_only_objects_that_exist_are_committed(repository: Repository) -> None:
    raw = repository.raw
    blob = raw.create_blob(b"x")
    with pytest.raises(StoreError, match="store a manifest"):
        write_commit(raw, {"x": blob}, Draft("x", PERSON, EXAMPLE_MOMENT, (commit_id("1" * 40),)))
    with pytest.raises(StoreError, match="store a manifest"):
        write_commit(raw, {"../x": blob}, draft())
