from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

from logist_ci.shim.changes import changed_since


def settled(folder: Path) -> float:
    """Return a moment after the last change in ``folder``: file times are a few milliseconds behind the clock."""
    newest = max(path.lstat().st_ctime for path in (folder, *folder.rglob("*")))
    while time.time() <= newest + 0.02:
        time.sleep(0.005)
    return newest + 0.01


def test_nothing_changed(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_text("x")
    assert changed_since(tmp_path, settled(tmp_path)) is None


def test_a_change_deep_down_is_found(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "file"
    file.parent.mkdir(parents=True)
    file.write_text("x")
    moment = settled(tmp_path)
    file.write_text("y")
    assert changed_since(tmp_path, moment) == file.stat().st_ctime


def test_a_new_file_and_a_removed_one_are_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old").touch()
    moment = settled(tmp_path)
    (tmp_path / "a" / "old").unlink()
    assert changed_since(tmp_path, moment) is not None


def test_the_time_that_a_program_gave_its_file_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.utime(tmp_path / "file", (4e9, 4e9))
    assert changed_since(tmp_path, settled(tmp_path)) is None


def test_symlinks_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "outside")
    moment = settled(tmp_path)
    (tmp_path / "outside" / "new").touch()
    assert changed_since(tmp_path / "tree", moment) is None


def test_a_missing_folder_has_not_changed(tmp_path: Path) -> None:
    assert changed_since(tmp_path / "missing", 0) is None


def test_walking_ends_when_it_takes_too_long(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / str(number)).mkdir()
    ticks = itertools.count(0, 0.3)
    assert changed_since(tmp_path, settled(tmp_path), monotonic=lambda: next(ticks)) is None
    assert next(ticks) < 2.5
