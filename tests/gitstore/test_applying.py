from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import RefusedError, RepositoryError, StoreError
from logist_ci.gitstore.applying import Applied, apply_branch
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.snapshots import snapshot_dirty
from logist_ci.job.ids import CommitId
from logist_ci.testing.sandbox import GitSandbox

MESSAGE = "Merge logist/a-job: Fix it"


@pytest.fixture
def tip(repo: GitSandbox) -> CommitId:
    """A job's result: one file changed, one added; the user is back on main."""
    repo.write("code.txt", "one\ntwo\nthree\n")
    repo.commit("Base")
    repo.git("checkout", "-q", "-b", "logist/a-job")
    repo.write("code.txt", "one\nTWO\nthree\n")
    repo.write("added/new.txt", "new\n")
    commit = repo.commit("The job's work")
    repo.git("checkout", "-q", "main")
    return commit


def state(repo: GitSandbox, *, at: Path | None = None) -> tuple[str, ...]:
    """Return what must not have changed when something was refused."""
    place = at or repo.path
    known = {
        path.relative_to(place): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(place).parts
    }
    asked = (["status", "--porcelain=v2", "--branch"], ["for-each-ref"], ["stash", "list"], ["ls-files", "--stage"])
    return (str(known), *(repo.git(*arguments, at=place) for arguments in asked))


def applied(repo: GitSandbox, tip: CommitId, *, at: Path | None = None) -> Applied:
    repository = Repository.open(at or repo.path, environ=repo.environ)
    return apply_branch(repository, tip, base=repo.head(f"{tip}^"), message=MESSAGE)


def refused(repo: GitSandbox, tip: CommitId, *, at: Path | None = None) -> RefusedError:
    before = state(repo, at=at)
    with pytest.raises(RefusedError) as refusal:
        applied(repo, tip, at=at)
    assert state(repo, at=at) == before
    assert not (repo.path / ".git" / "MERGE_HEAD").exists()
    assert refusal.value.exit_status == 5
    return refusal.value


def test_a_branch_is_moved_forward_where_that_is_enough(repo: GitSandbox, tip: CommitId) -> None:
    result = applied(repo, tip)
    assert result == Applied("fast-forward", tip, (b"added/new.txt", b"code.txt"))
    assert repo.head() == tip
    assert (repo.path / "code.txt").read_text() == "one\nTWO\nthree\n"
    assert repo.git("status", "--porcelain") == ""


def test_branches_that_parted_are_merged(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("other.txt", "meanwhile\n")
    mine = repo.commit("Meanwhile")
    result = applied(repo, tip)
    assert (result.how, result.commit) == ("merge", repo.head())
    assert repo.git("log", "-1", "--format=%P|%s|%an") == f"{mine} {tip}|{MESSAGE}|Test Person"
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_applying_twice_is_applying_once(repo: GitSandbox, tip: CommitId) -> None:
    applied(repo, tip)
    assert applied(repo, tip) == Applied("nothing", tip)


def test_the_users_idea_of_merging_does_not_matter(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("other.txt", "meanwhile\n")
    repo.commit("Meanwhile")
    for key, value in (
        ("merge.ff", "only"),
        ("merge.autoStash", "true"),
        ("merge.log", "true"),
        ("core.editor", "false"),
    ):
        repo.git("config", key, value)
    assert applied(repo, tip).how == "merge"


def test_unrelated_changes_stay_uncommitted(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("README.md", "mine\n")
    repo.write("untracked.txt", "mine\n")
    assert applied(repo, tip).how == "fast-forward"
    assert repo.git("status", "--porcelain").splitlines() == [" M README.md", "?? untracked.txt"]


def test_changes_in_the_way_are_named(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("code.txt", "mine\n")
    error = refused(repo, tip)
    assert str(error) == "Uncommitted changes are in the way: code.txt."
    assert "stash" in error.hint


def test_new_files_in_the_way_are_named(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("added/new.txt", "mine\n")
    assert "added/new.txt" in str(refused(repo, tip))


def test_staged_changes_in_the_way_of_a_merge_are_kept(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("other.txt", "meanwhile\n")
    repo.commit("Meanwhile")
    repo.write("other.txt", "staged\n")
    repo.git("add", "other.txt")
    before = state(repo)
    try:
        assert applied(repo, tip).how == "merge"
    except RefusedError:
        assert state(repo) == before
    assert (repo.path / "other.txt").read_text() == "staged\n"


def test_conflicts_are_named_and_the_merge_is_taken_back(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("code.txt", "one\n2\nthree\n")
    repo.commit("Mine")
    repo.write("README.md", "uncommitted\n")
    repo.git("config", "rerere.enabled", "true")
    error = refused(repo, tip)
    assert str(error) == "The result conflicts with your branch in code.txt."
    assert f"git merge {tip[:10]}" in error.hint
    assert not (repo.path / ".git" / "rr-cache").exists()


def test_conflicts_in_many_odd_names_are_cut(repo: GitSandbox) -> None:
    names = [b"new\nline", b"\xff", *(f"f{number:02}".encode() for number in range(12))]
    for name in names:
        repo.write(name, "base\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "theirs")
    for name in names:
        repo.write(name, "theirs\n")
    tip = repo.commit()
    repo.git("checkout", "-q", "main")
    for name in names:
        repo.write(name, "ours\n")
    repo.commit()
    assert str(refused(repo, tip)).endswith("and 4 more.")


def test_a_detached_head_is_merged_into_as_well(repo: GitSandbox, tip: CommitId) -> None:
    repo.git("checkout", "-q", "--detach")
    assert applied(repo, tip).how == "fast-forward"
    assert repo.head() == tip
    assert repo.head("main") != tip


def test_a_linked_worktree_is_where_the_user_stands(repo: GitSandbox, tip: CommitId, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "topic", tmp_path / "linked", "main")
    before = repo.head()
    assert applied(repo, tip, at=tmp_path / "linked").how == "fast-forward"
    assert (repo.head(), repo.head("topic")) == (before, tip)
    assert (tmp_path / "linked" / "added" / "new.txt").exists()
    assert not (repo.path / "added").exists()


def test_conflicts_in_a_linked_worktree_are_taken_back_there(repo: GitSandbox, tip: CommitId, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "topic", linked, "main")
    (linked / "code.txt").write_text("one\n2\nthree\n")
    repo.git("commit", "-q", "-a", "-m", "Mine", at=linked)
    assert "code.txt" in str(refused(repo, tip, at=linked))


def test_a_merge_in_progress_is_not_disturbed(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("code.txt", "one\n2\nthree\n")
    repo.commit("Mine")
    with pytest.raises(StoreError):
        repo.git("merge", "-q", tip)
    before = state(repo)
    with pytest.raises(RefusedError, match="in the middle of something"):
        applied(repo, tip)
    assert state(repo) == before
    assert (repo.path / ".git" / "MERGE_HEAD").exists()


def hook(repo: GitSandbox, name: str, script: str) -> None:
    file = repo.path / ".git" / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_the_users_hooks_have_their_say(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("other.txt", "meanwhile\n")
    repo.commit("Meanwhile")
    hook(repo, "commit-msg", "echo 'No merges on Fridays' >&2; exit 1")
    error = refused(repo, tip)
    assert "No merges on Fridays" in str(error)
    hook(repo, "commit-msg", "exit 0")
    hook(repo, "post-merge", "env | grep -c '^GIT_INDEX_FILE=' > count; exit 0")
    assert applied(repo, tip).how == "merge"
    assert (repo.path / "count").exists()


def test_a_failing_signature_makes_no_commit(repo: GitSandbox, tip: CommitId) -> None:
    repo.write("other.txt", "meanwhile\n")
    repo.commit("Meanwhile")
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", "/bin/false")
    assert "did not make the merge commit" in str(refused(repo, tip))


def test_a_locked_index_is_said(repo: GitSandbox, tip: CommitId) -> None:
    (repo.path / ".git" / "index.lock").touch()
    before = repo.head()
    with pytest.raises(RefusedError, match=r"index\.lock"):
        applied(repo, tip)
    assert repo.head() == before


def test_without_files_or_commits_nothing_can_be_applied(
    repo: GitSandbox, tip: CommitId, tmp_path: Path, git_env: dict[str, str]
) -> None:
    repo.git("clone", "-q", "--bare", repo.path, tmp_path / "bare.git")
    with pytest.raises(RepositoryError, match="bare"):
        applied(repo, tip, at=tmp_path / "bare.git")
    repo.git("checkout", "-q", "--orphan", "fresh")
    with pytest.raises(RepositoryError, match="no commit yet"):
        applied(repo, tip)


class TestToTheWorkingTree:
    """A job that began with uncommitted work gives its result back uncommitted."""

    def result(self, repo: GitSandbox, base: CommitId, files: dict[str, str | bytes | None]) -> CommitId:
        """Return a commit on top of ``base`` with ``files`` changed, made beside the user's worktree."""
        workspace = repo.path.parent / "workspace"
        repo.git("worktree", "add", "-q", "--detach", workspace, base)
        job = GitSandbox(workspace, repo.environ)
        for name, content in files.items():
            if content is None:
                (workspace / name).unlink()
            else:
                job.write(name, content)
        tip = job.commit("The job's work")
        repo.git("worktree", "remove", "--force", workspace)
        return tip

    def applied(self, repo: GitSandbox, base: CommitId, tip: CommitId) -> Applied:
        repository = Repository.open(repo.path, environ=repo.environ)
        return apply_branch(repository, tip, base=base, message=MESSAGE, to_worktree=True)

    def refused(self, repo: GitSandbox, base: CommitId, tip: CommitId) -> str:
        before = state(repo)
        with pytest.raises(RefusedError) as refusal:
            self.applied(repo, base, tip)
        assert state(repo) == before
        return str(refusal.value)

    def test_only_the_jobs_difference_is_brought(self, repo: GitSandbox, repository: Repository) -> None:
        repo.write("README.md", "mine, uncommitted\n")
        repo.write("new.txt", "mine, untracked\n")
        head, base = repo.head(), snapshot_dirty(repository)
        tip = self.result(repo, base, {"README.md": "mine, improved\n", "new.txt": None, "theirs.bin": b"\0\xff"})
        index = repo.git("ls-files", "--stage")
        result = self.applied(repo, base, tip)
        assert result == Applied("working tree", head, (b"README.md", b"new.txt", b"theirs.bin"))
        assert (repo.path / "README.md").read_text() == "mine, improved\n"
        assert (repo.path / "theirs.bin").read_bytes() == b"\0\xff"
        assert not (repo.path / "new.txt").exists()
        assert (repo.head(), repo.git("ls-files", "--stage")) == (head, index)

    def test_work_that_went_on_elsewhere_stays(self, repo: GitSandbox, repository: Repository) -> None:
        repo.write("long.txt", "".join(f"{number}\n" for number in range(50)))
        base = snapshot_dirty(repository)
        tip = self.result(repo, base, {"long.txt": "first\n" + "".join(f"{number}\n" for number in range(1, 50))})
        with (repo.path / "long.txt").open("a") as file:
            file.write("went on\n")
        self.applied(repo, base, tip)
        lines = (repo.path / "long.txt").read_text().splitlines()
        assert (lines[0], lines[-1], len(lines)) == ("first", "went on", 51)

    def test_what_does_not_fit_is_refused_as_a_whole(self, repo: GitSandbox, repository: Repository) -> None:
        repo.write("a.txt", "a\n")
        repo.write("b.txt", "b\n")
        base = snapshot_dirty(repository)
        tip = self.result(repo, base, {"a.txt": "A\n", "b.txt": "B\n"})
        repo.write("b.txt", "rewritten\n")
        assert "b.txt" in self.refused(repo, base, tip)
        assert (repo.path / "a.txt").read_text() == "a\n"

    def test_a_new_file_in_the_way_is_named(self, repo: GitSandbox, repository: Repository) -> None:
        repo.write("dirty.txt", "x")
        base = snapshot_dirty(repository)
        tip = self.result(repo, base, {"new.txt": "theirs\n"})
        repo.write("new.txt", "mine\n")
        assert "new.txt" in self.refused(repo, base, tip)

    def test_no_difference_is_nothing_to_do(self, repo: GitSandbox, repository: Repository) -> None:
        base = snapshot_dirty(repository)
        assert self.applied(repo, base, base) == Applied("nothing", repo.head())

    def test_odd_names_modes_and_links_are_brought(self, repo: GitSandbox, repository: Repository) -> None:
        repo.write("dirty.txt", "x")
        base = snapshot_dirty(repository)
        names = [os.fsdecode(name) for name in (b"\xff\xfe", b"new\nline", b"quo\"te'", b"sp ace")]
        tip = self.result(repo, base, dict.fromkeys(names, "x\n"))
        self.applied(repo, base, tip)
        assert all((repo.path / name).read_text() == "x\n" for name in names)

    def test_line_ends_are_the_users(self, repo: GitSandbox, repository: Repository) -> None:
        repo.git("config", "core.autocrlf", "true")
        repo.write("text.txt", "one\r\ntwo\r\nthree\r\n")
        base = snapshot_dirty(repository)
        tip = self.result(repo, base, {"text.txt": "one\r\nTWO\r\nthree\r\n"})
        self.applied(repo, base, tip)
        assert (repo.path / "text.txt").read_bytes() == b"one\r\nTWO\r\nthree\r\n"

    def test_white_space_is_brought_as_it_is(self, repo: GitSandbox, repository: Repository) -> None:
        repo.git("config", "apply.whitespace", "fix")
        repo.git("config", "diff.noprefix", "true")
        repo.write("dirty.txt", "x\n")
        base = snapshot_dirty(repository)
        tip = self.result(repo, base, {"dirty.txt": "x  \t\n\n\n"})
        self.applied(repo, base, tip)
        assert (repo.path / "dirty.txt").read_text() == "x  \t\n\n\n"
