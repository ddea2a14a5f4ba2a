"""What must be refused: one clear paragraph on stderr, the right exit status, and nothing half-written."""

from __future__ import annotations

from pathlib import Path

import pytest

from logist_ci.job.codec import encode
from logist_ci.testing import GitSandbox, example_manifest
from tests.acceptance.pictures import footprint, picture
from tests.acceptance.program import Ended, Program

_WORK = ("run", "--", "true")


def refused(logist: Program, repository: GitSandbox, *arguments: str, status: int, says: str = "") -> Ended:
    """Call the program, which must refuse in one paragraph, and leave everything as it was."""
    before, mine = footprint(repository), picture(repository)
    ended = logist(*arguments, at=repository.path, status=status)
    assert footprint(repository) == before
    assert picture(repository) == mine
    is_one_paragraph(ended)
    assert says.lower() in ended.err.lower(), ended.err
    return ended


def is_one_paragraph(ended: Ended) -> None:
    assert ended.out == ""
    error, *rest = ended.err.splitlines()
    assert error.startswith("Error: "), ended.err
    assert error.rstrip().endswith((".", ":", ")")), error
    assert all(line.strip() for line in rest), ended.err
    assert len([line for line in rest if line.startswith("Hint: ")]) <= 1
    assert len(rest) <= 4, ended.err


def test_no_repository(logist: Program, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    folder.mkdir()
    for arguments in (_WORK, ("list",), ("create", "--", "true"), ("cleanup", "--stale", "7d")):
        ended = logist(*arguments, at=folder, status=2)
        is_one_paragraph(ended)
        assert "repository" in ended.err
    assert not list(folder.iterdir())


def test_an_unborn_branch(logist: Program, tmp_path: Path, git_env: dict[str, str]) -> None:
    empty = GitSandbox.create(tmp_path / "empty", git_env)
    ended = logist(*_WORK, at=empty.path, status=2)
    is_one_paragraph(ended)
    assert "commit" in ended.err
    assert empty.git("for-each-ref") == ""
    assert not (empty.path / ".git" / "worktrees").exists()


def test_a_sha256_repository(logist: Program, tmp_path: Path, git_env: dict[str, str]) -> None:
    folder = tmp_path / "modern"
    folder.mkdir()
    modern = GitSandbox(folder, git_env)
    modern.git("init", "-q", "--object-format=sha256")
    modern.write("file.txt", "file\n")
    modern.git("add", "-A")
    modern.git("commit", "-q", "-m", "Begin")
    refused(logist, modern, *_WORK, status=2, says="sha-256")


def test_a_reftable_repository(logist: Program, repo: GitSandbox) -> None:
    # A git before 2.45 cannot make one, and refuses to look at it, so nothing is compared here.
    repo.git("config", "core.repositoryFormatVersion", "1")
    repo.git("config", "extensions.refStorage", "reftable")
    ended = logist(*_WORK, at=repo.path, status=2)
    is_one_paragraph(ended)
    assert "reftable" in ended.err
    assert not (repo.path / ".logist").exists()


@pytest.mark.parametrize("base", ["nowhere", "HEAD~9", "--upload-pack=x", "", "main:README.md", "f" * 40])
def test_a_base_that_does_not_exist(logist: Program, repo: GitSandbox, base: str) -> None:
    refused(logist, repo, "run", f"--base={base}", "--", "true", status=2)


def test_a_branch_that_exists(logist: Program, repo: GitSandbox) -> None:
    repo.git("branch", "logist/taken-000001")
    refused(logist, repo, "run", "--id", "taken-000001", "--", "true", status=5, says="logist/taken-000001")


def test_a_folder_that_exists(logist: Program, repo: GitSandbox) -> None:
    repo.write(".logist/jobs/taken-000001/precious.txt", "not ours\n")
    repo.write(".git/info/exclude", "/.logist/jobs/\n")
    refused(logist, repo, "run", "--id", "taken-000001", "--", "true", status=5, says="taken-000001")
    assert (repo.path / ".logist/jobs/taken-000001/precious.txt").read_text() == "not ours\n"


def test_a_job_that_exists(logist: Program, repo: GitSandbox) -> None:
    logist("create", "--id", "taken-000001", "--", "true", at=repo.path)
    refused(logist, repo, "create", "--id", "taken-000001", "--", "true", status=5, says="taken-000001")


@pytest.mark.parametrize(
    "name",
    [
        "../escape",
        "UPPER",
        "a--b",
        "-D",
        "a b",
        "a\nb",
        "x" * 49,
        "refs/heads/main",
        "\N{FULLWIDTH LATIN SMALL LETTER A}",
    ],
)
def test_a_name_that_is_none(logist: Program, repo: GitSandbox, name: str) -> None:
    refused(logist, repo, "create", f"--id={name}", "--", "true", status=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("run", "--job"),
        ("step",),
        ("cancel",),
        ("diff",),
        ("logs",),
        ("apply",),
        ("cleanup",),
        ("history",),
    ],
)
def test_a_job_that_nobody_knows(logist: Program, repo: GitSandbox, arguments: tuple[str, ...]) -> None:
    refused(logist, repo, *arguments, "no-such-job", status=2, says="no-such-job")


def _plant(repo: GitSandbox, name: str, data: bytes) -> None:
    """Write ``data`` as the manifest of the job ``name``, as no program of ours would."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin=data)
    tree = repo.git("mktree", stdin=f"100644 blob {blob}\tjob_manifest.json\n".encode())
    repo.git("update-ref", f"refs/logist/jobs/{name}", repo.git("commit-tree", "-m", "planted", tree))


_GOOD = encode(example_manifest("planted-000001"))

DAMAGED = {
    "not JSON": b"{",
    "empty": b"",
    "no schema": b"{}\n",
    "binary": b"\xff\xfe\x00",
    "deep": b"[" * 100_000,
    "wrong type": _GOOD.replace(b'"attempt": 1', b'"attempt": "one"'),
    "unknown field": _GOOD.replace(b'"attempt": 1', b'"attempt": 1, "surprise": 1'),
    "duplicate key": _GOOD.replace(b'"attempt": 1', b'"attempt": 1, "attempt": 1'),
    "another job's": encode(example_manifest("another-000001")),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_malformed_manifest(logist: Program, repo: GitSandbox, name: str) -> None:
    logist("create", "--id", "sound-000001", "--", "true", at=repo.path)
    _plant(repo, "planted-000001", DAMAGED[name])

    refused(logist, repo, "run", "--job", "planted-000001", status=1, says="planted-000001")
    refused(logist, repo, "status", "planted-000001", status=1, says="planted-000001")

    # It hides nothing, and does not hide.
    listed = logist.jobs(repo.path)
    assert listed["sound-000001"]["state"] == "PENDING"
    assert "planted-000001" in logist("list", at=repo.path).out
    logist("validate", "planted-000001", at=repo.path, status=1)
    logist("run", "--job", "sound-000001", at=repo.path)


def test_a_manifest_of_a_newer_schema(logist: Program, repo: GitSandbox) -> None:
    _plant(repo, "planted-000001", _GOOD.replace(b'"schema": 1', b'"schema": 2'))
    refused(logist, repo, "run", "--job", "planted-000001", status=2, says="upgrade")


CONFIGS = {
    "unknown key": ("[limits]\nwal = '10m'\n", ("logist.toml", "2", "wal", "wall")),
    "unknown table": ("[limit]\nwall = '10m'\n", ("logist.toml", "1", "limit", "limits")),
    "wrong type": ("approval = 'perhaps'\n", ("logist.toml", "1", "approval", "true")),
    "wrong value": ("[cleanup]\nwhen = 'later'\n", ("logist.toml", "2", "when", "finished")),
    "no duration": ("\n[limits]\nidle = 'soon'\n", ("logist.toml", "3", "idle", "10m")),
    "not TOML": ("a = [1,\n", ("logist.toml",)),
    "weakens protection": ("runtime = 'host'\n", ("logist.toml", "1", "runtime")),
    "passes secrets": ("env_pass = ['TOKEN']\n", ("logist.toml", "1", "env_pass")),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_that_is_wrong(logist: Program, repo: GitSandbox, name: str) -> None:
    text, named = CONFIGS[name]
    repo.write("logist.toml", text)
    ended = refused(logist, repo, *_WORK, status=2)
    for word in named:
        assert word in ended.err, ended.err


def test_two_configs(logist: Program, repo: GitSandbox) -> None:
    repo.write("logist.toml", "approval = true\n")
    repo.write("pyproject.toml", "[tool.logist-ci]\napproval = true\n")
    refused(logist, repo, *_WORK, status=2, says="pyproject.toml")


RECIPES = {
    "syntax": ("---\nagent: mock\n---\nWork\n{% if %}\n", ("broken.md", "5")),
    "unknown variable": ("---\nagent: mock\n---\nWork on {{ nothing }}\n", ("broken.md", "nothing")),
    "unknown key": ("---\nagent: mock\nlimts: {}\n---\nWork\n", ("broken.md", "3", "limts")),
    "not YAML": ("---\nagent: [mock\n---\nWork\n", ("broken.md",)),
    "escapes the sandbox": ("---\nagent: mock\n---\n{{ ''.__class__.__mro__ }}\n", ("broken.md",)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_template_that_is_wrong(logist: Program, repo: GitSandbox, name: str) -> None:
    text, named = RECIPES[name]
    repo.write(".logist/recipes/broken.md", text)
    ended = refused(logist, repo, "run", "--recipe", "broken", status=2)
    for word in named:
        assert word in ended.err, ended.err


def test_a_recipe_that_does_not_exist(logist: Program, repo: GitSandbox) -> None:
    refused(logist, repo, "run", "--recipe", "nothing", status=2, says="nothing")


def test_a_missing_command(logist: Program, repo: GitSandbox) -> None:
    refused(logist, repo, "run", "--", "no-such-program-anywhere", "-x", status=4, says="no-such-program-anywhere")


def test_nothing_to_do(logist: Program, repo: GitSandbox) -> None:
    refused(logist, repo, "run", status=2)
    refused(logist, repo, "run", "--", status=2)
    refused(logist, repo, "rum", "--", "true", status=2, says="run")


def test_a_repository_whose_commands_nobody_trusts(logist: Program, repo: GitSandbox) -> None:
    repo.write("logist.toml", "checks = ['touch canary']\n")
    repo.commit("Configure")
    refused(logist, repo, *_WORK, status=4, says="logist-ci trust")
    assert not list(repo.path.parent.rglob("canary"))
