from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from logist_ci.gitstore.checkout_settings import CheckoutSettings, absolute_path, checkout_settings
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox


def read(repo: GitSandbox, at: Path | None = None, **environ: str) -> CheckoutSettings:
    repository = Repository.open(at or repo.path, environ={**repo.environ, **environ})
    return checkout_settings(repository)


def test_harmless_words_are_taken_over(repo: GitSandbox) -> None:
    for key, value in (("autocrlf", "Input"), ("eol", "crlf"), ("ignorecase", "yes"), ("symlinks", "off")):
        repo.git("config", f"core.{key}", value)
    repo.git("config", "core.filemode", "false")
    assert read(repo).lines() == [
        ("core.autocrlf", "input"),
        ("core.eol", "crlf"),
        ("core.filemode", "false"),
        ("core.symlinks", "false"),
        ("core.ignorecase", "true"),
    ]


def test_nothing_that_names_a_program_or_a_place_is(repo: GitSandbox) -> None:
    for key in ("fsmonitor", "hooksPath", "sshCommand", "editor", "pager", "askPass", "safecrlf"):
        repo.git("config", f"core.{key}", "true" if key == "safecrlf" else f"{repo.path}/evil")
    repo.git("config", "core.eol", "sh -c evil")
    assert [key for key, _ in read(repo).lines()] == ["core.filemode"]


def test_values_from_a_record_are_checked_again() -> None:
    forged = {"core.fsmonitor": "evil", "core.eol": 'lf"\n[alias]', "core.autocrlf": "input"}
    assert CheckoutSettings(core=forged).lines() == [("core.autocrlf", "input")]


def test_ignore_rules_and_attributes_of_the_user_come_along(repo: GitSandbox) -> None:
    home = Path(repo.environ["HOME"])
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "ignore").write_text("*.global\n", encoding="utf-8")
    (home / "attributes").write_text("*.g text\n", encoding="utf-8")
    repo.git("config", "--global", "core.attributesFile", "~/attributes")
    repo.write(".git/info/exclude", "*.own\n")
    repo.write(".git/info/attributes", "*.o text\n")
    found = read(repo)
    assert (found.excludes, found.global_excludes) == (b"*.own\n", b"*.global\n")
    assert (found.attributes, found.global_attributes) == (b"*.o text\n", b"*.g text\n")


def test_a_relative_file_of_the_users_is_not_looked_up_in_the_worktree(repo: GitSandbox) -> None:
    repo.git("config", "core.excludesFile", "rules")
    repo.write("rules", "*\n")
    assert read(repo).global_excludes == b""


def test_without_a_home_there_are_no_files_of_the_users(repo: GitSandbox) -> None:
    repository = Repository.open(repo.path, environ={"PATH": repo.environ["PATH"]})
    assert checkout_settings(repository).global_excludes == b""


def test_a_folder_where_a_file_should_be_holds_nothing(repo: GitSandbox) -> None:
    (repo.path / "folder").mkdir()
    repo.git("config", "core.excludesFile", str(repo.path / "folder"))
    assert read(repo).global_excludes == b""


def test_a_sparse_checkout_brings_its_patterns(repo: GitSandbox) -> None:
    assert read(repo).sparse is None
    repo.write("docs/page", "x")
    repo.commit()
    repo.git("sparse-checkout", "set", "docs")
    found = read(repo)
    assert found.sparse is not None
    assert b"/docs/" in found.sparse
    assert found.cone
    assert found.lines()[-2:] == [("core.sparsecheckout", "true"), ("core.sparsecheckoutcone", "true")]
    repo.git("sparse-checkout", "set", "--no-cone", "/*.md")
    assert read(repo).lines()[-1] == ("core.sparsecheckoutcone", "false")


@pytest.mark.parametrize(
    ("installed", "set_up", "used"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_lfs_takes_the_program_and_the_users_word(
    repo: GitSandbox, tmp_path: Path, installed: bool, set_up: bool, used: bool
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    git = shutil.which("git", path=repo.environ["PATH"])
    assert git is not None
    (programs / "git").symlink_to(git)
    if installed:
        (programs / "git-lfs").write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / "git-lfs").chmod(0o755)
    if set_up:
        repo.git("config", "filter.lfs.clean", "something of the user's")
    assert read(repo, PATH=str(programs)).lfs is used


@pytest.mark.parametrize(("key", "value"), [("remote.origin.promisor", "true"), ("extensions.partialClone", "origin")])
def test_a_partial_clone_may_miss_objects(repo: GitSandbox, key: str, value: str) -> None:
    assert not read(repo).missing
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", key, value)
    assert read(repo).missing


def test_programs_are_not_looked_for_in_the_worktree() -> None:
    assert absolute_path({"PATH": "/a::.:bin:/b/c"}) == "/a:/b/c"
    assert absolute_path({}) == ":".join(folder for folder in os.defpath.split(":") if folder.startswith("/"))
