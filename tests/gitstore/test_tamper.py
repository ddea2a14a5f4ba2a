from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from logist_ci.gitstore.checkout_record import read_record, record_file, write_record
from logist_ci.gitstore.tamper import Snapshot, compare_and_restore, snapshot
from logist_ci.job.manifest import Phase
from logist_ci.process.locks import KernelLock, try_lock
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import JobLab


@pytest.fixture
def started(lab: JobLab) -> JobLab:
    lab.repo.write(".git/hooks/pre-commit", "#!/bin/sh\n", executable=True)
    lab.repo.write(".git/info/exclude", "*.own\n")
    return lab.start()


def everything(lab: JobLab) -> dict[str, tuple[int, bytes]]:
    """Return what git reads in the repository, byte for byte."""
    common = lab.repo.path / ".git"
    places = [common / "config", common / "HEAD", lab.admin / "gitdir", lab.admin / "commondir", lab.admin / "locked"]
    places += [*(common / "hooks").rglob("*"), *(common / "info").rglob("*"), lab.workspace / ".git"]
    # Git's examples of hooks are nobody's, and never run.
    files = [place for place in places if place.is_file() and place.suffix != ".sample"]
    return {str(place): (place.stat().st_mode, place.read_bytes()) for place in files}


def test_an_agent_that_minds_its_own_business_is_not_noticed(started: JobLab) -> None:
    before = everything(started)
    started.write("new")
    started.commit()
    started.git("checkout", "-q", "-b", "mine")
    started.git("stash", "list")
    assert [finding.code for finding in started.settle()] == ["LG205"]
    assert everything(started) == before


def test_not_even_by_its_reference(started: JobLab) -> None:
    started.write("new")
    started.commit()
    assert started.settle() == ()


Attack = Callable[[JobLab], object]

ATTACKS: dict[str, tuple[str, Attack]] = {
    "fsmonitor": ("LG201", lambda lab: lab.git("config", "core.fsmonitor", "evil")),
    "hooks path": ("LG201", lambda lab: lab.git("config", "core.hooksPath", "/tmp/evil")),
    "include": ("LG201", lambda lab: lab.git("config", "include.path", "/tmp/evil")),
    "conditional include": ("LG201", lambda lab: lab.git("config", "includeIf.gitdir:/.path", "/tmp/evil")),
    "worktree": ("LG201", lambda lab: lab.git("config", "core.worktree", "/tmp")),
    "filter": ("LG201", lambda lab: lab.git("config", "filter.x.clean", "evil")),
    "diff": ("LG201", lambda lab: lab.git("config", "diff.external", "evil")),
    "gpg": ("LG201", lambda lab: lab.git("config", "gpg.program", "evil")),
    "url": ("LG201", lambda lab: lab.git("config", "remote.origin.url", "ext::sh -c evil")),
    "instead of": ("LG201", lambda lab: lab.git("config", "url.https://evil/.insteadOf", "https://github.com/")),
    "credentials": ("LG201", lambda lab: lab.git("config", "credential.helper", "!evil")),
    "alias": ("LG201", lambda lab: lab.git("config", "alias.status", "!evil")),
    "no config": ("LG201", lambda lab: (lab.repo.path / ".git" / "config").unlink()),
    "linked config": ("LG201", lambda lab: relink(lab.repo.path / ".git" / "config")),
    "mode of config": ("LG201", lambda lab: (lab.repo.path / ".git" / "config").chmod(0o666)),
    "main config.worktree": ("LG201", lambda lab: lab.repo.write(".git/config.worktree", "[core]\n\tfsmonitor = x\n")),
    "attributes": ("LG201", lambda lab: lab.repo.write(".git/info/attributes", "* filter=x\n")),
    "exclude": ("LG201", lambda lab: lab.repo.write(".git/info/exclude", "*\n")),
    "grafts": ("LG201", lambda lab: lab.repo.write(".git/info/grafts", lab.base + "\n")),
    "alternates": ("LG201", lambda lab: lab.repo.write(".git/objects/info/alternates", "/tmp/evil\n")),
    "new hook": ("LG202", lambda lab: lab.repo.write(".git/hooks/post-checkout", "evil", executable=True)),
    "changed hook": ("LG202", lambda lab: lab.repo.write(".git/hooks/pre-commit", "evil")),
    "no hook": ("LG202", lambda lab: (lab.repo.path / ".git/hooks/pre-commit").unlink()),
    "linked hook": ("LG202", lambda lab: (lab.repo.path / ".git/hooks/pre-push").symlink_to("/bin/sh")),
    "no hooks": ("LG202", lambda lab: shutil.rmtree(lab.repo.path / ".git" / "hooks")),
    "linked hooks": ("LG202", lambda lab: relink(lab.repo.path / ".git" / "hooks")),
    "link": ("LG203", lambda lab: lab.write(".git", "gitdir: /tmp/evil\n")),
    "no link": ("LG203", lambda lab: (lab.workspace / ".git").unlink()),
    "linked link": ("LG203", lambda lab: relink(lab.workspace / ".git")),
    "own repository": ("LG203", lambda lab: renewed(lab)),
    "gitdir": ("LG203", lambda lab: (lab.admin / "gitdir").write_text("/tmp/evil/.git\n", encoding="utf-8")),
    "commondir": ("LG203", lambda lab: (lab.admin / "commondir").write_text("/tmp/evil\n", encoding="utf-8")),
    "lock": ("LG203", lambda lab: lab.git("worktree", "unlock", lab.workspace)),
    "registration": ("LG203", lambda lab: shutil.rmtree(lab.admin)),
    "config.worktree": ("LG203", lambda lab: (lab.admin / "config.worktree").write_text("[x]\n", encoding="utf-8")),
    "record": ("LG203", lambda lab: record_file(lab.folder).write_text("{}", encoding="utf-8")),
    "manifest": ("LG204", lambda lab: lab.git("update-ref", f"refs/logist/jobs/{lab.name}", lab.base)),
    "head": ("LG205", lambda lab: lab.repo.git("checkout", "-q", "--detach")),
    "main": ("LG205", lambda lab: lab.repo.git("commit", "-q", "--allow-empty", "-m", "x")),
}


def relink(path: Path) -> None:
    path.rename(path.parent.parent / "evil")
    path.symlink_to(path.parent.parent / "evil")


def renewed(lab: JobLab) -> None:
    (lab.workspace / ".git").unlink()
    GitSandbox.create(lab.workspace, lab.repo.environ)


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_an_agent_has_no_business_with_is_put_back(started: JobLab, attack: str) -> None:
    before = everything(started)
    code, act = ATTACKS[attack]
    act(started)
    findings = started.settle()
    assert {finding.code for finding in findings} == {code}
    assert {finding.level for finding in findings} == {"note" if code == "LG205" else "error"}
    if code != "LG205":
        assert everything(started) == before
        assert started.settle() == ()
        assert started.git("status", "--porcelain") == ""
    started.write("new")
    assert "new" in set(started.files(started.harvest().head))


def test_many_at_once_are_all_put_back(started: JobLab) -> None:
    before = everything(started)
    for attack in ("fsmonitor", "new hook", "exclude", "manifest", "link", "commondir"):
        ATTACKS[attack][1](started)
    codes = [finding.code for finding in started.settle()]
    assert sorted(codes) == ["LG201", "LG201", "LG202", "LG203", "LG203", "LG204"]
    assert everything(started) == before


def test_what_it_had_become_is_kept(started: JobLab) -> None:
    started.git("config", "core.fsmonitor", "evil")
    (finding,) = started.settle()
    (backup,) = started.folder.backups.iterdir()
    assert "fsmonitor = evil" in backup.read_text(encoding="utf-8")
    assert str(backup) in finding.message
    assert finding.path == "config"


def test_a_branch_may_learn_what_it_tracks(lab: JobLab, remote: GitSandbox) -> None:
    lab.start()
    lab.write("new")
    lab.commit()
    lab.git("push", "-q", "-u", "origin", lab.branch)
    findings = lab.settle()
    assert lab.codes(findings) == [("LG205", "note"), ("LG205", "note")]
    assert f'branch "{lab.branch}"' in (lab.repo.path / ".git" / "config").read_text(encoding="utf-8")
    # What is accepted once is how things are.
    assert [finding.path for finding in lab.start().settle()] == []


def test_a_harvest_in_between_is_no_tampering(started: JobLab) -> None:
    started.write("new")
    started.harvest()
    assert started.settle() == ()


def test_a_forged_record_does_not_decide_how_files_are_taken(started: JobLab) -> None:
    record = read_record(started.folder)
    assert record is not None
    write_record(started.folder, replace(record, attributes=b"* text eol=crlf\n"))
    assert started.codes(started.settle()) == [("LG203", "error")]
    assert read_record(started.folder) == record


def test_an_index_that_hides_files_hides_nothing(started: JobLab) -> None:
    started.git("update-index", "--assume-unchanged", "README.md")
    shutil.copy2(started.admin / "index", started.folder.index)
    started.write("README.md", "changed\n")
    started.settle()
    assert started.harvest().paths == (b"README.md",)


def test_a_worktree_that_is_gone_is_for_the_harvest_to_tell(started: JobLab) -> None:
    shutil.rmtree(started.workspace)
    assert started.settle() == ()
    started.workspace.symlink_to("/tmp")
    assert started.settle() == ()
    assert not os.path.lexists("/tmp/.git")


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b'{"job": 1}', b"\xff"])
def test_a_snapshot_that_cannot_be_read_is_an_error(started: JobLab, data: bytes) -> None:
    findings = compare_and_restore(started.repository, data, job_branch=started.branch)
    assert started.codes(findings) == [("LG201", "error")]


def test_a_snapshot_of_no_job_is_an_error(started: JobLab) -> None:
    taken = msgspec.json.decode(started.taken)
    taken["job"] = "../evil"
    findings = compare_and_restore(started.repository, msgspec.json.encode(taken), job_branch=started.branch)
    assert started.codes(findings) == [("LG201", "error")]


def test_the_job_can_be_found_from_the_snapshot_alone(started: JobLab) -> None:
    started.git("config", "core.fsmonitor", "evil")
    findings = compare_and_restore(started.repository, started.taken, job_branch=started.branch)
    assert started.codes(findings) == [("LG201", "error")]
    assert list(started.folder.backups.iterdir())


def test_a_linked_worktree_of_the_users_is_watched_too(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "mine", tmp_path / "mine")
    lab = JobLab(GitSandbox(tmp_path / "mine", repo.environ)).start()
    own = repo.path / ".git" / "worktrees" / "mine" / "config.worktree"
    own.write_text("[core]\n\tfsmonitor = evil\n", encoding="utf-8")
    assert lab.codes(lab.settle()) == [("LG201", "error")]
    assert not own.exists()


class Siblings:
    """Two jobs of one repository, each owned by a runner."""

    def __init__(self, lab: JobLab) -> None:
        self.one, self.two = lab, JobLab(lab.repo, "other-000001", lab.base)
        self.config = lab.repo.path / ".git" / "config"
        self.right = self.config.read_bytes()
        self.locks: list[KernelLock] = []
        for each in (self.one, self.two):
            each.folder.make()
            each.store_manifest()
            held = try_lock(each.folder.lock)
            assert held is not None
            self.locks.append(held)

    def plant(self, value: str = "evil") -> None:
        self.one.repo.git("config", "core.fsmonitor", value)


@pytest.fixture
def siblings(lab: JobLab) -> Siblings:
    return Siblings(lab)


def test_a_job_that_starts_after_the_planting_does_not_take_it_for_normal(siblings: Siblings) -> None:
    siblings.one.start()
    siblings.plant()
    siblings.two.start()
    assert siblings.one.codes(siblings.one.settle()) == [("LG201", "error")]
    assert siblings.config.read_bytes() == siblings.right
    assert siblings.two.settle() == ()
    assert siblings.config.read_bytes() == siblings.right


def test_nor_does_it_answer_for_it(siblings: Siblings) -> None:
    siblings.one.start()
    siblings.plant()
    siblings.two.start()
    assert siblings.two.settle() == ()
    assert siblings.one.codes(siblings.one.settle()) == [("LG201", "error")]
    assert siblings.config.read_bytes() == siblings.right


def test_what_it_plants_itself_goes_back_to_what_was_right(siblings: Siblings) -> None:
    siblings.one.start()
    siblings.plant()
    siblings.two.start()
    siblings.plant("worse")
    assert siblings.two.codes(siblings.two.settle()) == [("LG201", "error")]
    assert siblings.config.read_bytes() == siblings.right
    assert siblings.one.settle() == ()


def test_what_was_planted_by_a_job_that_crashed_is_not_put_back_by_another(siblings: Siblings) -> None:
    siblings.one.start()
    siblings.plant()
    siblings.locks[0].close()
    siblings.two.start()
    assert siblings.one.codes(siblings.one.settle()) == [("LG201", "error")]
    assert siblings.two.settle() == ()
    assert siblings.config.read_bytes() == siblings.right


def test_jobs_side_by_side_do_not_accuse_each_other(siblings: Siblings) -> None:
    one, two = siblings.one.start(), siblings.two.start()
    for each in (one, two):
        each.write("new")
        each.commit()
        each.store_manifest(each.manifest())
        each.harvest()
    assert one.settle() == two.settle() == ()


@pytest.mark.parametrize("phase", [Phase.GENERATE, Phase.VALIDATE])
def test_checks_do_not_commit(started: JobLab, phase: Phase) -> None:
    manifest = started.manifest()
    spec = replace(manifest.spec, phases=(Phase.GENERATE, Phase.VALIDATE))
    started.store_manifest(replace(manifest, phase=phase, spec=spec))
    started.start()
    started.write("by a check")
    commit = started.commit()
    findings = started.settle()
    if phase is Phase.VALIDATE:
        assert started.codes(findings) == [("LG204", "error")]
        assert started.tip == started.base
        assert started.repo.head(f"refs/logist/rescue/{started.name}/1") == commit
    else:
        assert findings == ()
        assert started.tip == commit


def test_taking_it_is_small(started: JobLab) -> None:
    data = snapshot(started.repository, started.folder, job_branch=started.branch)
    assert len(data) < 20_000
    taken = msgspec.json.decode(data, type=Snapshot)
    assert taken.refs == {f"refs/heads/{name}": started.base for name in ("main", started.branch)}
    assert taken.right == {}
