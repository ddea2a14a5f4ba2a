"""What an agent may leave behind to be run by whoever uses git next: none of it runs, and each is named.

Every test goes the way that a runner goes: worktree, snapshot, agent, comparison, harvest, removal.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.diffs import diff_text
from logist_ci.gitstore.harvest import Harvested
from logist_ci.job.manifest import Finding
from logist_ci.testing.sandbox import GitSandbox
from tests.gitstore.job_lab import Canary, JobLab


@pytest.fixture
def started(lab: JobLab) -> JobLab:
    lab.repo.write("data.bin", b"\0\r\n")
    lab.base = lab.repo.commit()
    lab.store_manifest()
    return lab.start()


def finish(lab: JobLab, canary: Canary) -> tuple[tuple[Finding, ...], Harvested]:
    """Do all that a runner does after an agent, and check that the canary stayed silent."""
    lab.write("work", "done\n")
    config = (lab.repo.path / ".git" / "config", lab.repo.path / ".git" / "config.worktree")
    tampering = lab.settle()
    harvested = lab.harvest()
    diff_text(lab.repository, lab.base, harvested.head)
    lab.provision(clean=True)
    lab.worktrees.remove(lab.folder.id, lab.folder)
    assert canary.sang == ""
    assert "work" in lab.files()
    assert config[0].exists()
    lab.repo.git("fsck", "--strict")
    return tampering, harvested


def error_codes(findings: tuple[Finding, ...]) -> list[str]:
    return sorted({finding.code for finding in findings if finding.level == "error"})


PROGRAMS = (
    "core.fsmonitor", "core.hooksPath", "core.editor", "core.pager", "core.sshCommand", "core.askPass", "core.gitProxy",
    "diff.external", "diff.x.command", "diff.x.textconv", "filter.x.clean", "filter.x.smudge", "filter.x.process",
    "merge.x.driver", "gpg.program", "gpg.ssh.program", "credential.helper", "uploadpack.packObjectsHook",
    "interactive.diffFilter", "sequence.editor", "remote.origin.uploadpack", "trailer.x.command", "alias.add",
    "alias.read-tree", "pager.add", "core.alternateRefsCommand", "gc.recentObjectsHook",
)  # fmt: skip


def plant_all(config: Callable[[str, str], object], canary: Canary) -> None:
    for key in PROGRAMS:
        config(key, str(canary))
    for key, value in (("commit.gpgSign", "true"), ("log.showSignature", "true"), ("filter.x.required", "true")):
        config(key, value)


def test_0_the_canary_sings_when_git_is_used_as_usual(started: JobLab, canary: Canary) -> None:
    started.write(".gitattributes", "* filter=x\n")
    started.write("new")
    plant_all(lambda key, value: started.git("config", key, value), canary)
    with suppress(StoreError):
        started.git("status")
    assert canary.sang != ""


def test_1_programs_in_the_configuration(started: JobLab, canary: Canary) -> None:
    before = (started.repo.path / ".git" / "config").read_bytes()
    started.write(".gitattributes", "* filter=x diff=x merge=x\n")
    plant_all(lambda key, value: started.git("config", key, value), canary)
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201"]
    assert (started.repo.path / ".git" / "config").read_bytes() == before


def test_2_in_a_worktrees_own_configuration(started: JobLab, canary: Canary) -> None:
    before = (started.repo.path / ".git" / "config").read_bytes()
    started.git("config", "extensions.worktreeConfig", "true")
    plant_all(lambda key, value: started.git("config", "--worktree", key, value), canary)
    started.repo.write(".git/config.worktree", f"[core]\n\tfsmonitor = {canary}\n")
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201", "LG203"]
    assert (started.repo.path / ".git" / "config").read_bytes() == before
    assert not (started.repo.path / ".git" / "config.worktree").exists()


@pytest.mark.parametrize("key", ["include.path", "includeIf.gitdir:/.path", "includeIf.onbranch:**.path"])
def test_3_in_an_included_one(started: JobLab, canary: Canary, tmp_path: Path, key: str) -> None:
    included = tmp_path / "included"
    plant_all(lambda name, value: started.git("config", "--file", str(included), name, value), canary)
    started.git("config", key, included)
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201"]


HOOKS = (
    "applypatch-msg", "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-checkout", "post-merge",
    "pre-push", "pre-auto-gc", "post-rewrite", "post-index-change", "reference-transaction", "update", "proc-receive",
)  # fmt: skip


def test_4_hooks(started: JobLab, canary: Canary) -> None:
    started.repo.write(".git/hooks/pre-push", "#!/bin/sh\n# the user's\n", executable=True)
    started.start()
    for name in HOOKS:
        started.repo.write(f".git/hooks/{name}", canary.program.read_bytes(), executable=True)
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG202"]
    left = {path.name for path in (started.repo.path / ".git" / "hooks").iterdir() if path.suffix != ".sample"}
    assert left == {"pre-push"}
    assert "the user's" in started.repo.path.joinpath(".git/hooks/pre-push").read_text(encoding="utf-8")


def test_4_hooks_elsewhere(started: JobLab, canary: Canary, tmp_path: Path) -> None:
    for name in HOOKS:
        shutil.copy(canary.program, tmp_path / "canary" / name)
    started.git("config", "core.hooksPath", tmp_path / "canary")
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201"]


@pytest.mark.parametrize("place", [".gitattributes", "deep/.gitattributes", "info"])
def test_5_filters(started: JobLab, canary: Canary, place: str) -> None:
    for kind in ("clean", "smudge", "process"):
        started.git("config", f"filter.x.{kind}", str(canary))
    if place == "info":
        started.repo.write(".git/info/attributes", "* filter=x text eol=crlf\n")
    else:
        started.write(place, "* filter=x text eol=lf ident\n[attr]binary filter=x\n")
    started.write("deep/file.bin", b"\0$Id$\r\n")
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201"]
    blob = started.repo.git("cat-file", "blob", f"{started.branch}:deep/file.bin")
    assert blob == "\0$Id$\r"


def test_5_attributes_alone_are_no_attack(started: JobLab, canary: Canary) -> None:
    started.write(".gitattributes", "*.py text\n")
    findings, _ = finish(started, canary)
    assert findings == ()


def test_6_what_people_see_is_gits_own(started: JobLab, canary: Canary) -> None:
    started.write(".gitattributes", "*.bin diff=x\n")
    started.write("data.bin", b"\0changed")
    started.git("config", "diff.x.textconv", str(canary))
    started.git("config", "diff.external", str(canary))
    _, harvested = finish(started, canary)
    assert b"Binary files" in diff_text(started.repository, started.base, harvested.head)


def test_7_signing(started: JobLab, canary: Canary) -> None:
    for key in ("gpg.program", "gpg.ssh.program", "gpg.x509.program", "gpg.ssh.defaultKeyCommand"):
        started.git("config", key, str(canary))
    started.git("config", "commit.gpgSign", "true")
    findings, harvested = finish(started, canary)
    assert error_codes(findings) == ["LG201"]
    assert "gpgsig" not in started.repo.git("cat-file", "commit", harvested.head)


ADDRESSES = {
    "remote.origin.url": "ext::sh -c canary",
    "remote.origin.pushurl": "https://evil.invalid/x",
    "url.https://evil.invalid/.insteadOf": "https://github.com/",
    "http.proxy": "http://evil.invalid",
    "http.extraHeader": "X-Evil: 1",
    "branch.main.remote": "ext::sh -c canary",
}


@pytest.mark.parametrize("key", ADDRESSES)
def test_8_where_a_push_would_go(started: JobLab, canary: Canary, key: str) -> None:
    started.git("config", key, ADDRESSES[key])
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201"]
    assert started.repository.configuration().value(key.lower()) is None


@pytest.mark.parametrize("how", ["file", "folder", "link"])
def test_9_another_git_directory(started: JobLab, canary: Canary, tmp_path: Path, how: str) -> None:
    other = GitSandbox.create(tmp_path / "other", started.repo.environ)
    plant_all(lambda key, value: other.git("config", key, value), canary)
    link = started.workspace / ".git"
    link.unlink()
    if how == "file":
        link.write_text(f"gitdir: {other.path}/.git\n", encoding="utf-8")
    elif how == "folder":
        (other.path / ".git").rename(link)
    else:
        link.symlink_to(other.path / ".git")
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG203"]


def test_10_another_worktree_is_not_cleaned_away(started: JobLab, canary: Canary, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("x", encoding="utf-8")
    started.git("config", "core.worktree", victim)
    (started.workspace / "link").symlink_to(victim)
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG201"]
    assert [path.name for path in victim.iterdir()] == ["precious"]


def test_10_not_even_when_the_comparison_was_missed(started: JobLab, canary: Canary, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "precious").write_text("x", encoding="utf-8")
    plant_all(lambda key, value: started.git("config", key, value), canary)
    started.git("config", "core.worktree", victim)
    started.worktrees.remove(started.folder.id, started.folder)
    assert canary.sang == ""
    assert [path.name for path in victim.iterdir()] == ["precious"]
    assert not started.workspace.exists()


def test_11_other_references(started: JobLab, canary: Canary) -> None:
    before = started.refs.list("refs/logist/jobs/")
    evil = started.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "Evil")
    started.git("update-ref", "refs/heads/main", evil)
    started.git("update-ref", f"refs/logist/jobs/{started.name}", evil)
    started.git("update-ref", "refs/logist/jobs/forged-000001", evil)
    findings, _ = finish(started, canary)
    assert error_codes(findings) == ["LG204"]
    (note,) = [finding for finding in findings if finding.code == "LG205"]
    assert "refs/heads/main" in note.message
    assert started.refs.list("refs/logist/jobs/") == before


def test_12_a_sibling_is_not_swept_away(started: JobLab, canary: Canary) -> None:
    sibling = JobLab(started.repo, "other-000001", started.base)
    sibling.start()
    sibling.write("its work")
    started.git("worktree", "prune", "--expire=now")
    started.git("gc", "-q", "--prune=now")
    finish(started, canary)
    assert sibling.harvest().files == 1


def test_12_a_sibling_that_is_removed_by_force_keeps_what_it_had(started: JobLab, canary: Canary) -> None:
    sibling = JobLab(started.repo, "other-000001", started.base)
    sibling.store_manifest()
    sibling.start()
    sibling.write("committed")
    commit = sibling.commit()
    started.git("worktree", "remove", "--force", "--force", sibling.workspace)
    finish(started, canary)
    findings = (*sibling.settle(), *(harvested := sibling.harvest()).findings)
    assert "LG203" in error_codes(findings)
    assert harvested.head == commit


def test_13_hiding(started: JobLab, canary: Canary) -> None:
    started.git("update-index", "--skip-worktree", "README.md")
    started.git("update-index", "--assume-unchanged", "data.bin")
    for key, value in (("status.showUntrackedFiles", "no"), ("core.fileMode", "false"), ("core.ignoreCase", "true")):
        started.git("config", key, value)
    started.git("config", "core.excludesFile", started.write("../temp/all", "*\n"))
    started.repo.write(".git/info/exclude", "*\n")
    started.write("README.md", "changed\n")
    (started.workspace / "data.bin").chmod(0o755)
    findings, harvested = finish(started, canary)
    assert error_codes(findings) == ["LG201"]
    assert set(harvested.paths) == {b"README.md", b"data.bin", b"work"}


def tree(lab: JobLab, name: bytes, mode: bytes = b"100644") -> str:
    blob = bytes.fromhex(lab.repo.git("hash-object", "-w", "--stdin", stdin=b"/etc/passwd"))
    raw = mode + b" " + name + b"\0" + blob
    return lab.repo.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)


@pytest.mark.parametrize("name", [b".git", b"..", b".GIT", b"git~1", ".g\u200cit".encode(), b".gitmodules"])
def test_14_malformed_trees(started: JobLab, canary: Canary, name: bytes) -> None:
    evil = tree(started, name, b"120000" if name == b".gitmodules" else b"100644")
    commit = started.repo.git("commit-tree", evil, "-p", started.base, "-m", "Evil")
    started.repo.git("update-ref", f"refs/heads/{started.branch}", commit)
    started.write("work", "done\n")
    assert started.settle() == ()
    harvested = started.harvest()
    assert error_codes(harvested.findings) == ["LG208"]
    assert set(started.files()) == {"README.md", "data.bin", "work"}
    assert commit not in started.repo.git("rev-list", "--all")


def test_a_repository_inside_never_runs(started: JobLab, canary: Canary) -> None:
    for place in ("vendor/lib", "deep/er"):
        inner = GitSandbox.create(started.workspace / place, started.repo.environ)
        inner.write("file", "x")
        inner.commit()
        plant_all(lambda key, value, inner=inner: inner.git("config", key, value), canary)  # type: ignore[misc] # bound
    findings, harvested = finish(started, canary)
    assert findings == ()
    assert sorted(finding.path for finding in harvested.findings) == ["deep/er/.git", "vendor/lib/.git"]
    assert {"vendor/lib/file", "deep/er/file"} <= set(started.files())


def test_programs_beside_the_files_are_not_taken_for_git(repo: GitSandbox, canary: Canary) -> None:
    sandbox = GitSandbox(repo.path, {**repo.environ, "PATH": f".::bin:{repo.environ['PATH']}"})
    lab = JobLab(sandbox)
    lab.taken = lab.start().taken
    for name in ("git", "git-lfs", "gpg", "sh", "bin/git"):
        lab.write(name, canary.program.read_bytes(), executable=True)
    lab.settle()
    assert lab.harvest().files == 5
    lab.provision(clean=True)
    assert canary.sang == ""


def test_names_are_never_taken_for_options(started: JobLab, canary: Canary) -> None:
    odd = ("-rf", "--force", "--upload-pack=x", "$(touch x)", "a;b", "`x`", "'", '"', "\\", "|x", os.fsdecode(b"\xff"))
    for name in odd:
        started.write(name, "x")
    started.write("d" * 200 + "/" + "e" * 200, "x")
    _, harvested = finish(started, canary)
    assert harvested.files == 13
