from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.errors import InvalidNameError
from logist_ci.job.ids import JOB_ID_LENGTH, commit_id, job_id, new_job_id, ref_name, slug

NOW = datetime(2026, 1, 1, tzinfo=UTC)

# What people and attackers write where a name belongs; each stands for a class of tricks.
HOSTILE = [
    "", "-", "-D", "--upload-pack=x", "-a", "a b", "a\n", "\na", "a\nb", "a\0b", "..", ".", "a/../b", "@", "@{",
    "a.lock", "a~1", "a^", "a:b", "a?b", "a*b", "a[b", "a\\b", "ｆｕｌｌ", "é", "a\u200bb", "a\u202eb", "٣", "ﬁ",
    "\ud800", "a" * 300,
    "$(id)", "`id`", "a;b", "a|b", "'", '"', "%2e%2e", "a\r", "\x7f", "\x1b[0m", "/etc", "a//b", "a/",
]  # fmt: skip
# Fine inside a reference, but not as an id.
ONLY_NOT_IDS = ["a--b", "a-", "A", "a_b", "a.b", "a/b", "HEAD", "refs/heads/main", "a" * (JOB_ID_LENGTH + 1)]


@pytest.mark.parametrize("text", ["a", "0", "fix-login-k3v9q2", "a-b-c", "x" * JOB_ID_LENGTH])
def test_well_formed_job_ids_are_kept(text: str) -> None:
    assert job_id(text) == text


@pytest.mark.parametrize("text", HOSTILE + ONLY_NOT_IDS)
def test_anything_else_is_no_job_id(text: str) -> None:
    with pytest.raises(InvalidNameError, match="is not a job id") as caught:
        job_id(text)
    assert caught.value.exit_status == 2
    assert "lower-case" in caught.value.hint
    assert str(caught.value).isprintable()


@given(st.text() | st.text(alphabet="ab-./\n@{~^:", max_size=8))
def test_an_accepted_job_id_is_harmless_everywhere(text: str) -> None:
    try:
        accepted = job_id(text)
    except InvalidNameError:
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", accepted)
    assert len(accepted) <= JOB_ID_LENGTH
    assert PurePosixPath("jobs", accepted).parts == ("jobs", accepted)
    assert ref_name(f"refs/logist/jobs/{accepted}")


@pytest.mark.parametrize(
    "text", ["", "0" * 39, "0" * 41, "0" * 40 + "\n", "0" * 39 + "G", "A" * 40, "-" * 40, "0" * 64]
)
def test_only_full_lower_case_sha1_is_a_commit_id(text: str) -> None:
    with pytest.raises(InvalidNameError, match="is not a full commit id"):
        commit_id(text)
    assert commit_id("0123456789abcdef" * 2 + "01234567")


@pytest.mark.parametrize(
    "text",
    ["refs/heads/main", "refs/heads/logist/fix-1", "refs/logist/kept/a/1", "refs/tags/v1.0+b", "refs/heads/a_b"],
)
def test_ordinary_reference_names_are_kept(text: str) -> None:
    assert ref_name(text) == text


@pytest.mark.parametrize("shape", ["refs/heads/{}", "refs/{}/x", "refs/heads/x/{}"])
@pytest.mark.parametrize("part", HOSTILE)
def test_no_hostile_part_makes_a_reference_name(part: str, shape: str) -> None:
    with pytest.raises(InvalidNameError, match="is not a reference name"):
        ref_name(shape.format(part))


@pytest.mark.parametrize("part", ONLY_NOT_IDS)
def test_a_part_of_a_reference_may_be_more_than_an_id(part: str) -> None:
    assert ref_name(f"refs/heads/{part}")


@pytest.mark.parametrize(
    "text", ["refs/heads", "refs/", "refs", "heads/main", "refs/heads/", "refs/heads/a.", "REFS/a/b"]
)
def test_a_reference_name_is_complete(text: str) -> None:
    with pytest.raises(InvalidNameError):
        ref_name(text)


@given(st.from_regex(r"refs(/[A-Za-z0-9._+@{~^:-]{1,9}){1,4}", fullmatch=True))
def test_what_git_would_refuse_is_never_accepted(text: str) -> None:
    try:
        accepted = ref_name(text)
    except InvalidNameError:
        return
    assert not re.search(r"\.\.|@\{|[\x00-\x20~^:?*\[\\\x7f]|/\.|\.lock(/|$)|/-|\.$|/$|//", accepted)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Fix the login", "fix-the-login"),
        ("  Fix: naïve café!  ", "fix-naive-cafe"),
        ("日本語", "job"),
        ("", "job"),
        ("🙂 smile 🙂", "smile"),
        ("a b c d e f g h i j", "a-b-c-d-e-f-g-h"),
        ("../../etc/passwd", "etc-passwd"),
        ("supercalifragilisticexpialidocious" * 2, ("supercalifragilisticexpialidocious" * 2)[:41]),
        ("x " + "y" * 60, "x"),
        ("\ud800 broken", "broken"),
    ],
)
def test_slug_keeps_words(title: str, expected: str) -> None:
    assert slug(title) == expected


@given(st.text(), st.integers(min_value=0, max_value=2**64))
def test_a_new_id_is_always_well_formed(title: str, randomness: int) -> None:
    made = new_job_id(title, NOW, randomness)
    assert job_id(made) == made
    assert made.startswith(slug(title) + "-")
    assert len(made) - len(slug(title)) == 7


def test_a_title_of_any_size_makes_an_id_quickly() -> None:
    assert new_job_id("word " * 2_000_000, NOW, 1).startswith("word-word-")


def test_moments_and_randomness_tell_ids_apart() -> None:
    moments = {new_job_id("x", NOW + timedelta(milliseconds=step), 0) for step in range(500)}
    draws = {new_job_id("x", NOW, randomness) for randomness in range(500)}
    assert len(moments) == len(draws) == 500
    assert new_job_id("x", NOW, 7) == new_job_id("x", NOW, 7)
    assert new_job_id("x", datetime(1900, 1, 1, tzinfo=UTC), 0)
