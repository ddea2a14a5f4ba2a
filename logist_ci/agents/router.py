"""Names the project type that a request is about, from its words and from the files of the repository.

A pure function. Words of the request weigh more than files that are there; a tie is no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from logist_ci.job.manifest import Route

__all__ = ["PROJECT_TYPES", "explain", "route"]

#: Every project type, and whether what it makes has to be built or installed before it can be used.
PROJECT_TYPES = {"discord_bot": True, "node_project": True, "python_package": True, "static_html": False}

_READ_CHARACTERS = 20_000
#: A word of this weight names a project type by itself.
_NAMES_IT = 4


class _Clue(NamedTuple):
    project_type: str
    weight: int
    pattern: re.Pattern[str]


def _clues(project_type: str, weight: int, *phrases: str) -> list[_Clue]:
    return [_Clue(project_type, weight, re.compile(rf"(?<!\w){phrase}(?!\w)", re.IGNORECASE)) for phrase in phrases]


# 8 and more says it all; 4 names a type; 3 and less help where nothing else does.
_WORDS = (
    *_clues("discord_bot", 9, r"discord[\s-]+bots?", r"bots? (?:for|on) discord"),
    *_clues("discord_bot", 6, r"discord(?:\.py)?"),
    *_clues("discord_bot", 2, r"slash[\s-]+commands?"),
    *_clues("static_html", 8, r"landing[\s-]+pages?", r"static (?:web)?(?:site|page)s?", r"one[\s-]+page(?:r| site)?"),
    *_clues(
        "static_html", 4, r"html(?:5)?", r"home[\s-]?pages?", r"web[\s-]?(?:page|site)s?", r"portfolio", r"brochure"
    ),
    *_clues("static_html", 2, r"css", r"marketing", r"coming soon"),
    *_clues(
        "node_project", 8, r"express(?:\.?js)?(?= (?:api|app|server|service|backend|project|route))", r"express\.?js"
    ),
    *_clues(
        "node_project", 6, r"node(?:\.?js)?", r"npm (?:package|module)s?", r"typescript", r"fastify", r"nestjs", r"koa"
    ),
    *_clues("node_project", 3, r"express", r"java\s?script", r"npm"),
    *_clues(
        "node_project", 2, r"(?:rest|http|json|web) (?:api|server|service)s?", r"api[\s-]+servers?", r"back[\s-]?end"
    ),
    *_clues(
        "python_package", 8, r"python[\s-]+(?:package|library|module|project|cli|tool|app)s?", r"pypi", r"pip package"
    ),
    *_clues("python_package", 6, r"python3?", r"pytest", r"django", r"flask", r"fastapi", r"pyproject(?:\.toml)?"),
    *_clues("python_package", 1, r"library", r"package"),
)

_FILES = (
    *_clues("discord_bot", 4, r"discord[\w-]*\.(?:py|js|ts)"),
    *_clues("node_project", 3, r"package\.json"),
    *_clues("node_project", 1, r"package-lock\.json", r"tsconfig\.json"),
    *_clues("python_package", 3, r"pyproject\.toml"),
    *_clues("python_package", 2, r"setup\.(?:py|cfg)", r"requirements\.txt"),
    *_clues("static_html", 3, r"index\.html?"),
    *_clues("static_html", 1, r"styles?\.css"),
)
_ASIDE = re.compile(
    r"\b(?:for|in|from|with|using|about|like|of)\s+(?:(?:my|our|the|an?|this|your)\s+)?$", re.IGNORECASE
)
_ASIDE_LENGTH = 20


def route(prompt: str, files: Iterable[str]) -> Route:
    """Return the project type of the request ``prompt`` in a repository with ``files``, and what it was told by.

    ``files`` are paths relative to the repository; only those at its root count. The type is ``None``
    when nothing speaks for one, or as much for two (see :func:`explain`).
    """
    words = list(_word_clues(prompt[:_READ_CHARACTERS]))
    # A request that names a type is about that, whatever is there; otherwise what is there decides.
    named = any(clue.weight >= _NAMES_IT for clue, _ in words)
    found = words if named else [*words, *_file_clues(files)]
    best = _best(found)
    matched = tuple(dict.fromkeys(text for clue, text in found if best in (None, clue.project_type)))
    return Route(project_type=best, matched=matched, requires_build=PROJECT_TYPES.get(best or "", False))


def explain(found: Route) -> str:
    """Return in a sentence what the router found, and what it was told by."""
    known = ", ".join(PROJECT_TYPES)
    if found.project_type:
        return f"This is about {found.project_type} ({'; '.join(found.matched)})."
    if found.matched:
        return f"This could be about more than one type of project ({'; '.join(found.matched)}); they are {known}."
    return f"No word of the request and no file of the repository names a type of project; they are {known}."


def _word_clues(prompt: str) -> Iterator[tuple[_Clue, str]]:
    taken: list[tuple[str, int, int]] = []
    for clue in _WORDS:
        match = clue.pattern.search(prompt)
        # "Python" is in "Python library" already. Strong clues come first.
        if match is None or any(
            clue.project_type == each and start <= match.start() < end for each, start, end in taken
        ):
            continue
        taken.append((clue.project_type, *match.span()))
        # "A landing page for our Discord bot": what follows such a word is not what is asked for.
        aside = _ASIDE.search(prompt, max(0, match.start() - _ASIDE_LENGTH), match.start())
        weighed = clue._replace(weight=clue.weight // 3) if aside else clue
        yield weighed, f"word: {' '.join(match.group().lower().split())}"


def _file_clues(files: Iterable[str]) -> Iterator[tuple[_Clue, str]]:
    for path in sorted(path for path in files if "/" not in path):
        for clue in _FILES:
            if clue.pattern.fullmatch(path):
                yield clue, f"file: {path}"


def _best(found: Iterable[tuple[_Clue, str]]) -> str | None:
    weights: dict[str, list[int]] = {}
    for clue, _ in found:
        weights.setdefault(clue.project_type, []).append(clue.weight)
    # The strongest clue counts, and others of its type confirm it.
    ranked = sorted(((max(each) + len(each) - 1, project_type) for project_type, each in weights.items()), reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]
