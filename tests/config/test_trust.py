from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logist_ci.config.trust import TrustStore, commands_digest
from logist_ci.errors import MissingError, StoreError
from tests.privileges import needs_permissions

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_digest_covers_words_files_and_place_exactly() -> None:
    variants = [
        commands_digest([]),
        commands_digest([()]),
        commands_digest([("a", "b")]),
        commands_digest([("a b",)]),
        commands_digest([("a",), ("b",)]),
        commands_digest([("b",), ("a",)]),
        commands_digest([("a", "b", "")]),
        commands_digest([("a", "b")], {"f": b""}),
        commands_digest([("a", "b")], {"f": b"1"}),
        commands_digest([("a", "b")], {"f": b"1", "g": b""}),
        commands_digest([("a", "b")], {"g": b"1"}),
        commands_digest([("a", "b")], where="/repository"),
        commands_digest([("a", "b\udcff")]),
    ]
    assert len(set(variants)) == len(variants)
    assert commands_digest([("a",)], {"f": b"1", "g": b"2"}) == commands_digest([("a",)], {"g": b"2", "f": b"1"})


def test_trust_is_remembered_in_a_private_file(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "state" / "logist-ci" / "trusted.json")
    assert not store.trusted("one")
    store.trust("one", "pytest -q\nmake \udcff", NOW)
    store.trust("two", "make", NOW)
    assert store.trusted("one") and store.trusted("two") and not store.trusted("three")
    assert store.file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in store.file.parent.iterdir()) == ["trusted.json", "trusted.json.lock"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"trusted": 3}', '{"trusted": ["one"]}', "[" * 100_000, "\xff"])
def test_a_damaged_file_trusts_nothing_and_is_replaced(tmp_path: Path, content: str) -> None:
    store = TrustStore(tmp_path / "trusted.json")
    store.file.write_text(content, encoding="latin-1")
    store.file.chmod(0o600)
    assert not store.trusted("one")
    store.trust("one", "x", NOW)
    assert store.trusted("one")


def test_a_file_that_others_can_write_trusts_nothing(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trusted.json")
    store.file.write_text(json.dumps({"trusted": {"one": {}}}))
    store.file.chmod(0o666)
    assert not store.trusted("one")
    store.file.chmod(0o600)
    assert store.trusted("one")


def test_trusting_from_several_processes_loses_nothing(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trusted.json")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.trust(str(number), "x", NOW), range(24)))
    assert all(store.trusted(str(number)) for number in range(24))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"trusted\.json cannot be written"):
        TrustStore(tmp_path / "file" / "trusted.json").trust("one", "x", NOW)
    (tmp_path / "trusted.json").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        TrustStore(tmp_path / "trusted.json").trust("one", "x", NOW)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("trusted.json.") and path.suffix != ".lock"]


@needs_permissions
def test_a_place_without_permission_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(MissingError, match="permission denied"):
            TrustStore(tmp_path / "trusted.json").trust("one", "x", NOW)
    finally:
        tmp_path.chmod(0o700)
