"""What is masked, what is not, and that a stream gives the same as the whole wherever it is cut."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from itertools import pairwise
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logist_ci.redact.forms import forms, pieces
from logist_ci.redact.invisible import joined, visible
from logist_ci.redact.mask import HELD_BYTES, Masker, StreamMasker, weak

TOKEN = "logist-canary-7f3A+/x\"y'z&é"
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(base64.b64encode(bytes((row * 7 + n * 13) % 256 for n in range(48))).decode() for row in range(6))
    + "\n-----END PRIVATE KEY-----\n"
)


def streamed(masker: Masker, chunks: list[bytes]) -> bytes:
    stream = StreamMasker(masker)
    return b"".join([*(stream.feed(chunk) for chunk in chunks), stream.finish()])


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(marks)]


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc", b"\xff\x00"])
@pytest.mark.parametrize("after", [b"", b"z", b"zz"])
def test_base64_is_found_at_every_alignment(before: bytes, after: bytes) -> None:
    raw = before + TOKEN.encode() + after
    masker = Masker([TOKEN])
    for encoded in (base64.b64encode(raw), base64.urlsafe_b64encode(raw), base64.encodebytes(raw)):
        masked = masker.mask(b"k: " + encoded + b"\n")
        assert b"***" in masked
        assert len(joined(masked)) <= 3 + 3 + 4 + 8
        assert masker.find(encoded) == ("secret 1 (base64)",)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("plain", TOKEN),
        ("reversed", TOKEN[::-1].encode().decode()),
        ("hex", TOKEN.encode().hex()),
        ("hex", TOKEN.encode().hex().upper()),
        ("url", quote(TOKEN)),
        ("url", quote(TOKEN, safe="")),
        ("url", quote_plus(TOKEN)),
        ("url", quote(TOKEN, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%22", "%22")),
        ("url", "".join(f"%{byte:02x}" for byte in TOKEN.encode())),
        ("json", json.dumps(TOKEN)[1:-1]),
        ("json", json.dumps(TOKEN, ensure_ascii=False)[1:-1]),
        ("json", json.dumps(TOKEN)[1:-1].replace("/", "\\/")),
        ("json", json.dumps(json.dumps(TOKEN))[3:-3]),
        ("html", html.escape(TOKEN)),
        ("html", html.escape(TOKEN, quote=False)),
        ("html", html.escape(TOKEN).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")),
    ],
)
def test_every_encoding_is_masked(encoding: str, text: str) -> None:
    masker = Masker({"API_KEY": TOKEN})
    if encoding in ("reversed",):
        text = TOKEN.encode()[::-1].decode("latin-1")
        data = b"<" + text.encode("latin-1") + b">"
    elif text == quote(TOKEN, safe="").replace("%2F", "%2f").replace("%2B", "%2b"):
        data = b"<" + quote(TOKEN, safe="").encode() + b">"
    else:
        data = f"<{text}>".encode()
    assert masker.mask(data) == b"<***>"
    assert masker.find(data) == (f"API_KEY ({encoding})",)


@pytest.mark.parametrize(
    "between",
    [
        b"\n",
        b"\r\n",
        b"\0",
        "\u200b".encode(),
        "\ufeff".encode(),
        "\u00ad".encode(),
        "\U000e0041".encode(),
        b"\x1b[31m",
    ],
)
def test_a_laced_secret_is_masked_whole(between: bytes) -> None:
    laced = between.join(bytes([byte]) for byte in b"hunter22-token")
    masker = Masker(["hunter22-token"])
    data = b"it is " + laced + b" ok " + between + b"."
    assert masker.mask(data) == b"it is *** ok " + between + b"."
    assert masker.find(data) == ("secret 1 (plain)",)
    assert streamed(masker, [bytes([byte]) for byte in data]) == masker.mask(data)


def test_a_colour_code_cannot_swallow_the_beginning_of_a_secret() -> None:
    masker = Masker(["Abc123xyz-token"])
    assert masker.mask(b"\x1b[Abc123xyz-token") == b"\x1b[***"


def test_a_key_is_masked_as_a_whole_and_line_by_line() -> None:
    masker = Masker([PEM])
    assert set(masker.mask(PEM.encode())) <= set(b"*\n")
    indented = "\n".join("    | " + line for line in PEM.splitlines()).encode()
    masked = masker.mask(indented)
    for line in PEM.splitlines()[1:-1]:
        assert line.encode() not in masked
    assert b"-----BEGIN PRIVATE KEY-----" in masked, "a header is no secret"
    assert masker.longest < HELD_BYTES


def test_a_part_of_a_long_secret_is_masked() -> None:
    secret = hashlib.sha512(b"1").hexdigest() + hashlib.sha512(b"2").hexdigest()
    assert Masker([secret]).mask(secret[:100].encode()) == b"***" + secret[64:100].encode()


def test_the_longest_of_overlapping_secrets_is_masked_and_overlaps_are_joined() -> None:
    assert Masker(["abcdef-1", "abcdef-12345", "345-ghijk"]).mask(b"x abcdef-12345-ghijk y") == b"x *** y"


def test_overlaps_are_joined_across_chunks() -> None:
    masker = Masker(["abcdef-1", "-1ghijkl", "kl9mnopq"])
    whole = b"abcdef-1ghijkl9mnopq!"
    assert masker.mask(whole) == b"***!"
    for place in range(len(whole)):
        assert streamed(masker, [whole[:place], whole[place:]]) == b"***!"
    assert streamed(masker, [bytes([byte]) for byte in whole]) == b"***!"
    assert streamed(masker, [b"abcdef-1", b"", b"g"]) == b"***g"


def test_the_mask_never_completes_another_secret() -> None:
    masker = Masker(["hunter22-token", "***abc1"])
    assert masker.replacement == b"###"
    assert masker.mask(b"hunter22-tokenabc1") == b"###abc1"


def test_a_mask_is_found_even_when_secrets_use_every_byte() -> None:
    everything = "".join(chr(n) for n in range(128)) + "".join(chr(0xDC80 + n) for n in range(128))
    masker = Masker([everything])
    assert len(masker.replacement) == 3
    assert masker.mask(everything.encode("utf-8", "surrogateescape")) != everything.encode("utf-8", "surrogateescape")


def test_values_that_are_not_text_are_masked() -> None:
    assert Masker(["caf\udce9-token-1"]).mask(b"a caf\xe9-token-1") == b"a ***"
    assert Masker(["x\ud800-token-1"]).mask("x\ud800-token-1".encode("utf-8", "surrogatepass")) == b"***"


def test_text_is_masked_as_bytes_are() -> None:
    masker = Masker(["s3cret-token"])
    assert masker.mask_text("caf\udce9 s3cret-token") == "caf\udce9 ***"
    assert Masker([]).mask_text("any") == "any"


def test_white_space_around_a_value_does_not_matter() -> None:
    assert Masker(["  s3cret-token\n"]).mask(b"s3cret-token") == b"***"


def test_weak_values_are_named_and_left_alone() -> None:
    values = ["true", "short", "  ", "", "abababab", "PASSWORD", "\u200ba\u200bb\u200bc", "s3cret-token"]
    assert weak(values) == ("true", "short", "abababab", "PASSWORD", "\u200ba\u200bb\u200bc")
    masker = Masker(values)
    assert masker.mask(b"true short PASSWORD abababab s3cret-token") == b"true short PASSWORD abababab ***"


def test_without_secrets_nothing_is_copied() -> None:
    data = bytes(100)
    masker = Masker(["true"])
    stream = StreamMasker(masker)
    assert masker.idle
    assert masker.mask(data) is data
    assert stream.feed(data) is data
    assert stream.finish() == b""
    assert masker.find(data) == ()
    assert masker.longest == 0
    assert masker.spans(b"") == []


def test_a_stream_gives_out_at_once_what_cannot_become_a_secret() -> None:
    stream = StreamMasker(Masker(["hunter22-token"]))
    assert stream.feed(b"building 1 of 2\n") == b"building 1 of 2\n"
    assert stream.feed(b"key: hunt") == b"key: "
    assert stream.feed(b"ing season!\n") == b"hunting season!\n"
    assert stream.feed(b"key: hunter22-to") == b"key: "
    assert stream.feed(b"ken!\n") == b"***!\n"
    assert stream.finish() == b""


def test_a_stream_holds_back_no_more_than_it_may() -> None:
    stream = StreamMasker(Masker(["hunter22-token"]))
    given_out = stream.feed(b"hunter" + b"\n" * (3 * HELD_BYTES))
    assert len(given_out) >= 2 * HELD_BYTES


def test_a_secret_that_arrives_twice_in_a_row_is_masked_twice() -> None:
    assert Masker(["hunter22-token"]).mask(b"hunter22-tokenhunter22-token") == b"******"


secrets = st.lists(
    st.one_of(
        st.text("ab1", min_size=6, max_size=12),
        st.text(st.characters(codec="utf-8"), min_size=6, max_size=20),
        st.text("kK+/=\"'\\ \n%", min_size=150, max_size=300),
    ),
    min_size=1,
    max_size=3,
)
noise = st.one_of(
    st.sampled_from([b"\n", b"\r\n", "\u200b".encode(), b"\x1b[1;31m", b"\x1b[", b"\xe2\x80", b"\xe2", b"***", b""]),
    st.binary(max_size=6),
    st.text("ab1", max_size=8).map(str.encode),
)


@st.composite
def leaks(draw: st.DrawFn) -> tuple[list[str], bytes]:
    values = draw(secrets)
    shapes = [form for value in values for _, form in forms(value)]
    parts: list[bytes] = []
    for _ in range(draw(st.integers(1, 5))):
        form = draw(st.sampled_from(shapes))
        place = draw(st.integers(0, len(form)))
        parts += [draw(noise), form[:place], draw(noise), form[place:]]
    return values, b"".join(parts)


@settings(max_examples=300, deadline=None)
@example((["a111ab"], b"\n\na111ab\x1b[a1\xe2\x80\x8b11ab"), [12])
@given(leaks(), st.lists(st.integers(0, 10_000), max_size=6))
def test_nothing_that_is_looked_for_is_left_wherever_the_stream_is_cut(
    leak: tuple[list[str], bytes], places: list[int]
) -> None:
    values, data = leak
    masker = Masker(values)
    whole = masker.mask(data)
    assert streamed(masker, cut(data, places)) == whole
    for pattern in masker.patterns:
        assert pattern not in whole
        assert pattern not in joined(whole)
        assert pattern not in visible(whole)
    assert masker.mask(whole) == whole
    assert masker.find(whole) == ()
    assert bool(masker.find(data)) == (whole != data)


@settings(max_examples=100, deadline=None)
@given(st.text("ab1", min_size=6, max_size=12), st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=4))
def test_a_stream_of_anything_equals_the_whole(secret: str, data: bytes, places: list[int]) -> None:
    masker = Masker([secret])
    assert streamed(masker, cut(data, places)) == masker.mask(data)


@given(st.binary(min_size=1, max_size=1000))
def test_pieces_follow_each_other_and_none_is_short(form: bytes) -> None:
    cut_up = list(pieces(form))
    assert b"".join(cut_up) == form
    assert len(cut_up) == 1 or all(64 <= len(piece) < 128 for piece in cut_up)
