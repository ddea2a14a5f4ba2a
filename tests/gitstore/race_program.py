"""Processes that race: ``python -m tests.gitstore.race_program KIND REPOSITORY NUMBER ROUNDS``.

Each says ``ready``, begins when a line comes in, and prints as JSON what it won and what surprised it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pygit2

from logist_ci.errors import LogistError, LostRaceError, RefusedError
from logist_ci.gitstore.manifests import ManifestStore
from logist_ci.gitstore.refs import RefStore
from logist_ci.gitstore.repository import Identity, Repository
from logist_ci.job.ids import CommitId, RefName
from logist_ci.job.transitions import Use, create
from logist_ci.job.usage import Usage
from logist_ci.process.clock import SystemClock
from logist_ci.testing.manifests import example_manifest

# So long apart are the rounds; everybody begins each one at the same moment.
PACE_S = 0.004


def one_reference(refs: RefStore, number: int, rounds: int, begin: float) -> list[str]:
    """Try to create each reference, with a commit of one's own."""
    raw = refs.repository.raw
    head = raw.head.peel(pygit2.Commit)
    mine = CommitId(str(raw.create_commit(None, head.author, head.author, f"{number}", head.tree_id, [])))
    won = []
    for turn in range(rounds):
        while time.monotonic() < begin + turn * PACE_S:
            pass
        try:
            refs.write(RefName(f"refs/logist/race/{turn}"), mine, expected=None)
            won.append(str(turn))
        except LostRaceError:
            pass
    return won


def creations(refs: RefStore, number: int, rounds: int, begin: float) -> list[str]:
    """Create the same jobs as everybody else."""
    store = ManifestStore(refs, Identity(f"{number}", "racer@example.invalid"), SystemClock())
    won = []
    for turn in range(rounds):
        name = f"job-{(turn + number) % rounds}"
        try:
            store.create(create(example_manifest(name)), prompt=f"by {number}")
            won.append(name)
        except RefusedError:
            pass
    return won


def changes(refs: RefStore, number: int, rounds: int, begin: float) -> list[str]:
    """Add tokens to one job's usage; none may be lost."""
    store = ManifestStore(refs, Identity(f"{number}", "racer@example.invalid"), SystemClock())
    commits: list[str] = []
    for _ in range(rounds):
        stored = store.change(store.find("shared"), lambda _: Use(usage=Usage(tokens=1)))
        commits.append(stored.commit)
    return commits


def coming_and_going(refs: RefStore, number: int, rounds: int, begin: float) -> list[str]:
    """Create and delete a reference alone in its folder, so that the folder comes and goes for everybody."""
    head = CommitId(str(refs.repository.raw.head.target))
    ref = RefName(f"refs/logist/going/{number % 2}/{number}")
    for _ in range(rounds):
        refs.write(ref, head, expected=None)
        refs.delete(ref, expected=head)
    return []


KINDS: dict[str, Callable[[RefStore, int, int, float], list[str]]] = {
    "reference": one_reference,
    "create": creations,
    "change": changes,
    "coming-and-going": coming_and_going,
}


def main(kind: str, place: str, number: int, rounds: int) -> None:
    refs = RefStore(Repository.open(Path(place), environ=os.environ))
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    won: list[str] = []
    errors: list[str] = []
    try:
        won = KINDS[kind](refs, number, rounds, begin)
    except LogistError as defect:
        errors.append(repr(defect))
    print(json.dumps({"won": won, "errors": errors}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
