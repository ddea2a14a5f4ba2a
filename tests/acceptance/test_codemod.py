"""A real codemod on a real project: a package's source from the index, under git, with its own tests as the check."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.testing import GitSandbox
from tests.acceptance.pictures import assert_sound, footprint, picture
from tests.acceptance.program import Program
from tests.acceptance.working import changes

pytestmark = pytest.mark.slow

_PACKAGE = "boltons==25.0.0"
_CHECK = f"{shlex.quote(sys.executable)} -m pytest -q --noconftest -p no:cacheprovider -W ignore tests"
_CODEMOD = ("ruff", "check", "--fix", "--exit-zero", "--no-cache", "--isolated", "--select")


@pytest.fixture
def project(tmp_path: Path, environ: dict[str, str]) -> GitSandbox:
    """The source of a pure Python package of some size, as its first commit."""
    if shutil.which("ruff", path=environ["PATH"]) is None:
        pytest.skip("ruff is missing; install it with: pip install ruff")
    words = ("download", "-q", "--no-binary", ":all:", "--no-deps", "--dest", str(tmp_path), _PACKAGE)
    done = capture(Command((sys.executable, "-m", "pip", *words), tmp_path, dict(os.environ)), timeout_s=120)
    archives = list(tmp_path.glob("*.tar.gz"))
    if done.returncode != 0 or not archives:
        pytest.skip(f"no package index is reachable: {done.stderr.decode(errors='replace').strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    [source] = (tmp_path / "source").iterdir()
    repository = GitSandbox.create(source, environ)
    repository.write(".gitignore", "__pycache__/\n*.pyc\n")
    repository.commit("Import")
    return repository


def test_a_codemod_ends_in_a_reviewable_branch(logist: Program, project: GitSandbox) -> None:
    before = picture(project)

    ended = logist(
        "run", "--json", "--check", _CHECK, "--", *_CODEMOD, "F401,UP,I", ".", at=project.path, timeout_s=300
    )

    job = ended.first_job
    assert job["state"] == "SUCCESS"
    assert job["result"]["checks"][0]["ok"]
    touched = changes(project, job)
    assert touched
    assert all(line.startswith("M ") and line.endswith(".py") for line in touched)
    assert job["result"]["files"] == len(touched)
    assert "diff --git" in logist("diff", job["id"], at=project.path).out
    assert picture(project) == before
    assert footprint(project).admin == ()
    assert_sound(project)
    logist("apply", job["id"], at=project.path)
    assert project.git("diff", "--stat", job["source"]["base_commit"], "HEAD")
    assert project.git("status", "--porcelain") == ""


def test_eight_codemods_two_at_a_time(logist: Program, project: GitSandbox) -> None:
    before = picture(project)
    rules = ("F401", "UP", "I", "C4", "RET", "SIM", "PIE", "RUF")
    for rule in rules:
        logist("create", "--title", rule, "--check", _CHECK, "--", *_CODEMOD, rule, ".", at=project.path)

    ended = logist("run", "--pending", "-j", "2", "--json", at=project.path, timeout_s=300)

    assert [job["state"] for job in ended.json["jobs"]] == ["SUCCESS"] * len(rules)
    assert picture(project) == before
    assert footprint(project).admin == ()
    assert_sound(project)
