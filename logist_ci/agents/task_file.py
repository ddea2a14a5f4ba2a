"""How agents that Logist CI brings are started, and the file through which they are told their task."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import logist_ci
from logist_ci.agents.base import AgentCommand, Task
from logist_ci.process.files import write_atomically

__all__ = ["TASK_VARIABLE", "program_command"]

#: Names the task's file to the program.
TASK_VARIABLE = "LOGIST_TASK"

# As -m would, but with our own import path: whatever way Logist CI was installed, or not, the same packages are found.
_START = "import sys; sys.path[:0] = sys.argv[1:]; from {module} import main; main()"


def program_command(task: Task, module: str, **more: str) -> AgentCommand:
    """Return how to start the ``main()`` of ``module`` with ``task``, which is written to its scratch folder.

    ``more`` is added to the task.
    """
    document = {
        "prompt": task.prompt,
        "request": task.request or task.prompt,
        "title": task.title,
        "workspace": str(task.workspace),
        "phase": task.phase.value,
        "attempt": task.attempt,
        "feedback": task.feedback,
        "result": str(task.result),
        "options": dict(task.options),
        **more,
    }
    task.scratch.mkdir(parents=True, exist_ok=True)
    file = task.scratch / "task.json"
    write_atomically(file, json.dumps(document).encode(), mode=0o600, sync=False)
    # -I and -S: neither the environment nor the worktree decides what is imported.
    argv = (sys.executable, "-I", "-S", "-c", _START.format(module=module), *_import_path())
    return AgentCommand(argv, env={TASK_VARIABLE: str(file)})


def _import_path() -> tuple[str, ...]:
    ours = str(Path(logist_ci.__file__).parents[1])
    return tuple(dict.fromkeys([ours, *(entry for entry in sys.path if Path(entry).is_absolute())]))
