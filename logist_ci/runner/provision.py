"""Makes a job's worktree and the small private surroundings of its programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logist_ci.gitstore.folders import real_folder, set_aside
from logist_ci.gitstore.include import included_files
from logist_ci.gitstore.tamper import snapshot
from logist_ci.job.ids import CommitId
from logist_ci.job.manifest import Manifest, Phase
from logist_ci.process.environment import job_environment
from logist_ci.process.files import write_atomically
from logist_ci.runner.work import Work

__all__ = ["Ground", "environment", "passed_secrets", "provision"]


@dataclass(frozen=True)
class Ground:
    """What a program starts on.

    ``fresh`` says that the worktree was made just now, so that set-up has to run in it; ``snapshot`` is what
    the repository was like, kept where no program of the job can reach it.
    """

    fresh: bool
    snapshot: bytes


def provision(work: Work, manifest: Manifest) -> Ground:
    """Make the worktree at the tip of the job's branch, or take the one that is there."""
    folder = work.folder
    with work.stage("provision"):
        _fresh_surroundings(work)
        fresh = (manifest.phase is Phase.VALIDATE and work.parts.settings.validate_in == "fresh") or (
            manifest.attempt > 1 and manifest.phase is not Phase.VALIDATE
        )
        provisioned = work.parts.worktrees.provision(
            manifest.id,
            folder,
            branch=manifest.source.branch,
            base=manifest.source.base_commit,
            tip=_tip(manifest),
            include=included_files(work.parts.repository),
            clean=fresh,
        )
        for note in provisioned.notes:
            work.say(note)
        before = snapshot(work.parts.repository, folder, job_branch=manifest.source.branch)
        # For whoever has to bring the job home when we are gone.
        write_atomically(folder.snapshot, before, mode=0o600)
    return Ground(provisioned.made, before)


def environment(
    work: Work, manifest: Manifest, pass_names: tuple[str, ...], extra: Mapping[str, str]
) -> dict[str, str]:
    """Return a program's complete environment: an allow-list, a private HOME, and the job's own names."""
    folder = work.folder
    words = {"LOGIST_ATTEMPT": str(manifest.attempt), "LOGIST_FEEDBACK": manifest.feedback, **extra}
    return job_environment(
        work.parts.environ,
        home=folder.home,
        job_id=manifest.id,
        phase=manifest.phase.value,
        workspace=folder.workspace,
        result=folder.result,
        pass_names=(*manifest.spec.env_pass, *pass_names),
        extra=words,
    )


def passed_secrets(work: Work, manifest: Manifest, pass_names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values of the variables that are passed by name: whoever names one has a secret in mind."""
    values = (work.parts.environ.get(name, "") for name in (*manifest.spec.env_pass, *pass_names))
    return tuple(dict.fromkeys(value for value in values if value))


def _tip(manifest: Manifest) -> CommitId:
    return manifest.result.head or manifest.source.base_commit


def _fresh_surroundings(work: Work) -> None:
    folder = work.folder
    folder.make()
    real_folder(folder.home)
    set_aside(folder.result)
