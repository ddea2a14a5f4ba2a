"""Which part of the program may do what: the rules that imports alone do not show."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

from tests.house.tree import Source, sources, tracked

# Programs of their own, started as an agent would be.
PROGRAMS = ("logist_ci/agents/mock_program.py", "logist_ci/agents/template_program.py")
# The composition root, the program's entry and the plug-in's: they hand the environment to everybody else.
READS_ENVIRONMENT = ("logist_ci/app/", "logist_ci/cli/main.py", "logist_ci/testing/plugin.py", *PROGRAMS)
# It takes git's own variables out, once, before anything reads them.
WRITES_ENVIRONMENT = ("logist_ci/cli/main.py",)
# The last handler of the program, and of the process that outlives it.
CATCHES_EVERYTHING = ("logist_ci/cli/execute.py", "logist_ci/shim/entry.py")
CHANGES_THE_PROCESS = ("logist_ci/cli/main.py", "logist_ci/shim/", *PROGRAMS)


def found(fits: Callable[[ast.AST], bool], allowed: tuple[str, ...] = ()) -> Iterator[str]:
    for source in sources("logist_ci"):
        if not str(source).startswith(allowed or ("-",)):
            yield from (f"{source.at(node)} {ast.unparse(node)[:60]}" for node in places(source, fits))


def places(source: Source, fits: Callable[[ast.AST], bool]) -> Iterator[ast.stmt | ast.expr | ast.excepthandler]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler) and fits(node):
            yield node


def is_name(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node) in names


def test_the_environment_comes_in_at_the_edges() -> None:
    assert list(found(lambda node: is_name(node, "os.environ", "os.environb", "os.getenv"), READS_ENVIRONMENT)) == []


def test_nobody_writes_the_environment() -> None:
    def writes(node: ast.AST) -> bool:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            return is_name(node.value, "os.environ")
        changes = ("update", "pop", "clear", "setdefault")
        return is_name(node, "os.putenv", "os.unsetenv", *(f"os.environ.{change}" for change in changes))

    assert list(found(writes, WRITES_ENVIRONMENT)) == []


def test_nobody_changes_the_process() -> None:
    names = ("os.chdir", "os.fchdir", "os.umask", "signal.signal", "signal.set_wakeup_fd")
    assert list(found(lambda node: is_name(node, *names), CHANGES_THE_PROCESS)) == []


def test_only_the_last_handler_catches_everything() -> None:
    def catches_everything(node: ast.AST) -> bool:
        if not isinstance(node, ast.ExceptHandler):
            return False
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        ends_in_raise = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        return not ends_in_raise and any(one is None or is_name(one, "Exception", "BaseException") for one in caught)

    assert list(found(catches_everything, CATCHES_EVERYTHING)) == []


def test_nothing_global_changes() -> None:
    assert list(found(lambda node: isinstance(node, ast.Global))) == []


def test_nothing_is_run_by_a_shell() -> None:
    def uses_shell(node: ast.AST) -> bool:
        if isinstance(node, ast.keyword):
            return False
        keywords = node.keywords if isinstance(node, ast.Call) else []
        return is_name(node, "os.system", "os.popen") or any(keyword.arg == "shell" for keyword in keywords)

    assert list(found(uses_shell)) == []


def test_time_and_chance_come_in_as_arguments_to_what_is_pure() -> None:
    names = ("time.time", "time.monotonic", "datetime.now", "datetime.utcnow", "random.random", "secrets.token_hex")
    pure = ("logist_ci/job/", "logist_ci/gate/", "logist_ci/redact/")
    used = found(lambda node: is_name(node, *names))
    assert [place for place in used if place.startswith(pure)] == []


def test_the_pure_packages_touch_nothing() -> None:
    outside = {"os", "pathlib", "subprocess", "time", "random", "socket", "shutil", "tempfile", "threading"}
    used = []
    for package in ("job", "gate", "redact"):
        for source in sources(f"logist_ci/{package}"):
            for node in ast.walk(source.tree):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                used += [f"{source} imports {name}" for name in modules if name.split(".")[0] in outside]
    assert used == []


def test_every_ignored_warning_has_a_code_and_a_reason() -> None:
    comment = re.compile(r"#\s*(type:\s*ignore|noqa|pragma: no cover)(.*)")
    explained = re.compile(r"(\[[\w-]+(, ?[\w-]+)*\]|: ?[A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)*| ?)\s*(#|-|:|–) ?\S+.*")
    bare = []
    for folder in ("logist_ci", "tests", "bench", "docs"):
        for source in sources(folder):
            for number, line in enumerate(source.text.splitlines(), 1):
                match = comment.search(line)
                if match and '"' not in line[: match.start()] and not explained.fullmatch(match[2].strip()):
                    bare.append(f"{source}:{number} {match[0]}")
    assert bare == []


def test_tests_patch_nothing() -> None:
    patch = re.compile(r"monkeypatch|mock\.patch|unittest\.mock|mocker\b")
    here = "tests/house/test_edges.py"
    assert [str(source) for source in sources("tests") if str(source) != here and patch.search(source.text)] == []


def test_nothing_is_left_to_do() -> None:
    left = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    here = "tests/house/test_edges.py"
    lines = [f"{name}: {line.strip()}" for name, text in tracked().items() if name != here
             for line in text.splitlines() if left.search(line)]  # fmt: skip
    assert lines == []
