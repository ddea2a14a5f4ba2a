from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from logist_ci.config.load import Loaded, load
from logist_ci.config.settings import AgentSettings, Settings
from logist_ci.errors import ConfigError, MissingError
from logist_ci.job.limits import Limits
from logist_ci.job.manifest import CheckSpec
from tests.privileges import needs_permissions


def _load(
    root: Path,
    text: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
    user: str | None = None,
) -> Loaded:
    if text is not None:
        (root / "logist.toml").write_text(text)
    user_file = root / "user.toml"
    if user is not None:
        user_file.write_text(user)
    return load(root=root, user_file=user_file, environ=environ or {}, flags=flags)


def test_nothing_set_gives_the_defaults(tmp_path: Path) -> None:
    loaded = _load(tmp_path)
    assert loaded.settings == Settings()
    assert loaded.files == ()
    assert set(loaded.origins.values()) == {"default"}
    assert {"agent", "limits.wall", "cleanup.stale", "paths.work"} <= set(loaded.origins)


def test_no_repository_and_no_user_file() -> None:
    assert load(root=None, user_file=None, environ={}).settings == Settings()


_EVERY_KIND = """\
agent = "claude"
runtime = "bubblewrap"
network = "none"
branch_prefix = "bots/"
checks = [
  "pytest -q 'a b'",
  "pre-commit",
  { name = "types", run = ["mypy", "src"] },
  { run = "ruff check ." },
  { name = "hooks", run = "pre-commit" },
]
setup = "npm ci"
artifacts = ["dist/*.whl"]
approval = true
validate_in = "fresh"
agent_author = "{agent} bot"

[limits]
wall = "1h30m"
idle = 90
memory = "none"
cost_usd = 2.5
attempts = 5

[cleanup]
when = "merged"
stale = "14d"

[paths]
work = "build/jobs"

[notify]
after = "5m"
bell = false

[agents.claude]
options = { model = "opus", turns = 3, fast = true }
"""


def test_every_kind_of_value_from_a_file(tmp_path: Path) -> None:
    loaded = _load(tmp_path, _EVERY_KIND)
    settings = loaded.settings
    assert settings.agent == "claude"
    assert settings.checks == (
        CheckSpec(kind="command", name="pytest -q 'a b'", argv=("pytest", "-q", "a b")),
        CheckSpec(kind="pre_commit", name="pre-commit"),
        CheckSpec(kind="command", name="types", argv=("mypy", "src")),
        CheckSpec(kind="command", name="ruff check .", argv=("ruff", "check", ".")),
        CheckSpec(kind="pre_commit", name="hooks"),
    )
    assert settings.setup == ("npm", "ci")
    assert settings.limits == Limits(wall_s=5400, idle_s=90, memory_bytes=None, cost_usd=2.5, attempts=5)
    assert settings.cleanup.when == "merged" and settings.cleanup.stale_s == 14 * 86400
    assert settings.paths.work == "build/jobs"
    assert settings.notify.after_s == 300 and not settings.notify.bell
    assert settings.agents == {"claude": AgentSettings(options={"model": "opus", "turns": "3", "fast": "true"})}
    assert loaded.origins["limits.idle"] == "logist.toml:20"
    assert loaded.origins["checks"] == "logist.toml:5"
    assert loaded.origins["agents.claude.options"] == "logist.toml:37"
    assert loaded.origins["limits.output"] == "default"
    assert loaded.files == (tmp_path / "logist.toml",)


def test_later_sources_win_and_say_so(tmp_path: Path) -> None:
    text = 'agent = "a"\nbranch_prefix = "a/"\napproval = true\nvalidate_in = "fresh"\n[limits]\nturns = 1\n'
    loaded = _load(
        tmp_path,
        text,
        user='branch_prefix = "b/"\napproval = false\n',
        environ={"LOGIST_APPROVAL": "yes", "LOGIST_LIMITS_TURNS": "2"},
        flags={"limits.turns": "3"},
    )
    settings, origins = loaded.settings, loaded.origins
    assert (settings.agent, settings.branch_prefix, settings.approval, settings.limits.turns) == ("a", "b/", True, 3)
    assert origins["agent"] == "logist.toml:1"
    assert origins["branch_prefix"] == f"{tmp_path / 'user.toml'}:1"
    assert origins["approval"] == "LOGIST_APPROVAL"
    assert origins["limits.turns"] == "command line"
    assert settings.validate_in == "fresh"


def test_the_project_file_has_a_table_for_us(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.logist-ci]\nagent = "mock"\nlimits.wall = "1m"\n'
    )
    loaded = _load(tmp_path)
    assert loaded.settings.agent == "mock" and loaded.settings.limits.wall_s == 60
    assert loaded.origins["agent"] == "pyproject.toml:5"
    assert loaded.origins["limits.wall"] == "pyproject.toml:6"


def test_the_project_files_table_may_be_written_in_any_way(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('# one\ntool.logist-ci.agent = "mock"\n')
    assert _load(tmp_path).origins["agent"] == "pyproject.toml:2"
    (tmp_path / "pyproject.toml").write_text('[project]\n[tool]\n"logist-ci" = { agent = "mock" }\n')
    assert _load(tmp_path).origins["agent"] == "pyproject.toml:3"


@pytest.mark.parametrize("text", ["[broken", "[tool.ruff]\nline-length = 100\n", "# logist-ci is fine\n[tool]\n"])
def test_a_project_file_that_is_not_about_us_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert _load(tmp_path).files == ()


def test_two_files_in_one_repository_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.logist-ci]\nagent = "mock"\n')
    with pytest.raises(ConfigError, match=r"Both logist\.toml and"):
        _load(tmp_path, 'agent = "mock"\n')


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('agnet = "x"', "logist.toml:1: 'agnet' is not a setting", "Did you mean agent?"),
        ("\n\n[limits]\n# one\nwal = 3", "logist.toml:5: 'limits.wal' is not a setting", "Did you mean limits.wall?"),
        ("[limit]\nwall = 3", "logist.toml:1: 'limit' is not a setting", "Known here: agent"),
        ("[agents.claude]\nenvpass = []", "logist.toml:2: 'agents.claude.envpass'", "mean agents.claude.env_pass?"),
        ("agents = 3", "logist.toml:1: agents is a table", "[agents.NAME]"),
        ("[agents]\nclaude = 3", "logist.toml:2: agents.claude is a table", "[agents.NAME]"),
        ("limits = 3", "logist.toml:1: limits is a table", "[limits]"),
        ('[limits]\nwall = "soon"', "logist.toml:2: limits.wall: 'soon' is not a duration.", 'a duration such as'),
        ("[limits]\nmemory = true", "limits.memory: True is neither text nor a number.", "a size such as"),
        ('[limits]\nattempts = "none"', "The limit 'attempts' cannot be switched off.", "a whole number."),
        ('[cleanup]\nwhen = "always"', "cleanup.when: 'always' is not one of finished, merged, never", "`finished`"),
        ("approval = 1", "approval: 1 is neither true nor false", "true or false"),
        ("agent = 1", "agent: 1 is not a line of text", "a line of text"),
        ('agent = "a\\nb"', "is not a line of text", ""),
        ('artifacts = "dist"', "artifacts: 'dist' is not a list of globs", "a list of globs"),
        ('artifacts = ["../x"]', "'../x' does not stay below the worktree", ""),
        ('artifacts = ["/etc/x"]', "'/etc/x' does not stay below the worktree", ""),
        ('branch_prefix = "-x/"', "'-x/' cannot begin the name of a branch", ""),
        ('branch_prefix = "a b/"', "'a b/' cannot begin the name of a branch", ""),
        ('agent_author = "x <y>"', "is not a name", ""),
        ('checks = "pytest"', "checks: checks are a list", 'Write for example checks = ["pytest -q", "pre-commit"]'),
        ('checks = ["a", "a"]', "two checks are called 'a'", ""),
        ("paths.work = 3", "logist.toml:1: paths.work: 3 is not a path", ""),
        ("agents.x.options = 3", "agents.x.options: 3 is not a table", ""),
        ("agents.x.options.y = []", "the option 'y' is neither text nor a number", ""),
        ("agent = ", "logist.toml is not valid TOML:", "toml.io"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, text)
    assert message in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.exit_status == 2


def test_the_project_files_table_has_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\nlogist-ci = 3\n")
    with pytest.raises(ConfigError, match=r"tool\.logist-ci is a table"):
        _load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        'runtime = "host"',
        'network = "full"',
        'env_pass = ["SECRET"]',
        '[notify]\ncommand = ["curl", "x"]',
        '[agents.mock]\nenv_pass = ["SECRET"]',
        '[paths]\nwork = "/tmp/x"',
        '[paths]\nlog = "../x"',
        '[paths]\noutput = "~/x"',
    ],
)
def test_a_repository_cannot_weaken_its_users_protection(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="does not count in a repository's own files") as caught:
        _load(tmp_path, text)
    assert "own config file" in caught.value.hint
    (tmp_path / "logist.toml").unlink()
    assert _load(tmp_path, user=text).settings != Settings() or "full" in text


def test_variables_as_text(tmp_path: Path) -> None:
    settings = _load(
        tmp_path,
        environ={
            "LOGIST_RUNTIME": "host",
            "LOGIST_ENV_PASS": "HTTPS_PROXY, MY_*",
            "LOGIST_ARTIFACTS": '["a,b/*"]',
            "LOGIST_CHECKS": "pytest -q\n\npre-commit\n",
            "LOGIST_SETUP": '["npm", "ci"]',
            "LOGIST_NOTIFY_COMMAND": "notify-send done",
            "LOGIST_WORK_BASE": "/var/jobs",
            "LOGIST_PATHS_LOG": "/var/log",
            "LOGIST_AGENT": "",
            "LOGIST_JOB_ID": "not-a-setting",
            "LOGIST_SOMETHING_ELSE": "somebody else's",
        },
    ).settings
    assert settings.runtime == "host"
    assert settings.env_pass == ("HTTPS_PROXY", "MY_*")
    assert settings.artifacts == ("a,b/*",)
    assert settings.checks is not None and [check.kind for check in settings.checks] == ["command", "pre_commit"]
    assert settings.setup == ("npm", "ci")
    assert settings.notify.command == ("notify-send", "done")
    assert (settings.paths.work, settings.paths.log) == ("/var/jobs", "/var/log")
    assert settings.agent == "command"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LOGIST_LIMITS_WAL", "1", "LOGIST_LIMITS_WAL is not a setting"),
        ("LOGIST_AGENTS_CLAUDE_ENV_PASS", "A", "is not a setting"),
        ("LOGIST_APPROVAL", "perhaps", "LOGIST_APPROVAL: approval: 'perhaps' is neither true nor false"),
        ("LOGIST_ARTIFACTS", "[1", "is not a list"),
        ("LOGIST_ENV_PASS", "A=B", "'A=B' is not the name of an environment variable"),
        ("LOGIST_LIMITS_WALL", "-1", "LOGIST_LIMITS_WALL: limits.wall: '-1' is not a duration"),
    ],
)
def test_wrong_variables(tmp_path: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, environ={name: value})
    assert message in str(caught.value)


def test_wrong_flags(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'limits\.wal' is not a setting") as caught:
        _load(tmp_path, flags={"limits.wal": "1"})
    assert caught.value.hint == "Did you mean limits.wall?"
    with pytest.raises(ConfigError, match=r"command line: limits\.wall"):
        _load(tmp_path, flags={"limits.wall": "x"})
    with pytest.raises(ConfigError, match="'zzz' is not a setting"):
        _load(tmp_path, flags={"zzz": "1"})


def test_an_explicit_file_stands_for_the_repositorys_and_is_the_users_word(tmp_path: Path) -> None:
    (tmp_path / "logist.toml").write_text('agent = "repository"\n')
    (tmp_path / "user.toml").write_text('agent = "user"\nvalidate_in = "fresh"\n')
    (tmp_path / "other.toml").write_text('agent = "other"\nruntime = "host"\n')
    loaded = load(root=tmp_path, user_file=tmp_path / "user.toml", environ={}, explicit=tmp_path / "other.toml")
    assert (loaded.settings.agent, loaded.settings.runtime, loaded.settings.validate_in) == ("other", "host", "fresh")
    assert loaded.files == (tmp_path / "user.toml", tmp_path / "other.toml")


def test_a_missing_explicit_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load(root=None, user_file=None, environ={}, explicit=tmp_path / "none.toml")


def test_the_repositorys_files_can_come_from_a_commit(tmp_path: Path) -> None:
    (tmp_path / "logist.toml").write_text('agent = "changed"\n')
    files = {"logist.toml": b'agent = "base"\n'}
    loaded = load(root=tmp_path, user_file=None, environ={}, read=files.get)
    assert loaded.settings.agent == "base"
    with pytest.raises(ConfigError, match="does not count"):
        load(root=None, user_file=None, environ={}, read={"logist.toml": b'runtime = "host"'}.get)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "logist.toml"
    path.write_bytes(b"agent = '\xff'")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        _load(tmp_path)
    path.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match="larger than"):
        _load(tmp_path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        _load(tmp_path)


@needs_permissions
def test_a_file_without_read_permission_is_named(tmp_path: Path) -> None:
    (tmp_path / "logist.toml").write_text("")
    (tmp_path / "logist.toml").chmod(0)
    with pytest.raises(MissingError, match="permission denied"):
        _load(tmp_path)


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    (tmp_path / "logist.toml").write_bytes(b'\xef\xbb\xbf# first\r\nagent = "mock"\r\n')
    loaded = _load(tmp_path)
    assert loaded.settings.agent == "mock" and loaded.origins["agent"] == "logist.toml:2"
