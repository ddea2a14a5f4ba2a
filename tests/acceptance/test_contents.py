"""What agents do to files, and names and contents that trip programs up."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from logist_ci.testing import GitSandbox
from tests.acceptance.program import Program
from tests.acceptance.working import ADD, changes, content, work

ODD_NAMES = [
    b"with space.txt",
    b"'quoted' \"twice\".txt",
    b"new\nline.txt",
    b"not-utf8-\xff\xfe.txt",
    b"-rf",
    b"$(touch canary)`touch canary`.txt",
    b"back\\slash\ttab.txt",
    "\N{LATIN SMALL LETTER U WITH DIAERESIS}\N{SNOWMAN}.txt".encode(),
]


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are not UTF-8 need a file system that has them")
def test_file_names_are_bytes(logist: Program, repo: GitSandbox) -> None:
    for name in ODD_NAMES:
        repo.write(b"changed/" + name, "before\n")
        repo.write(b"deleted/" + name, "before\n")
    repo.commit("Odd names")

    job = work(
        logist,
        repo,
        'for file in changed/*; do echo after >> "$file"; cp -- "$file" "added-${file#changed/}"; done; rm -rf deleted',
    )

    expected = [
        *(b"M changed/" + name for name in ODD_NAMES),
        *(b"D deleted/" + name for name in ODD_NAMES),
        *(b"A added-" + name for name in ODD_NAMES),
    ]
    assert sorted(map(os.fsencode, changes(repo, job))) == sorted(expected)
    assert not list(repo.path.rglob("canary"))
    logist("diff", job["id"], at=repo.path)
    logist("status", job["id"], at=repo.path)
    logist("apply", job["id"], at=repo.path)
    assert (repo.path / os.fsdecode(b"changed/" + ODD_NAMES[3])).read_text() == "before\nafter\n"


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are not UTF-8 need a file system that has them")
@pytest.mark.parametrize("name", [b"sp ace 'q' \"qq\"", b"new\nline", b"not-utf8-\xff", b"-dash", b"$HOME;true"])
def test_the_repository_may_lie_anywhere(logist: Program, tmp_path: Path, git_env: dict[str, str], name: bytes) -> None:
    repository = GitSandbox.create(tmp_path / os.fsdecode(name), git_env)
    repository.write("file.txt", "file\n")
    repository.commit()

    job = work(logist, repository, ADD, "--check", "test -f added.txt")

    assert changes(repository, job) == ["A added.txt"]
    shown = logist("path", job["id"], "base", at=repository.path).out
    assert os.fsencode(shown).startswith(os.fsencode(repository.path))
    logist("cleanup", job["id"], "--force", at=repository.path)


def test_every_kind_of_change(logist: Program, repo: GitSandbox) -> None:
    repo.write(".gitignore", "ignored/\n")
    for name in ("changed.txt", "deleted.txt", "renamed.txt", "tool.sh", "retyped"):
        repo.write(name, f"{name}\n" * 20)
    repo.commit("Files")

    job = work(
        logist,
        repo,
        """
        echo more >> changed.txt
        rm deleted.txt
        mkdir deep; mv renamed.txt deep/moved.txt
        chmod +x tool.sh
        rm retyped; ln -s changed.txt retyped
        ln -s /nowhere/at/all dangling
        printf '\\000\\001\\377binary' > blob
        : > empty
        mkdir -p ignored void; echo x > ignored/x
        """,
    )

    assert changes(repo, job) == [
        "A blob",
        "M changed.txt",
        "A dangling",
        "A deep/moved.txt",
        "D deleted.txt",
        "A empty",
        "D renamed.txt",
        "T retyped",
        "M tool.sh",
    ]
    assert content(repo, job, "blob") == b"\0\1\xffbinary"
    assert content(repo, job, "dangling") == b"/nowhere/at/all"
    tree = repo.git("ls-tree", f"refs/heads/{job['source']['branch']}")
    assert "100755 blob" in next(line for line in tree.splitlines() if line.endswith("\ttool.sh"))
    assert job["result"]["files"] >= 8


def test_line_endings_as_the_attributes_say(logist: Program, repo: GitSandbox) -> None:
    repo.write(".gitattributes", "*.txt text eol=crlf\n*.sh text eol=lf\n*.dat -text\n")
    repo.write("dos.txt", "one\r\ntwo\r\n")
    repo.write("raw.dat", "one\r\ntwo\n")
    repo.commit("Attributes")
    assert repo.git("show", "HEAD:dos.txt") == "one\ntwo"

    job = work(
        logist,
        repo,
        "test $(tr -dc '\\r' < dos.txt | wc -c) = 2; printf 'three\\r\\n' >> dos.txt; printf 'three\\r\\n' >> raw.dat",
    )

    assert changes(repo, job) == ["M dos.txt", "M raw.dat"]
    assert content(repo, job, "dos.txt") == b"one\ntwo\nthree"
    assert content(repo, job, "raw.dat") == b"one\r\ntwo\nthree\r"


def test_line_endings_as_the_user_configured(logist: Program, repo: GitSandbox) -> None:
    repo.git("config", "core.autocrlf", "true")
    repo.write("dos.txt", "one\r\ntwo\r\n")
    repo.commit("Converted")
    assert repo.git("show", "HEAD:dos.txt") == "one\ntwo"

    job = work(logist, repo, "test $(tr -dc '\\r' < dos.txt | wc -c) = 2; printf 'three\\r\\n' >> dos.txt")

    assert changes(repo, job) == ["M dos.txt"]
    assert content(repo, job, "dos.txt") == b"one\ntwo\nthree"


def test_working_tree_encoding(logist: Program, repo: GitSandbox) -> None:
    repo.write(".gitattributes", "*.txt text working-tree-encoding=UTF-16LE-BOM eol=lf\n")
    text = "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n\n"
    repo.write("wide.txt", b"\xff\xfe" + text.encode("utf-16-le"))
    repo.commit("Wide")
    assert repo.git("show", "HEAD:wide.txt") == text.rstrip()

    job = work(logist, repo, "head -c 2 wide.txt | od -An -tx1 | grep -q 'ff fe'; printf 'x\\000\\n\\000' >> wide.txt")

    assert changes(repo, job) == ["M wide.txt"]
    assert content(repo, job, "wide.txt").decode() == f"{text}x"
