from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import LogistError, StoreError
from logist_ci.gitstore.checkout_record import record_file
from logist_ci.gitstore.harvest import harvest
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId, RefName
from logist_ci.job.manifest import Finding
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import JobLab


def test_what_was_done_is_committed(lab: JobLab) -> None:
    for name in ("changed", "deleted", "renamed"):
        lab.repo.write(name, "".join(f"{name} {number}\n" for number in range(9)))
    lab.base = lab.repo.commit()
    lab.provision()
    lab.write("changed", "changed 0\nother\n")
    (lab.workspace / "deleted").unlink()
    (lab.workspace / "renamed").rename(lab.workspace / "new name")
    lab.write("program", "#!/bin/sh\n", executable=True)
    (lab.workspace / "link").symlink_to("program")
    lab.write(b"caf\xe9\n", b"\0\xff")
    found = lab.harvest()
    assert (found.head, found.changed, found.findings) == (lab.tip, True, ())
    assert lab.repo.git("rev-parse", f"{found.head}^") == lab.base
    files = lab.files()
    assert files["changed"] == "100644 changed 0\nother"
    assert files["program"] == "100755 #!/bin/sh"
    assert files["link"] == "120000 program"
    assert files[os.fsdecode(b"caf\xe9\n")] == "100644 \0\udcff"
    assert {"deleted", "renamed"}.isdisjoint(files)
    assert found.files == 7
    assert (found.insertions, found.deletions) == (12, 26)
    assert set(found.paths) == {b"changed", b"deleted", b"renamed", b"new name", b"program", b"link", b"caf\xe9\n"}
    lab.repo.git("fsck", "--strict")


def test_the_commit_says_what_it_is(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    head = lab.harvest(message="Mend it\n\nWith care.", author="codex (Logist CI)").head
    told = lab.repo.git("log", "-1", "--format=%an|%ae|%cn|%ce|%ct|%B", head)
    people = "codex (Logist CI)|logist-ci@localhost|Test Person|person@example.invalid|1767225600"
    assert told == f"{people}|Mend it\n\nWith care.\n\nLogist-Job: example-000001\nLogist-Agent: command\n"


def test_doing_it_twice_makes_one_commit(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    manifest = lab.manifest()

    def once() -> CommitId:
        return harvest(
            lab.repository, lab.folder, manifest, message="Do it", author="a", trailers={}, clock=FakeClock()
        ).head

    first, second = once(), once()
    assert first == second == lab.tip
    assert lab.repo.git("rev-list", "--count", f"{lab.base}..{first}") == "1"
    lab.head = first
    again = lab.harvest()
    assert (again.head, again.changed, again.files) == (first, False, 1)


def test_nothing_done_is_nothing_committed(lab: JobLab) -> None:
    lab.provision()
    found = lab.harvest()
    assert (found.head, found.changed, found.files, found.paths) == (lab.base, False, 0, ())


def test_earlier_findings_come_first(lab: JobLab) -> None:
    lab.provision()
    os.mkfifo(lab.workspace / "pipe")
    earlier = Finding(code="LG201", level="error", message="Config")
    found = harvest(
        lab.repository, lab.folder, lab.manifest(), message="x", author="a", trailers={}, findings_in=[earlier]
    )
    assert [finding.code for finding in found.findings] == ["LG201", "LG211"]


def test_the_next_attempt_starts_where_this_one_ended(lab: JobLab) -> None:
    lab.provision()
    lab.write("first")
    lab.harvest()
    assert lab.git("status", "--porcelain") == ""
    assert lab.git("symbolic-ref", "HEAD") == f"refs/heads/{lab.branch}"
    lab.write("second")
    (lab.workspace / "first").unlink()
    found = lab.harvest()
    assert set(lab.files()) == {"README.md", "second"}
    assert found.paths == (b"second",)
    assert lab.git("status", "--porcelain") == ""


def test_the_users_repository_is_as_it_was(lab: JobLab) -> None:
    config = (lab.repo.path / ".git" / "config").read_bytes()
    head, status = lab.repo.head(), lab.repo.git("status", "--porcelain", "--branch")
    lab.provision()
    lab.write("new")
    lab.harvest()
    assert (lab.repo.path / ".git" / "config").read_bytes() == config
    assert (lab.repo.head(), lab.repo.git("status", "--porcelain", "--branch")) == (head, status)


def test_ignored_files_stay_out(lab: JobLab) -> None:
    lab.repo.write(".git/info/exclude", "*.own\n")
    home = Path(lab.repo.environ["HOME"])
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.global\n", encoding="utf-8")
    lab.repo.write(".gitignore", "*.base\n")
    lab.repo.write("tracked.base", "x")
    lab.repo.git("add", "-f", "tracked.base")
    lab.base = lab.repo.commit()
    lab = lab.reopened()
    lab.provision()
    for name in ("a.own", "a.global", "a.base", "a.agent", "kept"):
        lab.write(name)
    lab.write("tracked.base", "changed\n")
    lab.write("sub/.gitignore", "*.agent\n")
    lab.write("sub/b.agent")
    lab.harvest()
    assert set(lab.files()) == {
        ".gitignore", "README.md", "tracked.base", "a.agent", "kept", "sub/.gitignore",
    }  # fmt: skip
    assert lab.files()["tracked.base"] == "100644 changed"


@pytest.mark.parametrize("attributes", ["*.txt text eol=crlf\n", "*.txt text working-tree-encoding=UTF-16LE\n"])
def test_the_bases_attributes_are_obeyed(lab: JobLab, attributes: str) -> None:
    encoding, end = ("utf-16-le", "\n") if "UTF-16" in attributes else ("utf-8", "\r\n")
    lab.repo.write(".gitattributes", attributes)
    lab.repo.write("old.txt", f"old{end}".encode(encoding))
    lab.base = lab.repo.commit()
    lab.provision()
    assert (lab.workspace / "old.txt").read_bytes() == f"old{end}".encode(encoding)
    assert lab.git("status", "--porcelain") == ""
    lab.write("new.txt", f"new{end}".encode(encoding))
    lab.harvest()
    assert lab.repo.git("cat-file", "blob", f"{lab.branch}:new.txt") == "new"
    assert lab.harvest().paths == (b"new.txt",)


def test_attributes_of_the_agents_change_no_bytes(lab: JobLab) -> None:
    lab.provision()
    lab.write(".gitattributes", "* text eol=lf ident\n")
    lab.write("file", b"one\r\n$Id: mine $\r\n")
    lab.harvest()
    content = lab.repo.git("cat-file", "blob", f"{lab.branch}:file")
    assert content == "one\r\n$Id: mine $\r"
    # Nor do they in the next attempt: whether they are good is for a person to say.
    lab.provision(clean=True)
    assert (lab.workspace / "file").read_bytes() == b"one\r\n$Id: mine $\r\n"


def test_a_file_changed_in_the_same_instant_is_noticed(lab: JobLab) -> None:
    lab.repo.write("file", "one\n")
    lab.base = lab.repo.commit()
    lab.provision()
    found = (lab.workspace / "file").stat()
    with (lab.workspace / "file").open("r+b") as file:
        file.write(b"two\n")
    os.utime(lab.workspace / "file", ns=(found.st_atime_ns, found.st_mtime_ns))
    # Only the index's own time tells git to look inside; its copies have to have it.
    os.utime(lab.folder.index, ns=(found.st_mtime_ns, found.st_mtime_ns))
    lab.harvest()
    assert lab.files()["file"] == "100644 two"


def test_a_killed_gits_locks_are_no_obstacle(lab: JobLab) -> None:
    lab.provision()
    for name in ("index.lock", "HEAD.lock"):
        (lab.admin / name).write_text("", encoding="utf-8")
    lab.write("new")
    lab.harvest()
    assert "new" in lab.files()
    lab.git("add", "-A")
    assert lab.git("status", "--porcelain") == ""


def test_a_merge_or_rebase_left_half_done_is_put_aside(lab: JobLab) -> None:
    lab.repo.write("file", "one\n")
    lab.base = lab.repo.commit()
    lab.provision()
    lab.git("checkout", "-q", "-b", "side")
    lab.write("file", "side\n")
    lab.commit()
    lab.git("checkout", "-q", lab.branch)
    lab.write("file", "branch\n")
    lab.commit()
    with pytest.raises(StoreError):
        lab.git("merge", "side")
    found = lab.harvest()
    assert "<<<<<<<" in lab.files()["file"]
    assert lab.git("status", "--porcelain", "--branch").splitlines()[0] == f"## {lab.branch}"
    assert not (lab.admin / "MERGE_HEAD").exists()
    assert found.findings == ()


def test_the_agents_own_commits_stay_as_they_are(lab: JobLab) -> None:
    lab.provision()
    lab.write(".gitignore", "*.log\n")
    lab.write("forced.log", "x")
    lab.git("add", "-f", "forced.log")
    first = lab.commit("One")
    lab.write("second")
    second = lab.commit("Two")
    found = lab.harvest()
    assert (found.head, found.changed, found.findings) == (second, True, ())
    assert lab.repo.git("log", "--format=%s", f"{lab.base}..{lab.branch}").split() == ["Two", "One"]
    assert first in lab.repo.git("rev-list", lab.branch)
    assert "forced.log" in lab.files()


def test_what_it_left_uncommitted_comes_on_top(lab: JobLab) -> None:
    lab.provision()
    lab.write("first")
    first = lab.commit()
    lab.write("second")
    found = lab.harvest()
    assert lab.repo.git("rev-parse", f"{found.head}^") == first
    assert {"first", "second"} <= set(lab.files())


@pytest.mark.parametrize("how", [("checkout", "-q", "--detach"), ("checkout", "-q", "-b", "its-own")])
def test_commits_beside_the_branch_are_brought_onto_it(lab: JobLab, how: tuple[str, ...]) -> None:
    lab.provision()
    lab.git(*how)
    lab.write("new")
    commit = lab.commit()
    found = lab.harvest()
    assert (found.head, found.findings) == (commit, ())
    assert lab.git("symbolic-ref", "HEAD") == f"refs/heads/{lab.branch}"
    assert lab.git("status", "--porcelain") == ""


def test_a_worktree_that_looks_back_does_not_take_the_branch_back(lab: JobLab) -> None:
    lab.provision()
    lab.write("first")
    lab.commit()
    lab.write("second")
    last = lab.commit()
    lab.git("checkout", "-q", "HEAD~1")
    found = lab.harvest()
    assert (found.head, found.findings) == (last, ())
    assert (lab.workspace / "second").exists()
    assert lab.git("status", "--porcelain") == ""
    assert lab.harvest().changed is False


def test_work_done_while_looking_back_is_not_lost(lab: JobLab) -> None:
    lab.provision()
    lab.write("first")
    lab.commit()
    lab.write("second")
    last = lab.commit()
    lab.git("checkout", "-q", "HEAD~1")
    lab.write("third")
    found = lab.harvest()
    assert lab.repo.git("rev-parse", f"{found.head}^") == last
    assert "third" in lab.files()


def test_an_amended_base_is_not_the_branch(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.git("add", "-A")
    lab.git("commit", "-q", "--amend", "-m", "Mine now")
    amended = lab.repo.head(lab.branch)
    found = lab.harvest()
    assert lab.repo.git("rev-parse", f"{found.head}^") == lab.base
    assert "new" in lab.files()
    assert lab.codes(found.findings) == [("LG207", "warning")]
    assert lab.repo.head(f"refs/logist/kept/{lab.name}/1") == amended


def test_a_branch_that_was_deleted_is_made_again(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.repo.git("update-ref", "-d", f"refs/heads/{lab.branch}")
    found = lab.harvest()
    assert found.head == lab.tip
    assert "new" in lab.files()


@pytest.mark.parametrize("content", ["ref: refs/heads/main\n", "garbage\n", ""])
def test_a_branch_that_leads_elsewhere_moves_nothing_else(lab: JobLab, content: str) -> None:
    lab.provision()
    lab.write("new")
    lab.repo.write(f".git/refs/heads/{lab.branch}", content)
    found = lab.harvest()
    assert lab.repo.head("main") == lab.base
    assert found.head == lab.tip
    assert "new" in lab.files()


def test_a_worktree_that_is_gone_is_an_error_and_costs_nothing(lab: JobLab) -> None:
    lab.provision()
    lab.write("first")
    commit = lab.commit()
    lab.workspace.rename(lab.workspace.parent / "elsewhere")
    found = lab.harvest()
    assert found.head == commit
    assert lab.codes(found.findings) == [("LG203", "error")]


def test_a_worktree_that_became_a_link_is_not_followed(lab: JobLab, tmp_path: Path) -> None:
    lab.provision()
    lab.workspace.rename(lab.workspace.parent / "elsewhere")
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "secret").write_text("x", encoding="utf-8")
    lab.workspace.symlink_to(tmp_path / "victim")
    found = lab.harvest()
    assert (found.head, found.files) == (lab.base, 0)
    assert lab.codes(found.findings) == [("LG203", "error")]


def test_an_empty_worktree_is_a_deletion(lab: JobLab) -> None:
    lab.provision()
    (lab.workspace / "README.md").unlink()
    assert lab.harvest().deletions == 1
    assert lab.files() == {}


def test_without_records_it_finds_out_again(lab: JobLab) -> None:
    lab.repo.write(".gitattributes", "*.txt text eol=crlf\n")
    lab.base = lab.repo.commit()
    lab.provision()
    lab.write("new.txt", "x\r\n")
    lab.write("README.md", "other\n")
    record_file(lab.folder).unlink()
    lab.folder.index.unlink()
    found = lab.harvest()
    assert found.paths == (b"README.md", b"new.txt")
    assert lab.repo.git("cat-file", "blob", f"{lab.branch}:new.txt") == "x"


def test_without_its_registration_the_files_still_come(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    (lab.admin / "locked").unlink()
    (lab.workspace / ".git").unlink()
    lab.repo.git("worktree", "prune", "--expire=now")
    assert not lab.admin.exists()
    assert lab.harvest().files == 1
    assert "new" in lab.files()


def test_the_user_may_work_on_the_branch_meanwhile(lab: JobLab) -> None:
    lab.provision()
    lab.write("of the agent")
    tree = lab.repo.git("rev-parse", f"{lab.base}^{{tree}}")
    users = CommitId(lab.repo.git("commit-tree", tree, "-p", lab.base, "-m", "By the user"))
    lab.repo.git("update-ref", f"refs/heads/{lab.branch}", users)
    found = lab.harvest()
    assert lab.repo.git("rev-parse", f"{found.head}^") == users


class MovingClock(FakeClock):
    """Somebody moves the branch whenever the time is asked for, a few times."""

    def __init__(self, lab: JobLab, times: int) -> None:
        super().__init__()
        self.lab = lab
        self.times = times

    def now(self):  # type: ignore[no-untyped-def] # as the clock has it
        if self.times:
            self.times -= 1
            parent = self.lab.repo.head(self.lab.branch)
            tree = self.lab.repo.git("rev-parse", f"{parent}^{{tree}}")
            other = self.lab.repo.git("commit-tree", tree, "-p", parent, "-m", f"Race {self.times}")
            self.lab.repo.git("update-ref", f"refs/heads/{self.lab.branch}", other)
        return super().now()


@pytest.mark.parametrize(("times", "wins"), [(1, True), (9, False)])
def test_a_lost_race_is_run_again(lab: JobLab, times: int, wins: bool) -> None:
    lab.provision()
    lab.write("new")
    clock = MovingClock(lab, times)

    def run() -> CommitId:
        return harvest(
            lab.repository, lab.folder, lab.manifest(), message="x", author="a", trailers={}, clock=clock
        ).head

    if wins:
        head = run()
        assert lab.repo.git("log", "-1", "--format=%s", f"{head}^") == "Race 0"
        assert "new" in lab.files()
    else:
        with pytest.raises(LogistError):
            run()


def test_it_is_signed_where_the_user_signs(lab: JobLab, tmp_path: Path) -> None:
    program = tmp_path / "my-gpg"
    signature = "-----BEGIN PGP SIGNATURE-----\n\nmine\n-----END PGP SIGNATURE-----"
    program.write_text(f"#!/bin/sh\ncat >/dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho '{signature}'\n", "utf-8")
    program.chmod(0o755)
    lab.repo.git("config", "--global", "gpg.program", program)
    lab.repo.git("config", "commit.gpgSign", "true")
    lab.provision()
    lab.write("new")
    found = lab.harvest()
    assert found.findings == ()
    assert "mine" in lab.repo.git("cat-file", "commit", found.head)
    program.unlink()
    lab.write("newer")
    found = lab.harvest()
    assert lab.codes(found.findings) == [("LG212", "warning")]
    assert "newer" in lab.files()


def test_without_an_identity_it_is_logist_ci(repo: GitSandbox) -> None:
    Path(repo.environ["HOME"], ".gitconfig").write_text("", encoding="utf-8")
    lab = JobLab(repo)
    lab.provision()
    lab.write("new")
    head = lab.harvest().head
    assert repo.git("log", "-1", "--format=%cn <%ce>", head) == "Logist CI <logist-ci@localhost>"


def test_inherited_variables_of_a_hook_do_not_matter(repo: GitSandbox, tmp_path: Path) -> None:
    hook = {
        "GIT_DIR": str(tmp_path / "x"),
        "GIT_INDEX_FILE": str(tmp_path / "y"),
        "GIT_WORK_TREE": "/",
        "GIT_PREFIX": "a/",
    }
    lab = JobLab(repo)
    lab.repository = Repository.open(repo.path, environ={**repo.environ, **hook})
    lab.worktrees = type(lab.worktrees)(lab.repository, lab.root)
    lab.provision()
    lab.write("new")
    assert lab.harvest().files == 1
    assert not (tmp_path / "y").exists()
    assert repo.git("status", "--porcelain") == ""


def test_thousands_of_files_come_at_once(lab: JobLab) -> None:
    lab.provision()
    for number in range(2000):
        lab.write(f"folder-{number % 20}/file-{number}", f"{number}\n")
    found = lab.harvest()
    assert (found.files, found.insertions) == (2000, 2000)


def test_a_reference_is_written_once(lab: JobLab) -> None:
    lab.provision()
    lab.write("new")
    lab.harvest()
    log = lab.repo.git("reflog", "show", lab.branch)
    assert [line.rpartition("logist-ci: ")[2] for line in log.splitlines()] == [
        "harvest example-000001",
        "branch of the job example-000001",
    ]
    assert lab.refs.read(RefName(f"refs/heads/{lab.branch}")) == lab.head
