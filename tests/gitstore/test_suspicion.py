from __future__ import annotations

import pytest

from logist_ci.errors import RefusedError
from logist_ci.gitstore.applying import apply_branch
from logist_ci.gitstore.suspicion import refuse_what_was_planted
from logist_ci.job.ids import CommitId
from logist_ci.process.locks import try_lock
from tests.gitstore.job_lab import JobLab


def look(lab: JobLab) -> None:
    refuse_what_was_planted(lab.repository.common_dir, lab.root.path)


def apply(lab: JobLab, tip: CommitId) -> None:
    apply_branch(lab.repository, tip, base=lab.base, message="Take it", jobs_root=lab.root.path)


def test_nothing_is_applied_while_a_running_job_may_have_planted_a_program(lab: JobLab) -> None:
    look(lab)
    lab.folder.make()
    held = try_lock(lab.folder.lock)
    assert held is not None
    lab.start()
    lab.write("new")
    tip = lab.commit()
    look(lab)
    lab.repo.git("config", "color.ui", "auto")
    look(lab)
    lab.repo.write(".git/hooks/post-merge", "#!/bin/sh\ntouch sang\n", executable=True)
    with pytest.raises(RefusedError, match="hooks/post-merge") as refusal:
        apply(lab, tip)
    assert refusal.value.exit_status == 5
    assert lab.name in str(refusal.value)
    assert lab.repo.head() == lab.base
    lab.settle()
    apply(lab, tip)
    assert lab.repo.head() == tip
    assert not (lab.repo.path / "sang").exists()
    held.close()


def test_a_job_that_nobody_owns_plants_nothing_any_more(lab: JobLab) -> None:
    lab.start()
    lab.repo.write(".git/hooks/post-merge", "mine", executable=True)
    look(lab)
