from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.errors import MissingError, StoreError
from logist_ci.gitstore.configuration import Configuration, Setting, read_configuration, without_credentials
from logist_ci.gitstore.repository import Repository
from logist_ci.testing.sandbox import GitSandbox


def test_the_last_one_counts() -> None:
    lines = [("a.b", "1"), ("a.c", "2"), ("a.b", "3")]
    settings = Configuration(tuple(Setting(name, value, "local", "x") for name, value in lines))
    assert settings.value("a.b") == "3"
    assert settings.value("a.none") is None
    assert [setting.value for setting in settings.below("a.b")] == ["1", "3"]


def test_the_configuration_says_where_each_value_comes_from(repo: GitSandbox, repository: Repository) -> None:
    repo.git("config", "core.autocrlf", "input")
    repo.git("config", "Mixed.Sub Name.Key", "a\nb")
    settings = repository.configuration()
    found = {setting.name: setting for setting in settings.settings}
    assert (found["core.autocrlf"].scope, found["core.autocrlf"].value) == ("local", "input")
    assert found["user.name"].origin == str(Path(repo.environ["HOME"]) / ".gitconfig")
    assert settings.value("mixed.Sub Name.key") == "a\nb"
    assert [setting.name for setting in settings.below("mixed.")] == ["mixed.Sub Name.key"]


def test_flags_are_read_as_git_reads_them(repo: GitSandbox, repository: Repository) -> None:
    with (repo.path / ".git" / "config").open("a") as config:
        config.write("[a]\n\tbare\n\toff = no\n\ton = YES\n\tempty =\n")
    settings = repository.configuration()
    assert [settings.flag(f"a.{name}") for name in ("bare", "off", "on", "empty", "none")] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert settings.flag("a.none", default=True)


def test_worktrees_may_have_settings_of_their_own(repo: GitSandbox, tmp_path: Path) -> None:
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("worktree", "add", "-q", tmp_path / "linked")
    repo.git("config", "--worktree", "a.b", "linked", at=tmp_path / "linked")
    linked = Repository.open(tmp_path / "linked", environ=repo.environ).configuration()
    assert linked.value("a.b") == "linked"
    assert next(linked.below("a.")).scope == "worktree"
    assert Repository.open(repo.path, environ=repo.environ).configuration().value("a.b") is None


def test_includes_are_followed(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "more").write_text("[a]\n\tb = more\n")
    repo.git("config", "include.path", str(tmp_path / "more"))
    repo.git("config", "includeIf.onbranch:main.path", str(tmp_path / "more"))
    found = list(repository.configuration().below("a."))
    assert [(setting.value, setting.origin) for setting in found] == [("more", str(tmp_path / "more"))] * 2


def test_it_stays_what_it_was_when_it_was_first_read(repo: GitSandbox, repository: Repository) -> None:
    assert repository.configuration().value("a.b") is None
    repo.git("config", "a.b", "changed by an agent")
    assert repository.configuration().value("a.b") is None


def test_reading_it_runs_nothing(repo: GitSandbox, repository: Repository, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path / 'canary'}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "core.pager", "pager.config", "core.editor", "alias.config", "core.sshCommand"):
        repo.git("config", key, str(script))
    assert repository.configuration().value("core.pager") == str(script)
    assert not (tmp_path / "canary").exists()


def test_a_damaged_configuration_says_where(repo: GitSandbox, repository: Repository) -> None:
    with (repo.path / ".git" / "config").open("a") as config:
        config.write("[broken\n")
    with pytest.raises(StoreError, match="bad config line"):
        repository.configuration()


def test_without_git_there_is_no_configuration(repo: GitSandbox, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="git"):
        read_configuration(repo.path / ".git", {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@example.invalid/a.git", "https://example.invalid/a.git"),
        ("https://token@example.invalid:8443/a.git", "https://example.invalid:8443/a.git"),
        ("HTTP://a:b@c@example.invalid", "HTTP://example.invalid"),
        ("https://example.invalid/a@b.git", "https://example.invalid/a@b.git"),
        ("https://[bad@example.invalid", "https://example.invalid"),
        ("git@example.invalid:a.git", "git@example.invalid:a.git"),
        ("ssh://git@example.invalid/a.git", "ssh://git@example.invalid/a.git"),
        ("/srv/with space/a@b.git", "/srv/with space/a@b.git"),
        ("", ""),
    ],
)
def test_addresses_are_shown_without_passwords(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
