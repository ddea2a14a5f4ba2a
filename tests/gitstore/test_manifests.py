from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logist_ci.errors import (
    JobStateError,
    LostRaceError,
    MissingError,
    NewerSchemaError,
    RefusedError,
    StoreError,
    UnknownJobError,
    UsageError,
)
from logist_ci.gitstore.folders import JobsRoot
from logist_ci.gitstore.manifests import ManifestStore, Stored, job_of, job_ref
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity, Repository
from logist_ci.job.codec import MANIFEST_BYTES, decode, encode
from logist_ci.job.ids import JobId, RefName, job_id
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.job.transitions import Activate, Cancel, Start, Transition, Use, Want, create
from logist_ci.job.usage import Usage
from logist_ci.testing.clock import FakeClock
from logist_ci.testing.manifests import EXAMPLE_MOMENT, example_manifest
from logist_ci.testing.sandbox import GitSandbox
from tests.privileges import needs_permissions

ID = job_id("example-000001")
START = Start(owner="host:1", now=EXAMPLE_MOMENT)
Made = Callable[[str], Stored]


def always(transition: Transition | None) -> Callable[[Manifest], Transition | None]:
    return lambda _: transition


def point(repo: GitSandbox, blob: bytes, *, name: str = "job_manifest.json", job: str = ID) -> None:
    """Let a job's reference lead to a commit whose tree has ``blob`` under ``name``."""
    stored = repo.git("hash-object", "-w", "--stdin", stdin=blob)
    tree = repo.git("mktree", stdin=f"100644 blob {stored}\t{name}\n".encode())
    repo.git("update-ref", job_ref(job_id(job)), repo.git("commit-tree", "-m", "x", tree))


def test_what_is_created_is_read_again(store: ManifestStore, job: Made) -> None:
    made = job(ID)
    assert store.read(ID) == made
    assert made.manifest.state is State.PENDING
    assert store.prompt(ID) == "Do nothing."
    assert store.ids() == [ID]


def test_a_commit_has_the_tree_and_the_names_of_the_design(repo: GitSandbox, job: Made, clock: FakeClock) -> None:
    clock.advance(60)
    made = job(ID)
    assert repo.git("ls-tree", "--name-only", made.commit).splitlines() == ["job_manifest.json", "prompt.md"]
    assert decode(repo.git("show", f"{made.commit}:job_manifest.json").encode()) == made.manifest
    fields = repo.git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%aI|%cI|%P|%B", made.commit).split("|")
    person = "Test Person <person@example.invalid>"
    moment = "2026-01-01T00:01:00+00:00"
    assert fields == [person, person, moment, moment, "", "example-000001: new → PENDING\n"]


def test_each_change_is_a_commit_with_one_parent(repo: GitSandbox, store: ManifestStore, job: Made) -> None:
    first = job(ID)
    second = store.change(ID, always(START), note="taken\nup")
    assert second.manifest.state is State.PROVISIONING
    log = repo.git("log", "--format=%H %P|%s", job_ref(ID)).splitlines()
    assert log == [
        f"{second.commit} {first.commit}|example-000001: PENDING → PROVISIONING (taken up)",
        f"{first.commit} |example-000001: new → PENDING",
    ]
    assert store.prompt(ID) == "Do nothing."
    repo.git("fsck", "--strict")


def test_nothing_is_stored_where_nothing_changes(store: ManifestStore, job: Made) -> None:
    made = job(ID)
    assert store.change(ID, always(None)) == made
    assert store.change(ID, always(Want(wanted=None))) == made
    assert store.read(ID).commit == made.commit


def test_what_the_table_forbids_writes_nothing(store: ManifestStore, job: Made) -> None:
    made = job(ID)
    with pytest.raises(JobStateError, match="not allowed"):
        store.change(ID, always(Activate()))
    assert store.read(ID) == made


def test_a_lost_race_decides_again(store: ManifestStore, job: Made) -> None:
    job(ID)
    seen: list[State] = []

    def decide(manifest: Manifest) -> Transition:
        if not seen:
            store.change(ID, always(Use(usage=Usage(tokens=5))), note="meanwhile")
        seen.append(manifest.state)
        return Cancel()

    after = store.change(ID, decide)
    assert seen == [State.PENDING, State.PENDING]
    assert (after.manifest.state, after.manifest.usage.tokens) == (State.CANCELED, 5)
    assert [entry.message for entry in store.history(ID)][1] == f"{ID}: PENDING (meanwhile)"


def test_an_id_is_taken_once(store: ManifestStore, job: Made) -> None:
    made = job(ID)
    with pytest.raises(RefusedError, match="exists already"):
        job(ID)
    store.archive(ID, "2026-01")
    with pytest.raises(RefusedError, match="exists already"):
        job(ID)
    assert store.read_archived(ID) == made


def test_an_unknown_job_is_said(store: ManifestStore) -> None:
    for ask in (store.read, store.prompt, store.history, store.read_archived, store.restore_archived):
        with pytest.raises(UnknownJobError, match="example-000001"):
            ask(ID)
    with pytest.raises(UnknownJobError):
        store.change(ID, always(Cancel()))


DEFECTS = {
    "no JSON": (b"not JSON", "damaged"),
    "cut off": (encode(create(example_manifest()))[:-100], "damaged"),
    "not UTF-8": (b'{"schema": 1, "id": "\xff"}', "damaged"),
    "foreign": (b'{"name": "package.json"}', "not one of Logist CI's"),
    "another job's": (encode(create(example_manifest("other-000001"))), "is the one of other-000001"),
    "too large": (b" " * (MANIFEST_BYTES + 1), "more than 16000000 are not read"),
    "empty": (b"", "damaged"),
}


@pytest.mark.parametrize(("blob", "words"), DEFECTS.values(), ids=DEFECTS)
def test_a_damaged_manifest_is_named(repo: GitSandbox, store: ManifestStore, blob: bytes, words: str) -> None:
    point(repo, blob)
    with pytest.raises(JobStateError, match=words):
        store.read(ID)
    assert store.ids() == [ID]


def test_a_newer_manifest_asks_for_an_upgrade(repo: GitSandbox, store: ManifestStore) -> None:
    point(repo, b'{"schema": 99, "whatever": true}')
    with pytest.raises(NewerSchemaError) as refusal:
        store.change(ID, always(Cancel()))
    assert "upgrade" in refusal.value.hint


def test_a_reference_to_something_else_is_named(repo: GitSandbox, store: ManifestStore) -> None:
    ref, head = job_ref(ID), repo.head()
    repo.git("tag", "-a", "-m", "x", "v1")
    for revision, words in (("HEAD:README.md", "a blob"), ("HEAD^{tree}", "a tree"), ("v1", "a tag")):
        # Git itself refuses such a thing below refs/heads only.
        repo.git("update-ref", ref, repo.git("rev-parse", revision))
        with pytest.raises(JobStateError, match=words):
            store.read(ID)
    repo.git("update-ref", ref, head)
    with pytest.raises(JobStateError, match=r"holds no job_manifest\.json"):
        store.read(ID)


def test_a_folder_in_the_manifests_place_is_named(repo: GitSandbox, store: ManifestStore) -> None:
    tree = repo.git("mktree", stdin=f"040000 tree {repo.git('rev-parse', 'HEAD^{tree}')}\tjob_manifest.json\n".encode())
    repo.git("update-ref", job_ref(ID), repo.git("commit-tree", "-m", "x", tree))
    with pytest.raises(JobStateError, match=r"should be job_manifest\.json"):
        store.read(ID)


@pytest.mark.parametrize("part", ["", "^{tree}", ":job_manifest.json"])
def test_a_missing_object_is_named(repo: GitSandbox, store: ManifestStore, job: Made, part: str) -> None:
    lost = repo.git("rev-parse", f"{job(ID).commit}{part}")
    (repo.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()
    with pytest.raises(JobStateError, match="missing"):
        ManifestStore(RefStore(reopened(repo)), Identity("x", "y"), FakeClock()).read(ID)


def reopened(repo: GitSandbox) -> Repository:
    return Repository.open(repo.path, environ=repo.environ)


def test_a_corrupt_object_is_named(repo: GitSandbox, job: Made) -> None:
    blob = repo.git("rev-parse", f"{job(ID).commit}:job_manifest.json")
    file = repo.path / ".git" / "objects" / blob[:2] / blob[2:]
    file.chmod(0o644)
    file.write_bytes(b"garbage")
    with pytest.raises(JobStateError, match="damaged"):
        ManifestStore(RefStore(reopened(repo)), Identity("x", "y"), FakeClock()).read(ID)


def test_a_manifest_without_a_prompt_can_still_change(repo: GitSandbox, store: ManifestStore) -> None:
    point(repo, encode(create(example_manifest())))
    with pytest.raises(JobStateError, match=r"holds no prompt\.md"):
        store.prompt(ID)
    assert store.change(ID, always(Cancel())).manifest.state is State.CANCELED
    assert store.prompt(ID) == ""


def test_names_that_are_no_ids_never_reach_a_reference(store: ManifestStore) -> None:
    for name in ("../x", "A", "a--b", "a" * 49, "", "a.lock"):
        with pytest.raises(UsageError):
            store.read(JobId(name))
    assert job_of(RefName("refs/logist/jobs/Not_An_Id")) is None


def test_foreign_references_are_no_jobs(repo: GitSandbox, store: ManifestStore, job: Made) -> None:
    job(ID)
    for name in ("Not_An_Id", "deep/er", "a--b"):
        repo.git("update-ref", f"refs/logist/jobs/{name}", "HEAD")
    assert store.ids() == [ID]


def test_a_job_is_found_by_its_beginning(store: ManifestStore, job: Made) -> None:
    for name in ("fix-login-aaa111", "fix-logout-bbb222", "fix"):
        job(name)
    assert store.find("fix-logi") == "fix-login-aaa111"
    # An id that begins others is itself.
    assert store.find("fix") == "fix"
    with pytest.raises(UnknownJobError, match="several") as refusal:
        store.find("fix-log")
    assert refusal.value.hint == "Say which: fix-login-aaa111, fix-logout-bbb222"
    with pytest.raises(UnknownJobError) as refusal:
        store.find("fixlogin-aaa111")
    assert "fix-login-aaa111" in refusal.value.hint
    for nonsense in ("", "zzz", "FIX", "a" * 500, "\n"):
        with pytest.raises(UnknownJobError, match="There is no job"):
            store.find(nonsense)


def test_many_candidates_are_cut(store: ManifestStore, job: Made) -> None:
    for number in range(12):
        job(f"job-{number:06}")
    with pytest.raises(UnknownJobError) as refusal:
        store.find("job")
    assert refusal.value.hint.endswith("job-000009 and 2 more")


def test_the_last_job_is_the_newest(repo: GitSandbox, store: ManifestStore) -> None:
    with pytest.raises(UnknownJobError, match="no job yet"):
        store.find("@last")
    for name, age in (("b-old", 2), ("c-new", 1), ("a-older", 3)):
        created_at = EXAMPLE_MOMENT - timedelta(days=age)
        store.create(create(example_manifest(name, created_at=created_at)), prompt="")
    point(repo, b"damaged", job="z-damaged")
    assert store.find("@last") == "c-new"


def test_history_is_newest_first(store: ManifestStore, job: Made, clock: FakeClock) -> None:
    job(ID)
    clock.advance(5)
    last = store.change(ID, always(START))
    entries = store.history(ID)
    assert [(entry.state, entry.at.second) for entry in entries] == [(State.PROVISIONING, 5), (State.PENDING, 0)]
    assert entries[0].commit == last.commit
    assert entries[0].at == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)


def test_history_survives_damage(repo: GitSandbox, store: ManifestStore, job: Made) -> None:
    made = job(ID)
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b'{"state": "NOWHERE"}')
    tree = repo.git("mktree", stdin=f"100644 blob {blob}\tjob_manifest.json\n".encode())
    repo.git("update-ref", job_ref(ID), repo.git("commit-tree", "-m", "x", "-p", made.commit, tree))
    assert [entry.state for entry in store.history(ID)] == [None, State.PENDING]


def test_history_ends_where_a_shallow_clone_does(
    repo: GitSandbox, store: ManifestStore, job: Made, tmp_path: Path
) -> None:
    job(ID)
    store.change(ID, always(START))
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", tmp_path / "shallow")
    repo.git("fetch", "-q", "--depth", "1", "origin", f"{job_ref(ID)}:{job_ref(ID)}", at=tmp_path / "shallow")
    clone = RefStore(Repository.open(tmp_path / "shallow", environ=repo.environ))
    copied = ManifestStore(clone, Identity("x", "y@example.invalid"), FakeClock())
    assert len(copied.history(ID)) == 1
    assert copied.change(ID, always(Want(wanted="cancel"))).manifest.wanted == "cancel"


def test_a_job_is_removed_by_what_was_seen_last(store: ManifestStore, job: Made) -> None:
    made = job(ID)
    changed = store.change(ID, always(START))
    with pytest.raises(LostRaceError):
        store.remove(ID, made.commit)
    store.remove(ID, changed.commit)
    assert store.ids() == []


def test_the_readable_copy_follows(store: ManifestStore, root: JobsRoot, job: Made) -> None:
    folder = root.folder(ID)
    job(ID)
    # Creating makes no folder: that is for the first run.
    assert not folder.base.exists()
    folder.make()
    after = store.change(ID, always(START))
    assert decode(folder.manifest_copy.read_bytes()) == after.manifest


def test_a_copy_that_cannot_be_written_fails_nothing(store: ManifestStore, root: JobsRoot, job: Made) -> None:
    job(ID)
    root.folder(ID).make()
    root.folder(ID).manifest_copy.mkdir()
    assert store.change(ID, always(START)).manifest.state is State.PROVISIONING


def test_prompts_may_have_any_characters(store: ManifestStore) -> None:
    prompt = "grün\n\0\udcff → done"
    store.create(create(example_manifest()), prompt=prompt)
    assert store.prompt(ID) == prompt.replace("\udcff", "\ufffd")


def test_a_broken_repository_is_said(repo: GitSandbox, store: ManifestStore, job: Made) -> None:
    shutil.rmtree(repo.path / ".git" / "objects")
    (repo.path / ".git" / "objects").touch()
    with pytest.raises((StoreError, MissingError), match="Logist CI could not"):
        job(ID)


@needs_permissions
def test_a_read_only_repository_is_said(repo: GitSandbox, store: ManifestStore, job: Made) -> None:
    for folder in (repo.path / ".git").rglob("*"):
        if folder.is_dir():
            folder.chmod(0o555)
    (repo.path / ".git").chmod(0o555)
    try:
        with pytest.raises(MissingError, match="Logist CI could not"):
            job(ID)
    finally:
        for folder in (repo.path / ".git", *(repo.path / ".git").rglob("*")):
            if folder.is_dir():
                folder.chmod(0o755)
