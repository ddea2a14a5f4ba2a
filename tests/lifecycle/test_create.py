from __future__ import annotations

import pytest

from logist_ci.app import open_app
from logist_ci.errors import InvalidNameError, RefusedError, RepositoryError, TemplateError, TrustError, UsageError
from logist_ci.job.manifest import Phase
from logist_ci.job.states import State
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.trusting import repository_commands, trust
from logist_ci.runner.parts import Parts
from logist_ci.testing import GitSandbox

COMMAND = JobRequest(prompt="Fix the login", argv=("true",))


def test_a_job_is_a_manifest_and_nothing_else(parts: Parts, repo: GitSandbox) -> None:
    manifest = create_job(parts, COMMAND).stored.manifest
    assert manifest.state is State.PENDING
    assert manifest.source.base_commit == repo.git("rev-parse", "HEAD")
    assert manifest.source.branch == f"logist/{manifest.id}"
    assert repo.git("for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/main",
        f"refs/logist/jobs/{manifest.id}",
    ]
    assert len(repo.git("worktree", "list").splitlines()) == 1
    assert repo.git("status", "--porcelain") == ""


def test_a_draft_waits_to_be_activated(parts: Parts) -> None:
    request = JobRequest(prompt="Fix the login", argv=("true",), draft=True)
    assert create_job(parts, request).stored.manifest.state is State.DRAFT


def test_the_base_is_what_was_asked_for(parts: Parts, repo: GitSandbox) -> None:
    repo.git("branch", "old")
    repo.write("new.txt", "new")
    repo.commit("Go on")
    source = create_job(parts, JobRequest(argv=("true",), base="old")).stored.manifest.source
    assert (source.base_ref, source.base_commit) == ("old", repo.git("rev-parse", "old").strip())


def test_a_base_that_does_not_exist_leaves_nothing(parts: Parts, repo: GitSandbox) -> None:
    before = repo.git("for-each-ref")
    with pytest.raises(RepositoryError, match="nowhere"):
        create_job(parts, JobRequest(argv=("true",), base="nowhere"))
    assert repo.git("for-each-ref") == before


def test_dirty_work_becomes_the_base_and_stays_where_it_is(parts: Parts, repo: GitSandbox) -> None:
    repo.write("README.md", "# Changed\n")
    repo.write("new file.txt", "new")
    before = repo.git("status", "--porcelain")
    manifest = create_job(parts, JobRequest(argv=("true",), include_dirty=True)).stored.manifest
    assert manifest.spec.dirty
    assert repo.git("show", f"{manifest.source.base_commit}:README.md") == "# Changed"
    assert repo.git("show", f"{manifest.source.base_commit}:new file.txt") == "new"
    assert repo.git("status", "--porcelain") == before


def test_a_snapshot_of_dirty_work_outlives_a_gc(parts: Parts, repo: GitSandbox) -> None:
    repo.write("new file.txt", "new")
    manifest = create_job(parts, JobRequest(argv=("true",), include_dirty=True)).stored.manifest
    repo.git("gc", "-q", "--prune=now")
    assert repo.git("show", f"{manifest.source.base_commit}:new file.txt") == "new"


@pytest.mark.parametrize(
    "request_",
    [
        JobRequest(),
        JobRequest(prompt="   "),
        JobRequest(prompt="words, but no agent"),
        JobRequest(argv=("true",), agent="mock"),
        JobRequest(argv=("true",), base="main", include_dirty=True),
        JobRequest(argv=("true",), limits={"wall": "soon"}),
        JobRequest(argv=("true",), limits={"walls": "10m"}),
        JobRequest(argv=("true",), checks=('pytest "',)),
        JobRequest(argv=("true",), checks=(" ",)),
        JobRequest(argv=("true",), needs=("nobody",)),
        JobRequest(prompt="x", agent="no-such-agent"),
        JobRequest(argv=("true",), runtime="no-such-runtime"),
    ],
)
def test_what_contradicts_itself_is_refused_and_leaves_nothing(
    parts: Parts, repo: GitSandbox, request_: JobRequest
) -> None:
    before = repo.git("for-each-ref")
    with pytest.raises(UsageError) as refused:
        create_job(parts, request_)
    assert refused.value.hint
    assert repo.git("for-each-ref") == before


def test_an_id_can_be_chosen_once(parts: Parts) -> None:
    request = JobRequest(argv=("true",), job_id="my-job")
    assert create_job(parts, request).stored.manifest.id == "my-job"
    with pytest.raises(RefusedError):
        create_job(parts, request)


@pytest.mark.parametrize("wanted", ["-D", "../up", "a b", "UP", "a" * 49, "a\nb", "@", ""])
def test_an_id_that_could_mislead_is_refused(parts: Parts, wanted: str) -> None:
    if wanted:
        with pytest.raises(InvalidNameError):
            create_job(parts, JobRequest(argv=("true",), job_id=wanted))


def test_an_existing_branch_is_not_taken_over(parts: Parts, repo: GitSandbox) -> None:
    repo.git("branch", "logist/mine")
    with pytest.raises(RefusedError, match="logist/mine"):
        create_job(parts, JobRequest(argv=("true",), job_id="mine"))
    assert "refs/logist" not in repo.git("for-each-ref")


def test_an_existing_folder_is_not_taken_over(parts: Parts, repo: GitSandbox) -> None:
    repo.write(".logist/jobs/mine/precious.txt", "work")
    with pytest.raises(RefusedError, match="exists already"):
        create_job(parts, JobRequest(argv=("true",), job_id="mine"))


def test_a_command_is_tried_once_unless_asked_for_more(parts: Parts) -> None:
    assert create_job(parts, COMMAND).stored.manifest.spec.limits.attempts == 1
    more = JobRequest(argv=("true",), limits={"attempts": "4"})
    assert create_job(parts, more).stored.manifest.spec.limits.attempts == 4


def test_checks_add_a_phase(parts: Parts) -> None:
    spec = create_job(parts, JobRequest(argv=("true",), checks=("pytest -q", "pre-commit"))).stored.manifest.spec
    assert spec.phases == (Phase.GENERATE, Phase.VALIDATE)
    assert [(check.kind, check.argv) for check in spec.checks] == [("command", ("pytest", "-q")), ("pre_commit", ())]


def test_detected_checks_are_left_out_until_they_are_trusted(parts: Parts, repo: GitSandbox) -> None:
    repo.write("go.mod", "module example.invalid/x\n")
    repo.commit("Be a Go project")
    created = create_job(parts, COMMAND)
    assert created.stored.manifest.spec.checks == ()
    assert created.untrusted is not None
    assert created.untrusted.lines
    trust(parts, created.untrusted)
    trusted = create_job(parts, COMMAND)
    assert trusted.untrusted is None
    assert trusted.stored.manifest.spec.checks == created.untrusted.checks


def test_configured_checks_must_be_trusted(repo: GitSandbox) -> None:
    repo.write("logist.toml", 'checks = ["make test"]\n')
    repo.commit("Configure a check")
    with open_app(repo.path, repo.environ) as app:
        with pytest.raises(TrustError, match="make test"):
            create_job(app.parts, COMMAND)
        assert "refs/logist" not in repo.git("for-each-ref")
        base = app.parts.repository.resolve("HEAD")
        trust(app.parts, repository_commands(app.parts, base))
        assert create_job(app.parts, COMMAND).stored.manifest.spec.checks[0].argv == ("make", "test")


def test_a_recipe_is_rendered_with_its_variables(parts: Parts, repo: GitSandbox) -> None:
    repo.write(
        ".logist/recipes/docs.md",
        "---\ntitle: Write docs\nagent: mock\nvariables:\n  module:\nlimits:\n  wall: 5m\n---\n"
        "Document {{ module }}.\n",
    )
    request = JobRequest(recipe="docs", variables={"module": "parser"})
    manifest = create_job(parts, request).stored.manifest
    assert manifest.input.prompt.strip() == "Document parser."
    assert (manifest.title, manifest.spec.agent.name, manifest.spec.limits.wall_s) == ("Write docs", "mock", 300.0)
    assert manifest.spec.recipe == "docs"


def test_a_recipe_without_its_variable_is_refused(parts: Parts, repo: GitSandbox) -> None:
    repo.write(".logist/recipes/docs.md", "---\nagent: mock\nvariables:\n  module:\n---\nDocument {{ module }}.\n")
    with pytest.raises(TemplateError, match="module"):
        create_job(parts, JobRequest(recipe="docs"))
    with pytest.raises(TemplateError, match="nothing"):
        create_job(parts, JobRequest(recipe="nothing"))


def test_the_router_names_the_project_type(parts: Parts) -> None:
    request = JobRequest(prompt="create a landing page for my startup", agent="template")
    route = create_job(parts, request).stored.manifest.route
    assert route.project_type == "static_html"
    assert route.matched


def test_needs_are_names_of_jobs(parts: Parts) -> None:
    first = create_job(parts, COMMAND).stored.manifest.id
    second = create_job(parts, JobRequest(argv=("true",), needs=(first[:12],))).stored.manifest
    assert second.spec.needs == (first,)
