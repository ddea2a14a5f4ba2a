from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from logist_ci.errors import LogistError, RefusedError, StoreError
from logist_ci.gitstore.checkout_record import read_record, record_file, write_record
from logist_ci.gitstore.folders import JobsRoot
from logist_ci.gitstore.worktrees import Listed
from logist_ci.job.ids import CommitId, job_id
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import Canary, JobLab
from tests.gitstore.test_removal import chattr
from tests.privileges import needs_permissions


def left(lab: JobLab) -> list[str]:
    """What git knows of worktrees and branches beside the user's own."""
    listing = lab.repo.git("worktree", "list", "--porcelain").splitlines()
    trees = [line for line in listing if line.startswith("worktree")]
    branches = lab.repo.git("for-each-ref", "--format=%(refname)").splitlines()
    return [*trees[1:], *(name for name in branches if name not in ("refs/heads/main", "refs/remotes/origin/main"))]


def test_a_worktree_is_made(lab: JobLab) -> None:
    lab.repo.write("src/code", "x\n", executable=True)
    lab.base = lab.repo.commit()
    made = lab.provision()
    assert (made.made, made.tip, made.rescued, made.notes) == (True, lab.base, None, ())
    assert (lab.workspace / "src" / "code").stat().st_mode & 0o100
    assert lab.tip == lab.base
    assert lab.git("status", "--porcelain", "--branch") == f"## {lab.branch}"
    assert lab.worktrees.registered(job_id(lab.name))
    assert lab.worktrees.listing() == (Listed(job_id(lab.name), lab.workspace),)
    lab.repo.git("fsck", "--strict")
    assert lab.repo.git("status", "--porcelain") == ""


def test_git_finds_nothing_to_do_in_it(lab: JobLab) -> None:
    lab.provision()
    before = (lab.admin / "index").stat().st_mtime_ns
    assert lab.git("diff-files") == ""
    assert lab.git("diff-index", "HEAD") == ""
    assert (lab.admin / "index").stat().st_mtime_ns == before


def test_it_tracks_nothing(lab: JobLab, remote: GitSandbox) -> None:
    lab.provision()
    with pytest.raises(StoreError):
        lab.repo.git("config", "--get-regexp", r"^branch\.logist")


def test_hooks_of_the_users_are_not_run(lab: JobLab, canary: Canary) -> None:
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit", "post-commit"):
        lab.repo.write(f".git/hooks/{name}", canary.program.read_bytes(), executable=True)
    lab.provision()
    lab.write("new")
    lab.harvest()
    lab.provision(clean=True)
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert canary.sang == ""
    lab.repo.git("config", "core.hooksPath", canary.program.parent)
    (canary.program.parent / "post-checkout").write_bytes(canary.program.read_bytes())
    (canary.program.parent / "post-checkout").chmod(0o755)
    lab.reopened().provision()
    assert canary.sang == ""
    lab.repo.git("checkout", "-q", "-b", "by-the-user")
    assert canary.sang != ""


def test_the_worktree_of_an_attempt_serves_the_next(lab: JobLab) -> None:
    lab.repo.write(".git/info/exclude", "cache/\n")
    lab.provision()
    lab.write("new")
    lab.write("cache/kept", "x")
    lab.harvest()
    again = lab.provision()
    assert (again.made, again.tip, again.rescued) == (False, lab.head, None)
    assert (lab.workspace / "cache" / "kept").exists()


def test_a_clean_one_has_nothing_besides_the_commit(lab: JobLab) -> None:
    lab.repo.write(".git/info/exclude", "cache/\n*.o\n")
    lab.repo.write("tracked", "x\n")
    lab.base = lab.repo.commit()
    lab.provision()
    lab.write("harvested")
    lab.harvest()
    for name in ("cache/a", "b.o", "empty/folder/c.o", "by-product"):
        lab.write(name)
    (lab.workspace / "tracked").unlink()
    lab.write("README.md", "changed by checks\n")
    again = lab.provision(clean=True)
    assert again.made
    names = sorted(str(path.relative_to(lab.workspace)) for path in lab.workspace.rglob("*") if path.is_file())
    assert names == [".git", "README.md", "harvested", "tracked"]
    assert (lab.workspace / "README.md").read_text(encoding="utf-8") == "# Sandbox\n"
    assert lab.git("status", "--porcelain", "--ignored") == ""
    # What nobody had harvested was somebody's, perhaps.
    assert again.rescued == lab.repo.head(f"refs/logist/rescue/{lab.name}/1")
    rescued = lab.files(again.rescued)
    assert rescued["README.md"] == "100644 changed by checks"
    assert {"by-product", "harvested"} <= set(rescued)
    assert {"cache/a", "tracked"}.isdisjoint(rescued)
    assert str(again.rescued)[:10] in again.notes[0]


def test_a_clean_one_is_rid_of_inner_repositories_and_read_only_folders(lab: JobLab) -> None:
    lab.provision()
    GitSandbox.create(lab.workspace / "inner", lab.repo.environ).write("file", "x")
    lab.repo.write(".git/info/exclude", "modules/\n")
    lab.write("modules/deep/file")
    (lab.workspace / "modules" / "deep").chmod(0o500)
    lab.provision(clean=True)
    assert sorted(path.name for path in lab.workspace.iterdir()) == [".git", "README.md"]


def test_people_may_go_on_from_where_it_was(lab: JobLab) -> None:
    lab.provision()
    lab.write("by the agent")
    lab.harvest()
    lab.write("by a person")
    theirs = lab.commit()
    again = lab.provision()
    assert (again.made, again.tip, again.rescued) == (False, theirs, None)
    lab.write("later")
    assert lab.harvest().findings == ()
    assert {"by the agent", "by a person", "later"} <= set(lab.files())


def test_people_may_go_on_elsewhere(lab: JobLab) -> None:
    lab.provision()
    lab.write("by the agent")
    lab.harvest()
    tree = lab.repo.git("rev-parse", f"{lab.base}^{{tree}}")
    theirs = CommitId(lab.repo.git("commit-tree", tree, "-p", str(lab.head), "-m", "Undo"))
    lab.repo.git("update-ref", f"refs/heads/{lab.branch}", theirs)
    assert lab.provision().tip == theirs
    assert not (lab.workspace / "by the agent").exists()
    assert lab.git("status", "--porcelain") == ""


def test_what_they_left_uncommitted_makes_way_but_is_kept(lab: JobLab) -> None:
    lab.provision()
    lab.write("by the agent")
    lab.harvest()
    lab.write("README.md", "by hand\n")
    tree = lab.repo.git("rev-parse", f"{lab.base}^{{tree}}")
    theirs = CommitId(lab.repo.git("commit-tree", tree, "-p", str(lab.head), "-m", "Undo"))
    lab.repo.git("update-ref", f"refs/heads/{lab.branch}", theirs)
    again = lab.provision()
    assert again.rescued is not None
    assert lab.files(again.rescued)["README.md"] == "100644 by hand"


def test_a_branch_that_was_moved_away_is_refused(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.harvest()
    lab.repo.git("update-ref", f"refs/heads/{lab.branch}", lab.base)
    with pytest.raises(RefusedError, match="does not continue the job's work") as refused:
        lab.provision()
    assert f"git branch -f {lab.branch}" in refused.value.hint
    assert (lab.workspace / "new").exists()


def test_a_branch_that_was_deleted_comes_back(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.harvest()
    lab.repo.git("update-ref", "-d", f"refs/heads/{lab.branch}")
    assert lab.provision().tip == lab.head
    assert lab.tip == lab.head


def test_somebody_elses_branch_is_refused(lab: JobLab) -> None:
    lab.repo.git("branch", lab.branch)
    with pytest.raises(RefusedError, match=f"The branch {lab.branch} exists already"):
        lab.provision()
    assert left(lab) == [f"refs/heads/{lab.branch}"]
    assert not lab.workspace.exists()
    assert not record_file(lab.folder).exists()


def test_the_branch_of_an_earlier_attempt_is_not(lab: JobLab) -> None:
    lab.provision()
    lab.worktrees.remove(lab.folder.id, lab.folder)
    shutil.rmtree(lab.folder.base)
    with pytest.raises(RefusedError):
        lab.provision()
    # Its manifest knows of an attempt.
    assert lab.manifest().phases[0].attempts
    lab.store_manifest()
    assert lab.provision().made


def test_a_branch_with_work_of_the_jobs_is_its_own(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.harvest()
    lab.worktrees.remove(lab.folder.id, lab.folder)
    shutil.rmtree(lab.folder.base)
    assert lab.provision().tip == lab.head
    assert (lab.workspace / "new").exists()


def test_a_damaged_manifest_proves_nothing(lab: JobLab) -> None:
    lab.repo.git("branch", lab.branch)
    lab.repo.git("update-ref", f"refs/logist/jobs/{lab.name}", lab.base)
    with pytest.raises(RefusedError):
        lab.provision()


def test_somebody_elses_folder_is_refused(lab: JobLab) -> None:
    lab.workspace.mkdir(parents=True)
    (lab.workspace / "precious").write_text("x", encoding="utf-8")
    with pytest.raises(RefusedError, match="is not a worktree of this job"):
        lab.provision()
    assert (lab.workspace / "precious").exists()
    assert left(lab) == []


def test_an_empty_folder_is_nobodys(lab: JobLab) -> None:
    lab.workspace.mkdir(parents=True)
    assert lab.provision().made


def test_a_link_instead_of_the_folder_is_refused(lab: JobLab, tmp_path: Path) -> None:
    lab.workspace.parent.mkdir(parents=True)
    lab.workspace.symlink_to(tmp_path)
    with pytest.raises(RefusedError):
        lab.provision()
    assert lab.workspace.is_symlink()


def test_somebody_elses_worktree_is_refused(lab: JobLab, tmp_path: Path) -> None:
    lab.repo.git("worktree", "add", "-q", "--detach", tmp_path / lab.name)
    for refuse in (lab.provision, lambda: lab.worktrees.remove(lab.folder.id, lab.folder)):
        with pytest.raises(RefusedError):
            refuse()
    assert (tmp_path / lab.name / "README.md").exists()
    assert len(left(lab)) == 1


def test_a_half_made_one_is_made_again(lab: JobLab) -> None:
    lab.provision()
    record = read_record(lab.folder)
    assert record is not None
    write_record(lab.folder, replace(record, ready=False))
    (lab.workspace / "README.md").unlink()
    assert lab.provision().made
    assert (lab.workspace / "README.md").exists()


def test_one_that_nobody_knows_about_any_more_is_completed(lab: JobLab) -> None:
    lab.repo.write("second", "x\n")
    lab.base = lab.repo.commit()
    lab.provision()
    record_file(lab.folder).unlink()
    (lab.workspace / "README.md").unlink()
    lab.write("perhaps work")
    again = lab.provision()
    assert (again.made, again.tip) == (False, lab.base)
    assert (lab.workspace / "README.md").exists()
    assert again.rescued is not None
    assert "perhaps work" in lab.files(again.rescued)


@pytest.mark.parametrize("what", ["link", "gitdir", "HEAD", "admin", "locked"])
def test_a_broken_one_is_mended(lab: JobLab, what: str) -> None:
    lab.provision()
    if what == "admin":
        shutil.rmtree(lab.admin)
    elif what == "link":
        (lab.workspace / ".git").unlink()
    elif what == "locked":
        (lab.admin / "locked").unlink()
    else:
        (lab.admin / what).write_text("0" * 40 if what == "HEAD" else f"{lab.workspace}-gone/.git\n", encoding="utf-8")
    assert not lab.provision().made
    assert lab.git("symbolic-ref", "HEAD") == f"refs/heads/{lab.branch}"
    assert lab.worktrees.registered(job_id(lab.name))
    lab.write("new")
    lab.harvest()
    assert lab.git("status", "--porcelain") == ""


def test_one_whose_files_are_gone_is_made_again(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.harvest()
    shutil.rmtree(lab.workspace)
    assert lab.provision().made
    assert (lab.workspace / "new").exists()


def test_what_fails_leaves_nothing(lab: JobLab) -> None:
    with pytest.raises(LogistError):
        lab.provision(tip=CommitId("1" * 40))
    assert left(lab) == []
    tree = lab.repo.git("hash-object", "-t", "tree", "-w", "--stdin", stdin=b"")
    raw = b"100644 file\0" + bytes.fromhex("1" * 40)
    tree = lab.repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    lab.base = CommitId(lab.repo.git("commit-tree", tree, "-m", "Without its file"))
    with pytest.raises(StoreError, match="could not be checked out"):
        lab.provision()
    assert left(lab) == []
    assert not lab.workspace.exists()
    assert not record_file(lab.folder).exists()
    assert not (lab.repo.path / ".git" / "worktrees").exists()


def test_a_full_disk_leaves_nothing(lab: JobLab) -> None:
    lab.repo.write("large", b"x" * 3_000_000)
    lab.base = lab.repo.commit()
    memory = Path("/dev/shm")
    if not memory.is_dir() or os.geteuid() != 0:
        pytest.skip("takes a small file system of its own, which only root can mount")
    small = lab.repo.path.parent / "small"
    small.mkdir()
    done = os.spawnvp(os.P_WAIT, "mount", ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)])
    if done != 0:
        pytest.skip("nothing can be mounted here")
    try:
        lab.root = JobsRoot(lab.root.path, work=small)
        lab.worktrees = type(lab.worktrees)(lab.repository, lab.root)
        with pytest.raises(LogistError):
            lab.provision()
        assert left(lab) == []
        assert list((small / lab.name).iterdir()) == []
    finally:
        os.spawnvp(os.P_WAIT, "umount", ["umount", str(small)])


@needs_permissions
def test_a_read_only_repository_is_told(lab: JobLab) -> None:
    lab.root.make()
    lab.folder.make()
    (lab.repo.path / ".git").chmod(0o500)
    try:
        with pytest.raises(LogistError):
            lab.provision()
    finally:
        (lab.repo.path / ".git").chmod(0o700)
    assert not lab.workspace.exists()


def test_removing_leaves_the_branch_and_nothing_else(lab: JobLab) -> None:
    lab.provision()
    lab.write("deep/inside/file")
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert left(lab) == [f"refs/heads/{lab.branch}"]
    assert not lab.workspace.exists()
    assert not lab.folder.index.exists()
    assert list(lab.folder.temp.iterdir()) == []
    assert not (lab.repo.path / ".git" / "worktrees").exists()
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert not lab.worktrees.registered(job_id(lab.name))


def test_removing_runs_no_git_in_the_tree(lab: JobLab, canary: Canary, tmp_path: Path) -> None:
    victim = GitSandbox.create(tmp_path / "victim", lab.repo.environ)
    victim.write("precious", "x")
    lab.provision()
    for key in ("core.fsmonitor", "core.hooksPath"):
        lab.git("config", key, canary.program)
    lab.git("config", "core.worktree", victim.path)
    (lab.workspace / "link").symlink_to(victim.path)
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert canary.sang == ""
    assert (victim.path / "precious").exists()
    assert not lab.workspace.exists()


def test_a_workspace_that_became_a_link_takes_nobody_along(lab: JobLab, tmp_path: Path) -> None:
    lab.provision()
    shutil.rmtree(lab.workspace)
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "precious").write_text("x", encoding="utf-8")
    lab.workspace.symlink_to(tmp_path / "victim")
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert (tmp_path / "victim" / "precious").exists()
    assert left(lab) == [f"refs/heads/{lab.branch}"]


def test_what_resists_is_told_and_goes_the_next_time(lab: JobLab) -> None:
    lab.provision()
    stays = lab.write("folder/stays")
    chattr("+i", stays)
    try:
        with pytest.raises(RefusedError, match="folder/stays could not be removed") as refused:
            lab.worktrees.remove(lab.folder.id, lab.folder)
        assert "chattr -R -i" in refused.value.hint
        assert not lab.workspace.exists()
        assert not lab.worktrees.registered(job_id(lab.name))
    finally:
        for path in lab.folder.temp.rglob("stays"):
            chattr("-i", path)
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert list(lab.folder.temp.iterdir()) == []


def test_a_worktree_that_is_locked_by_others_stays(lab: JobLab) -> None:
    lab.provision()
    (lab.admin / "locked").write_text("I am still looking at it\n", encoding="utf-8")
    with pytest.raises(RefusedError):
        lab.worktrees.remove(lab.folder.id, lab.folder)
    assert (lab.workspace / "README.md").exists()


def test_the_workspace_may_be_elsewhere(lab: JobLab, tmp_path: Path) -> None:
    lab.root = JobsRoot(lab.root.path, work=tmp_path / "elsewhere")
    lab.worktrees = type(lab.worktrees)(lab.repository, lab.root)
    lab.provision()
    assert (tmp_path / "elsewhere" / lab.name / "workspace" / "README.md").exists()
    lab.write("new")
    lab.harvest()
    assert "new" in lab.files()
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert list((tmp_path / "elsewhere" / lab.name).iterdir()) == []


def test_many_at_once(repo: GitSandbox) -> None:
    labs = [JobLab(repo, f"example-{number:06}") for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda lab: lab.provision().made, labs))
        for lab in labs:
            lab.write("new")
        files = list(pool.map(lambda lab: lab.harvest().files, labs))
        list(pool.map(lambda lab: lab.worktrees.remove(lab.folder.id, lab.folder), labs))
    assert (made, files) == ([True] * 16, [1] * 16)
    assert [name for name in left(labs[0]) if name.startswith("worktree")] == []
    repo.git("fsck", "--strict")


def test_changed_paths_are_those_of_two_commits(lab: JobLab) -> None:
    lab.repo.write(b"caf\xe9", "x")
    head = lab.repo.commit()
    assert lab.worktrees.changed_paths(lab.base, head) == (os.fsdecode(b"caf\xe9"),)
    assert lab.worktrees.changed_paths(lab.base, None) == ()
