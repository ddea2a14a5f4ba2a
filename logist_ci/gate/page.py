"""The documentation page of all rules, made from the table."""

from __future__ import annotations

from collections.abc import Iterable

from logist_ci.gate.table import RULES, Rule

__all__ = ["page"]

_TOP = """\
<!-- Made from logist_ci/gate/table.py by: python -m logist_ci.gate.page -->

# Rules

Every finding of Logist CI has a code. Findings of level **error** keep a job from being published, and make it wait
for a person; warnings and notes are reported. Leave rules out with `--ignore CODE`, or look at some only with
`--select CODE`; a code, its beginning (`LG1`) or its name will do.

"""


def page(rules: Iterable[Rule] = RULES) -> str:
    """Return the page as Markdown."""
    every = tuple(rules)
    rows = "\n".join(f"| [{each.code}](#{_anchor(each)}) | `{each.name}` | {each.level} |" for each in every)
    sections = "\n".join(_section(each) for each in every)
    return f"{_TOP}| code | name | level |\n| --- | --- | --- |\n{rows}\n\n{sections}"


def _anchor(each: Rule) -> str:
    return f"{each.code.lower()}-{each.name}"


def _section(each: Rule) -> str:
    return f"""\
## {each.code} {each.name}

{each.why}

*For example:* {each.example}

*What to do:* {each.remedy}
"""


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
