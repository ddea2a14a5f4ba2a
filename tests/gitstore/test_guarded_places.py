from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from logist_ci.gitstore.guarded_places import guarded_places
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import JobLab

EVIL = "[core]\n\tfsmonitor = evil\n"


def test_the_places_are_those_that_git_reads(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "mine", tmp_path / "mine")
    usual = {
        "config", "config.worktree", "info/attributes", "info/exclude", "info/grafts", "objects/info/alternates",
        "hooks", "worktrees/mine/config.worktree",
    }  # fmt: skip
    for at in (repo.path, tmp_path / "mine"):
        places = guarded_places(Repository.open(at, environ=repo.environ))
        assert places.keys() == usual
        assert {name for name, place in places.items() if place.code == "LG202"} == {"hooks"}
        assert {place.path for place in places.values()} == {repo.path / ".git" / name for name in usual}


def test_a_folder_that_holds_the_repository_is_no_folder_of_hooks(repo: GitSandbox) -> None:
    repo.git("config", "core.hooksPath", ".")
    places = guarded_places(Repository.open(repo.path, environ=repo.environ))
    assert repo.path not in {place.path for place in places.values()}


Act = Callable[[JobLab], object]


def included(lab: JobLab) -> None:
    lab.repo.git("config", "include.path", "mine.inc")
    lab.repo.git("config", "includeIf.onbranch:later.path", "../later.inc")
    lab.repo.write(".git/mine.inc", "[user]\n\tname = Me\n")


def plant(path: str, text: str = "evil") -> Act:
    return lambda lab: lab.repo.write(path, text, executable=True)


def hooks_path(value: str) -> Act:
    return lambda lab: lab.repo.git("config", "core.hooksPath", value)


def linked_hooks(lab: JobLab) -> None:
    shutil.rmtree(lab.repo.path / ".git" / "hooks")
    lab.repo.write("shared/pre-commit", "mine", executable=True)
    (lab.repo.path / ".git" / "hooks").symlink_to("../shared")


def relinked_hooks(lab: JobLab) -> None:
    lab.repo.write("evil/pre-commit", "evil", executable=True)
    (lab.repo.path / ".git" / "hooks").unlink()
    (lab.repo.path / ".git" / "hooks").symlink_to("../evil")


def other_worktree(lab: JobLab) -> None:
    lab.repo.git("worktree", "add", "-q", "-b", "mine", lab.repo.path.parent / "mine")


def module(lab: JobLab) -> None:
    lab.repo.write(".git/modules/libs/x/HEAD", "ref: refs/heads/main\n")
    lab.repo.write(".git/modules/libs/x/config", "[core]\n")


def nothing(lab: JobLab) -> None:
    """Leave the repository as it is."""


PLANTED: dict[str, tuple[Act, Act, str]] = {
    "include": (included, plant(".git/mine.inc", EVIL), "LG201"),
    "include that waits": (included, plant("later.inc", EVIL), "LG201"),
    "hooks path in the git directory": (hooks_path(".git/my-hooks"), plant(".git/my-hooks/pre-commit"), "LG202"),
    "hooks path in the worktree": (hooks_path(".husky"), plant(".husky/_/pre-commit"), "LG202"),
    "folder of a hook": (nothing, plant(".git/hooks/post-merge.d/x"), "LG202"),
    "behind linked hooks": (linked_hooks, plant("shared/pre-commit"), "LG202"),
    "another link": (linked_hooks, relinked_hooks, "LG202"),
    "another worktree": (other_worktree, plant(".git/worktrees/mine/config.worktree", EVIL), "LG201"),
    "config of a module": (module, plant(".git/modules/libs/x/config", EVIL), "LG201"),
    "hook of a module": (module, plant(".git/modules/libs/x/hooks/post-checkout"), "LG202"),
    "hook of a module in a module": (
        module,
        lambda lab: [plant(f".git/modules/libs/x/modules/y/{name}")(lab) for name in ("HEAD", "hooks/post-checkout")],
        "LG202",
    ),
    "new module": (
        nothing,
        lambda lab: [plant(f".git/modules/new/{name}", EVIL)(lab) for name in ("HEAD", "config")],
        "LG201",
    ),
}


def programs(lab: JobLab) -> dict[str, bytes]:
    files = [path for path in lab.repo.path.rglob("*") if path.is_file() and lab.folder.base not in path.parents]
    return {
        str(path): path.read_bytes()
        for path in files
        if stat.S_IMODE(path.stat().st_mode) & 0o111 and "evil" not in path.parent.name
    }


@pytest.mark.parametrize("planted", PLANTED)
def test_what_is_planted_in_any_of_them_is_put_back(lab: JobLab, planted: str) -> None:
    prepare, act, code = PLANTED[planted]
    prepare(lab)
    job = lab.reopened().start()
    before = programs(job)
    act(job)
    findings = job.settle()
    assert set(job.codes(findings)) == {(code, "error")}
    after = {name: data for name, data in programs(job).items() if not name.endswith("/HEAD")}
    assert after == before
    assert job.settle() == ()


@pytest.mark.parametrize("planted", PLANTED)
def test_none_of_them_is_noticed_while_nothing_happens(lab: JobLab, planted: str) -> None:
    PLANTED[planted][0](lab)
    assert lab.reopened().start().settle() == ()
