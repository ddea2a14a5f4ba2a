"""What things are called, and which names are public."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.tree import ROOT, Source, sources

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "core", "misc"}

CODE = [source for source in sources("logist_ci") if source.path.name not in ("__init__.py", "__main__.py")]


def test_no_name_says_nothing() -> None:
    found = [str(source) for source in sources("logist_ci") + sources("tests") + sources("bench")
             if EMPTY_NAMES & {source.path.stem, *source.path.relative_to(ROOT).parts}]  # fmt: skip
    assert found == []


def defined(source: Source) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every name that a module makes itself, with the statement that does."""
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id != "TYPE_CHECKING":
                yield target.id, node


def imported(source: Source) -> set[str]:
    nodes = [node for node in source.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {name.asname or name.name for node in nodes for name in node.names}


def listed(source: Source) -> list[str] | None:
    for name, node in defined(source):
        if name == "__all__" and isinstance(node, ast.Assign):
            return [str(item) for item in ast.literal_eval(node.value)]
    return None


@pytest.mark.parametrize("source", CODE, ids=str)
def test_public_names_are_listed(source: Source) -> None:
    public = {name for name, _ in defined(source) if not name.startswith("_")}
    names = listed(source)
    if not public and names is None:
        return
    assert names is not None, "__all__ is missing"
    assert public - set(names) == set(), "public, and not in __all__: list it, or begin its name with _"
    assert set(names) - public - imported(source) == set(), "in __all__, and nowhere made"
    assert len(names) == len(set(names))


def undocumented(source: Source, nodes: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None and not is_variant(node):
            yield f"{source.at(node)} {prefix}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(source, node.body, f"{node.name}.")


def is_variant(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Return whether a decorator says that this is a variant of something documented elsewhere."""
    shown = [ast.unparse(decorator) for decorator in node.decorator_list]
    return any(name in ("override", "overload") or name.endswith((".register", ".setter")) for name in shown)


@pytest.mark.parametrize("source", sources("logist_ci"), ids=str)
def test_what_is_public_is_documented(source: Source) -> None:
    assert ast.get_docstring(source.tree), "the module has no docstring"
    assert list(undocumented(source, source.tree.body)) == []


def test_tests_mirror_the_packages() -> None:
    ours = {folder.name for folder in (ROOT / "logist_ci").iterdir() if folder.is_dir()}
    mirrored = {source.path.relative_to(ROOT / "tests").parts[0] for source in sources("tests")}
    folders = {name for name in mirrored if not name.endswith(".py")}
    assert folders - ours - {"acceptance", "docs", "house"} == set()
