"""The program behind the agent ``template``: renders a scaffold into the worktree, and never over anything.

It runs as every agent does, under limits and with nobody's credentials, because a repository may
bring templates of its own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["begin", "main"]


#: Nearly every repository has these, and a scaffold does without its own.
_COMPANIONS = (".gitignore", "README.md")


def main() -> None:
    """Do the task that ``$LOGIST_TASK`` names."""
    begin(json.loads(Path(os.environ["LOGIST_TASK"]).read_bytes()))


def begin(task: Mapping[str, Any]) -> NoReturn:
    """Write the scaffold of ``task``, answer, and end the program."""
    workspace = Path(task["workspace"])
    kind = task["options"].get("kind") or _routed(task, workspace)
    scaffold = _scaffold(task, kind)
    kept = [path for path in _COMPANIONS if path in scaffold and _is_own(workspace / path, scaffold[path])]
    files = {path: data for path, data in scaffold.items() if path not in kept}
    in_the_way = sorted(path for path, data in files.items() if _other_there(workspace, path, data))
    if in_the_way:
        _answer(task, "STUCK", f"These are there already, and are not overwritten: {', '.join(in_the_way)}.")
    written = [path for path, data in files.items() if _write(workspace, path, data)]
    summary = f"Wrote {len(written)} files of a new {kind}." if written else f"Every file of a {kind} was there."
    left = f" Left {' and '.join(kept)} as it was." if kept else ""
    _answer(task, "COMPLETED", summary + left, tuple(files))


def _routed(task: Mapping[str, Any], workspace: Path) -> str:
    from logist_ci.agents.router import explain, route

    found = route(task["request"], [entry.name for entry in workspace.iterdir()])
    sys.stdout.write(f"{explain(found)}\n")
    if found.project_type is None:
        _answer(task, "STUCK", f"{explain(found)} Name one with the option `kind`.")
    return found.project_type


def _scaffold(task: Mapping[str, Any], kind: str) -> dict[str, bytes]:
    from logist_ci.errors import TemplateError
    from logist_ci.templating.render import Templates
    from logist_ci.templating.scaffold import scaffold

    asked = task["request"].strip().split("\n")[0]
    values = {
        **{name: value for name, value in task["options"].items() if name != "kind"},
        "title": task["options"].get("title") or task["title"] or asked,
        "description": task["options"].get("description") or asked,
    }
    overrides = Path(task["workspace"]) / ".logist" / "templates"
    try:
        return scaffold(kind, values, Templates(overrides if overrides.is_dir() else None))
    except TemplateError as defect:
        _answer(task, "STUCK", f"{defect} {defect.hint}".strip())


def _is_own(file: Path, data: bytes) -> bool:
    """Return whether the repository has a file of its own there."""
    return file.is_file() and not file.is_symlink() and file.read_bytes() != data


def _other_there(workspace: Path, path: str, data: bytes) -> bool:
    """Return whether anything but the very same file is where ``path`` would go, or in its way."""
    folders = [workspace.joinpath(*Path(path).parts[:length]) for length in range(1, len(Path(path).parts))]
    if any(folder.is_symlink() or (folder.exists() and not folder.is_dir()) for folder in folders):
        return True
    file = workspace / path
    if file.is_symlink() or (file.exists() and not file.is_file()):
        return True
    return file.exists() and file.read_bytes() != data


def _write(workspace: Path, path: str, data: bytes) -> bool:
    """Write one file unless it is there already; return whether it was written."""
    file = workspace / path
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("xb") as stream:
            stream.write(data)
    except FileExistsError:
        return False
    sys.stdout.write(f"wrote {path}\n")
    return True


def _answer(task: Mapping[str, Any], action: str, summary: str, evidence: tuple[str, ...] = ()) -> NoReturn:
    sys.stdout.write(f"{summary}\n")
    answer = {"action": action, "summary": summary, "evidence_files": evidence}
    Path(task["result"]).write_text(json.dumps(answer), encoding="utf-8")
    sys.exit(0)
