from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.errors import InvalidNameError, LostRaceError, RefusedError, StoreError
from logist_ci.gitstore.branches import delete_branch, is_ancestor, keep_tip, merged_into, rescue
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, RefName, commit_id, job_id
from logist_ci.testing.sandbox import GitSandbox

ID = job_id("example-000001")
CODE = "".join(f"line {number}\n" for number in range(40))


def test_tips_are_kept_by_number(repo: GitSandbox, refs: RefStore) -> None:
    first, second = repo.head(), repo.commit()
    assert keep_tip(refs, ID, first) == f"refs/logist/kept/{ID}/1"
    assert keep_tip(refs, ID, first) == f"refs/logist/kept/{ID}/1"
    assert keep_tip(refs, ID, second) == f"refs/logist/kept/{ID}/2"
    assert keep_tip(refs, ID, first) == f"refs/logist/kept/{ID}/3"
    assert rescue(refs, ID, second) == f"refs/logist/rescue/{ID}/1"
    assert keep_tip(refs, job_id("other-000001"), second) == "refs/logist/kept/other-000001/1"


def test_a_gap_in_the_numbers_is_not_filled(repo: GitSandbox, refs: RefStore) -> None:
    head, tip = repo.head(), repo.commit()
    repo.git("update-ref", f"refs/logist/kept/{ID}/7", head)
    repo.git("update-ref", f"refs/logist/kept/{ID}/notes", head)
    assert keep_tip(refs, ID, tip) == f"refs/logist/kept/{ID}/8"


def test_a_kept_tip_survives_garbage_collection(repo: GitSandbox, refs: RefStore) -> None:
    repo.git("checkout", "-q", "--detach")
    tip = repo.commit("Kept")
    keep_tip(refs, ID, tip)
    repo.git("checkout", "-q", "main")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert repo.git("cat-file", "-t", tip) == "commit"


def test_a_branch_is_deleted_where_it_was_seen(repo: GitSandbox, refs: RefStore) -> None:
    first, second = repo.head(), repo.commit()
    repo.git("branch", "logist/a-job", first)
    with pytest.raises(LostRaceError):
        delete_branch(refs, "logist/a-job", second)
    delete_branch(refs, "logist/a-job", first)
    assert refs.read(RefName("refs/heads/logist/a-job")) is None


def test_a_branch_in_use_is_not_deleted(repo: GitSandbox, refs: RefStore, tmp_path: Path) -> None:
    head = repo.head()
    repo.git("worktree", "add", "-q", "-b", "logist/a-job", tmp_path / "linked")
    with pytest.raises(RefusedError, match="in the worktree linked"):
        delete_branch(refs, "logist/a-job", head)
    with pytest.raises(RefusedError, match="in the main worktree"):
        delete_branch(refs, "main", head)
    repo.git("worktree", "remove", tmp_path / "linked")
    delete_branch(refs, "logist/a-job", head)


@pytest.mark.parametrize("name", ["-D", "a b", "../main", "a..b", "", "x.lock", "@{-1}", "a\nb"])
def test_odd_names_are_no_branches(repo: GitSandbox, refs: RefStore, name: str) -> None:
    with pytest.raises(InvalidNameError):
        delete_branch(refs, name, repo.head())


def test_ancestors(repo: GitSandbox, repository: Repository) -> None:
    first, second = repo.head(), repo.commit()
    assert is_ancestor(repository, first, second)
    assert is_ancestor(repository, first, first)
    assert not is_ancestor(repository, second, first)
    with pytest.raises(StoreError):
        is_ancestor(repository, commit_id("1" * 40), first)


@pytest.fixture
def parted(repo: GitSandbox) -> CommitId:
    """A job's branch with two commits, the second of them its tip; main stands where they parted."""
    repo.write("code.py", CODE)
    repo.commit("Base")
    repo.git("checkout", "-q", "-b", "logist/a-job")
    repo.write("code.py", CODE.replace("line 5\n", "    line five\n"))
    repo.write("image.bin", b"\0one")
    repo.commit("One")
    repo.write("code.py", CODE.replace("line 5\n", "    line five\n").replace("line 30\n", "line thirty\n"))
    tip = repo.commit("Two")
    repo.git("checkout", "-q", "main")
    return tip


def main_moves(repo: GitSandbox) -> None:
    repo.write("other.txt", "meanwhile\n")
    repo.commit("Meanwhile")


def test_not_merged_is_not_proven(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    assert merged_into(repository, parted, repo.head()) is None
    main_moves(repo)
    assert merged_into(repository, parted, repo.head()) is None


def test_a_merge_is_proven(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    main_moves(repo)
    repo.git("merge", "-q", "--no-edit", parted)
    assert merged_into(repository, parted, repo.head()) == "ancestor"


def test_a_squash_is_proven(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    repo.git("merge", "-q", "--squash", parted)
    repo.commit("Squashed")
    main_moves(repo)
    assert merged_into(repository, parted, repo.head()) == "equal tree"


def test_a_squash_after_main_moved_is_proven(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    main_moves(repo)
    repo.git("merge", "-q", "--squash", parted)
    repo.commit("Squashed")
    main_moves(repo)
    assert merged_into(repository, parted, repo.head()) == "patch-id"


def test_a_rebase_is_proven(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    main_moves(repo)
    repo.git("cherry-pick", "main..logist/a-job")
    assert merged_into(repository, parted, repo.head()) == "patch-id"


def test_half_a_rebase_proves_nothing(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    main_moves(repo)
    repo.git("cherry-pick", "logist/a-job~1")
    assert merged_into(repository, parted, repo.head()) is None


def squashed_differently(repo: GitSandbox, parted: CommitId, path: str, content: str | bytes) -> CommitId:
    main_moves(repo)
    repo.git("merge", "-q", "--squash", parted)
    repo.write(path, content)
    return repo.commit("Squashed, and changed")


def test_indentation_counts(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    # Git's own patch-id would call these the same.
    changed = CODE.replace("line 5\n", "line five\n").replace("line 30\n", "line thirty\n")
    assert merged_into(repository, parted, squashed_differently(repo, parted, "code.py", changed)) is None


def test_binary_content_counts(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    into = squashed_differently(repo, parted, "image.bin", b"\0two")
    assert merged_into(repository, parted, into) is None


def test_a_mode_counts(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    main_moves(repo)
    repo.git("merge", "-q", "--squash", parted)
    (repo.path / "code.py").chmod(0o755)
    assert merged_into(repository, parted, repo.commit("Executable")) is None


def test_a_revert_later_does_not_unprove(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    main_moves(repo)
    repo.git("merge", "-q", "--squash", parted)
    repo.commit("Squashed")
    repo.git("revert", "--no-edit", "HEAD")
    assert merged_into(repository, parted, repo.head()) == "patch-id"


def test_a_branch_that_merged_main_is_proven_by_its_squash(
    repo: GitSandbox, repository: Repository, parted: CommitId
) -> None:
    main_moves(repo)
    repo.git("checkout", "-q", "logist/a-job")
    repo.git("merge", "-q", "--no-edit", "main")
    tip = repo.head()
    repo.git("checkout", "-q", "main")
    assert merged_into(repository, tip, repo.head()) is None
    repo.write("yet another.txt", "x")
    repo.commit()
    repo.git("merge", "-q", "--squash", tip)
    repo.commit("Squashed")
    assert merged_into(repository, tip, repo.head()) == "patch-id"


def test_nothing_left_of_the_work_is_nothing_lost(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    repo.git("checkout", "-q", "logist/a-job")
    repo.git("revert", "--no-edit", "main..HEAD")
    tip = repo.head()
    repo.git("checkout", "-q", "main")
    main_moves(repo)
    assert merged_into(repository, tip, repo.head()) == "equal tree"


def test_empty_commits_need_no_proof(repo: GitSandbox, repository: Repository, parted: CommitId) -> None:
    repo.git("checkout", "-q", "logist/a-job")
    tip = repo.commit("Nothing")
    repo.git("checkout", "-q", "main")
    main_moves(repo)
    repo.git("cherry-pick", "logist/a-job~3..logist/a-job~1")
    assert merged_into(repository, tip, repo.head()) == "patch-id"


def test_unrelated_histories_prove_nothing(repo: GitSandbox, repository: Repository) -> None:
    repo.git("checkout", "-q", "--orphan", "apart")
    repo.write("apart.txt", "x")
    tip = repo.commit("Apart")
    repo.git("checkout", "-q", "main")
    repo.write("README.md", "moved\n")
    assert merged_into(repository, tip, repo.commit()) is None
    # A root commit among the candidates has nothing to be compared with.
    repo.git("merge", "-q", "--allow-unrelated-histories", "-s", "ours", "--no-edit", tip)
    assert merged_into(repository, tip, repo.head()) == "ancestor"


def test_a_shallow_clone_proves_what_it_can(repo: GitSandbox, parted: CommitId, tmp_path: Path) -> None:
    main_moves(repo)
    repo.git("merge", "-q", "--squash", parted)
    into = repo.commit("Squashed")
    repo.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repo.path}", tmp_path / "shallow")
    clone = Repository.open(tmp_path / "shallow", environ=repo.environ)
    assert merged_into(clone, parted, into) is None
    repo.git("fetch", "-q", "--unshallow", at=tmp_path / "shallow")
    assert merged_into(Repository.open(tmp_path / "shallow", environ=repo.environ), parted, into) == "patch-id"
