from __future__ import annotations

from collections.abc import Callable

from logist_ci.gitstore.manifests import ManifestStore, Stored
from logist_ci.gitstore.packing import pack_manifests
from logist_ci.gitstore.refs import RefStore
from logist_ci.job.ids import job_id
from logist_ci.job.states import State
from logist_ci.job.transitions import Cancel
from logist_ci.testing.sandbox import GitSandbox

Made = Callable[[str], Stored]


def loose(repo: GitSandbox) -> int:
    return int(repo.git("count-objects").split()[0])


def test_a_crowd_is_packed_and_stays_readable(
    repo: GitSandbox, refs: RefStore, store: ManifestStore, job: Made
) -> None:
    names = [f"job-{number:06}" for number in range(12)]
    for name in names:
        job(name)
        store.change(job_id(name), lambda _: Cancel())
    store.archive(job_id(names[0]), "2026-01")
    repo.write("mine.txt", "x")
    repo.git("add", "mine.txt")
    before = loose(repo)
    assert pack_manifests(refs, crowded=0, worthwhile=5) == 12
    # What the user has left loose stays so.
    assert before - loose(repo) > 12 * 4
    assert loose(repo) >= 4
    assert [store.read(job).manifest.state for job in store.ids()] == [State.CANCELED] * 11
    assert len(store.history(job_id(names[0]))) == 2
    store.restore_archived(job_id(names[0]))
    repo.git("fsck", "--strict")
    assert pack_manifests(refs, crowded=0, worthwhile=5) == 0


def test_a_few_are_left_alone(repo: GitSandbox, refs: RefStore, job: Made) -> None:
    assert pack_manifests(refs) == 0
    job("example-000001")
    before = loose(repo)
    assert pack_manifests(refs, crowded=0) == 0
    assert pack_manifests(refs, worthwhile=0) == 0
    assert loose(repo) == before


def test_the_users_next_commit_collects_nothing(
    repo: GitSandbox, refs: RefStore, store: ManifestStore, job: Made
) -> None:
    repo.git("config", "gc.auto", "300")
    repo.git("config", "gc.autoDetach", "false")
    packs, sample = (repo.path / ".git" / "objects" / name for name in ("pack", "17"))
    made = 0
    # Until git's own estimate says that it is time.
    while len(list(sample.glob("*"))) <= 2 or made < 60:
        job(f"job-{made:06}")
        made += 1
    pack_manifests(refs, crowded=0)
    before = set(packs.iterdir())
    repo.commit("The user goes on")
    assert set(packs.iterdir()) == before
    assert len(store.ids()) == made
