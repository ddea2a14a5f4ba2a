from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.bulk_blobs import read_many
from logist_ci.gitstore.folders import JobsRoot
from logist_ci.gitstore.index import SummaryIndex
from logist_ci.gitstore.manifests import ManifestStore, Stored, job_ref
from logist_ci.gitstore.repository import Repository
from logist_ci.gitstore.summaries import Summary
from logist_ci.job.codec import encode
from logist_ci.job.ids import commit_id, job_id
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.job.transitions import Cancel, Want, create
from logist_ci.testing.manifests import example_manifest
from logist_ci.testing.sandbox import GitSandbox

ID = job_id("example-000001")
COMMIT = commit_id("c" * 40)
Made = Callable[[str], Stored]


@pytest.fixture
def index(store: ManifestStore, root: JobsRoot) -> SummaryIndex:
    root.make()
    return SummaryIndex(store, root.index_file)


def shorts(summaries: list[Summary]) -> dict[str, State | None]:
    return {summary.id: summary.state for summary in summaries}


def test_all_jobs_are_there_in_order(index: SummaryIndex, job: Made) -> None:
    for name in ("c-job", "a-job", "b-job"):
        job(name)
    assert shorts(index.summaries()) == dict.fromkeys(("a-job", "b-job", "c-job"), State.PENDING)
    assert [summary.id for summary in index.summaries()] == ["a-job", "b-job", "c-job"]


def test_reading_never_writes(index: SummaryIndex, root: JobsRoot, job: Made) -> None:
    job(ID)
    index.summaries()
    assert not root.index_file.exists()


def test_what_was_refreshed_is_not_read_again(repo: GitSandbox, index: SummaryIndex, root: JobsRoot, job: Made) -> None:
    made = job(ID)
    index.refresh()
    blob = repo.git("rev-parse", f"{made.commit}:job_manifest.json")
    (repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    # A store of its own: nothing but the file can know the manifest now.
    assert [summary.defect for summary in index.summaries()] == [""]
    root.index_file.unlink()
    assert "missing" in index.summaries()[0].defect


def test_a_change_shows_at_once(index: SummaryIndex, store: ManifestStore, job: Made) -> None:
    job(ID)
    job("other-000001")
    index.refresh()
    store.change(ID, lambda _: Cancel())
    store.remove(job_id("other-000001"), store.read(job_id("other-000001")).commit)
    assert shorts(index.summaries()) == {ID: State.CANCELED}
    assert shorts(index.refresh()) == {ID: State.CANCELED}


def test_refreshing_writes_only_what_changed(index: SummaryIndex, root: JobsRoot, job: Made) -> None:
    job(ID)
    index.refresh()
    before = root.index_file.stat().st_ino
    index.refresh()
    assert root.index_file.stat().st_ino == before
    job("other-000001")
    index.refresh()
    assert root.index_file.stat().st_ino != before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"version": 99, "summaries": []}', b'{"version": 1}', b"[]"])
def test_a_damaged_cache_is_ignored(index: SummaryIndex, root: JobsRoot, job: Made, content: bytes) -> None:
    job(ID)
    root.index_file.write_bytes(content)
    assert shorts(index.summaries()) == {ID: State.PENDING}
    index.refresh()
    assert msgspec.json.decode(root.index_file.read_bytes())["version"] == 1


def test_a_forged_cache_counts_for_its_commit_only(index: SummaryIndex, root: JobsRoot, job: Made) -> None:
    job(ID)
    forged = Summary(id=ID, commit=COMMIT, title="Forged", state=State.SUCCESS)
    root.index_file.write_bytes(msgspec.json.encode({"version": 1, "summaries": [forged]}))
    assert shorts(index.summaries()) == {ID: State.PENDING}


def test_a_rebuild_reads_everything_anew(index: SummaryIndex, root: JobsRoot, job: Made) -> None:
    made = job(ID)
    forged = Summary(id=ID, commit=made.commit, title="Forged", state=State.SUCCESS)
    root.index_file.write_bytes(msgspec.json.encode({"version": 1, "summaries": [forged]}))
    assert shorts(index.rebuild()) == {ID: State.PENDING}
    assert shorts(index.summaries()) == {ID: State.PENDING}


def test_a_cache_that_cannot_be_written_is_no_error_but_for_a_rebuild(
    index: SummaryIndex, root: JobsRoot, job: Made
) -> None:
    job(ID)
    root.index_file.mkdir()
    assert shorts(index.refresh()) == {ID: State.PENDING}
    with pytest.raises(StoreError):
        index.rebuild()


def test_without_a_root_nothing_is_written(store: ManifestStore, root: JobsRoot, job: Made) -> None:
    job(ID)
    assert shorts(SummaryIndex(store, root.index_file).refresh()) == {ID: State.PENDING}
    assert not root.path.exists()


def test_one_damaged_job_hides_no_other(repo: GitSandbox, index: SummaryIndex, job: Made) -> None:
    job("good-000001")
    for name, revision in (("blob-000001", "HEAD:README.md"), ("empty-000001", "HEAD")):
        repo.git("update-ref", job_ref(job_id(name)), repo.git("rev-parse", revision))
    (repo.path / ".git" / "refs/logist/jobs/torn-000001").touch()
    repo.git("update-ref", "refs/logist/jobs/Not_An_Id", "HEAD")
    for summaries in (index.summaries(), index.refresh(), index.summaries()):
        defects = {str(summary.id): summary.defect for summary in summaries}
        assert list(defects) == ["blob-000001", "empty-000001", "good-000001", "torn-000001"]
        assert defects["good-000001"] == ""
        assert "a blob" in defects["blob-000001"]
        assert "holds no job_manifest.json" in defects["empty-000001"]
        assert "reference refs/logist/jobs/torn-000001 is damaged" in defects["torn-000001"]


def test_many_writers_leave_a_whole_file(index: SummaryIndex, store: ManifestStore, job: Made) -> None:
    names = [f"job-{number:06}" for number in range(8)]
    for name in names:
        job(name)

    wishes = (Want(wanted="suspend"), Want(wanted="cancel"), Want(wanted="suspend"))

    def work(name: str) -> None:
        for wish in wishes:
            store.change(job_id(name), partial(wished, wish))
            index.refresh()

    def wished(wish: Want, _: Manifest) -> Want:
        return wish

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, names))
    assert {summary.wanted for summary in index.summaries()} == {"suspend"}
    assert index.refresh() == index.rebuild()


def populate(repo: GitSandbox, count: int) -> None:
    """Make many jobs at once, as a clone would have them: in a pack."""
    stream = []
    for number in range(count):
        name = f"job-{number:06}"
        data = encode(create(example_manifest(name))).decode()
        stream.append(f"commit refs/logist/jobs/{name}\ncommitter a <a@b> 1700000000 +0000\ndata 1\nx\n")
        stream.append(f"M 100644 inline job_manifest.json\ndata {len(data.encode())}\n{data}\n")
    repo.git("fast-import", "--quiet", stdin="".join(stream).encode())


def test_many_jobs_are_read_by_one_run_of_git(repo: GitSandbox, index: SummaryIndex) -> None:
    populate(repo, 200)
    # One that git cannot give is read on its own, and named.
    repo.git("update-ref", "refs/logist/jobs/job-000100", repo.git("rev-parse", "HEAD:README.md"))
    summaries = index.summaries()
    assert [summary.id for summary in summaries] == [f"job-{number:06}" for number in range(200)]
    assert [summary.id for summary in summaries if summary.defect] == ["job-000100"]


def test_without_git_they_are_read_one_by_one(repo: GitSandbox, index: SummaryIndex, tmp_path: Path) -> None:
    populate(repo, 60)
    nowhere = Repository.open(repo.path, environ={**repo.environ, "PATH": str(tmp_path)})
    assert list(read_many(nowhere, [repo.head()], "README.md")) == [None]
    assert len(index.summaries()) == 60


@pytest.mark.slow
def test_ten_thousand_jobs_are_listed(repo: GitSandbox, index: SummaryIndex) -> None:
    populate(repo, 10_000)
    assert len(index.refresh()) == 10_000
    assert not any(summary.defect for summary in index.summaries())


@pytest.mark.slow
def test_refreshing_packs_what_has_become_many(repo: GitSandbox, index: SummaryIndex, job: Made) -> None:
    for number in range(1000):
        job(f"job-{number:06}")
    assert len(index.refresh()) == 1000
    assert int(repo.git("count-objects").split()[0]) < 100
    assert not any(summary.defect for summary in index.rebuild())
