from __future__ import annotations

import pytest

from logist_ci.checks.detect import detect


def _names(files: dict[str, str]) -> list[str]:
    content = {path: text.encode() for path, text in files.items()}
    return [check.name for check in detect(files.keys(), content.get)]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"README.md": "", "setup.py": ""}, []),
        ({"pyproject.toml": "[project]"}, []),
        ({"pyproject.toml": "[tool.pytest.ini_options]"}, ["pytest -q"]),
        ({"pyproject.toml": "[tool.pytest]\n", "tox.ini": "[tox]"}, ["pytest -q"]),
        ({"pytest.ini": ""}, ["pytest -q"]),
        ({"setup.cfg": "[tool:pytest]"}, ["pytest -q"]),
        ({"setup.cfg": "[metadata]", "tests/test_a.py": ""}, ["pytest -q"]),
        ({"src/pkg/test_a.py": ""}, ["pytest -q"]),
        ({"tests/conftest.py": ""}, ["pytest -q"]),
        ({"tox.ini": "[tox]", "test_a.py": ""}, ["tox"]),
        ({"tox.ini": "[pytest]"}, ["pytest -q"]),
        ({"pyproject.toml": "[tool.tox]"}, ["tox"]),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ["npm test"]),
        ({"package.json": '{"scripts": {"test": "jest"}}', "yarn.lock": ""}, ["yarn test"]),
        ({"package.json": '{"scripts": {"test": "jest"}}', "pnpm-lock.yaml": ""}, ["pnpm test"]),
        ({"package.json": '{"scripts": {"test": "jest"}}', "bun.lock": ""}, ["bun run test"]),
        ({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}, []),
        ({"package.json": '{"scripts": {"test": 3}}'}, []),
        ({"package.json": '{"scripts": []}'}, []),
        ({"package.json": "[]"}, []),
        ({"package.json": "{"}, []),
        ({"package.json": ""}, []),
        ({"package.json": "[" * 100_000}, []),
        ({"Cargo.toml": ""}, ["cargo test"]),
        ({"go.mod": ""}, ["go test ./..."]),
        ({"gradlew": "", "pom.xml": ""}, ["./gradlew test"]),
        ({"pom.xml": ""}, ["mvn -q test"]),
        ({"pom.xml": "", "mvnw": ""}, ["./mvnw -q test"]),
        ({"Makefile": "all:\n\ttrue\ntest: all\n\ttrue\n"}, ["make test"]),
        ({"makefile": "check ::\n\ttrue\n"}, ["make check"]),
        ({"Makefile": "test := 1\ncheck ::= 2\ntests:\n"}, []),
        ({"Makefile": "test:\n", "Cargo.toml": ""}, ["cargo test"]),
        ({"Cargo.toml": "", "go.mod": ""}, ["cargo test", "go test ./..."]),
        ({".pre-commit-config.yaml": "", "Cargo.toml": ""}, ["cargo test", "pre-commit"]),
    ],
)
def test_only_what_exists_is_suggested(files: dict[str, str], expected: list[str]) -> None:
    assert _names(files) == expected


def test_pre_commit_is_a_check_of_its_own_kind() -> None:
    (check,) = detect([".pre-commit-config.yaml"], lambda path: None)
    assert check.kind == "pre_commit" and check.argv == ()
