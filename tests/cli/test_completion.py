from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.cli.completion import complete
from logist_ci.cli.session import Invocation
from logist_ci.cli.stopping import Stopper
from logist_ci.cli.terminal import Terminal
from logist_ci.testing import GitSandbox
from tests.cli.conftest import Cli, Screen, succeeded
from tests.cli.test_main import called


def invocation(at: Path, **environ: str) -> Invocation:
    return Invocation(Terminal(Screen(), Screen(), Screen(), environ=environ), Stopper(), at)


def offered(repo: GitSandbox, line: str, *, shell: str = "bash", at: Path | None = None) -> list[str]:
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = called(at=at or repo.path, environ={**repo.environ, **asked, "_LOGIST_CI_COMPLETE": f"complete_{shell}"})
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().split()


def test_commands_are_offered(repo: GitSandbox) -> None:
    assert offered(repo, "logist-ci st") == ["step", "status", "stats", "stop"]
    assert offered(repo, "logist-ci nonsens") == []


def test_options_of_the_command_are_offered(repo: GitSandbox) -> None:
    assert "--limit" in offered(repo, "logist-ci run --")
    assert "--merged" in offered(repo, "logist-ci cleanup --m")


def test_jobs_are_offered_where_one_is_expected(cli: Cli, repo: GitSandbox) -> None:
    for name in ("fix-login", "fix-logout", "other"):
        succeeded(cli("create", "--id", name, "--", "true"))
    assert offered(repo, "logist-ci status fix") == ["fix-login", "fix-logout"]
    assert offered(repo, "logist-ci cancel o") == ["other"]
    assert offered(repo, "logist-ci run --job fix-logi") == ["fix-login"]
    assert offered(repo, "logist-ci diff @") == ["@last"]


def test_no_repository_has_no_jobs_to_offer(repo: GitSandbox, tmp_path: Path) -> None:
    assert offered(repo, "logist-ci status fix", at=tmp_path) == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_ask_in_their_own_way(repo: GitSandbox, shell: str) -> None:
    assert any("cleanup" in word for word in offered(repo, "logist-ci clean", shell=shell))
    assert any("--dry-run" in word for word in offered(repo, "logist-ci cleanup --dry", shell=shell))


def test_half_written_quotes_are_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environ = {"COMP_WORDS": 'logist-ci run "half', "COMP_CWORD": "2", "_LOGIST_CI_COMPLETE": "complete_bash"}
    assert complete(["--help"], invocation(tmp_path, **environ)) == 0
    assert "run" in capsys.readouterr().out
