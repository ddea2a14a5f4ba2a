"""The places of a repository that can make git run programs, hide files or see other objects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from logist_ci.gitstore.guarded_files import Place
from logist_ci.gitstore.registration import registrations
from logist_ci.gitstore.repository import Repository

__all__ = ["guarded_places", "module_places"]

_MODULES = 500
_MODULE_DEPTH = 12


def guarded_places(repository: Repository) -> dict[str, Place]:
    """Return the places by name: the path below the git directory that all worktrees share, else the whole path.

    What the configuration names counts as it was when it was first asked for. Includes are followed as
    git follows them; of a condition that is not met only the file that it names itself is known.
    """
    common = repository.common_dir
    found = [
        *(Place("LG201", common / name) for name in ("config", "config.worktree")),
        *(Place("LG201", common / "info" / name) for name in ("attributes", "exclude", "grafts")),
        Place("LG201", common / "objects" / "info" / "alternates"),
        *_folders(common, common / "hooks"),
        *(Place("LG201", file) for file in _included(repository)),
        *(place for path in _hooks_paths(repository) for place in _folders(common, path)),
    ]
    for worktree in _others(repository):
        found += [Place("LG201", worktree / "config.worktree"), *_modules(worktree / "modules")]
    return {**_named(common, found), **module_places(common)}


def module_places(common_dir: Path) -> dict[str, Place]:
    """Return the places of the submodules that there are now: git takes up one that it finds, whoever made it."""
    return _named(common_dir, _modules(common_dir / "modules"))


def _named(common_dir: Path, places: Iterable[Place]) -> dict[str, Place]:
    named: dict[str, Place] = {}
    for place in places:
        inside = place.path.is_relative_to(common_dir)
        name = os.fspath(place.path.relative_to(common_dir) if inside else place.path)
        named.setdefault(name, place)
    folders = [place.path for place in named.values() if place.folder]
    # What lies in a guarded folder is guarded with it, and must not be named twice.
    return {name: place for name, place in named.items() if not any(up in folders for up in place.path.parents)}


def _folders(common_dir: Path, path: Path) -> Iterator[Place]:
    """Yield a folder of hooks and, where a link leads to it, the folder that is meant."""
    for place in dict.fromkeys((path, Path(os.path.realpath(path)))):
        # One that holds the repository itself is no folder of hooks alone: everybody's files are in it.
        if not common_dir.is_relative_to(place):
            yield Place("LG202", place, folder=True)


def _inside(repository: Repository, path: Path) -> bool:
    homes = (repository.common_dir, repository.main_worktree)
    return any(home is not None and path.is_relative_to(home) for home in homes)


def _expanded(repository: Repository, value: str, base: Path) -> Path:
    home = repository.environ.get("HOME")
    if home and (value == "~" or value.startswith("~/")):
        value = home + value[1:]
    return Path(os.path.normpath(base / value))


def _included(repository: Repository) -> Iterator[Path]:
    settings = repository.configuration().settings
    named = [repository.git_dir / origin for origin in dict.fromkeys(setting.origin for setting in settings)]
    for setting in settings:
        if setting.name == "include.path" or (setting.name.startswith("includeif.") and setting.name.endswith(".path")):
            # It may be missing, or wait for its condition: git reads it as soon as it can.
            file = _expanded(repository, setting.value, (repository.git_dir / setting.origin).parent)
            named += [file, file.resolve()]
    return (file for file in dict.fromkeys(named) if _inside(repository, file))


def _hooks_paths(repository: Repository) -> Iterator[Path]:
    value = repository.configuration().value("core.hookspath")
    for base in (repository.main_worktree, repository.worktree, repository.git_dir) if value else ():
        if base is not None:
            path = _expanded(repository, value or "", base)
            if _inside(repository, path) or _inside(repository, path.resolve()):
                yield path


def _others(repository: Repository) -> Iterator[Path]:
    """Yield the git directories of the linked worktrees that are the user's, not our jobs'."""
    common = repository.common_dir
    if repository.git_dir != common:
        yield repository.git_dir
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(common / "worktrees") as entries:
        names = sorted(entry.name for entry in entries)
        ours = {str(job) for job, _ in registrations(common)} if names else set()
        yield from (common / "worktrees" / name for name in names if name not in ours)


def _modules(modules: Path) -> Iterator[Place]:
    """Yield the places of the git directories below ``modules``, which may have slashes in their names."""
    waiting, seen = [(modules, 0)], 0
    while waiting and seen < _MODULES:
        folder, depth = waiting.pop()
        seen += 1
        try:
            with os.scandir(folder) as entries:
                inside = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        if folder != modules and os.path.lexists(folder / "HEAD"):
            yield from (Place("LG201", folder / name) for name in ("config", "config.worktree"))
            yield Place("LG202", folder / "hooks", folder=True)
            inside = [name for name in inside if name == "modules"]
        if depth < _MODULE_DEPTH:
            waiting += [(folder / name, depth + 1) for name in sorted(inside, reverse=True)]
