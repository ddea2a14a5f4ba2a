"""Creates trivial jobs and runs them one after another, in one process, through the documented API.

Called by ``batch.py`` as a program of its own; prints JSON: the seconds that creating and running took.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from logist_ci.app import open_app
from logist_ci.job.states import State
from logist_ci.lifecycle.create import create_job
from logist_ci.lifecycle.request import JobRequest
from logist_ci.lifecycle.run import run_jobs
from logist_ci.runner.listener import Silence

__all__ = ["main"]


def main(count: int, command: tuple[str, ...]) -> None:
    """Create ``count`` jobs of ``command`` in the repository where we stand, run them, and print the times."""
    app = open_app(Path.cwd(), os.environ)
    try:
        parts = app.parts
        begun = time.perf_counter()
        request = JobRequest(argv=command, checks=(), runtime="host")
        ids = [create_job(parts, request).stored.manifest.id for _ in range(count)]
        created = time.perf_counter()
        outcomes = run_jobs(parts, ids, Silence(), jobs=1)
        ended = time.perf_counter()
    finally:
        app.close()
    for outcome in outcomes:
        if outcome.manifest is None or outcome.manifest.state is not State.SUCCESS:
            raise SystemExit(f"The job {outcome.job_id} failed: {outcome.error or outcome.manifest}")
    print(json.dumps({"created": created - begun, "ran": ended - created}))


if __name__ == "__main__":
    main(int(sys.argv[1]), tuple(sys.argv[2:]))
