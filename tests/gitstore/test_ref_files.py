from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logist_ci.gitstore.ref_files import ref_contents
from logist_ci.testing.sandbox import GitSandbox

WORDS = st.text("abc-é#", min_size=1, max_size=4).filter(lambda word: not word.startswith("-"))


def listed(repo: GitSandbox, prefix: str = "refs/") -> dict[str, bytes]:
    return ref_contents(repo.path / ".git", prefix)


def as_git_lists(repo: GitSandbox, prefix: str = "refs/") -> dict[str, bytes]:
    lines = repo.git("for-each-ref", "--format=%(objectname) %(refname)", prefix).splitlines()
    return {name: value.encode() for value, _, name in (line.partition(" ") for line in lines)}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(packed=st.sets(WORDS, max_size=5), loose=st.sets(WORDS, max_size=5), gone=st.sets(WORDS, max_size=3))
def test_they_are_what_git_lists(repo: GitSandbox, packed: set[str], loose: set[str], gone: set[str]) -> None:
    repo.write("more.txt", repo.git("rev-parse", "HEAD"))
    first, second = repo.head(), repo.commit()

    def update(names: set[str], action: str) -> None:
        repo.git(
            "update-ref", "--stdin", stdin="".join(action.replace("NAME", name) for name in sorted(names)).encode()
        )

    update(packed, f"update refs/x/deep/NAME {first}\n")
    repo.git("pack-refs", "--all")
    update(loose, f"update refs/x/deep/NAME {second}\n")
    update(gone & (packed | loose), "delete refs/x/deep/NAME\n")
    assert listed(repo) == as_git_lists(repo)
    assert listed(repo, "refs/x/") == as_git_lists(repo, "refs/x/")
    update((packed | loose) - gone, "delete refs/x/deep/NAME\n")


def test_a_prefix_is_a_folder(repo: GitSandbox) -> None:
    for name in ("refs/heads/topic", "refs/heads/topics/one", "refs/heads/to/pic"):
        repo.git("update-ref", name, "HEAD")
    for _ in range(2):
        assert set(listed(repo, "refs/heads/to")) == {"refs/heads/to/pic"}
        assert set(listed(repo, "refs/heads/topics/")) == {"refs/heads/topics/one"}
        assert listed(repo, "refs/heads/topic/") == {}
        repo.git("pack-refs", "--all")


def test_there_may_be_none(tmp_path: Path, git_env: dict[str, str]) -> None:
    empty = GitSandbox.create(tmp_path / "empty", git_env)
    assert listed(empty) == {}
    assert ref_contents(tmp_path / "nowhere", "refs/") == {}


def test_annotated_tags_are_themselves(repo: GitSandbox) -> None:
    repo.git("tag", "-a", "-m", "First", "v1")
    repo.git("pack-refs", "--all")
    # The packed file has a second line for the commit that the tag means.
    assert "^" in (repo.path / ".git" / "packed-refs").read_text()
    assert listed(repo, "refs/tags/") == {"refs/tags/v1": repo.git("rev-parse", "v1").encode()}


def test_files_that_are_no_references_do_no_harm(repo: GitSandbox) -> None:
    folder = repo.path / ".git" / "refs" / "logist"
    folder.mkdir()
    (folder / "busy.lock").touch()
    (folder / "large").write_bytes(b"x" * 1_000_000)
    (folder / "dangling").symlink_to("nowhere")
    (folder / "folder-link").symlink_to(repo.path)
    (folder / "file-link").symlink_to(repo.path / ".git" / "refs" / "heads" / "main")
    found = listed(repo, "refs/logist/")
    assert len(found.pop("refs/logist/large")) <= 4096
    assert found == dict.fromkeys(("refs/logist/dangling", "refs/logist/file-link", "refs/logist/folder-link"), b"")


def test_a_pipe_is_not_waited_for(repo: GitSandbox) -> None:
    folder = repo.path / ".git" / "refs" / "logist"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    assert listed(repo, "refs/logist/") == {"refs/logist/pipe": b""}


def test_names_may_have_any_bytes(repo: GitSandbox) -> None:
    head = repo.head()
    (repo.path / ".git" / "refs" / "heads" / os.fsdecode(b"\xff")).write_text(f"{head}\n")
    assert listed(repo, "refs/heads/")["refs/heads/\udcff"] == head.encode()
