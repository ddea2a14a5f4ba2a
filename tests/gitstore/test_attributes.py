from __future__ import annotations

import os
from pathlib import Path

import pytest

from logist_ci.errors import StoreError
from logist_ci.gitstore.attributes import base_attributes, flattened
from logist_ci.gitstore.private import Setup, private_git
from logist_ci.gitstore.repository import Repository
from logist_ci.job.ids import CommitId
from logist_ci.testing.sandbox import GitSandbox

ODD = 'we*rd [x]\\ ä "q\n/!y'.encode()
FILES = {
    b".gitattributes": (
        b"\xef\xbb\xbf* text=auto\n[attr]foo eol=crlf text\n*.x foo\n*.png binary\n"
        b'"a b.txt" eol=lf\n/top.c ident\n# c\n!neg text\n\n'
    ),
    b"d/.gitattributes": (
        b"*.c text\teol=lf\n/only.h eol=crlf\nq/*.z -text\n**/deep.q ident\n"
        b'"sp ace" filter=lfs\n"\\303\\244" eol=lf\n"tab\\tbed" eol=lf\n[attr]nope text\n!bar text\n*.x !eol\nt/ text\n'
    ),
    b"d/e/.gitattributes": b"*.c -text\r\n",
    ODD + b"/.gitattributes": b"*.c eol=crlf\n/r.c working-tree-encoding=UTF-16\n",
    b"nonutf\xff/.gitattributes": b"*.c eol=crlf\n",
}
PATHS = [
    b"a.x", b"d/a.x", b"d/e/a.x", b"p.png", b"a b.txt", b"z/a b.txt", b"top.c", b"d/top.c", b"d/a.c", b"d/e/a.c",
    b"d/e/f/a.c", b"d/only.h", b"d/e/only.h", b"d/q/k.z", b"d/e/q/k.z", b"d/deep.q", b"d/1/2/deep.q", b"d/sp ace",
    b"d/e/sp ace", "d/ä".encode(), "ä".encode(), b"d/tab\tbed", b"d/bar", b"neg", b"d/t/x", b"wexrd x/!y/r.c",
    ODD + b"/k.c", ODD + b"/l/r.c", ODD + b"/r.c", ODD[:-3] + b"/k.c",
    b"nonutf\xff/a.c", b"nonutf\xff/l/a.c", b"nonutf/a.c",
]  # fmt: skip
ATTRIBUTES = ("text", "eol", "ident", "filter", "working-tree-encoding")
EVIL = b"* filter=evil text eol=crlf ident\n[attr]foo filter=evil\n[attr]binary filter=evil\n"


def asked(repo: GitSandbox) -> dict[tuple[str, str], str]:
    stdin = b"".join(path + b"\0" for path in PATHS)
    words = repo.git("check-attr", "-z", "--stdin", *ATTRIBUTES, stdin=stdin).split("\0")
    return {(path, name): value for path, name, value in zip(words[0::3], words[1::3], words[2::3], strict=False)}


def write(repo: GitSandbox, path: bytes, content: bytes) -> None:
    repo.write(path, content)


def test_one_file_says_what_all_of_them_said(repo: GitSandbox) -> None:
    for path, content in FILES.items():
        write(repo, path, content)
    wanted = asked(repo)
    assert {"crlf", "lf", "UTF-16", "lfs"} <= set(wanted.values())
    for path in FILES:
        write(repo, path, EVIL)
    (repo.path / ".git" / "info" / "attributes").write_bytes(flattened(FILES))
    assert asked(repo) == wanted


def test_without_any_file_the_worktree_still_decides_nothing(repo: GitSandbox) -> None:
    wanted = asked(repo)
    write(repo, b".gitattributes", EVIL)
    write(repo, b"d/.gitattributes", EVIL)
    (repo.path / ".git" / "info" / "attributes").write_bytes(flattened({}))
    assert asked(repo) == wanted


def test_files_further_down_come_later() -> None:
    lines = flattened({b"a/b/.gitattributes": b"x text\n", b"a/.gitattributes": b"x -text\n"}).splitlines()
    assert lines[-2:] == [b'"a/**/x" -text', b'"a/b/**/x" text']


def read(repo: GitSandbox, commit: CommitId, tmp_path: Path) -> bytes:
    repository = Repository.open(repo.path, environ=repo.environ)
    with private_git(tmp_path / "temp", repository, Setup()) as git:
        return base_attributes(repository, git, commit)


def test_they_are_read_from_a_commit(repo: GitSandbox, tmp_path: Path) -> None:
    for path, content in FILES.items():
        write(repo, path, content)
    repo.write("not.gitattributes", "* filter=no\n")
    commit = repo.commit()
    write(repo, b".gitattributes", EVIL)
    assert read(repo, commit, tmp_path) == flattened(FILES)


def test_a_link_is_no_attributes_file(repo: GitSandbox, tmp_path: Path) -> None:
    repo.write("elsewhere", "* filter=evil\n")
    os.symlink("elsewhere", repo.path / ".gitattributes")
    (repo.path / "d").mkdir()
    os.symlink("../elsewhere", repo.path / "d" / ".gitattributes")
    assert read(repo, repo.commit(), tmp_path) == flattened({})


def test_a_commit_that_is_not_there_is_an_error(repo: GitSandbox, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        read(repo, CommitId("1" * 40), tmp_path)
