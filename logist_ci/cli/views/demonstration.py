"""What the demonstration showed."""

from __future__ import annotations

from datetime import datetime

from logist_ci.cli.terminal import Palette
from logist_ci.cli.views.results import ended
from logist_ci.lifecycle.demo import Demonstration

__all__ = ["demonstrated"]


def demonstrated(shown: Demonstration, now: datetime, palette: Palette) -> str:
    """Return how the jobs of the demonstration ended, what was proven, and what to try next."""
    proofs = [f"  {palette.good('ok') if proof.ok else palette.bad('NO')}  {proof.what}" for proof in shown.proofs]
    return "\n".join(
        [
            *(ended(manifest, now, palette) for manifest in shown.jobs),
            "",
            palette.bold("Looked at, one by one:"),
            *proofs,
            "",
            palette.bold("Try next, in a repository of yours:"),
            "  logist-ci doctor                       is everything there?",
            "  logist-ci run -- ruff check --fix .    any command as an agent",
            "  logist-ci diff @last                   what it changed",
            "  logist-ci apply @last                  merge it",
        ]
    )
