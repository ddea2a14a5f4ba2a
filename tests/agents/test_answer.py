"""The result file: what is read, and that nothing malformed or misleading is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.agents.answer import ANSWER_BYTES, EVIDENCE_FILES, SUMMARY_LENGTH, Answer, read_answer
from logist_ci.agents.mock_program import MALFORMED
from logist_ci.errors import JobStateError


class Place:
    """A job's folder with a worktree, and somebody else's file beside it."""

    def __init__(self, base: Path) -> None:
        self.workspace = base / "job" / "workspace"
        self.result = base / "job" / "temp" / "result.json"
        self.secret = base / "secret.txt"
        self.workspace.mkdir(parents=True)
        self.result.parent.mkdir()
        self.secret.write_text("logist-canary-secret")

    def answer(self, data: bytes | Mapping[str, object]) -> Answer | None:
        self.result.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return self.read()

    def read(self) -> Answer | None:
        return read_answer(self.result, self.workspace)

    def defect(self) -> str:
        with pytest.raises(JobStateError) as caught:
            self.read()
        assert "logist-canary" not in str(caught.value)
        return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_no_file_is_no_answer(place: Place) -> None:
    assert place.read() is None
    place.result.parent.rmdir()
    assert place.read() is None


def test_an_answer_is_read(place: Place) -> None:
    (place.workspace / "shots").mkdir()
    (place.workspace / "shots" / "a b.png").write_bytes(b"\x89PNG")
    given_answer = {"action": "STUCK", "summary": "I need a key 🔑", "evidence_files": ["shots/a b.png"], "other": [1]}
    assert place.answer(given_answer) == Answer("STUCK", "I need a key 🔑", ("shots/a b.png",))
    assert place.answer({"action": "RETRY"}) == Answer("RETRY")
    assert place.answer(b' {"action":"COMPLETED"}\n') == Answer("COMPLETED")


def test_a_long_summary_is_cut(place: Place) -> None:
    answer = place.answer({"action": "COMPLETED", "summary": "x" * 100_000})
    assert answer is not None
    assert len(answer.summary) == SUMMARY_LENGTH
    assert answer.summary.endswith("x…")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("array", "it is not an object"),
        ("deep", "nested too deeply"),
        ("duplicate", "the key 'action' is there twice"),
        ("empty", "it is empty"),
        ("huge_number", "it is not JSON"),
        ("large", "larger than Logist CI reads"),
        ("nan", "NaN is not a value in JSON"),
        ("no_action", "`action` is None, and has to be one of COMPLETED, RETRY, STUCK"),
        ("not_json", "it is not JSON"),
        ("not_utf8", "it is not JSON"),
        ("surrogate", "half a surrogate pair"),
        ("unknown_action", "`action` is 'DONE'"),
        ("wrong_type", "`summary` is not a text"),
    ],
)
def test_what_is_malformed_is_named(place: Place, name: str, said: str) -> None:
    place.result.write_bytes(MALFORMED[name])
    message = place.defect()
    assert message.startswith("The agent's result file is malformed: ")
    assert said in message
    assert len(message) < 400


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"action": ["COMPLETED"]}, "`action` is ['COMPLETED']"),
        ({"action": {"a": 1}}, "`action` is {'a': 1}"),
        ({"action": True}, "`action` is True"),
        ({"action": "x" * 5000}, "…"),
        ({"action": "COMPLETED", "summary": None}, "`summary` is not a text"),
        ({"action": "COMPLETED", "evidence_files": "a"}, "not a list of texts"),
        ({"action": "COMPLETED", "evidence_files": [1]}, "not a list of texts"),
        ({"action": "COMPLETED", "evidence_files": ["a"] * (EVIDENCE_FILES + 1)}, f"and {EVIDENCE_FILES} are allowed"),
        ({"action": "COMPLETED", "evidence_files": ["\ud800"]}, "`evidence_files` contains half a surrogate pair"),
        ({"action": "COMPLETED", "evidence_files": ["missing"]}, "'missing' does not exist"),
    ],
)
def test_wrong_types_are_named(place: Place, document: dict[str, object], said: str) -> None:
    place.result.write_text(json.dumps(document))
    assert said in place.defect()


def test_constants_and_twins_inside_are_refused_too(place: Place) -> None:
    place.result.write_bytes(b'{"action": "COMPLETED", "x": [-Infinity]}')
    assert "-Infinity is not a value" in place.defect()
    place.result.write_bytes(b'{"action": "COMPLETED", "x": {"a": 1, "a": 2}}')
    assert "'a' is there twice" in place.defect()


def test_a_result_file_that_is_a_symlink_is_refused(place: Place) -> None:
    place.secret.write_text('{"action": "COMPLETED", "summary": "logist-canary-secret"}')
    place.result.symlink_to(place.secret)
    assert "symbolic link" in place.defect()


def test_a_result_file_in_a_folder_that_is_a_symlink_is_refused(place: Place) -> None:
    elsewhere = place.secret.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "result.json").write_text('{"action": "COMPLETED", "summary": "logist-canary-secret"}')
    place.result.parent.rmdir()
    place.result.parent.symlink_to(elsewhere)
    assert "symbolic link" in place.defect()


def test_a_pipe_or_folder_as_a_result_file_is_refused_without_waiting(place: Place) -> None:
    os.mkfifo(place.result)
    assert "not a regular file" in place.defect()
    place.result.unlink()
    place.result.mkdir()
    assert "not a regular file" in place.defect()


@pytest.mark.parametrize(
    "path",
    ["../../secret.txt", "/etc/passwd", "link", "folder/secret.txt", "pipe", "", ".", "a//b", "a\0b", "..", "./a"],
)
def test_evidence_that_leaves_the_worktree_is_refused(place: Place, path: str) -> None:
    (place.workspace / "link").symlink_to(place.secret)
    (place.workspace / "folder").symlink_to(place.secret.parent)
    os.mkfifo(place.workspace / "pipe")
    place.result.write_text(json.dumps({"action": "COMPLETED", "evidence_files": [path]}))
    assert "its evidence" in place.defect()


def test_a_worktree_that_became_a_symlink_is_refused(place: Place) -> None:
    place.workspace.rmdir()
    place.workspace.symlink_to(place.secret.parent)
    place.result.write_text(json.dumps({"action": "COMPLETED", "evidence_files": ["secret.txt"]}))
    assert "symbolic link" in place.defect()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.one_of(
        st.binary(max_size=200),
        json_values.map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {"action": st.sampled_from(["COMPLETED", "RETRY", "STUCK", "x"]) | json_values},
            optional={"summary": json_values, "evidence_files": json_values},
        ).map(lambda value: json.dumps(value).encode()),
    )
)
def test_anything_is_an_answer_or_a_named_defect(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    place = Place(tmp_path_factory.mktemp("answer"))
    try:
        answer = place.answer(data)
    except JobStateError as defect:
        str(defect).encode("utf-8")
    else:
        assert answer is not None
        assert answer.action in ("COMPLETED", "RETRY", "STUCK")
        assert len(data) <= ANSWER_BYTES
