from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.ref_repair import raw_value, read_or_drop
from logist_ci.gitstore.refs import RefStore
from logist_ci.job.ids import RefName
from logist_ci.testing.sandbox import GitSandbox

REF = RefName("refs/heads/topic")


def test_values_are_read_raw(repo: GitSandbox) -> None:
    common = repo.path / ".git"
    assert raw_value(common, "refs/heads/main") == repo.head()
    repo.git("symbolic-ref", REF, "refs/heads/main")
    assert raw_value(common, REF) == "ref: refs/heads/main"
    assert raw_value(common, "refs/heads/none") is None
    assert raw_value(common, "refs/heads") is None
    assert raw_value(common, "refs/heads/main/below") is None


def test_packed_values_are_read_too(repo: GitSandbox) -> None:
    repo.git("branch", "topic-2")
    repo.git("pack-refs", "--all")
    assert raw_value(repo.path / ".git", "refs/heads/main") == repo.head()
    assert raw_value(repo.path / ".git", REF) is None


def test_what_is_no_file_is_empty(repo: GitSandbox) -> None:
    common = repo.path / ".git"
    os.mkfifo(common / REF)
    assert raw_value(common, REF) == ""
    (common / REF).unlink()
    (common / REF).symlink_to(common / "refs" / "heads" / "main")
    assert raw_value(common, REF) == ""


@pytest.mark.parametrize("content", ["ref: refs/heads/main\n", "garbage", ""])
def test_a_broken_one_is_put_aside(repo: GitSandbox, refs: RefStore, tmp_path: Path, content: str) -> None:
    before = repo.head()
    repo.write(f".git/{REF}", content)
    assert read_or_drop(refs, REF, tmp_path / "backups") is None
    (backup,) = (tmp_path / "backups").iterdir()
    assert backup.read_text(encoding="utf-8") == content
    assert repo.head("main") == before
    refs.write(REF, before, expected=None)
    assert repo.head("main") == before


def test_a_packed_value_below_it_counts_again(repo: GitSandbox, refs: RefStore, tmp_path: Path) -> None:
    repo.git("branch", "topic")
    repo.git("pack-refs", "--all")
    repo.write(f".git/{REF}", "garbage")
    assert read_or_drop(refs, REF, tmp_path / "backups") == repo.head()


def test_good_ones_and_missing_ones_stay(repo: GitSandbox, refs: RefStore, tmp_path: Path) -> None:
    assert read_or_drop(refs, RefName("refs/heads/main"), tmp_path / "backups") == repo.head()
    assert read_or_drop(refs, REF, tmp_path / "backups") is None
    assert not (tmp_path / "backups").exists()


def test_what_stays_broken_is_an_error(repo: GitSandbox, refs: RefStore, tmp_path: Path) -> None:
    (repo.path / ".git" / "packed-refs").mkdir()
    repo.write(f".git/{REF}", "garbage")
    with pytest.raises(StoreError):
        read_or_drop(refs, REF, tmp_path / "backups")
