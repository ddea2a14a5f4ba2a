from __future__ import annotations

from collections.abc import Callable

import pytest

from logist_ci.errors import JobStateError, UnknownJobError, UsageError
from logist_ci.gitstore.archive import Archive
from logist_ci.gitstore.manifests import ManifestStore, Stored
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity
from logist_ci.job.ids import RefName, job_id
from logist_ci.job.states import State
from logist_ci.job.transitions import Cancel
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.sandbox import GitSandbox

ID = job_id("example-000001")
OTHER = job_id("other-000001")
MONTH = "refs/logist/archive/2026-01"
Made = Callable[[str], Stored]


@pytest.fixture
def closed(store: ManifestStore, job: Made) -> Stored:
    job(ID)
    return store.change(ID, lambda _: Cancel())


def test_an_archived_job_is_an_entry_of_its_month(repo: GitSandbox, store: ManifestStore, closed: Stored) -> None:
    commit = store.archive(ID, "2026-01")
    assert repo.head(MONTH) == commit
    assert store.ids() == []
    assert store.archived_ids() == [ID]
    files = repo.git("ls-tree", "-r", "--name-only", MONTH).splitlines()
    assert files == [f"{ID}/commit", f"{ID}/job_manifest.json", f"{ID}/prompt.md"]
    assert repo.git("show", f"{MONTH}:{ID}/commit") == closed.commit
    assert store.read_archived(ID) == closed
    repo.git("fsck", "--strict")


def test_a_month_holds_many(repo: GitSandbox, store: ManifestStore, closed: Stored, job: Made) -> None:
    job(OTHER)
    first = store.archive(ID, "2026-01")
    second = store.archive(OTHER, "2026-01")
    assert store.archived_ids() == [ID, OTHER]
    assert repo.git("log", "--first-parent", "--format=%H %s", MONTH).splitlines()[:2] == [
        f"{second} Archive {OTHER}",
        f"{first} Archive {ID}",
    ]


def test_the_history_is_archived_too(store: ManifestStore, closed: Stored, repo: GitSandbox) -> None:
    before = store.history(ID)
    store.archive(ID, "2026-01")
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert store.history(ID) == before


def test_restoring_undoes_archiving(store: ManifestStore, closed: Stored) -> None:
    store.archive(ID, "2026-01")
    assert store.restore_archived(ID) == closed
    assert (store.ids(), store.archived_ids()) == ([ID], [])
    assert [entry.state for entry in store.history(ID)] == [State.CANCELED, State.PENDING]
    store.archive(ID, "2026-02")
    assert store.read_archived(ID) == closed


def test_a_restoration_that_was_cut_short_is_finished(store: ManifestStore, refs: RefStore, closed: Stored) -> None:
    store.archive(ID, "2026-01")
    refs.write(RefName(f"refs/logist/jobs/{ID}"), closed.commit, expected=None)
    assert store.restore_archived(ID) == closed
    assert store.archived_ids() == []


def test_an_archiving_that_was_cut_short_is_finished(
    store: ManifestStore, refs: RefStore, closed: Stored, clock: FakeClock
) -> None:
    Archive(refs, Identity("x", "y@example.invalid"), clock).add(ID, closed.commit, "2026-01")
    # It is in both places now; the live one is the job.
    assert store.read(ID) == closed
    store.archive(ID, "2026-01")
    assert (store.ids(), store.archived_ids()) == ([], [ID])


@pytest.mark.parametrize("month", ["2026", "2026-13", "2026-1", "../../heads/main", "2026-01\n", ""])
def test_a_month_is_a_month(store: ManifestStore, closed: Stored, month: str) -> None:
    with pytest.raises(UsageError, match="not a month"):
        store.archive(ID, month)
    assert store.ids() == [ID]


def test_what_is_not_there_is_said(store: ManifestStore) -> None:
    with pytest.raises(UnknownJobError):
        store.archive(ID, "2026-01")
    with pytest.raises(UnknownJobError, match="archive has no job"):
        store.read_archived(ID)


def forged(repo: GitSandbox, tree: str) -> None:
    repo.git("update-ref", MONTH, repo.git("commit-tree", "-m", "x", repo.git("mktree", stdin=tree.encode())))


def test_a_damaged_entry_is_named(repo: GitSandbox, store: ManifestStore) -> None:
    readme = repo.git("rev-parse", "HEAD:README.md")
    forged(repo, f"040000 tree {repo.git('rev-parse', 'HEAD^{tree}')}\t{ID}\n")
    with pytest.raises(JobStateError, match="does not say which commit"):
        store.read_archived(ID)
    entry = repo.git("mktree", stdin=f"100644 blob {readme}\tcommit\n".encode())
    forged(repo, f"040000 tree {entry}\t{ID}\n")
    with pytest.raises(JobStateError, match="is damaged"):
        store.read_archived(ID)


def test_foreign_entries_are_no_jobs(repo: GitSandbox, store: ManifestStore) -> None:
    readme = repo.git("rev-parse", "HEAD:README.md")
    forged(repo, f"100644 blob {readme}\tREADME.md\n100644 blob {readme}\tNot_An_Id\n")
    assert store.archived_ids() == []
