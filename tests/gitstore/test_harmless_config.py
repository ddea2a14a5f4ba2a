from __future__ import annotations

import pytest

from logist_ci.gitstore.harmless_config import only_harmless_changed
from logist_ci.testing.sandbox import GitSandbox

BEFORE = b"""[core]
\trepositoryformatversion = 0
\tbare = false
# mine
[remote "origin"]
\turl = https://example.invalid/x
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
\tremote = origin
\tmerge = refs/heads/main
"""


@pytest.mark.parametrize(
    "added",
    [
        b'[branch "x"]\n\tremote = origin\n\tmerge = refs/heads/x\n',
        b'[branch "x/y z"]\n\tremote = .\n\tmerge = refs/heads/main\n\trebase = true\n',
        b"",
        b"\n; a remark\n",
        b"[branch]\n\tautoSetupRebase = always\n",
        b'[user]\n\tname = "Jane #1"\n\temail = j@example.invalid\n',
        b"[color]\n\tui = auto\n[advice]\n\tdetachedHead = false\n[Pull]\n\tRebase = true\n",
        b'[color "diff"]\n\tmeta = blue\n[diff]\n\tcolorMoved = zebra\n',
    ],
)
def test_a_branch_may_learn_what_it_tracks(added: bytes) -> None:
    assert only_harmless_changed(BEFORE, BEFORE + added)
    assert only_harmless_changed(BEFORE + added, BEFORE)


@pytest.mark.parametrize(
    "added",
    [
        b"[core]\n\tfsmonitor = evil\n",
        b"[CORE]\n\tfsmonitor = evil\n",
        b"[include]\n\tpath = evil\n",
        b'[branch "x"]\n\tremote = ext::sh -c evil\n',
        b'[branch "x"]\n\tremote = unknown\n',
        b'[branch "x"]\n\tremote = origin\n\tpushRemote = ../evil\n',
        b'[branch "x"]\n\tmergeOptions = --strategy=evil\n',
        b'[branch "x"]\n\tmerge = refs/heads/x "\n',
        b'[branch "x"]\n\trebase = interactive\n',
        b'[branch "x"]\n\tdescription = one \\\n[core]\n\tfsmonitor = evil\n',
        b'[branch "x"] remote = origin\n',
        b'[user]\n\tname = "x\n',
        b"[user]\n\tsigningKey = x\n",
        b"[core]\n\tpager = evil\n",
        b'[diff "x"]\n\talgorithm = evil\n',
        b"[unknown]\n\tname = x\n",
        b"[merge]\n\ttool = evil\n",
        b'[branch "x"]\n\tremote\n',
        b"garbage\n",
        b'[remote "origin"]\n\turl = evil\n',
        b'[alias]\n\tx = !evil\n[branch "x"]\n\tremote = origin\n',
    ],
)
def test_nothing_else_passes(added: bytes) -> None:
    assert not only_harmless_changed(BEFORE, BEFORE + added)


def test_nor_does_what_is_missing_or_moved() -> None:
    assert not only_harmless_changed(BEFORE, BEFORE.replace(b"\tbare = false\n", b""))
    assert not only_harmless_changed(BEFORE, b"\tbare = false\n" + BEFORE)
    assert not only_harmless_changed(b"", BEFORE)
    assert not only_harmless_changed(b"unreadable", b"unreadable")


def test_what_git_writes_is_understood(repo: GitSandbox, remote: GitSandbox) -> None:
    config = repo.path / ".git" / "config"
    before = config.read_bytes()
    repo.git("checkout", "-q", "-b", "topic/ä")
    repo.git("push", "-q", "-u", "origin", "topic/ä")
    repo.git("branch", "-q", "--track", "local", "main")
    assert config.read_bytes() != before
    assert only_harmless_changed(before, config.read_bytes())
    repo.git("branch", "-D", "-q", "local")
    assert only_harmless_changed(before, config.read_bytes())
    repo.git("remote", "add", "other", "x")
    assert not only_harmless_changed(before, config.read_bytes())
