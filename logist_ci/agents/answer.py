"""An agent's own word: the result file that it may write. Whoever wrote it may have meant harm.

``{"action": "COMPLETED" | "RETRY" | "STUCK", "summary": "…", "evidence_files": ["…"]}``; ``action``
is required, other keys are ignored. Anything malformed is a defect that is named, never guessed at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from logist_ci.errors import JobStateError, LogistError
from logist_ci.process.files import read_below

__all__ = ["ANSWER_BYTES", "EVIDENCE_BYTES", "EVIDENCE_FILES", "SUMMARY_LENGTH", "Action", "Answer", "read_answer"]

Action = Literal["COMPLETED", "RETRY", "STUCK"]

#: A larger result file is not read.
ANSWER_BYTES = 1_000_000
#: Longer summaries are cut, at this many characters.
SUMMARY_LENGTH = 8_000
#: So many files may be named as evidence, each of at most so many bytes.
EVIDENCE_FILES = 50
EVIDENCE_BYTES = 20_000_000

_ACTIONS: tuple[Action, ...] = ("COMPLETED", "RETRY", "STUCK")


@dataclass(frozen=True)
class Answer:
    """What the agent says: how it went, in a few words, and which files of the worktree show it."""

    action: Action
    summary: str = ""
    evidence_files: tuple[str, ...] = ()


def read_answer(result: Path, workspace: Path) -> Answer | None:
    """Return the answer in the file ``result``, ``None`` when there is no such file.

    Raises:
        JobStateError: the file, or a piece of evidence, is not what it has to be; the message says what.
    """
    try:
        # The folder of the file is in the agent's reach as well: it must not be a symlink either.
        data = read_below(result.parent.parent, f"{result.parent.name}/{result.name}", ANSWER_BYTES)
    except FileNotFoundError:
        return None
    except LogistError as defect:
        raise _malformed(str(defect)) from defect
    answer = _answer(_document(data))
    for path in answer.evidence_files:
        _check_evidence(workspace, path)
    return answer


def _document(data: bytes) -> dict[str, object]:
    if not data.strip():
        raise _malformed("it is empty")
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError as defect:
        raise _malformed("it is nested too deeply") from defect
    except ValueError as defect:  # also: not UTF-8, and integers that are too long
        raise _malformed(f"it is not JSON ({defect})") from defect
    if not isinstance(document, dict):
        raise _malformed("it is not an object")
    return document


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _malformed(f"the key {_shown(next(key for key in keys if keys.count(key) > 1))} is there twice")
    return members


def _refuse_constant(constant: str) -> NoReturn:
    raise _malformed(f"{constant} is not a value in JSON")


def _answer(document: dict[str, object]) -> Answer:
    action = next((known for known in _ACTIONS if known == document.get("action")), None)
    if action is None:
        raise _malformed(f"`action` is {_shown(document.get('action'))}, and has to be one of {', '.join(_ACTIONS)}")
    summary = document.get("summary", "")
    if not isinstance(summary, str):
        raise _malformed("`summary` is not a text")
    files = document.get("evidence_files", [])
    if not isinstance(files, list) or not all(isinstance(path, str) for path in files):
        raise _malformed("`evidence_files` is not a list of texts")
    if len(files) > EVIDENCE_FILES:
        raise _malformed(f"`evidence_files` names {len(files)} files, and {EVIDENCE_FILES} are allowed")
    _check_text("summary", summary)
    for path in files:
        _check_text("evidence_files", path)
    return Answer(action, _cut(summary), tuple(files))


def _check_text(key: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as defect:
        raise _malformed(f"`{key}` contains half a surrogate pair") from defect


def _check_evidence(workspace: Path, path: str) -> None:
    try:
        read_below(workspace, path, EVIDENCE_BYTES)
    except FileNotFoundError as defect:
        raise _malformed(f"its evidence {_shown(path)} does not exist") from defect
    except LogistError as defect:
        raise _malformed(f"its evidence {_shown(path)} cannot be used: {defect}") from defect


def _cut(summary: str) -> str:
    return summary if len(summary) <= SUMMARY_LENGTH else summary[: SUMMARY_LENGTH - 1] + "…"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _malformed(defect: str) -> JobStateError:
    return JobStateError(
        f"The agent's result file is malformed: {defect.rstrip('.')}.",
        hint='It takes {"action": "COMPLETED" | "RETRY" | "STUCK", "summary": "…", "evidence_files": ["…"]}.',
    )
