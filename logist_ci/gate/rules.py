"""Examines a change: every rule on every path, findings in a fixed order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from logist_ci.errors import UsageError
from logist_ci.gate import contents, modes, names
from logist_ci.gate.change import Change, Policy, shown
from logist_ci.gate.table import RULES, Rule, rule
from logist_ci.job.manifest import Finding

__all__ = ["Change", "Policy", "blocks", "chosen", "examine", "finding"]

_OnPath = Callable[[Change, Policy], Iterator[str]]
_OnWhole = Callable[[Sequence[Change], Policy], Iterator[tuple[Change | None, str]]]

_ON_PATH: Mapping[str, _OnPath] = {
    "LG101": names.protected_path,
    "LG102": contents.file_too_large,
    "LG104": contents.known_secret,
    "LG105": contents.likely_secret,
    "LG106": modes.symlink_outside,
    "LG107": modes.executable_bit,
    "LG108": modes.kind_changed,
    "LG109": modes.submodule,
    "LG110": names.odd_name,
    "LG111": names.unportable_name,
    "LG112": names.git_entry,
    "LG113": contents.binary_file,
    "LG114": contents.conflict_markers,
    "LG115": contents.hidden_text,
}
_ON_WHOLE: Mapping[str, _OnWhole] = {"LG103": contents.change_too_large, "LG111": names.case_clash}


def examine(
    changes: Iterable[Change],
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    policy: Policy | None = None,
) -> tuple[Finding, ...]:
    """Return what the rules say about ``changes``, ordered by path and code.

    ``select`` and ``ignore`` are codes, beginnings of codes (``LG1``) or names (``protected-path``);
    nothing selected means everything, and what is ignored is ignored.

    Raises:
        UsageError: one of them stands for no rule.
    """
    every, allowed = tuple(changes), policy or Policy()
    wanted = chosen(select, ignore)
    found = [*_on_paths(every, wanted, allowed), *_on_whole(every, wanted, allowed)]
    masked = (
        Finding(code=each.code, level=each.level, message=allowed.mask(each.message), path=allowed.mask(each.path))
        for each in found
    )
    return tuple(sorted(masked, key=lambda each: (each.path, each.code, each.message)))


def finding(code: str, message: str, path: bytes = b"") -> Finding:
    """Return a finding of the rule ``code``, at its level; ``path`` is made printable."""
    return Finding(code=code, level=rule(code).level, message=message, path=shown(path))


def blocks(findings: Iterable[Finding]) -> bool:
    """Return whether any of ``findings`` keeps a change from being published."""
    return any(each.level == "error" for each in findings)


def chosen(select: Iterable[str], ignore: Iterable[str]) -> frozenset[str]:
    """Return the codes that ``select`` and ``ignore`` leave."""
    selected = frozenset(code for text in select for code in _codes(text))
    ignored = frozenset(code for text in ignore for code in _codes(text))
    return (selected or frozenset(each.code for each in RULES)) - ignored


def _on_paths(changes: Sequence[Change], wanted: frozenset[str], policy: Policy) -> Iterator[Finding]:
    for code, check in _ON_PATH.items():
        if code in wanted:
            yield from (finding(code, text, change.path) for change in changes for text in check(change, policy))


def _on_whole(changes: Sequence[Change], wanted: frozenset[str], policy: Policy) -> Iterator[Finding]:
    for code, check in _ON_WHOLE.items():
        if code in wanted:
            found = check(changes, policy)
            yield from (finding(code, text, change.path if change else b"") for change, text in found)


def _codes(text: str) -> list[str]:
    codes = [each.code for each in RULES if _is_meant(each, text)]
    if not codes:
        raise UsageError(
            f"There is no rule called {text!r}.", hint=f"Rules are: {', '.join(each.code for each in RULES)}."
        )
    return codes


def _is_meant(each: Rule, text: str) -> bool:
    return text == each.name or (len(text) > 1 and each.code.startswith(text.upper()))
