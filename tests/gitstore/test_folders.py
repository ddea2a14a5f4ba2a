from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from logist_ci.config.settings import PathSettings
from logist_ci.errors import InvalidNameError, MissingError, RefusedError, StoreError
from logist_ci.gitstore.folders import JobsRoot, locate
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import job_id
from logist_ci.testing.sandbox import GitSandbox
from tests.privileges import needs_permissions

ID = job_id("example-000001")


def located(at: Path, repo: GitSandbox, paths: PathSettings | None = None, **environ: str) -> JobsRoot:
    repository = Repository.open(at, environ=repo.environ)
    return locate(repository, paths=paths or PathSettings(), environ={**repo.environ, **environ})


def test_jobs_are_kept_below_the_main_worktree(repo: GitSandbox, root: JobsRoot) -> None:
    folder = root.folder(ID)
    base = repo.path / ".logist" / "jobs" / ID
    assert folder.base == base
    places = {
        folder.workspace: "workspace", folder.output: "output", folder.logs: "logs", folder.backups: "backups",
        folder.shim: "shim", folder.temp: "temp", folder.manifest_copy: "job_manifest.json",
        folder.local: "local.json", folder.job_log: "logs/job.log", folder.events: "logs/events.jsonl",
        folder.lock: "shim/lock", folder.exit_record: "shim/exit.json", folder.request: "shim/request.json",
        folder.home: "temp/home", folder.result: "temp/result.json", folder.index: "shim/index",
        folder.snapshot: "shim/snapshot.json", folder.log("generate", 2): "logs/generate.2.log",
    }  # fmt: skip
    assert {path: str(path.relative_to(base)) for path in places} == places


def test_nothing_is_made_before_it_is_needed(repo: GitSandbox, root: JobsRoot) -> None:
    assert root.existing() == []
    assert not (repo.path / ".logist").exists()


def test_making_a_folder_makes_what_programs_need(root: JobsRoot) -> None:
    folder = root.folder(ID)
    folder.make()
    (folder.logs / "job.log").touch()
    folder.make()
    made = {path.name for path in folder.base.iterdir()}
    assert made == {"output", "logs", "backups", "shim", "temp"}
    assert [path.stat().st_mode & 0o077 for path in (folder.shim, folder.temp)] == [0, 0]
    assert folder.job_log.exists()


def test_what_is_no_jobs_folder_is_no_job(root: JobsRoot) -> None:
    root.make()
    for name in ("b-job", "a-job", "Not_An_Id", ".hidden"):
        (root.path / name).mkdir()
    (root.path / "file").touch()
    (root.path / "link").symlink_to(root.path / "a-job")
    assert root.existing() == ["a-job", "b-job"]


def test_names_of_the_root_are_no_ids(root: JobsRoot) -> None:
    for file in (root.lock_file, root.index_file):
        with pytest.raises(InvalidNameError):
            job_id(file.name)


def test_git_ignores_the_jobs_and_nothing_else(repo: GitSandbox, root: JobsRoot) -> None:
    root.make()
    root.folder(ID).make()
    repo.write(".logist/jobs/a-job/logs/x", "x")
    repo.write(".logist/recipes/fix.md", "x")
    repo.write("sub/.logist/jobs/x", "x")
    status = repo.git("status", "--porcelain", "-uall").splitlines()
    assert status == ["?? .logist/recipes/fix.md", "?? sub/.logist/jobs/x"]
    assert not (repo.path / ".gitignore").exists()


def test_the_line_is_added_once(repo: GitSandbox, root: JobsRoot) -> None:
    exclude = repo.path / ".git" / "info" / "exclude"
    exclude.write_bytes(b"# mine\n*.o")
    for _ in range(3):
        root.make()
    assert exclude.read_bytes() == b"# mine\n*.o\n/.logist/jobs/\n"


def test_a_missing_info_folder_is_made(repo: GitSandbox, root: JobsRoot) -> None:
    exclude = repo.path / ".git" / "info" / "exclude"
    exclude.unlink()
    exclude.parent.rmdir()
    root.make()
    assert exclude.read_bytes() == b"/.logist/jobs/\n"


def test_a_linked_exclude_file_stays_a_link(repo: GitSandbox, root: JobsRoot, tmp_path: Path) -> None:
    exclude = repo.path / ".git" / "info" / "exclude"
    exclude.unlink()
    exclude.symlink_to(tmp_path / "dotfiles")
    (tmp_path / "dotfiles").write_bytes(b"*.o\n")
    (tmp_path / "dotfiles").chmod(0o640)
    root.make()
    assert exclude.is_symlink()
    assert (tmp_path / "dotfiles").read_bytes() == b"*.o\n/.logist/jobs/\n"
    assert (tmp_path / "dotfiles").stat().st_mode & 0o777 == 0o640


def test_many_makers_add_one_line(repo: GitSandbox, root: JobsRoot) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: root.make(), range(24)))
    lines = (repo.path / ".git" / "info" / "exclude").read_text().splitlines()
    assert lines.count("/.logist/jobs/") == 1


@pytest.mark.parametrize("link", [".logist", ".logist/jobs"])
def test_a_link_in_the_roots_place_is_refused(repo: GitSandbox, root: JobsRoot, tmp_path: Path, link: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo.path / link).parent.mkdir(exist_ok=True)
    (repo.path / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RefusedError, match="symbolic link"):
        root.make()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_file_in_the_roots_place_is_said(repo: GitSandbox, root: JobsRoot) -> None:
    repo.write(".logist", "a file")
    with pytest.raises(StoreError, match="Logist CI could not make the folder"):
        root.make()
    with pytest.raises(StoreError, match="Logist CI could not make the folder"):
        root.folder(ID).make()
    assert root.existing() == []


def test_linked_worktrees_share_the_main_ones_jobs(repo: GitSandbox, root: JobsRoot, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", tmp_path / "linked")
    assert located(tmp_path / "linked", repo) == root


def test_a_job_inside_a_job_is_kept_beside_it(repo: GitSandbox, root: JobsRoot) -> None:
    repo.git("worktree", "add", "-q", "-b", "logist/a-job", root.folder(ID).workspace)
    assert located(root.folder(ID).workspace, repo) == root


def test_a_bare_repository_uses_the_state_folder(repo: GitSandbox, tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "project.git", tmp_path / "two" / "project.git"
    for bare in (one, two):
        repo.git("clone", "-q", "--bare", repo.path, bare)
    root = located(one, repo)
    assert root.path.parents[1] == Path(repo.environ["XDG_STATE_HOME"]) / "logist-ci"
    assert root.path.parent.name.startswith("project-")
    assert root.path != located(two, repo).path
    root.make()
    assert b".logist" not in (one / "info" / "exclude").read_bytes()
    # A relative state folder is none, says the specification.
    home = located(one, repo, XDG_STATE_HOME="relative").path.parents[2]
    assert home == Path(repo.environ["HOME"]) / ".local" / "state"


def test_without_a_home_a_bare_repository_has_no_place(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("clone", "-q", "--bare", repo.path, tmp_path / "bare.git")
    repository = Repository.open(tmp_path / "bare.git", environ=repo.environ)
    with pytest.raises(MissingError, match="HOME"):
        locate(repository, paths=PathSettings(), environ={})


def test_folders_can_be_elsewhere(repo: GitSandbox, tmp_path: Path) -> None:
    paths = PathSettings(work=str(tmp_path / "fast"), output="../results")
    root = located(repo.path, repo, paths, LOGIST_LOG_BASE=str(tmp_path / "logs"))
    folder = root.folder(ID)
    assert folder.workspace.parents[2] == tmp_path / "fast"
    assert folder.output.parents[2] == tmp_path / "results"
    assert folder.logs.parents[2] == tmp_path / "logs"
    assert folder.base == repo.path / ".logist" / "jobs" / ID
    folder.make()
    assert folder.workspace.parent.is_dir()
    assert not folder.workspace.exists()
    assert [root.owns(path) for path in (folder.workspace, folder.base, tmp_path / "fast", repo.path)] == [
        True, True, False, False,
    ]  # fmt: skip


def test_the_environment_wins_over_the_settings(repo: GitSandbox, tmp_path: Path) -> None:
    paths = PathSettings(work=str(tmp_path / "settings"))
    root = located(repo.path, repo, paths, LOGIST_WORK_BASE=str(tmp_path / "environment"))
    assert root.folder(ID).workspace.parents[2] == tmp_path / "environment"


def test_two_repositories_share_a_base_in_peace(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("clone", "-q", repo.path, tmp_path / "other" / "repo")
    paths = PathSettings(work=str(tmp_path / "fast"))
    one, two = located(repo.path, repo, paths), located(tmp_path / "other" / "repo", repo, paths)
    assert one.folder(ID).workspace != two.folder(ID).workspace


@pytest.mark.parametrize(
    "name", ["plain", "sp ace ", "#hash", "!bang", "st*r[a]?", "new\nline", "back\\slash", "\udcff"]
)
def test_a_folder_inside_the_worktree_is_ignored_whatever_its_name(repo: GitSandbox, name: str) -> None:
    root = located(repo.path, repo, PathSettings(work=f"in/{name}"))
    root.make()
    repo.write(root.folder(ID).workspace.relative_to(repo.path) / "file", "x")
    repo.write("in/seen", "x")
    assert repo.git("status", "--porcelain", "-uall").splitlines() == ["?? in/seen"]


@pytest.mark.parametrize("name", [b"sp ace", b"new\nline", b"\xff\xfe", b"quo'te\""])
def test_the_repository_may_have_any_path(tmp_path: Path, git_env: dict[str, str], name: bytes) -> None:
    sandbox = GitSandbox.create(tmp_path / os.fsdecode(name), git_env)
    root = located(sandbox.path, sandbox)
    root.make()
    root.folder(ID).make()
    assert root.existing() == [ID]
    assert sandbox.git("status", "--porcelain", "-uall") == ""


def test_a_root_without_an_exclude_file_is_made_all_the_same(root: JobsRoot) -> None:
    replace(root, exclude_file=None).make()
    assert root.path.is_dir()


@needs_permissions
def test_a_read_only_place_is_said(repo: GitSandbox, root: JobsRoot) -> None:
    repo.path.chmod(0o555)
    try:
        with pytest.raises(MissingError, match="Logist CI could not make the folder"):
            root.make()
    finally:
        repo.path.chmod(0o755)
