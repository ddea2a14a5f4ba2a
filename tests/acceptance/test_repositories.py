"""Kinds of repositories that must work as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound, picture
from tests.acceptance.program import Program, manifests
from tests.acceptance.working import ADD, changes, content, work

ONLY_ADDED = ["A added.txt"]


def test_a_plain_repository_without_a_remote(logist: Program, repo: GitSandbox) -> None:
    job = work(logist, repo)

    assert changes(repo, job) == ONLY_ADDED
    assert job["source"]["remote"] is None
    assert job["source"]["base_ref"] == "refs/heads/main"
    # `git show` appends nothing; GitSandbox.git takes the last newline off.
    assert content(repo, job, "added.txt") == b"added by an agent"


def test_uncommitted_work_of_the_user_stays_where_it_is(logist: Program, repo: GitSandbox) -> None:
    repo.write("README.md", "half a thought\n")
    repo.write("staged.txt", "staged\n")
    repo.git("add", "staged.txt")
    repo.write("staged.txt", "staged, and changed again\n")
    repo.write("untracked.txt", "untracked\n")

    job = work(logist, repo)

    assert changes(repo, job) == ONLY_ADDED


def test_a_detached_head(logist: Program, repo: GitSandbox) -> None:
    first = repo.head()
    repo.write("second.txt", "2\n")
    repo.commit("Second")
    repo.git("checkout", "-q", "--detach", first)

    job = work(logist, repo)

    assert job["source"]["base_commit"] == first
    assert changes(repo, job) == ONLY_ADDED


def test_a_submodule_is_left_at_its_commit(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    library = GitSandbox.create(tmp_path / "library", repo.environ)
    library.write("lib.txt", "library\n")
    library.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.path, "vendored")
    repo.commit("Add a submodule")

    job = work(logist, repo)

    assert changes(repo, job) == ONLY_ADDED
    entry = repo.git("ls-tree", f"refs/heads/{job['source']['branch']}", "vendored").split()
    assert entry[:3] == ["160000", "commit", library.head()]


def test_lfs_attributes_without_git_lfs(logist: Program, repo: GitSandbox, environ: dict[str, str]) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repo.write("model.bin", pointer)
    repo.commit("Track with LFS")
    without = {**environ, "PATH": _path_without(environ, "git-lfs", repo.path.parent / "programs")}

    job = work(Program(without), repo, ADD + "; printf 'new weights' > new.bin")

    assert changes(repo, job) == ["A added.txt", "A new.bin"]
    assert content(repo, job, "new.bin") == b"new weights"


def test_lfs_attributes_with_git_lfs(logist: Program, repo: GitSandbox) -> None:
    if shutil.which("git-lfs", path=logist.environ["PATH"]) is None:
        pytest.skip("git-lfs is missing; install it with: apt-get install git-lfs (or: brew install git-lfs)")
    repo.git("lfs", "install", "--skip-repo")
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repo.write("model.bin", b"weights\0" * 100)
    repo.commit("Track with LFS")
    assert repo.git("show", "HEAD:model.bin").startswith("version https://git-lfs")

    job = work(logist, repo, ADD + "; test $(wc -c < model.bin) = 800; printf 'new weights' > new.bin")

    assert changes(repo, job) == ["A added.txt", "A new.bin"]
    assert content(repo, job, "new.bin").startswith(b"version https://git-lfs")
    logist("apply", job["id"], at=repo.path)
    assert (repo.path / "new.bin").read_bytes() == b"new weights"


def test_a_shallow_clone(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    for number in range(3):
        repo.commit(f"Commit {number}")
    clone = _clone(repo, tmp_path / "shallow", "--depth=1")

    job = work(logist, clone)

    assert changes(clone, job) == ONLY_ADDED
    assert clone.git("rev-parse", "--is-shallow-repository") == "true"


def test_a_partial_clone_fetches_what_the_base_needs(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    clone = _clone(repo, tmp_path / "partial", "--filter=blob:none")
    repo.write("later.txt", "only on the remote so far\n")
    repo.commit("Later")
    clone.git("fetch", "-q", "origin")
    missing = clone.git("rev-list", "--objects", "--missing=print", "origin/main")
    assert "?" in missing

    job = work(logist, clone, ADD + "; grep -q remote later.txt", "--base", "origin/main")

    assert changes(clone, job) == ONLY_ADDED


def test_a_sparse_checkout(logist: Program, repo: GitSandbox) -> None:
    repo.write("inside/kept.txt", "kept\n")
    repo.write("outside/left.txt", "left out\n")
    repo.commit("Two folders")
    repo.git("sparse-checkout", "set", "inside")
    assert not (repo.path / "outside").exists()

    job = work(logist, repo, "echo changed >> inside/kept.txt")

    assert changes(repo, job) == ["M inside/kept.txt"]


def test_a_linked_worktree(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "side", linked)
    repo.write(linked / "side.txt", "side\n")
    repo.git("add", "-A", at=linked)
    repo.git("commit", "-q", "-m", "Side", at=linked)
    main = picture(repo)

    job = work(logist, repo, ADD, at=linked)

    assert job["source"]["base_ref"] == "refs/heads/side"
    assert changes(repo, job) == ONLY_ADDED
    assert picture(repo).files == main.files
    assert picture(repo).index == main.index
    # From either worktree the same jobs are seen.
    assert logist.jobs(linked).keys() == logist.jobs(repo.path).keys() == {job["id"]}


def test_a_bare_repository(logist: Program, repo: GitSandbox, tmp_path: Path) -> None:
    bare = _clone(repo, tmp_path / "bare.git", "--bare")
    before = sorted(path.name for path in bare.path.iterdir())

    job = logist("run", "--json", "--", "sh", "-euc", ADD, at=bare.path).first_job

    assert job["state"] == "SUCCESS"
    assert changes(bare, job) == ONLY_ADDED
    # Beside what git makes itself there is the lock that orders our references' writers.
    made = {path.name for path in bare.path.iterdir()} - set(before)
    assert made <= {"worktrees", "logist-ci-refs"}
    assert not list(bare.path.glob("worktrees/*"))
    assert Path(logist.environ["XDG_STATE_HOME"], "logist-ci").is_dir()
    assert logist("path", job["id"], "base", at=bare.path).out.startswith(logist.environ["XDG_STATE_HOME"])
    assert_sound(bare)


def test_no_identity(logist: Program, repo: GitSandbox) -> None:
    home = Path(logist.environ["HOME"])
    (home / ".gitconfig").write_text("[user]\n\tuseConfigOnly = true\n")

    job = work(logist, repo)

    written = repo.git("log", "-1", "--format=%an|%cn|%ce", f"refs/heads/{job['source']['branch']}")
    assert written == "command (Logist CI)|Logist CI|logist-ci@localhost"
    on_manifest = repo.git("log", "-1", "--format=%cn|%ce", f"refs/logist/jobs/{job['id']}")
    assert on_manifest == "Logist CI|logist-ci@localhost"


def test_files_that_git_does_not_carry_come_along(logist: Program, repo: GitSandbox) -> None:
    repo.write(".gitignore", ".env\n*.cache\n")
    repo.write(".worktreeinclude", ".env\n")
    repo.commit("Ignore")
    repo.write(".env", "SECRET=1\n")
    repo.write("big.cache", "cache\n")

    job = work(logist, repo, "cp .env seen.txt; test ! -e big.cache; echo changed >> .env; echo c > new.cache")

    assert changes(repo, job) == ["A seen.txt"]
    assert (repo.path / ".env").read_text() == "SECRET=1\n"


def test_many_jobs_side_by_side(logist: Program, repo: GitSandbox) -> None:
    before = picture(repo)
    for number in range(6):
        logist("create", "--", "sh", "-c", f"echo {number} > file-{number}.txt; exit {number % 3 == 2:d}", at=repo.path)

    ended = logist("run", "--pending", "-j", "2", "--json", at=repo.path, status=1)

    states = [job["state"] for job in ended.json["jobs"]]
    assert states.count("SUCCESS") == 4
    assert states.count("INTERVENTION_REQUIRED") == 2
    for job in ended.json["jobs"]:
        assert len(changes(repo, job)) == 1
    assert picture(repo) == before
    assert {manifest.state.value for manifest in manifests(repo).values()} == {"SUCCESS", "INTERVENTION_REQUIRED"}
    repo.git("fsck", "--strict", "--no-dangling")


def _clone(source: GitSandbox, target: Path, *options: str) -> GitSandbox:
    source.git("clone", "-q", *options, f"file://{source.path}", target)
    return GitSandbox(target, source.environ)


def _path_without(environ: dict[str, str], program: str, folder: Path) -> str:
    """Return a search path with the same programs except one."""
    folder.mkdir()
    for place in reversed(environ["PATH"].split(":")):
        for found in Path(place).glob("*"):
            if found.name != program:
                (folder / found.name).unlink(missing_ok=True)
                (folder / found.name).symlink_to(found)
    return str(folder)
