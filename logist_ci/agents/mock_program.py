"""The program behind the agent ``mock``: plays a script, one step after another.

A script is JSON: a list of steps, or an object whose members are steps. A step is a name (``"hang"``)
or a name with its argument (``{"write": {"path": "a.txt", "text": "hi"}}``). ``{"attempts": [[…], […]]}``
has one list for each attempt, the last one serving all later ones. Text that is no script
stands for an agent that writes it to ``mock.md`` and is done. What the steps do: see ``STEPS``.

It needs nothing but Python's own library, so that it starts fast and can be used anywhere.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

TYPE_CHECKING = False  # importing typing would take a tenth of the whole start
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Argument = Any  # whatever JSON can say; each step takes what it needs

__all__ = ["MALFORMED", "STEPS", "main", "play", "steps_of"]

_FOREVER_S = 1_000_000.0

#: What the step ``malformed`` writes instead of an answer.
MALFORMED = {
    "array": b'["COMPLETED"]',
    "deep": b'{"action": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "duplicate": b'{"action": "STUCK", "action": "COMPLETED"}',
    "empty": b"",
    "huge_number": b'{"action": "COMPLETED", "n": 1' + b"0" * 10_000 + b"}",
    "large": b'{"action": "COMPLETED", "summary": "' + b"x" * 1_100_000 + b'"}',
    "nan": b'{"action": "COMPLETED", "cost": NaN}',
    "no_action": b'{"summary": "done"}',
    "not_json": b"I have done it!",
    "not_utf8": b'{"action": "COMPLETED", "summary": "\xff"}',
    "surrogate": b'{"action": "COMPLETED", "summary": "\\ud800"}',
    "unknown_action": b'{"action": "DONE"}',
    "wrong_type": b'{"action": "COMPLETED", "summary": 5}',
}


class _Player:
    """What a step has to know: the task, and the worktree, where relative paths begin."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.workspace = Path(task["workspace"])

    def answer(self, action: str, argument: Argument) -> None:
        """Write the result file and end."""
        more = argument if isinstance(argument, dict) else {"summary": str(argument or f"mock: {action.lower()}")}
        self.result(json.dumps({"action": action, **more}).encode())

    def result(self, data: bytes) -> None:
        """Write ``data`` as the result file and end."""
        Path(self.task["result"]).write_bytes(data)
        sys.exit(0)

    def at(self, path: str) -> Path:
        """Return where ``path`` is; nothing keeps it in the worktree."""
        return self.workspace / path


def steps_of(script: str, attempt: int) -> list[tuple[str, Argument]]:
    """Return the steps of ``script`` for the ``attempt``, counted from 1. What follows a script's end is left out.

    Raises:
        ValueError: it cannot be played; the message says why, as the end of a sentence.
    """
    text = script.strip()
    if not text.startswith(("{", "[")):
        first = text.split("\n", 1)[0].strip()
        return [(first, None)] if first in STEPS else [("write", {"path": "mock.md", "text": text + "\n"})]
    try:
        document, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError) as defect:
        raise ValueError(f"it is not JSON ({defect})") from defect
    if isinstance(document, dict) and "attempts" in document:
        attempts = document["attempts"]
        if not isinstance(attempts, list) or not attempts:
            raise ValueError("`attempts` is not a list of lists of steps")
        document = attempts[min(attempt, len(attempts)) - 1]
    return [step for entry in _entries(document) for step in _step(entry)]


def main() -> None:
    """Play the script of the task that ``$LOGIST_TASK`` names."""
    play(json.loads(Path(os.environ["LOGIST_TASK"]).read_bytes()))


def play(task: dict[str, Any]) -> None:
    """Play the script of ``task``; an answer ends the program."""
    player = _Player(task)
    for name, argument in steps_of(task["script"], task["attempt"]):
        STEPS[name](player, argument)


def _entries(document: Argument) -> list[Argument]:
    if isinstance(document, list):
        return document
    if isinstance(document, dict | str):
        return [document]
    raise ValueError("it is neither a list nor an object")


def _step(entry: Argument) -> list[tuple[str, Argument]]:
    named = {entry: None} if isinstance(entry, str) else entry
    if not isinstance(named, dict):
        raise ValueError(f"{entry!r} is not a step")
    unknown = [name for name in named if name not in STEPS]
    if unknown:
        raise ValueError(f"there is no step called {unknown[0]!r}")
    return list(named.items())


def _write(player: _Player, argument: Argument, *, mode: str = "wb") -> None:
    file = player.at(argument["path"])
    file.parent.mkdir(parents=True, exist_ok=True)
    text = argument.get("text", "")
    data = bytes.fromhex(argument["hex"]) if "hex" in argument else text.encode("utf-8", "surrogateescape")
    with file.open(mode) as stream:
        stream.write(data)
    if argument.get("executable"):
        file.chmod(0o755)


def _append(player: _Player, argument: Argument) -> None:
    _write(player, argument, mode="ab")


def _delete(player: _Player, argument: Argument) -> None:
    player.at(argument).unlink()


def _rename(player: _Player, argument: Argument) -> None:
    old, new = (player.at(path) for path in argument)
    new.parent.mkdir(parents=True, exist_ok=True)
    old.rename(new)


def _symlink(player: _Player, argument: Argument) -> None:
    player.at(argument["path"]).symlink_to(argument["target"])


def _save(player: _Player, argument: Argument) -> None:
    player.at(argument["path"]).write_text(str(player.task[argument["what"]]), encoding="utf-8")


def _outside(player: _Player, argument: Argument) -> None:
    path = str(argument or "../outside.txt")
    _write(player, {"path": path, "text": "This file is not in the worktree.\n"})
    player.answer("COMPLETED", {"summary": "mock: outside", "evidence_files": [path]})


def _print(player: _Player, argument: Argument) -> None:
    for line in argument if isinstance(argument, list) else [argument]:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _print_environment(player: _Player, argument: Argument) -> None:
    for name in sorted(argument or os.environ):
        sys.stdout.write(f"{name}={os.environ.get(name, '')}\n")
    sys.stdout.flush()


def _flood(player: _Player, argument: Argument) -> None:
    line = b"The quick brown fox jumps over the lazy dog, again and again and again.\n"
    block = line * 1000
    rest = float("inf") if argument is None else int(argument)
    while rest > 0:
        rest -= os.write(1, block[: int(min(rest, len(block)))])


def _ask(player: _Player, argument: Argument) -> None:
    sys.stdout.write(f"{argument or 'Do you want to continue?'} [y/N] ")
    sys.stdout.flush()
    time.sleep(_FOREVER_S)


def _busy(player: _Player, argument: Argument) -> None:
    end = time.monotonic() + float(argument or _FOREVER_S)
    while time.monotonic() < end:
        pass


def _fail(player: _Player, argument: Argument) -> None:
    status = int(argument or 1)
    sys.stderr.write(f"mock: failing with status {status}\n")
    sys.exit(status)


def _crash(player: _Player, argument: Argument) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    number = signal.Signals[f"SIG{argument or 'SEGV'}"]
    if number is not signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _ignore_term(player: _Player, argument: Argument) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _spawn(player: _Player, argument: Argument) -> None:
    """Leave a child behind: ``{"seconds": 60, "session": true, "ignore_term": false, "pid_file": "child.pid"}``."""
    options = argument or {}
    child = os.fork()
    if child == 0:
        if options.get("session", True):
            os.setsid()
        if options.get("ignore_term"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(float(options.get("seconds", 600)))
        os._exit(0)
    if "pid_file" in options:
        player.at(options["pid_file"]).write_text(f"{child}\n", encoding="ascii")


def _run(player: _Player, argument: Argument) -> None:
    status = os.spawnvp(os.P_WAIT, argument[0], argument)  # noqa: S606 (a mock agent runs what its script says)
    if status != 0:
        sys.exit(f"mock: {argument} ended with {status}")


def _git(player: _Player, argument: Argument) -> None:
    identity = ["-c", "user.name=Mock Agent", "-c", "user.email=mock@localhost", "-c", "commit.gpgSign=false"]
    _run(player, ["git", "-C", str(player.workspace), *identity, *argument])


def _commit(player: _Player, argument: Argument) -> None:
    _git(player, ["add", "-A"])
    _git(player, ["commit", "-q", "--no-verify", "-m", str(argument or "Commit of the mock agent")])


#: Every step: its name, and what it does with the player and its argument.
STEPS: dict[str, Callable[[_Player, Argument], None]] = {
    "append": _append,
    "ask": _ask,
    "busy": _busy,
    "chmod": lambda player, argument: player.at(argument["path"]).chmod(int(argument["mode"], 8)),
    "commit": _commit,
    "crash": _crash,
    "delete": _delete,
    "fail": _fail,
    "flood": _flood,
    "git": _git,
    "hang": lambda player, argument: time.sleep(_FOREVER_S),
    "ignore_term": _ignore_term,
    "malformed": lambda player, argument: player.result(MALFORMED[argument or "not_json"]),
    "mkdir": lambda player, argument: player.at(argument).mkdir(parents=True, exist_ok=True),
    "outside": _outside,
    "print": _print,
    "print_environment": _print_environment,
    "rename": _rename,
    "retry": lambda player, argument: player.answer("RETRY", argument),
    "run": _run,
    "save": _save,
    "sleep": lambda player, argument: time.sleep(float(argument)),
    "spawn": _spawn,
    "stuck": lambda player, argument: player.answer("STUCK", argument),
    "succeed": lambda player, argument: player.answer("COMPLETED", argument),
    "symlink": _symlink,
    "write": _write,
}
