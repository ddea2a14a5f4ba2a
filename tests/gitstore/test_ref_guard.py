from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from logist_ci.gitstore.manifests import ManifestStore
from logist_ci.gitstore.ref_guard import Moved, RefGuard, all_refs
from logist_ci.gitstore.repository import FALLBACK_IDENTITY
from logist_ci.job.ids import CommitId, RefName, job_id
from logist_ci.job.manifest import Manifest, Result
from logist_ci.job.states import State
from logist_ci.process.locks import try_lock
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.manifests import example_in, example_manifest
from tests.gitstore.job_lab import JobLab

OWN, OTHER = "example-000001", "other-000001"


class Guarding:
    """The job of the lab under guard, and another job with a branch beside it."""

    def __init__(self, lab: JobLab) -> None:
        self.lab = lab
        self.put_back: dict[str, str] = {}
        lab.provision()
        lab.store_manifest(replace(lab.manifest(), state=State.PROVISIONING))
        lab.store_manifest(self.other())
        self.move(f"refs/heads/logist/{OTHER}", lab.base)
        self.more = CommitId(lab.repo.git("commit-tree", f"{lab.base}^{{tree}}", "-p", lab.base, "-m", "More"))
        self.before = all_refs(lab.repository.common_dir)

    def other(self, state: State = State.PENDING, head: CommitId | None = None) -> Manifest:
        manifest = example_manifest(OTHER)
        source = replace(manifest.source, base_commit=self.lab.base, branch=f"logist/{OTHER}")
        return replace(example_in(state, replace(manifest, source=source)), result=Result(head=head))

    def move(self, ref: str, to: str | None) -> None:
        arguments = ("-d", ref) if to is None else ("--no-deref", ref, to)
        self.lab.repo.git("update-ref", *arguments)

    def value(self, ref: str) -> str | None:
        return all_refs(self.lab.repository.common_dir).get(ref)

    def run(self) -> Moved:
        return RefGuard(
            refs=self.lab.refs,
            jobs_root=self.lab.root.path,
            backups=self.lab.folder.backups,
            own=job_id(OWN),
            own_branch=self.lab.branch,
            before=self.before,
            put_back=self.put_back,
        ).run()

    def check_restored(self, ref: str) -> None:
        """Check that only ``ref`` was restored, and that what it had become is kept."""
        changed = self.value(ref)
        moved = self.run()
        assert (moved.restored, moved.stuck, moved.others) == ([ref], [], {})
        assert self.value(ref) == self.before.get(ref)
        if changed and len(changed) == 40 and self.lab.repo.git("cat-file", "-t", changed) == "commit":
            assert self.value(f"refs/logist/rescue/{OWN}/1") == changed
        self.check_quiet()

    def check_quiet(self) -> None:
        moved = self.run()
        assert (moved.restored, moved.stuck, moved.others) == ([], [], {})

    @contextmanager
    def owned(self) -> Iterator[None]:
        folder = self.lab.root.folder(job_id(OTHER))
        folder.make()
        held = try_lock(folder.lock)
        assert held is not None
        with held:
            yield


@pytest.fixture
def guarding(lab: JobLab) -> Guarding:
    return Guarding(lab)


def test_nothing_moved(guarding: Guarding) -> None:
    guarding.check_quiet()


def test_the_own_branch_is_the_harvests_business(guarding: Guarding) -> None:
    guarding.move(f"refs/heads/{guarding.lab.branch}", guarding.more)
    guarding.check_quiet()
    guarding.move(f"refs/heads/{guarding.lab.branch}", None)
    guarding.check_quiet()


def test_branches_of_people_are_reported_and_stay(guarding: Guarding) -> None:
    guarding.move("refs/heads/main", guarding.more)
    guarding.move("refs/tags/v1", guarding.more)
    guarding.move("refs/heads/logist/no-job-of-ours", guarding.more)
    moved = guarding.run()
    assert list(moved.others) == ["refs/heads/logist/no-job-of-ours", "refs/tags/v1", "refs/heads/main"]
    assert moved.restored == []
    assert guarding.value("refs/heads/main") == guarding.more


def test_packing_moves_nothing(guarding: Guarding) -> None:
    guarding.lab.repo.git("pack-refs", "--all", "--prune")
    guarding.check_quiet()


@pytest.mark.parametrize("job", [OWN, OTHER])
def test_legal_changes_of_manifests_are_normal(guarding: Guarding, job: str) -> None:
    if job == OWN:
        for state in (State.RUNNING, State.HARVESTING):
            guarding.lab.store_manifest(replace(guarding.lab.manifest(), state=state))
    else:
        for state in (State.PROVISIONING, State.RUNNING, State.HARVESTING, State.SUCCESS):
            guarding.lab.store_manifest(guarding.other(state))
    guarding.check_quiet()


@pytest.mark.parametrize("job", [OWN, OTHER])
@pytest.mark.parametrize("to", ["base", "gone", "illegal", "symbolic", "garbage"])
def test_a_manifest_that_was_tampered_with_comes_back(guarding: Guarding, job: str, to: str) -> None:
    ref, lab = f"refs/logist/jobs/{job}", guarding.lab
    if to == "base":
        guarding.move(ref, lab.base)
    elif to == "gone":
        guarding.move(ref, None)
    elif to == "illegal":
        manifest = lab.manifest() if job == OWN else guarding.other()
        lab.store_manifest(replace(manifest, state=State.SUCCESS))
    else:
        lab.repo.write(f".git/{ref}", "ref: refs/heads/main\n" if to == "symbolic" else "garbage\n")
    guarding.check_restored(ref)
    assert lab.repo.head("main") == lab.base


def test_what_was_legal_before_the_tampering_stays(guarding: Guarding) -> None:
    lab = guarding.lab
    running = lab.store_manifest(replace(lab.manifest(), state=State.RUNNING))
    lab.store_manifest(replace(lab.manifest(), state=State.SUCCESS))
    assert guarding.run().restored == [f"refs/logist/jobs/{OWN}"]
    assert guarding.value(f"refs/logist/jobs/{OWN}") == running


def test_a_new_job_is_normal_and_a_forged_one_goes(guarding: Guarding) -> None:
    guarding.lab.store_manifest(example_manifest("new-000001"))
    guarding.check_quiet()
    guarding.move("refs/logist/jobs/evil-000001", guarding.lab.base)
    guarding.check_restored("refs/logist/jobs/evil-000001")


def test_a_name_that_no_job_has_goes(guarding: Guarding) -> None:
    guarding.move("refs/logist/jobs/Evil_Name/x", guarding.lab.base)
    guarding.check_restored("refs/logist/jobs/Evil_Name/x")


def test_a_reference_in_the_way_of_another_goes_first(guarding: Guarding) -> None:
    ref = f"refs/logist/jobs/{OTHER}"
    guarding.move(ref, None)
    guarding.move(f"{ref}/evil", guarding.lab.base)
    assert guarding.run().restored == [f"{ref}/evil", ref]
    assert guarding.value(ref) == guarding.before[ref]


def test_a_job_may_be_archived(guarding: Guarding) -> None:
    lab = guarding.lab
    lab.store_manifest(replace(guarding.other(State.CANCELED)))
    store = ManifestStore(lab.refs, FALLBACK_IDENTITY, FakeClock())
    store.archive(job_id(OTHER), "2026-01")
    lab.repo.git("update-ref", "-d", f"refs/heads/logist/{OTHER}")
    guarding.check_quiet()
    guarding.before = all_refs(lab.repository.common_dir)
    guarding.move("refs/logist/archive/2026-01", lab.base)
    guarding.check_restored("refs/logist/archive/2026-01")


@pytest.mark.parametrize("to", [None, "blob"])
def test_an_archive_neither_goes_nor_becomes_something_else(guarding: Guarding, to: str | None) -> None:
    lab, ref = guarding.lab, "refs/logist/archive/2026-01"
    store = ManifestStore(lab.refs, FALLBACK_IDENTITY, FakeClock())
    lab.store_manifest(guarding.other(State.CANCELED))
    store.archive(job_id(OTHER), "2026-01")
    guarding.before = all_refs(lab.repository.common_dir)
    guarding.move(ref, lab.repo.git("hash-object", "-w", "--stdin", stdin=b"x") if to else None)
    assert guarding.run().restored == [ref]
    assert guarding.value(ref) == guarding.before[ref]


def test_another_jobs_branch_comes_back(guarding: Guarding) -> None:
    guarding.move(f"refs/heads/logist/{OTHER}", guarding.more)
    guarding.check_restored(f"refs/heads/logist/{OTHER}")


def test_a_deleted_branch_of_another_job_comes_back(guarding: Guarding) -> None:
    guarding.move(f"refs/heads/logist/{OTHER}", None)
    guarding.check_restored(f"refs/heads/logist/{OTHER}")


def test_another_jobs_branch_may_move_while_somebody_owns_the_job(guarding: Guarding) -> None:
    guarding.move(f"refs/heads/logist/{OTHER}", guarding.more)
    with guarding.owned():
        guarding.check_quiet()


def test_it_may_have_moved_while_its_manifest_did(guarding: Guarding) -> None:
    guarding.lab.store_manifest(guarding.other(State.PROVISIONING))
    guarding.move(f"refs/heads/logist/{OTHER}", guarding.more)
    guarding.check_quiet()


def test_a_forged_manifest_is_no_excuse_for_its_branch(guarding: Guarding) -> None:
    guarding.lab.store_manifest(replace(guarding.other(), state=State.SUCCESS))
    guarding.move(f"refs/heads/logist/{OTHER}", guarding.more)
    refs = [f"refs/logist/jobs/{OTHER}", f"refs/heads/logist/{OTHER}"]
    assert guarding.run().restored == refs
    assert [guarding.value(ref) for ref in refs] == [guarding.before[ref] for ref in refs]


def test_what_the_manifest_says_already_is_right(lab: JobLab) -> None:
    guarding = Guarding(lab)
    lab.store_manifest(guarding.other(State.PROVISIONING, head=guarding.more))
    guarding.before = all_refs(lab.repository.common_dir)
    guarding.move(f"refs/heads/logist/{OTHER}", guarding.more)
    guarding.check_quiet()


@pytest.mark.parametrize("folder", ["kept", "rescue"])
def test_kept_and_rescued_tips_may_be_added_but_not_taken(guarding: Guarding, folder: str) -> None:
    ref = f"refs/logist/{folder}/{OTHER}/1"
    guarding.move(ref, guarding.more)
    guarding.check_quiet()
    guarding.before = all_refs(guarding.lab.repository.common_dir)
    guarding.move(ref, guarding.lab.base)
    guarding.check_restored(ref)
    guarding.move(ref, None)
    assert guarding.run().restored == [ref]


def test_they_may_go_with_their_job_or_by_its_owner(guarding: Guarding) -> None:
    refs = [f"refs/logist/kept/{OTHER}/1", "refs/logist/kept/archived-000001/1"]
    for ref in refs:
        guarding.move(ref, guarding.more)
    guarding.before = all_refs(guarding.lab.repository.common_dir)
    for ref in refs:
        guarding.move(ref, None)
    with guarding.owned():
        guarding.check_quiet()


def test_what_another_runner_put_back_is_right(guarding: Guarding) -> None:
    ref = f"refs/heads/logist/{OTHER}"
    guarding.move(ref, guarding.more)
    guarding.before = all_refs(guarding.lab.repository.common_dir)
    guarding.move(ref, guarding.lab.base)
    guarding.put_back[ref] = guarding.lab.base
    guarding.check_quiet()


def test_what_cannot_be_put_back_is_said(guarding: Guarding) -> None:
    ref = f"refs/heads/logist/{OTHER}"
    guarding.before = {**guarding.before, ref: "1" * 40}
    moved = guarding.run()
    assert (moved.stuck, moved.restored) == ([ref], [])


def test_names_that_are_no_text_are_left_out(guarding: Guarding) -> None:
    guarding.lab.repo.git("update-ref", b"refs/heads/caf\xe9", guarding.lab.base)
    assert not [name for name in all_refs(guarding.lab.repository.common_dir) if "caf" in name]
    guarding.check_quiet()


def test_a_race_is_judged_again(guarding: Guarding) -> None:
    ref = RefName(f"refs/logist/jobs/{OTHER}")
    guarding.move(ref, guarding.lab.base)

    class Late(RefGuard):
        """Another runner puts it back at the last moment."""

        def _restore(self, name: RefName, value: str | None, wanted: str | None) -> None:
            guarding.move(ref, guarding.before[ref])
            super()._restore(name, value, wanted)

    late = Late(
        guarding.lab.refs, guarding.lab.root.path, Path("/nowhere"), job_id(OWN), guarding.lab.branch,
        guarding.before, {},
    )  # fmt: skip
    moved = late.run()
    assert (moved.restored, moved.stuck) == ([], [])
    assert guarding.value(ref) == guarding.before[ref]
