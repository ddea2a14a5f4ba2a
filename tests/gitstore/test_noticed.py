from __future__ import annotations

from logist_ci.gitstore.noticed import noticed, shown


def test_each_is_a_finding() -> None:
    (finding,) = noticed("LG211", "warning", [(b"a/pipe", "It is a pipe.")])
    assert (finding.code, finding.level, finding.message, finding.path) == (
        "LG211",
        "warning",
        "It is a pipe.",
        "a/pipe",
    )


def test_many_are_counted() -> None:
    found = noticed("LG211", "note", ((b"%d" % number, "x") for number in range(1000)))
    assert len(found) == 21
    assert found[-1].message == "The same goes for 980 more."


def test_paths_become_text_that_can_be_stored_and_printed() -> None:
    assert shown("ä b".encode()) == "ä b"
    assert shown(b"caf\xe9\n\x1b[31m") == r"caf\xe9\n\x1b[31m"
    shown(b"\xff\xfe").encode()
