"""Names that reach paths and references: each is checked where it is made, and typed ever after."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from typing import NewType

from logist_ci.errors import InvalidNameError

__all__ = [
    "COMMIT_ID_PATTERN",
    "JOB_ID_LENGTH",
    "JOB_ID_PATTERN",
    "PATTERN_END",
    "CommitId",
    "JobId",
    "RefName",
    "commit_id",
    "job_id",
    "new_job_id",
    "ref_name",
    "slug",
]

JobId = NewType("JobId", str)
CommitId = NewType("CommitId", str)
RefName = NewType("RefName", str)

#: The end of a text in a pattern: Python's ``$`` alone would let a last newline through.
PATTERN_END = r"$(?!\n)"

JOB_ID_LENGTH = 48
JOB_ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*" + PATTERN_END
COMMIT_ID_PATTERN = r"^[0-9a-f]{40}" + PATTERN_END

# Stricter than git: what a shell, a URL or a path could misread, or a program take for an option, is no name of ours.
_REF_PART = r"[A-Za-z0-9_+][A-Za-z0-9._+-]*"
_REF_NAME = re.compile(rf"refs(/{_REF_PART}){{2,}}")
_REF_LENGTH = 200

_SUFFIX_LENGTH = 6
# A title can be a whole prompt; the words of an id come from its beginning.
_TITLE_LENGTH = 400
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


def job_id(text: str) -> JobId:
    """Return ``text`` as a job id.

    Raises:
        InvalidNameError: it is not lower-case words joined by hyphens, at most 48 characters.
    """
    if len(text) > JOB_ID_LENGTH or not re.search(JOB_ID_PATTERN, text):
        raise InvalidNameError(
            f"{text[:80]!r} is not a job id.",
            hint=f"It is lower-case letters and digits joined by single hyphens, at most {JOB_ID_LENGTH} characters.",
        )
    return JobId(text)


def commit_id(text: str) -> CommitId:
    """Return ``text`` as a full SHA-1 commit id, or raise :class:`InvalidNameError`."""
    if not re.search(COMMIT_ID_PATTERN, text):
        raise InvalidNameError(f"{text[:80]!r} is not a full commit id.", hint="It takes 40 hexadecimal digits.")
    return CommitId(text)


def ref_name(text: str) -> RefName:
    """Return ``text`` as a full reference name (``refs/…``), or raise :class:`InvalidNameError`."""
    legal = len(text) <= _REF_LENGTH and ".." not in text and _REF_NAME.fullmatch(text)
    if not legal or any(part.endswith((".lock", ".")) for part in text.split("/")):
        raise InvalidNameError(
            f"{text[:80]!r} is not a reference name that Logist CI would write.",
            hint="It starts with refs/, and its parts are letters, digits and ._+-, the first neither . nor -.",
        )
    return RefName(text)


def slug(title: str, length: int = JOB_ID_LENGTH - _SUFFIX_LENGTH - 1) -> str:
    """Return the words of ``title`` as a job id's readable part, never empty, at most ``length`` long."""
    plain = unicodedata.normalize("NFKD", title[:_TITLE_LENGTH]).encode("ascii", "ignore").decode("ascii").lower()
    chosen: list[str] = []
    for word in re.findall(r"[a-z0-9]+", plain)[:8]:
        if len("-".join([*chosen, word])) > length:
            break
        chosen.append(word)
    first = re.search(r"[a-z0-9]+", plain)
    return "-".join(chosen) or (first.group()[:length] if first else "job")


def new_job_id(title: str, moment: datetime, randomness: int) -> JobId:
    """Return a fresh id: the title's words, then base36 of ``moment`` (milliseconds) and ``randomness``.

    ``randomness`` is any non-negative integer; 32 bits or more make a collision in one
    millisecond unlikely, and creation refuses the rest.
    """
    # A prime spreads neighbouring milliseconds over the whole suffix.
    number = (int(moment.timestamp() * 1000) * 1_000_003 + randomness) % 36**_SUFFIX_LENGTH
    digits = ""
    for _ in range(_SUFFIX_LENGTH):
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return job_id(f"{slug(title)}-{digits}")
