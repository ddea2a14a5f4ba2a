from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from pathlib import Path

import pytest

from logist_ci.errors import RepositoryError, StoreError
from logist_ci.gitstore.repository import FALLBACK_IDENTITY, Head, Identity, Repository, list_files, read_file
from logist_ci.job.ids import commit_id
from logist_ci.testing.sandbox import GitSandbox


def opened(at: Path, repo: GitSandbox) -> Repository:
    return Repository.open(at, environ=repo.environ)


def test_head_is_a_branch_and_its_commit(repo: GitSandbox, repository: Repository) -> None:
    assert repository.head().ref == "refs/heads/main"
    assert repository.head().commit == repo.head()


def test_a_detached_head_has_no_branch(repo: GitSandbox) -> None:
    repo.git("checkout", "-q", "--detach")
    assert opened(repo.path, repo).head() == Head("", repo.head())


def test_a_head_on_a_tag_or_a_remote_branch_is_detached(repo: GitSandbox) -> None:
    repo.git("tag", "-a", "-m", "First", "v1")
    repo.git("checkout", "-q", "v1")
    assert opened(repo.path, repo).head().ref == ""
    assert opened(repo.path, repo).head().commit == repo.head("v1")


def test_an_unborn_branch_has_no_commit(tmp_path: Path, git_env: dict[str, str]) -> None:
    empty = GitSandbox.create(tmp_path / "empty", git_env)
    repository = opened(empty.path, empty)
    assert (repository.head().ref, repository.head().commit) == ("refs/heads/main", None)
    with pytest.raises(RepositoryError, match="no commit yet") as refusal:
        repository.resolve("HEAD")
    assert "git commit" in refusal.value.hint


def test_every_way_to_name_a_commit(repo: GitSandbox, repository: Repository) -> None:
    head = repo.head()
    repo.git("tag", "-a", "-m", "First", "v1")
    repo.git("tag", "light")
    repo.git("update-ref", "refs/remotes/origin/topic", head)
    names = ("HEAD", "@", "main", "heads/main", "refs/heads/main", "v1", "light", "origin/topic", head, head[:8])
    assert {repository.resolve(name) for name in names} == {head}


@pytest.mark.parametrize("name", ["", "-D", "--all", "--upload-pack=touch x", "a\0b"])
def test_an_option_names_no_commit(repository: Repository, name: str) -> None:
    with pytest.raises(RepositoryError, match="cannot name a commit"):
        repository.resolve(name)


@pytest.mark.parametrize("name", ["HEAD~5", "nothing", "HEAD:README.md", "a\nb", "..", "@{-3}", ":/nowhere", "\udcff"])
def test_what_does_not_exist_is_refused(repository: Repository, name: str) -> None:
    with pytest.raises(RepositoryError, match="There is no branch, tag or commit"):
        repository.resolve(name)


def test_a_slip_of_the_pen_is_noticed(repository: Repository) -> None:
    with pytest.raises(RepositoryError) as refusal:
        repository.resolve("mian")
    assert refusal.value.hint == "Did you mean main?"


def test_an_ambiguous_id_asks_for_more(repo: GitSandbox, repository: Repository) -> None:
    paths = "".join(f"{repo.write(f'many/{number}', str(number))}\n" for number in range(1500))
    names = repo.git("hash-object", "-w", "--stdin-paths", stdin=paths.encode()).split()
    shared = Counter(name[:4] for name in names).most_common(1)[0][0]
    with pytest.raises(RepositoryError, match="several"):
        repository.resolve(shared)


def test_the_identity_is_the_users(repository: Repository) -> None:
    assert repository.identity() == Identity("Test Person", "person@example.invalid")


def test_the_identity_is_free_of_what_a_commit_cannot_hold(repo: GitSandbox, repository: Repository) -> None:
    repo.git("config", "user.name", "Someone <Else>\n")
    assert repository.identity().name == "Someone Else"


def test_the_configuration_is_the_one_from_before_any_program_ran(repo: GitSandbox, repository: Repository) -> None:
    assert repository.identity().name == "Test Person"
    repo.git("config", "user.name", "Planted")
    assert repository.identity().name == "Test Person"


def test_the_identity_may_depend_on_the_folder(repo: GitSandbox, repository: Repository) -> None:
    home = Path(repo.environ["HOME"])
    (home / "work.config").write_text("[user]\n\tname = Work Person\n\temail = work@example.invalid\n")
    with (home / ".gitconfig").open("a") as config:
        config.write(f'[includeIf "gitdir:{repo.path}/"]\n\tpath = work.config\n')
    assert repository.identity() == Identity("Work Person", "work@example.invalid")


def test_without_an_identity_logist_commits(repo: GitSandbox, repository: Repository) -> None:
    (Path(repo.environ["HOME"]) / ".gitconfig").write_text("[user]\n\tname = Only A Name\n")
    assert repository.identity() == FALLBACK_IDENTITY


def test_a_remotes_address_has_no_password(repo: GitSandbox, repository: Repository) -> None:
    repo.git("remote", "add", "origin", "https://user:secret@example.invalid/a.git")
    repo.git("remote", "add", "fork", "git@example.invalid:a.git")
    assert repository.remote_url() == "https://example.invalid/a.git"
    assert repository.remote_url("fork") == "git@example.invalid:a.git"
    assert repository.remote_url("none") is None


def test_there_may_be_no_remote(repository: Repository) -> None:
    assert repository.remote_url() is None


def test_inherited_git_variables_lead_nowhere(repo: GitSandbox, tmp_path: Path) -> None:
    other = GitSandbox.create(tmp_path / "other", repo.environ)
    led_astray = {
        **repo.environ,
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Nobody",
    }
    repository = Repository.open(repo.path, environ=led_astray)
    assert repository.worktree == repo.path
    assert repository.identity().name == "Test Person"
    assert not {"GIT_DIR", "GIT_WORK_TREE", "GIT_CONFIG_COUNT"} & set(repository.environ)


def test_files_are_read_as_of_a_commit(repo: GitSandbox, repository: Repository) -> None:
    repo.write("src/a b.txt", "one\n")
    first = repo.commit()
    repo.write("src/a b.txt", "two\n")
    os.symlink("README.md", repo.path / "link")
    second = repo.commit()
    assert read_file(repository, first, "src/a b.txt") == b"one\n"
    assert read_file(repository, second, "src/a b.txt") == b"two\n"
    assert [read_file(repository, second, path) for path in ("src", "link", "none", "src/none", "a\0b")] == [None] * 5


def test_files_are_listed_whatever_their_names(repo: GitSandbox, repository: Repository) -> None:
    names = [b"deep/er/file", b"new\nline", b"quo\"te'", b"sp ace", b"\xff\xfe"]
    for name in names:
        repo.write(name, "x")
    os.symlink("README.md", repo.path / "link")
    repo.git("add", "--all")
    # A submodule is no file.
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.head()},inner")
    repo.git("commit", "-q", "-m", "Odd names")
    listed = list_files(repository, repo.head())
    assert sorted(os.fsencode(path) for path in listed) == sorted([*names, b"README.md", b"link"])


def test_a_foreign_commit_is_named(repository: Repository) -> None:
    with pytest.raises(StoreError, match="1111111111"):
        list_files(repository, commit_id("1" * 40))
    with pytest.raises(StoreError, match="1111111111"):
        read_file(repository, commit_id("1" * 40), "README.md")


def test_a_missing_blob_is_an_error_and_not_a_missing_file(repo: GitSandbox, repository: Repository) -> None:
    blob = repo.git("rev-parse", "HEAD:README.md")
    (repo.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(StoreError, match="missing"):
        read_file(repository, repo.head(), "README.md")


def test_each_thread_has_its_own_handle(repository: Repository) -> None:
    handles = [repository.raw]
    thread = threading.Thread(target=lambda: handles.append(repository.raw))
    thread.start()
    thread.join()
    assert handles[0] is repository.raw
    assert handles[0] is not handles[1]


def test_a_repository_that_vanished_is_a_clear_error(repo: GitSandbox, repository: Repository) -> None:
    shutil.rmtree(repo.path)
    with pytest.raises(StoreError, match="open the repository"):
        _ = repository.raw
