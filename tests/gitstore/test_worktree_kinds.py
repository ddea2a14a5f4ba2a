"""Worktrees of every kind of repository that users have."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore import fake_lfs
from tests.gitstore.job_lab import JobLab
from tests.gitstore.test_private import ODD


def whole_job(lab: JobLab, name: str = "made by the agent") -> dict[str, str]:
    """Provision, work, harvest, take the worktree again, and remove it; return the files that were committed."""
    assert lab.provision().made
    assert lab.git("status", "--porcelain") == ""
    lab.write(name, "new\n")
    found = lab.harvest()
    assert os.fsencode(name) in found.paths
    assert lab.git("status", "--porcelain") == ""
    assert not lab.provision().made
    assert lab.provision(clean=True).rescued is None
    files = lab.files()
    lab.worktrees.remove(lab.folder.id, lab.folder)
    lab.repo.git("worktree", "prune")
    return files


def test_a_detached_head(lab: JobLab) -> None:
    lab.repo.git("checkout", "-q", "--detach")
    assert set(whole_job(lab)) == {"README.md", "made by the agent"}


def test_a_bare_repository(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", repo.path, tmp_path / "bare.git")
    lab = JobLab(GitSandbox(tmp_path / "bare.git", repo.environ))
    assert not lab.root.path.is_relative_to(tmp_path / "bare.git")
    assert set(whole_job(lab)) == {"README.md", "made by the agent"}


def test_a_linked_worktree(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "mine", tmp_path / "mine")
    mine = GitSandbox(tmp_path / "mine", repo.environ)
    mine.write("uncommitted", "x")
    lab = JobLab(mine)
    assert set(whole_job(lab)) == {"README.md", "made by the agent"}
    assert mine.git("status", "--porcelain") == "?? uncommitted"


def test_odd_paths_and_names(repo: GitSandbox, tmp_path: Path) -> None:
    sandbox = GitSandbox.create(tmp_path / ODD, repo.environ)
    for name in ('q"uote', "new\nline", os.fsdecode(b"latin\xe9/\xff"), "-rf", " leading", "a" * 200, "*", ":(top)x"):
        sandbox.write(name, "x\n")
    sandbox.commit()
    files = whole_job(JobLab(sandbox), os.fsdecode(b"by\nthe \xe4gent"))
    assert os.fsdecode(b"by\nthe \xe4gent") in files
    assert len(files) == 9


def test_no_remote_and_no_identity(repo: GitSandbox) -> None:
    Path(repo.environ["HOME"], ".gitconfig").write_text("", encoding="utf-8")
    assert len(whole_job(JobLab(repo))) == 2


def test_a_shallow_clone(repo: GitSandbox, tmp_path: Path) -> None:
    repo.write("second", "x")
    repo.commit()
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", tmp_path / "shallow")
    lab = JobLab(GitSandbox(tmp_path / "shallow", repo.environ))
    lab.provision()
    lab.write("first")
    lab.commit()
    lab.write("second")
    assert lab.harvest().findings == ()
    assert lab.repo.git("rev-parse", "--is-shallow-repository") == "true"
    lab.repo.git("fsck", "--strict")


@pytest.mark.parametrize("cone", [True, False])
@pytest.mark.parametrize("own_config", [True, False])
def test_a_sparse_checkout(lab: JobLab, cone: bool, own_config: bool) -> None:
    for name in ("docs/page", "src/code", "src/inner/code"):
        lab.repo.write(name, f"{name}\n")
    lab.base = lab.repo.commit()
    patterns = ("--cone", "docs") if cone else ("--no-cone", "/*", "!/src/")
    lab.repo.git("sparse-checkout", "set", *patterns)
    if not own_config:
        lab.repo.git("config", "--unset", "extensions.worktreeConfig")
        lab.repo.git("config", "core.sparseCheckout", "true")
        lab.repo.git("config", "core.sparseCheckoutCone", "true" if cone else "false")
    lab = lab.reopened()
    lab.provision()
    assert (lab.workspace / "docs" / "page").exists()
    assert not (lab.workspace / "src").exists()
    assert lab.git("status", "--porcelain") == ""
    # What the agent makes outside of the patterns is work as any other, what is not there was not deleted.
    lab.write("src/new", "x\n")
    lab.write("src/code", "changed\n")
    found = lab.harvest()
    assert found.paths == (b"src/code", b"src/new")
    assert lab.files()["src/inner/code"] == "100644 src/inner/code"
    assert lab.git("status", "--porcelain") == ""
    lab.write("src/inner/code", "changed too\n")
    assert set(lab.harvest().paths) == {b"src/code", b"src/inner/code", b"src/new"}


def partial(repo: GitSandbox, tmp_path: Path, *options: str) -> GitSandbox:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    options = ("--filter=blob:none", "--no-local", *options)
    repo.git("clone", "-q", *options, f"file://{repo.path}", tmp_path / "partial")
    return GitSandbox(tmp_path / "partial", repo.environ)


def test_a_partial_clone_fetches_the_base_before_the_agent_runs(repo: GitSandbox, tmp_path: Path) -> None:
    old = repo.write("large", "old\n" * 100)
    base = repo.commit()
    old.write_text("new\n" * 100, encoding="utf-8")
    repo.commit()
    clone = partial(repo, tmp_path)
    missing = clone.git("rev-list", "--objects", "--missing=print", base).count("?")
    assert missing == 1
    lab = JobLab(clone, base=base)
    lab.provision()
    assert (lab.workspace / "large").read_text(encoding="utf-8") == "old\n" * 100
    repo.path.rename(tmp_path / "unreachable")
    lab.write("large", "changed\n")
    lab.write("first")
    lab.commit()
    lab.write("second")
    found = lab.harvest()
    assert found.findings == ()
    assert set(found.paths) == {b"large", b"first", b"second"}
    assert lab.git("status", "--porcelain") == ""


def test_a_partial_and_sparse_clone_needs_only_what_it_shows(repo: GitSandbox, tmp_path: Path) -> None:
    repo.write("docs/page", "x\n")
    repo.write("src/code", "y\n")
    repo.commit()
    clone = partial(repo, tmp_path, "--sparse")
    clone.git("sparse-checkout", "set", "docs")
    repo.path.rename(tmp_path / "unreachable")
    lab = JobLab(clone)
    lab.provision()
    lab.write("docs/new", "x\n")
    lab.commit()
    lab.write("docs/page", "changed\n")
    found = lab.harvest()
    assert found.findings == ()
    assert set(found.paths) == {b"docs/new", b"docs/page"}
    assert "?" in clone.git("rev-list", "--objects", "--missing=print", lab.branch)


def test_a_partial_clone_whose_remote_is_gone_says_so(repo: GitSandbox, tmp_path: Path) -> None:
    file = repo.write("large", "old\n")
    base = repo.commit()
    file.write_text("new\n", encoding="utf-8")
    repo.commit()
    clone = partial(repo, tmp_path)
    repo.path.rename(tmp_path / "unreachable")
    lab = JobLab(clone, base=base)
    with pytest.raises(StoreError, match="missing in this partial clone") as failed:
        lab.provision()
    assert "git fetch --refetch" in failed.value.hint
    assert lab.tip is None
    assert not lab.workspace.exists()


def test_line_ends_are_the_users(lab: JobLab) -> None:
    lab.repo.git("config", "core.autocrlf", "true")
    lab.repo.write("file", "one\ntwo\n")
    lab.base = lab.repo.commit()
    lab = lab.reopened()
    lab.provision()
    assert (lab.workspace / "file").read_bytes() == b"one\r\ntwo\r\n"
    lab.write("file", b"one\r\nthree\r\n")
    lab.write("new", b"mixed\r\nends\n")
    found = lab.harvest()
    assert (found.insertions, found.deletions) == (3, 1)
    assert lab.repo.git("cat-file", "blob", f"{lab.branch}:file") == "one\nthree"
    assert lab.git("status", "--porcelain") == ""


def test_line_ends_that_a_careful_user_forbids_cost_no_work(lab: JobLab) -> None:
    lab.repo.git("config", "core.autocrlf", "input")
    lab.repo.git("config", "core.safecrlf", "true")
    lab = lab.reopened()
    lab.provision()
    lab.write("new", b"one\r\ntwo\r\n")
    assert lab.harvest().files == 1


def test_a_file_system_without_modes_and_links(lab: JobLab) -> None:
    lab.repo.write("program", "x\n", executable=True)
    (lab.repo.path / "link").symlink_to("program")
    lab.base = lab.repo.commit()
    lab.repo.git("config", "core.fileMode", "false")
    lab.repo.git("config", "core.symlinks", "false")
    lab = lab.reopened()
    lab.provision()
    assert (lab.workspace / "link").read_text(encoding="utf-8") == "program"
    (lab.workspace / "program").chmod(0o644)
    lab.write("new")
    lab.harvest()
    assert lab.files()["program"] == "100755 x"
    assert lab.files()["link"] == "120000 program"


def submodules(repo: GitSandbox, tmp_path: Path) -> None:
    origin = GitSandbox.create(tmp_path / "library", repo.environ)
    origin.write("code", "x")
    origin.commit()
    repo.git("config", "--global", "protocol.file.allow", "always")
    repo.git("submodule", "--quiet", "add", origin.path, "lib")
    repo.commit()


def test_submodules_are_left_empty_and_said_so(repo: GitSandbox, tmp_path: Path) -> None:
    submodules(repo, tmp_path)
    lab = JobLab(repo)
    made = lab.provision()
    assert made.notes == ("Submodules are left empty; fill them with: git submodule update --init",)
    assert list((lab.workspace / "lib").iterdir()) == []
    lab.write("new")
    before = lab.repo.git("rev-parse", f"{lab.base}:lib")
    assert lab.harvest().findings == ()
    assert lab.repo.git("rev-parse", f"{lab.branch}:lib") == before
    assert lab.git("status", "--porcelain") == ""


def test_an_agent_may_fill_them(repo: GitSandbox, tmp_path: Path) -> None:
    submodules(repo, tmp_path)
    lab = JobLab(repo)
    lab.provision()
    for _ in range(2):
        lab.git("submodule", "--quiet", "update", "--init")
        assert (lab.workspace / "lib" / "code").exists()
        lab.write("new")
        found = lab.harvest()
        assert lab.codes(found.findings) == [("LG206", "note")]
        assert found.paths == (b"new",)
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("submodule", "status", at=repo.path).strip().endswith("lib (heads/main)")


CONTENT = b"\x00large\n" * 1000


def without_lfs(repo: GitSandbox, folder: Path) -> GitSandbox:
    """Return the repository as somebody sees it who has git, and no git-lfs."""
    folder.mkdir()
    for name in ("git", "sh", "sed", "cat"):
        program = shutil.which(name, path=repo.environ["PATH"])
        assert program is not None
        (folder / name).symlink_to(program)
    return GitSandbox(repo.path, {**repo.environ, "PATH": str(folder)})


def with_lfs(repo: GitSandbox, tmp_path: Path) -> GitSandbox:
    fake_lfs.install(tmp_path / "programs")
    path = f"{tmp_path / 'programs'}:{repo.environ['PATH']}"
    sandbox = GitSandbox(repo.path, {**repo.environ, "PATH": path})
    for key, value in (("clean", "clean -- %f"), ("smudge", "smudge -- %f"), ("process", "filter-process")):
        sandbox.git("config", "--global", f"filter.lfs.{key}", f"git-lfs {value}")
    sandbox.git("config", "--global", "filter.lfs.required", "true")
    sandbox.git("config", "lfs.storage", sandbox.path / ".git" / "lfs")
    sandbox.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    sandbox.write("data.bin", CONTENT)
    sandbox.commit()
    assert sandbox.git("cat-file", "blob", "HEAD:data.bin").encode() + b"\n" == fake_lfs.pointer(CONTENT)
    return sandbox


def test_lfs_where_the_user_has_it(repo: GitSandbox, tmp_path: Path) -> None:
    lab = JobLab(with_lfs(repo, tmp_path))
    lab.provision()
    assert (lab.workspace / "data.bin").read_bytes() == CONTENT
    assert lab.git("status", "--porcelain") == ""
    lab.write("more.bin", CONTENT * 2)
    found = lab.harvest()
    assert found.paths == (b"more.bin",)
    assert lab.repo.git("cat-file", "blob", f"{lab.branch}:more.bin").encode() + b"\n" == fake_lfs.pointer(CONTENT * 2)
    # The content outlives the private directory, so the user's own git finds it.
    again = lab.provision(clean=True)
    assert again.rescued is None
    shutil.rmtree(lab.workspace)
    lab.provision()
    assert (lab.workspace / "more.bin").read_bytes() == CONTENT * 2


def test_lfs_where_the_user_has_it_not(repo: GitSandbox, tmp_path: Path) -> None:
    sandbox = with_lfs(repo, tmp_path)
    plain = without_lfs(repo, tmp_path / "few")
    for key in ("clean", "smudge", "process", "required"):
        sandbox.git("config", "--global", "--unset", f"filter.lfs.{key}")
    lab = JobLab(plain)
    lab.provision()
    assert (lab.workspace / "data.bin").read_bytes() == fake_lfs.pointer(CONTENT)
    lab.write("new")
    assert lab.harvest().paths == (b"new",)


def test_lfs_of_which_only_the_settings_are_left(repo: GitSandbox, tmp_path: Path) -> None:
    with_lfs(repo, tmp_path)
    lab = JobLab(without_lfs(repo, tmp_path / "few"))
    lab.provision()
    assert (lab.workspace / "data.bin").read_bytes() == fake_lfs.pointer(CONTENT)
    lab.write("new")
    assert lab.harvest().paths == (b"new",)


def test_lfs_itself(repo: GitSandbox, tmp_path: Path) -> None:
    program = shutil.which("git-lfs", path=repo.environ["PATH"])
    if program is None:
        pytest.skip("git-lfs is not installed")
    repo.git("lfs", "install", "--skip-repo")
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repo.write("data.bin", CONTENT)
    repo.commit()
    lab = JobLab(repo)
    lab.provision()
    assert (lab.workspace / "data.bin").read_bytes() == CONTENT
    lab.write("more.bin", CONTENT * 2)
    assert lab.harvest().paths == (b"more.bin",)
    assert fake_lfs.VERSION in repo.git("cat-file", "blob", f"{lab.branch}:more.bin")
    assert lab.git("lfs", "ls-files", "--name-only").split() == ["data.bin", "more.bin"]
    shutil.rmtree(lab.workspace)
    lab.provision()
    assert (lab.workspace / "more.bin").read_bytes() == CONTENT * 2
    lab.repo.git("lfs", "fsck")


def test_lfs_itself_without_its_server(repo: GitSandbox, tmp_path: Path) -> None:
    if shutil.which("git-lfs", path=repo.environ["PATH"]) is None:
        pytest.skip("git-lfs is not installed")
    repo.git("lfs", "install", "--skip-repo")
    repo.git("remote", "add", "origin", tmp_path / "nowhere")
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    repo.write("data.bin", CONTENT)
    repo.commit()
    shutil.rmtree(repo.path / ".git" / "lfs")
    lab = JobLab(repo)
    assert lab.provision().notes == ("Some files of git-lfs could not be downloaded, and are pointers.",)
    assert (lab.workspace / "data.bin").read_bytes() == fake_lfs.pointer(CONTENT)
    lab.write("new")
    assert lab.harvest().paths == (b"new",)


def test_lfs_never_asks_where_an_agent_points_it(repo: GitSandbox) -> None:
    if shutil.which("git-lfs", path=repo.environ["PATH"]) is None:
        pytest.skip("git-lfs is not installed")
    repo.git("lfs", "install", "--skip-repo")
    repo.write(".gitattributes", "*.bin filter=lfs\n")
    repo.commit()
    lab = JobLab(repo)
    lab.provision()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        lab.write(".lfsconfig", f"[lfs]\n\turl = http://127.0.0.1:{listener.getsockname()[1]}/\n")
        lab.write("data.bin", fake_lfs.pointer(b"of the agent's server"))
        assert lab.harvest().paths == (b".lfsconfig", b"data.bin")
        lab.provision(clean=True)
        shutil.rmtree(lab.workspace)
        lab.provision()
        with pytest.raises(TimeoutError):
            listener.accept()


@pytest.mark.parametrize("scope", ["--local", "--global"])
def test_no_filter_but_lfs_is_run(repo: GitSandbox, tmp_path: Path, scope: str) -> None:
    sandbox = with_lfs(repo, tmp_path)
    sandbox.write(".gitattributes", "*.bin filter=lfs -text\n*.x filter=other\n")
    sandbox.write("file.x", "raw\n")
    sandbox.commit()
    sandbox.git("config", scope, "filter.other.smudge", "sed s/raw/filtered/")
    sandbox.git("config", scope, "filter.other.clean", "sed s/filtered/raw/")
    sandbox.git("config", scope, "filter.other.required", "true")
    lab = JobLab(sandbox)
    lab.provision()
    assert (lab.workspace / "file.x").read_text(encoding="utf-8") == "raw\n"
    lab.write("new.x", "filtered\n")
    lab.harvest()
    assert lab.files()["new.x"] == "100644 filtered"


def test_from_inside_a_hook(repo: GitSandbox, tmp_path: Path) -> None:
    """A commit of the user's whose hook makes a job: neither notices the other."""
    repo.git("worktree", "add", "-q", "-b", "linked", tmp_path / "linked")
    for number, place in enumerate((repo.path, tmp_path / "linked")):
        repo.write("by the user", f"{number}\n")
        inherited = {
            "GIT_DIR": repo.git("rev-parse", "--absolute-git-dir", at=place),
            "GIT_INDEX_FILE": f"{repo.git('rev-parse', '--absolute-git-dir', at=place)}/index",
            "GIT_AUTHOR_NAME": "Somebody", "GIT_PREFIX": "", "GIT_EXEC_PATH": repo.git("--exec-path"),
        }  # fmt: skip
        lab = JobLab(GitSandbox(place, repo.environ), f"example-{number:06}")
        lab.repository = Repository.open(place, environ={**repo.environ, **inherited})
        lab.worktrees = type(lab.worktrees)(lab.repository, lab.root)
        index = Path(inherited["GIT_INDEX_FILE"]).read_bytes()
        assert lab.provision().made
        lab.write("new")
        assert lab.harvest().paths == (b"new",)
        assert Path(inherited["GIT_INDEX_FILE"]).read_bytes() == index
    assert repo.git("log", "-1", "--format=%an", "logist/example-000001") == "command (Logist CI)"


def test_a_base_that_is_a_snapshot_of_uncommitted_work(lab: JobLab) -> None:
    lab.repo.write("uncommitted", "x\n")
    tree_env = {"GIT_INDEX_FILE": str(lab.repo.path / "other-index")}
    other = GitSandbox(lab.repo.path, {**lab.repo.environ, **tree_env})
    other.git("add", "uncommitted", "README.md")
    lab.base = CommitId(other.git("commit-tree", other.git("write-tree"), "-p", lab.base, "-m", "Snapshot"))
    lab.provision()
    assert (lab.workspace / "uncommitted").exists()
    lab.write("new")
    assert lab.harvest().paths == (b"new",)
