from __future__ import annotations

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pygit2.enums import FileMode

from logist_ci.gitstore.patches import fingerprint, touched
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox

Files = dict[str, bytes]
LINES = st.lists(st.sampled_from([b"a", b"b", b" a", b"", b"a\r"]), max_size=5).map(b"\n".join)
CONTENTS = st.one_of(LINES, LINES.map(lambda text: text + b"\n"), st.binary(max_size=6))
TREES = st.dictionaries(st.sampled_from(["x", "y", "z"]), CONTENTS, max_size=3)


def tree(repository: Repository, files: Files, *, mode: FileMode = FileMode.BLOB) -> pygit2.Tree:
    raw = repository.raw
    builder = raw.TreeBuilder()
    for name, content in files.items():
        builder.insert(name, raw.create_blob(content), mode)
    return raw[builder.write()].peel(pygit2.Tree)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=TREES, one=TREES, two=TREES)
def test_only_the_same_change_has_the_same_fingerprint(
    repository: Repository, before: Files, one: Files, two: Files
) -> None:
    base, first, second = (tree(repository, files) for files in (before, one, two))
    assert (fingerprint(base, first) == fingerprint(base, second)) == (one == two)
    assert touched(base, first) == {
        name.encode() for name in before.keys() | one.keys() if before.get(name) != one.get(name)
    }


LONG = [b"line %d" % number for number in range(40)]


def lines(*changes: tuple[int, bytes]) -> bytes:
    content = list(LONG)
    for place, text in changes:
        content[place] = text
    return b"\n".join(content) + b"\n"


def test_changes_far_away_do_not_matter(repository: Repository) -> None:
    mine = (tree(repository, {"x": lines()}), tree(repository, {"x": lines((30, b"mine"))}))
    moved = b"more\nand more\n" + lines((2, b"theirs"))
    theirs = (
        tree(repository, {"x": moved, "other": b"x"}),
        tree(repository, {"x": moved.replace(b"line 30\n", b"mine\n"), "other": b"x"}),
    )
    assert fingerprint(*mine) == fingerprint(*theirs)


def test_changes_nearby_matter(repository: Repository) -> None:
    mine = (tree(repository, {"x": lines()}), tree(repository, {"x": lines((30, b"mine"))}))
    near = lines((29, b"theirs"))
    theirs = (tree(repository, {"x": near}), tree(repository, {"x": near.replace(b"line 30\n", b"mine\n")}))
    assert fingerprint(*mine) != fingerprint(*theirs)


def test_modes_matter(repository: Repository) -> None:
    plain, executable = (tree(repository, {"x": b"x"}, mode=mode) for mode in (FileMode.BLOB, FileMode.BLOB_EXECUTABLE))
    empty = tree(repository, {})
    assert fingerprint(empty, plain) != fingerprint(empty, executable)
    assert fingerprint(plain, executable) != fingerprint(plain, plain)


@pytest.mark.parametrize(
    ("one", "two"), [(b"a b\n", b"ab\n"), (b"a\n", b"a"), (b"a\r\n", b"a\n"), (b"\ta\n", b"  a\n")]
)
def test_white_space_matters(repository: Repository, repo: GitSandbox, one: bytes, two: bytes) -> None:
    empty, first, second = (tree(repository, files) for files in ({}, {"x": one}, {"x": two}))
    assert fingerprint(empty, first) != fingerprint(empty, second)


def test_attributes_of_an_agent_hide_nothing(repository: Repository, repo: GitSandbox) -> None:
    # As "binary" the lines would not be looked at; the ids of the contents are then.
    repo.write(".gitattributes", "* binary\n")
    (repo.path / ".git" / "info" / "attributes").write_text("* -diff\n")
    empty, first, second = (tree(repository, files) for files in ({}, {"x": b"one\n"}, {"x": b"two\n"}))
    assert fingerprint(empty, first) != fingerprint(empty, second)
