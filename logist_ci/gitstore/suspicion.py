"""Before git runs for the user while jobs run: has one of them planted something that git would take up?"""

from __future__ import annotations

from pathlib import Path

from logist_ci.errors import RefusedError
from logist_ci.gitstore.guarded_files import differing, kept, place_of
from logist_ci.gitstore.guarded_places import module_places
from logist_ci.gitstore.harmless_changes import harmless_change
from logist_ci.gitstore.watch import watching

__all__ = ["refuse_what_was_planted"]

_SHOWN = 10


def refuse_what_was_planted(common_dir: Path, jobs_root: Path) -> None:
    """Compare the guarded files with what they were before the jobs that run now began; without jobs do nothing.

    Raises:
        RefusedError: something differs that can make git run programs.
        BusyError: the comparison of a job that ends does not end.
    """
    if not (jobs_root / "watch.json").exists():
        return
    with watching(jobs_root) as watch:
        if not watch.jobs:
            return
        places = {**module_places(common_dir), **watch.guarded()}
        now = kept(places)
        changed = [
            name
            for name in differing(watch.files, now)
            if harmless_change(name, place_of(places, name), watch.files.get(name), now) is None
        ]
        jobs = ", ".join(watch.jobs)
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise RefusedError(
            f"Git's configuration or hooks have changed since jobs began that still run ({jobs}), and one of them may "
            f"have done it: {', '.join(changed[:_SHOWN])}{more}.",
            hint="Git would run what they name. Wait for these jobs, or stop them (logist-ci cancel); then try again.",
        )
