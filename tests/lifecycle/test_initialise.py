from __future__ import annotations

import tomllib

import pytest

from logist_ci.app import open_app
from logist_ci.config.keys import keys
from logist_ci.errors import LogistError, RefusedError, UsageError
from logist_ci.job.ids import JobId
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.initialise import deinitialise, initialise
from logist_ci.lifecycle.request import JobRequest
from logist_ci.runner.parts import Parts
from logist_ci.templating.recipe import find
from logist_ci.testing import GitSandbox

MADE = ("logist.toml", ".logist/recipes/example.md")


def test_everything_is_made_once(parts: Parts) -> None:
    assert initialise(parts).made == MADE
    again = initialise(parts)
    assert (again.made, again.kept) == ((), MADE)


def test_the_settings_in_the_example_are_real_and_commented_out(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    text = (repo.path / "logist.toml").read_text()
    assert set(tomllib.loads(text)) == {"limits", "cleanup"}
    table, named = "", set()
    for line in text.splitlines():
        if line.startswith("["):
            table = line.strip("[]") + "."
        elif line.startswith("# ") and " = " in line:
            named.add(table + line.removeprefix("# ").partition(" = ")[0])
    assert named <= set(keys())
    assert {"checks", "limits.wall", "cleanup.when"} <= named


def test_the_example_recipe_is_one(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    recipe = find(repo.path, "example")
    assert "for newcomers" in recipe.prompt({})
    assert "for experts" in recipe.prompt({"audience": "experts"})


def test_detected_checks_are_proposed_in_words_that_can_be_used(parts: Parts, repo: GitSandbox) -> None:
    repo.write("package.json", '{"scripts": {"test": "node --test"}}')
    repo.commit()
    initialise(parts)
    [line] = [each for each in (repo.path / "logist.toml").read_text().splitlines() if each.startswith("# checks")]
    assert tomllib.loads(line.removeprefix("# "))["checks"] == ["npm test"]


def test_an_unborn_branch_has_nothing_to_detect(
    tmp_path_factory: pytest.TempPathFactory, git_env: dict[str, str]
) -> None:
    empty = GitSandbox.create(tmp_path_factory.mktemp("empty"), git_env)
    with open_app(empty.path, git_env) as app:
        assert initialise(app.parts).made == MADE


def test_a_template_of_the_repositorys_own_is_used(parts: Parts, repo: GitSandbox) -> None:
    repo.write(".logist/templates/init/logist.toml.j2", "# ours: {{ checks | length }}\n")
    initialise(parts)
    assert (repo.path / "logist.toml").read_text() == "# ours: 0\n"


@pytest.mark.parametrize("name", MADE)
def test_what_somebody_has_put_there_stays(parts: Parts, repo: GitSandbox, name: str) -> None:
    repo.write(name, "mine\n")
    assert initialise(parts).kept == (name,)
    assert (repo.path / name).read_text() == "mine\n"
    assert name not in deinitialise(parts).removed


def test_a_dangling_link_is_somebodys_file(parts: Parts, repo: GitSandbox) -> None:
    (repo.path / "logist.toml").symlink_to("elsewhere.toml")
    assert "logist.toml" in initialise(parts).kept


def test_a_table_in_pyproject_stands_for_the_file(parts: Parts, repo: GitSandbox) -> None:
    repo.write("pyproject.toml", "[tool.logist-ci.limits]\nwall = '1m'\n")
    assert "logist.toml" in initialise(parts).kept


def test_taking_back_leaves_nothing(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    done = deinitialise(parts)
    assert (done.removed, done.kept) == (MADE, ())
    assert repo.git("status", "--porcelain", "--ignored") == ""
    assert not (repo.path / ".logist").exists()


def test_taking_back_twice_is_nothing(parts: Parts) -> None:
    initialise(parts)
    deinitialise(parts)
    assert deinitialise(parts).removed == ()


def test_a_changed_file_is_kept_and_said(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    with (repo.path / "logist.toml").open("a") as file:
        file.write("approval = true\n")
    done = deinitialise(parts)
    assert (done.removed, done.kept) == ((MADE[1],), ("logist.toml",))


def test_a_removed_file_is_no_trouble(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    (repo.path / "logist.toml").unlink()
    done = deinitialise(parts)
    assert (done.removed, done.kept) == ((MADE[1],), ())


def test_other_recipes_keep_their_folder(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    repo.write(".logist/recipes/mine.md", "Do it.\n")
    deinitialise(parts)
    assert (repo.path / ".logist/recipes/mine.md").exists()


def test_jobs_forbid_it_unless_forced(parts: Parts) -> None:
    initialise(parts)
    for number in range(7):
        create_job(parts, JobRequest(argv=("true",), checks=(), job_id=f"job-{number}"))
    with pytest.raises(RefusedError, match="job-0, job-1, job-2, job-3, job-4 and more"):
        deinitialise(parts)
    assert deinitialise(parts, force=True).removed == MADE
    assert len(parts.store.ids()) == 7


def test_folders_of_jobs_are_left_alone(parts: Parts) -> None:
    initialise(parts)
    parts.root.folder(JobId("stray")).make()
    deinitialise(parts)
    assert parts.root.existing() == ["stray"]


def test_a_damaged_record_takes_nothing_back(parts: Parts, repo: GitSandbox) -> None:
    initialise(parts)
    (parts.root.path / ".init.json").write_bytes(b"\xff{")
    assert deinitialise(parts).removed == ()
    assert (repo.path / "logist.toml").exists()


def test_a_bare_repository_is_refused(remote: GitSandbox) -> None:
    with open_app(remote.path, remote.environ) as app:
        for use in (initialise, deinitialise):
            with pytest.raises(UsageError, match="bare"):
                use(app.parts)


def test_a_folder_in_the_way_is_an_error_of_ours(parts: Parts, repo: GitSandbox) -> None:
    repo.write(".logist/recipes", "a file\n")
    with pytest.raises(LogistError):
        initialise(parts)
