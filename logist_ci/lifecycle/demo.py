"""Shows what Logist CI does on a throw-away repository, offline, and proves it: nothing here is staged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock

import msgspec

from logist_ci.errors import StoreError
from logist_ci.job.ids import JobId
from logist_ci.job.manifest import Manifest
from logist_ci.job.states import State
from logist_ci.lifecycle.apply import apply_job
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.decide import cancel
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_job, run_jobs
from logist_ci.process.capture import capture
from logist_ci.process.command import Command
from logist_ci.runner.listener import Happening, Listener, StopSignal
from logist_ci.runner.parts import Parts

__all__ = ["Demonstration", "Proof", "demonstrate", "make_repository"]

_LANDING, _GREETING, _ENDLESS = JobId("landing-page"), JobId("greeting"), JobId("endless")
_GREETINGS = """{"attempts": [
  [{"write": {"path": "greeting.txt", "text": "Helo, world!\\n"}}, {"print": "I wrote a greeting."}],
  [{"write": {"path": "greeting.txt", "text": "Hello, world!\\n"}}, {"print": "I corrected the greeting."}]
]}"""
_REQUESTS = (
    JobRequest(
        job_id=_LANDING,
        prompt="create a landing page for my startup",
        agent="template",
        checks=("grep -q <h1 index.html",),
        artifacts=("*.html",),
    ),
    JobRequest(
        job_id=_GREETING,
        title="Write a greeting",
        prompt=_GREETINGS,
        agent="mock",
        checks=("grep -q Hello greeting.txt",),
        limits={"attempts": "2"},
    ),
    JobRequest(
        job_id=_ENDLESS,
        title="Work for ever",
        argv=("sh", "-c", "echo some work > partial.txt; echo working; sleep 600"),
        checks=(),
        limits={"wall": "2s", "grace": "1s"},
    ),
)


class Proof(msgspec.Struct, frozen=True):
    """Something that was looked at, and whether it was so."""

    what: str
    ok: bool


class Demonstration(msgspec.Struct, frozen=True):
    """How the three jobs ended, and what was proven on the way."""

    jobs: tuple[Manifest, ...]
    proofs: tuple[Proof, ...]

    @property
    def ok(self) -> bool:
        """Whether everything was as it should be."""
        return all(proof.ok for proof in self.proofs)


def make_repository(folder: Path, environ: Mapping[str, str]) -> Path:
    """Make a small repository with one commit below ``folder``.

    Raises:
        MissingError: git is not installed.
        StoreError: git refused.
    """
    root = folder / "demo"
    root.mkdir()
    (root / "hello.txt").write_text("A repository to try Logist CI on.\n", encoding="utf-8")
    who = ("-c", "user.name=Logist CI", "-c", "user.email=logist-ci@localhost", "-c", "commit.gpgSign=false")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), (*who, "commit", "-q", "--no-verify", "-m", "Begin")):
        _git(root, environ, *words)
    return root


def demonstrate(parts: Parts, listener: Listener, stop: StopSignal | None = None) -> Demonstration:
    """Run three jobs side by side in the repository of ``parts``, clean up, and look at everything."""
    before = _untouched(parts)
    witness = _Witness(parts, listener)
    ids = [create_job(parts, request).stored.manifest.id for request in _REQUESTS]
    run_jobs(parts, ids, witness, jobs=len(ids), stop=stop)
    ended = {job_id: parts.store.read(job_id).manifest for job_id in ids}
    still = before == _untouched(parts)
    cancel(parts, _ENDLESS, witness)
    run_job(parts, _ENDLESS, witness)
    apply_job(parts, _LANDING)
    return Demonstration(tuple(ended.values()), tuple(_proofs(parts, ended, witness, still=still)))


def _proofs(parts: Parts, ended: Mapping[JobId, Manifest], witness: _Witness, *, still: bool) -> Iterator[Proof]:
    landing, greeting, endless = (ended[job_id] for job_id in (_LANDING, _GREETING, _ENDLESS))
    worktree = parts.repository.worktree or Path()
    yield Proof("landing-page made a page, and its check passed", landing.state is State.SUCCESS)
    retried = greeting.state is State.SUCCESS and greeting.attempt == 2
    yield Proof("greeting failed its check, was told so, and passed at its second attempt", retried)
    blocked = endless.blocked.code if endless.blocked else ""
    halted = endless.state is State.INTERVENTION_REQUIRED and blocked == "halted-wall"
    yield Proof("endless was stopped by its limit of 2 s", halted)
    partial = endless.result.files == 1
    yield Proof("what endless had done until then is on its branch", partial)
    for job_id in ended:
        yield Proof(f"the worktree of {job_id} existed while it ran", job_id in witness.worktrees_seen)
    for job_id in ended:
        yield Proof(f"the worktree of {job_id} is gone", not parts.root.folder(job_id).workspace.exists())
    yield Proof("your branch, index and files were as before until apply", still)
    yield Proof("apply brought the page to the current branch", (worktree / "index.html").is_file())


class _Witness:
    """Passes everything on, and looks whether a running job has its worktree."""

    def __init__(self, parts: Parts, listener: Listener) -> None:
        self._parts = parts
        self._listener = listener
        self._lock = Lock()
        self.worktrees_seen: set[JobId] = set()

    def on(self, event: Happening) -> None:
        if event.manifest is not None and event.manifest.state is State.RUNNING:
            workspace = self._parts.root.folder(event.job_id).workspace
            if (workspace / ".git").exists() and (workspace / "hello.txt").exists():
                with self._lock:
                    self.worktrees_seen.add(event.job_id)
        self._listener.on(event)


def _untouched(parts: Parts) -> tuple[bytes, ...]:
    """Return what must not change while jobs run: HEAD, status and configuration of the user."""
    root = parts.repository.worktree or Path()
    questions = (("rev-parse", "HEAD"), ("status", "--porcelain", "--branch"), ("config", "--list", "--local"))
    return tuple(_git(root, parts.environ, *words) for words in questions)


def _git(root: Path, environ: Mapping[str, str], *words: str) -> bytes:
    done = capture(Command(("git", *words), root, environ))
    if done.returncode != 0:
        raise StoreError(f"git {words[0]} failed in {root}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
