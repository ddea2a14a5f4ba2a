"""Each rule: what it finds, and what it leaves alone."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logist_ci.errors import UsageError
from logist_ci.gate.change import EXECUTABLE, FILE, SUBMODULE, SYMLINK, Change, Policy, shown
from logist_ci.gate.page import page
from logist_ci.gate.rules import blocks, chosen, examine, finding
from logist_ci.gate.table import RULES, rule
from logist_ci.redact.mask import Masker

ROOT = Path(__file__).parents[2]


def new(path: bytes | str, content: bytes | None = b"x\n", mode: int = FILE) -> Change:
    return Change(path.encode() if isinstance(path, str) else path, mode, 0, content)


def changed(path: str, content: bytes | None = b"x\n", mode: int = FILE, old_mode: int = FILE) -> Change:
    return Change(path.encode(), mode, old_mode, content)


def codes(*changes: Change, policy: Policy | None = None) -> list[str]:
    return [each.code for each in examine(changes, policy=policy)]


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/CI.yml",
        ".github/actions/build/action.yml",
        "action.yml",
        "sub/action.yaml",
        ".logist/recipes/a.md",
        "logist.toml",
        ".pre-commit-config.yaml",
        ".husky/pre-push",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".github/CODEOWNERS",
        "AGENTS.md",
        "src/CLAUDE.md",
        ".mcp.json",
        ".claude/settings.json",
        ".devcontainer/devcontainer.json",
        ".envrc",
        "a\nb/AGENTS.md",
    ],
)
def test_protected_paths_are_found(path: str) -> None:
    assert "LG101" in codes(changed(path))
    assert "LG101" in codes(Change(path.encode(), 0, FILE))


@pytest.mark.parametrize(
    "path", ["src/app.py", "docs/workflows/ci.yml", "my-action.yml", "agents.md.bak", "logist.tomlx"]
)
def test_other_paths_are_not_protected(path: str) -> None:
    assert codes(changed(path)) == []


def test_a_finding_says_what_happened_to_a_protected_path() -> None:
    texts = [
        examine([change])[0].message
        for change in (new("a/AGENTS.md"), changed("AGENTS.md"), Change(b".envrc", 0, FILE))
    ]
    assert [text.split()[2] for text in texts] == ["adds", "changes", "removes"]


def test_patterns_of_protected_paths_can_be_chosen() -> None:
    policy = Policy(protected=("db/*.sql", "keys/**", "v?.txt"))
    protected = [
        path
        for path in ("db/a.sql", "db/x/a.sql", "keys/a/b", "v1.txt", "v12.txt")
        if codes(changed(path), policy=policy)
    ]
    assert protected == ["db/a.sql", "keys/a/b", "v1.txt"]


def test_sizes_are_limited() -> None:
    policy = Policy(file_bytes=10, total_bytes=25, files=3)
    assert codes(new("a", b"x" * 10), new("b", b"x" * 10), policy=policy) == []
    assert codes(new("a", b"x" * 11), policy=policy) == ["LG102"]
    assert codes(Change(b"big", FILE, 0, None, size=11), policy=policy) == ["LG102"]
    assert codes(*(new(name, b"x" * 9) for name in "abc"), policy=policy) == ["LG103"]
    assert codes(*(new(name, b"") for name in "abcd"), policy=policy) == ["LG103"]


def test_known_secrets_are_found_in_contents_and_names_and_shown_nowhere() -> None:
    masker = Masker({"API_KEY": "logist-canary-1f2e3d"})
    policy = Policy(find_secrets=masker.find, mask=masker.mask_text)
    found = examine(
        [
            new("a.txt", b"key: logist-canary-1f2e3d"),
            new("logist-canary-1f2e3d\x01", b"\0"),
            Change(b"logist-canary-1f2e3d", 0, FILE),
        ],
        policy=policy,
    )
    assert {each.code for each in found} == {"LG104", "LG110", "LG113"}
    assert all("canary" not in each.message + each.path for each in found)
    assert any(each.message == "a.txt contains API_KEY (plain)." for each in found)


LIKELY = [
    b"-----BEGIN RSA PRIVATE KEY-----",
    b"-----BEGIN PRIVATE KEY-----",
    b"-----BEGIN PGP PRIVATE KEY BLOCK-----",
    b"sk-ant-api03-" + b"a" * 40,
    b"AKIA" + b"Q" * 16,
    b"ghp_" + b"a1" * 18,
    b"github_pat_" + b"a" * 30,
    b"glpat-" + b"a" * 20,
    b"AIza" + b"b" * 35,
    b"npm_" + b"c" * 36,
    b"sk-proj-" + b"d" * 30,
    b"sk-" + b"E" * 48,
    b"pypi-AgEIcHlwaS5vcmc" + b"f" * 30,
    b"xoxb-1234567890-abc",
    b"sk_live_" + b"g" * 24,
]


@pytest.mark.parametrize("token", LIKELY)
def test_what_looks_like_a_secret_is_found_with_its_line(token: bytes) -> None:
    (found,) = examine([new("a.env", b"\n\nKEY=" + token + b"\n")])
    assert found.code == "LG105"
    assert "line 3, has what looks like a" in found.message
    assert token.decode() not in found.message


def test_what_was_there_before_is_not_held_against_a_change() -> None:
    token = LIKELY[5]
    assert codes(Change(b"a", FILE, FILE, b"x " + token, old_content=token)) == []
    assert codes(Change(b"a", FILE, FILE, b"\xe2\x80\xae", old_content=b"\xe2\x80\xae")) == []


@pytest.mark.parametrize(
    "text", [b"task-ant-" + b"a" * 40, b"AKIA" + b"Q" * 20, b"ghp_short", b"BEGIN PUBLIC KEY", b"npm_install"]
)
def test_what_only_begins_like_a_secret_is_left_alone(text: bytes) -> None:
    assert codes(new("a.txt", text)) == []


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("a", b"/etc/passwd"),
        ("a", b".."),
        ("a/b", b"../../x"),
        ("a/b", b"../c/../../x"),
        ("a", b".git/config"),
        ("a/b", b"../.GIT/hooks"),
        ("a", b"x/git~1"),
        ("a", b""),
        ("a", b"b\0c"),
        ("a", b"..\\..\\x"),
    ],
)
def test_symlinks_that_lead_out_are_found(path: str, target: bytes) -> None:
    assert codes(new(path, target, SYMLINK)) == ["LG106"]


@pytest.mark.parametrize(
    ("path", "target"), [("a", b"b"), ("a/b", b"../c"), ("a/b/c", b"../../d/./e"), ("a", b"./.gitkeep")]
)
def test_symlinks_that_stay_inside_are_fine(path: str, target: bytes) -> None:
    assert codes(new(path, target, SYMLINK)) == []


def test_a_symlink_that_was_not_read_is_not_trusted() -> None:
    assert codes(new("a", None, SYMLINK)) == ["LG106"]


def test_modes_kinds_and_submodules() -> None:
    assert codes(changed("a", mode=EXECUTABLE)) == ["LG107"]
    assert codes(changed("a", old_mode=EXECUTABLE)) == ["LG107"]
    assert codes(new("a", mode=EXECUTABLE)) == []
    assert codes(changed("a", b"b", SYMLINK)) == ["LG108"]
    assert codes(changed("a", old_mode=SYMLINK)) == ["LG108"]
    assert codes(changed("a", mode=0o040000)) == ["LG108"]
    assert codes(new("lib", None, SUBMODULE)) == ["LG109"]
    assert codes(changed("lib", None, SUBMODULE, SUBMODULE)) == ["LG109"]
    assert codes(Change(b"lib", 0, SUBMODULE)) == ["LG109"]
    assert codes(changed("lib", None, SUBMODULE)) == ["LG108", "LG109"]
    assert codes(changed(".gitmodules")) == ["LG109"]


@pytest.mark.parametrize(
    "path", ["-rf", "a/--upload-pack=x", "a\nb", "a\x1b[31m", " a", "a ", "x\u202egpj.exe", "a\u200bb", "a\u2028b"]
)
def test_odd_names_are_found(path: str) -> None:
    found = examine([new(path)])
    assert "LG110" in [each.code for each in found]
    assert all(each.message.isprintable() and each.path.isprintable() for each in found)
    assert "LG110" not in codes(changed(path)), "what is called so already may be changed"


@pytest.mark.parametrize(
    "path", ["aux.c", "a/NUL", "com1.txt", "a:b", "a|b", "back\\slash", "dot.", "x" * 256, b"\xff\xfe"]
)
def test_names_that_do_not_work_everywhere_are_found(path: str | bytes) -> None:
    assert codes(new(path)) == ["LG111"]
    text = examine([new(path)])[0]
    assert text.path.isprintable()
    assert codes(Change(path if isinstance(path, bytes) else path.encode(), FILE, FILE, b"")) == []


def test_names_that_are_one_on_some_systems_are_found() -> None:
    assert codes(new("README.md"), new("Readme.md"), new("cafe\u0301"), new("café")) == ["LG111", "LG111"]
    assert codes(Change(b"README.md", 0, FILE), new("readme.md")) == []


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "a/.GIT/x",
        "git~1",
        "a/.git /x",
        ".git./x",
        "a/.git:stream",
        "x\\.git\\config",
        ".g\u200cit/x",
        "a//b",
        "../a",
        "./a",
    ],
)
def test_paths_into_a_git_directory_are_found(path: str) -> None:
    assert "LG112" in codes(new(path))
    assert codes(Change(path.encode(), 0, FILE)) == [], "removing one is fine"


def test_symlinks_that_git_would_read_are_found() -> None:
    assert codes(new("sub/.gitattributes", b"x", SYMLINK)) == ["LG112"]
    assert codes(new(".gitignore"), new(".gitkeep"), new("git"), new("a.git/b")) == []


def test_binaries_conflicts_and_hidden_text() -> None:
    assert codes(new("a.bin", b"\x7fELF\0")) == ["LG113"]
    assert codes(new("a.bin", None)) == []
    conflict = b"a\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> topic\n"
    assert codes(new("a.py", conflict)) == ["LG114"]
    assert "line 2," in examine([new("a.py", conflict)])[0].message
    assert codes(new("a.py", conflict.replace(b"\n", b"\r\n"))) == ["LG114"]
    assert codes(new("a.rst", b"Title\n=======\n<<<<<<< HEAD\n")) == []
    assert codes(new("a.py", b"<<<<<<< HEAD\n=======\n")) == []
    assert codes(new("a", b"<<<<<<< \n", SYMLINK)) == []
    for sign in ("\u202e", "\u2066", "\U000e0041"):
        assert codes(new("a.py", f"x = 1\n# {sign}\n".encode())) == ["LG115"]
    assert codes(new("a.md", "👩\u200d💻 \ufeff é\u00ad".encode())) == []


def test_a_file_full_of_half_conflicts_takes_no_time() -> None:
    assert codes(new("a", b"<<<<<<< \n" * 300_000)) == []


def test_rules_can_be_selected_and_ignored() -> None:
    change = [changed("AGENTS.md", mode=EXECUTABLE), new("a.bin", b"\0")]
    assert [each.code for each in examine(change)] == ["LG101", "LG107", "LG113"]
    assert [each.code for each in examine(change, select=["LG107"])] == ["LG107"]
    assert [each.code for each in examine(change, ignore=["protected-path", "lg11"])] == ["LG107"]
    assert [each.code for each in examine(change, select=["LG1"], ignore=["LG101", "LG107"])] == ["LG113"]
    assert examine(change, select=["LG101"], ignore=["LG1"]) == ()
    assert chosen([], []) == {each.code for each in RULES}


@pytest.mark.parametrize("text", ["LG999", "nothing", "", "L"])
def test_a_rule_that_does_not_exist_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="There is no rule called"):
        examine([], select=[text])


def test_errors_block_and_others_do_not() -> None:
    assert blocks(examine([changed("AGENTS.md")]))
    assert not blocks(examine([new("a.bin", b"\0")]))


def test_findings_of_a_harvest_have_their_level_from_the_table() -> None:
    made = finding("LG206", "vendor/lib was set aside.", b"vendor/lib\xff")
    assert (made.level, made.path) == ("warning", "vendor/lib\\xff")


@given(
    st.lists(
        st.builds(
            Change,
            path=st.binary(min_size=1, max_size=30).filter(lambda path: b"\0" not in path),
            mode=st.sampled_from([0, FILE, EXECUTABLE, SYMLINK, SUBMODULE]),
            old_mode=st.sampled_from([0, FILE, EXECUTABLE, SYMLINK, SUBMODULE]),
            content=st.none() | st.binary(max_size=100),
        ),
        max_size=5,
    )
)
def test_anything_can_be_examined_and_findings_are_fit_to_be_stored(changes: list[Change]) -> None:
    found = examine(changes)
    assert list(found) == sorted(found, key=lambda each: (each.path, each.code, each.message))
    for each in found:
        assert each.path.isprintable()
        assert each.message.isprintable()
        assert rule(each.code).level == each.level


def test_a_path_is_shown_without_anything_that_could_mislead() -> None:
    assert shown(b"a\xffb\n\xe2\x80\xae.txt") == "a\\xffb\\n\\u202e.txt"


def test_the_table_is_in_order_and_complete() -> None:
    assert [each.code for each in RULES] == sorted({each.code for each in RULES})
    assert len({each.name for each in RULES}) == len(RULES)
    assert all(re.fullmatch(r"LG\d{3}", each.code) for each in RULES)
    assert all(each.why.endswith(".") and each.remedy.endswith(".") and each.example.endswith(".") for each in RULES)


def test_every_code_in_the_program_is_in_the_table() -> None:
    used = {
        (code, file.name)
        for file in (ROOT / "logist_ci").rglob("*.py")
        for code in re.findall(r"\bLG\d{3}\b", file.read_text(encoding="utf-8"))
    }
    known = {each.code for each in RULES}
    assert [(code, name) for code, name in sorted(used) if code not in known] == []


def test_the_page_of_rules_is_made_from_the_table() -> None:
    stored = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert stored == page(), "run: python -m logist_ci.gate.page > docs/rules.md"


def test_the_page_is_printed_by_its_module(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "logist_ci" / "gate" / "page.py"), run_name="__main__")
    assert capsys.readouterr().out == page()
