from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from logist_ci.errors import StoreError
from logist_ci.gitstore.checkout_record import CheckoutRecord, read_record
from logist_ci.gitstore.private import PrivateGit, Setup, private_git
from logist_ci.gitstore.private_index import IndexState, bring_index, index_print, install_index, written_tree
from logist_ci.gitstore.registration import Registration
from tests.gitstore.job_lab import JobLab


def recorded(lab: JobLab) -> CheckoutRecord:
    record = read_record(lab.folder)
    assert record is not None
    return record


def brought(lab: JobLab, tmp_path: Path, record: CheckoutRecord | None = None) -> tuple[IndexState | None, str]:
    with private_git(tmp_path / "temp", lab.repository, Setup(lab.workspace)) as git:
        bring_index(git, lab.folder, record or recorded(lab))
        return IndexState.of(git.index), written_tree(git, lab.repository, incomplete=False)


def test_the_recorded_index_comes_along_with_its_time(lab: JobLab, tmp_path: Path) -> None:
    lab.provision()
    assert index_print(lab.folder.index) == recorded(lab).index
    state, _ = brought(lab, tmp_path)
    assert state is not None
    assert (state.mtime_ns, state.size) == (lab.folder.index.stat().st_mtime_ns, lab.folder.index.stat().st_size)


@pytest.mark.parametrize("what", ["another", "missing", "link"])
def test_any_other_index_is_not_used(lab: JobLab, tmp_path: Path, what: str) -> None:
    lab.repo.write("hidden", "x")
    lab.base = lab.repo.commit()
    lab.provision()
    lab.git("update-index", "--force-remove", "hidden")
    lab.folder.index.unlink()
    if what == "another":
        lab.folder.index.write_bytes((lab.admin / "index").read_bytes())
    elif what == "link":
        lab.folder.index.symlink_to(lab.admin / "index")
    assert brought(lab, tmp_path)[1] == lab.repo.git("rev-parse", f"{lab.base}^{{tree}}")


def test_an_unrecorded_index_is_not_used(lab: JobLab, tmp_path: Path) -> None:
    lab.provision()
    state, _ = brought(lab, tmp_path, replace(recorded(lab), index=""))
    assert state is not None
    assert state.mtime_ns != lab.folder.index.stat().st_mtime_ns


def test_it_is_lent_to_the_agents_git(lab: JobLab, tmp_path: Path) -> None:
    lab.provision()
    lab.write("new")
    with private_git(lab.folder.temp, lab.repository, Setup(lab.workspace)) as git:
        bring_index(git, lab.folder, recorded(lab))
        git.ask("add", "-A")
        printed = install_index(git, lab.folder, Registration(lab.folder.id, lab.workspace, lab.repository.common_dir))
    assert printed == index_print(lab.folder.index) == index_print(lab.admin / "index")
    assert lab.git("diff", "--cached", "--name-only") == "new"
    assert [name.name for name in lab.admin.iterdir() if name.name.startswith(".logist")] == []


def test_no_index_has_no_print(tmp_path: Path) -> None:
    assert index_print(tmp_path / "index") == ""
    assert IndexState.of(tmp_path / "index") is None
    (tmp_path / "index").write_bytes(b"short")
    assert index_print(tmp_path / "index") == f"5:{b'short'.hex()}"


def broken_index(git: PrivateGit) -> None:
    git.ask("update-index", "--add", "--cacheinfo", f"100644,{'1' * 40},missing")


def test_a_tree_needs_its_blobs_unless_the_clone_is_partial(lab: JobLab, tmp_path: Path) -> None:
    with private_git(tmp_path, lab.repository, Setup(lab.repo.path)) as git:
        broken_index(git)
        with pytest.raises(StoreError):
            written_tree(git, lab.repository, incomplete=False)
        tree = written_tree(git, lab.repository, incomplete=True)
    assert "missing" in lab.repo.git("ls-tree", tree)
    assert os.listdir(tmp_path / "repo" / ".git" / "objects")
