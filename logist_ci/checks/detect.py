"""Which checks a project's files suggest, when nobody has configured any. Only what exists is suggested."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection

from logist_ci.checks.pre_commit import CONFIG_FILE
from logist_ci.job.manifest import CheckSpec

__all__ = ["detect"]

_Read = Callable[[str], bytes | None]

# npm writes this into every new package.json; it fails by design.
_NPM_PLACEHOLDER = "no test specified"
_MAKE_TARGETS = ("test", "check")


def detect(files: Collection[str], read: _Read) -> tuple[CheckSpec, ...]:
    """Return the checks that a project with ``files`` has itself; ``read`` returns a file's content.

    The tests of each language found, else a Makefile's; then the project's pre-commit hooks.
    """
    present = frozenset(files)
    found = [command for rule in (_python, _node, _rust, _go, _java) for command in rule(present, read)]
    found = found or _make(present, read)
    checks = [CheckSpec(kind="command", name=shlex.join(argv), argv=argv) for argv in found]
    if CONFIG_FILE in present:
        checks.append(CheckSpec(kind="pre_commit", name="pre-commit"))
    return tuple(checks)


def _text(read: _Read, path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")


def _python(files: frozenset[str], read: _Read) -> list[tuple[str, ...]]:
    if _has_pytest(files, read):
        return [("pytest", "-q")]
    if "tox.ini" in files or ("pyproject.toml" in files and "[tool.tox" in _text(read, "pyproject.toml")):
        return [("tox",)]
    if any(path.endswith(".py") and path.rpartition("/")[2].startswith("test_") for path in files):
        return [("pytest", "-q")]
    return []


def _has_pytest(files: frozenset[str], read: _Read) -> bool:
    configured = {
        "pytest.ini": "",
        "pyproject.toml": "[tool.pytest",
        "tox.ini": "[pytest]",
        "setup.cfg": "[tool:pytest]",
        "conftest.py": "",
        "tests/conftest.py": "",
    }
    return any(name in files and sign in _text(read, name) for name, sign in configured.items())


def _node(files: frozenset[str], read: _Read) -> list[tuple[str, ...]]:
    if "package.json" not in files:
        return []
    try:
        package = json.loads(read("package.json") or b"{}")
    except (ValueError, RecursionError):
        return []
    scripts = package.get("scripts") if isinstance(package, dict) else None
    test = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(test, str) or not test.strip() or _NPM_PLACEHOLDER in test:
        return []
    tools = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun"}
    tool = next((tool for lock, tool in tools.items() if lock in files), "npm")
    return [(tool, "run", "test") if tool == "bun" else (tool, "test")]


def _rust(files: frozenset[str], read: _Read) -> list[tuple[str, ...]]:
    return [("cargo", "test")] if "Cargo.toml" in files else []


def _go(files: frozenset[str], read: _Read) -> list[tuple[str, ...]]:
    return [("go", "test", "./...")] if "go.mod" in files else []


def _java(files: frozenset[str], read: _Read) -> list[tuple[str, ...]]:
    if "gradlew" in files:
        return [("./gradlew", "test")]
    if "pom.xml" in files:
        return [("./mvnw" if "mvnw" in files else "mvn", "-q", "test")]
    return []


def _make(files: frozenset[str], read: _Read) -> list[tuple[str, ...]]:
    name = next((name for name in ("GNUmakefile", "makefile", "Makefile") if name in files), None)
    if name is None:
        return []
    content = _text(read, name)
    target = next(
        (each for each in _MAKE_TARGETS if re.search(rf"^{each}[ \t]*::?(?![:=])", content, re.MULTILINE)), None
    )
    return [("make", target)] if target else []
