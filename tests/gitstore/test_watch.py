from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from logist_ci.gitstore.guarded_files import Kept
from logist_ci.gitstore.watch import watching
from logist_ci.process.locks import try_lock


def own(root: Path, job: str) -> None:
    (root / job / "shim").mkdir(parents=True, exist_ok=True)


def test_what_is_noted_is_there_for_the_next(folder: Path) -> None:
    own(folder, "a-1")
    with try_lock(folder / "a-1" / "shim" / "lock"):  # type: ignore[union-attr] # nobody else has it
        with watching(folder) as watch:
            assert (watch.jobs, watch.files, watch.restored) == ([], {}, {})
            watch.jobs, watch.files = ["a-1"], {"config": Kept("file", 0o644, b"\xff")}
            watch.restored["refs/x"] = "1" * 40
        with watching(folder) as watch:
            assert watch.jobs == ["a-1"]
            assert watch.files == {"config": Kept("file", 0o644, b"\xff")}
            assert watch.restored == {"refs/x": "1" * 40}


def test_jobs_that_nobody_owns_do_not_run(folder: Path) -> None:
    own(folder, "a-1")
    with watching(folder) as watch:
        watch.jobs = ["a-1", "gone-1"]
    with watching(folder) as watch:
        assert watch.jobs == []


def test_damage_is_a_new_beginning(folder: Path) -> None:
    for data in (b"", b"{", b'{"jobs": 1}', b"[" * 100_000, b"\xff"):
        (folder / "watch.json").write_bytes(data)
        with watching(folder) as watch:
            assert watch.jobs == []


def test_an_error_inside_stores_nothing(folder: Path) -> None:
    with pytest.raises(RuntimeError), watching(folder) as watch:
        watch.restored["x"] = "y"
        raise RuntimeError
    with watching(folder) as watch:
        assert watch.restored == {}


def test_one_after_the_other(folder: Path) -> None:
    def count(number: int) -> None:
        with watching(folder) as watch:
            watch.restored[str(number)] = "x"

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(40)))
    with watching(folder) as watch:
        assert len(watch.restored) == 40
