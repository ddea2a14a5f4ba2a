"""The table of commands; ``--help`` prints it without loading any of them."""

from __future__ import annotations

__all__ = ["COMMANDS", "GLOBAL_OPTIONS", "TAKES_REST", "names", "overview"]

#: Groups of commands as people look for them: a heading, then names with one-line summaries.
COMMANDS = (
    (
        "Do work",
        (
            ("run", "Create a job and execute it, or execute jobs that exist."),
            ("create", "Create a job without executing it."),
            ("activate", "Make a draft ready to run."),
            ("step", "Execute exactly the next phase of a job."),
            ("rerun", "Try a job again from its first phase."),
            ("restep", "Try a job again from a phase that you name."),
        ),
    ),
    (
        "Look",
        (
            ("list", "List jobs."),
            ("status", "Show everything about a job: limits, checks, next command."),
            ("stats", "Count jobs by state, and what they use."),
            ("history", "Show how a job went from state to state."),
            ("logs", "Print what a job said."),
            ("diff", "Print what a job changed."),
            ("path", "Print where a job's files are."),
            ("report", "Print a job's result as Markdown."),
        ),
    ),
    (
        "Decide",
        (
            ("stop", "Stop a running job; its work is kept, and it can be resumed."),
            ("cancel", "Give a job up; its branch stays until it is cleaned up."),
            ("suspend", "Put a job aside."),
            ("resume", "Take a suspended job up again."),
            ("approve", "Accept what a job asks approval for."),
            ("reject", "Send a job back with a word for its next attempt."),
            ("apply", "Merge a job's branch into the current branch."),
        ),
    ),
    (
        "Keep house",
        (
            ("cleanup", "Remove what ended jobs left behind, losing no work."),
            ("restore", "Undo a cleanup."),
            ("recover", "Bring home jobs whose owner is gone."),
            ("validate", "Check jobs for defects."),
        ),
    ),
    (
        "Set up",
        (
            ("init", "Write a commented logist.toml and an example recipe."),
            ("deinit", "Remove what init made."),
            ("doctor", "Show versions, settings with their origins, and what needs attention."),
            ("trust", "Trust the commands that this repository would run."),
            ("schema", "Print the JSON Schema of the manifest or the configuration."),
            ("demo", "Show three jobs in a throw-away repository, offline."),
        ),
    ),
)

GLOBAL_OPTIONS = (
    ("-C DIR", "Act as if started in DIR."),
    ("--config FILE", "Read FILE instead of this repository's configuration."),
    ("-v, --verbose", "Say more."),
    ("-q, --quiet", "Say only what went wrong."),
    ("--no-color", "Print without colour; so does the variable NO_COLOR."),
    ("--version", "Print the version."),
    ("-h, --help", "Print this, or the help of a command."),
)

#: Commands for which the words after ``--`` are something of their own, not more arguments.
TAKES_REST = frozenset({"run", "create", "diff"})


def names() -> tuple[str, ...]:
    """Return the names of all commands in the order of the table."""
    return tuple(name for _, commands in COMMANDS for name, _ in commands)


def overview() -> str:
    """Return the text of ``logist-ci --help``."""
    lines = [
        "Usage: logist-ci [OPTIONS] COMMAND [ARGS]...",
        "",
        "  Runs coding agents on this git repository; every job is a branch, a worktree",
        "  and a manifest kept in git.",
    ]
    for heading, commands in (*COMMANDS, ("Options", GLOBAL_OPTIONS)):
        lines += ["", f"{heading}:", *(f"  {name:<14} {summary}" for name, summary in commands)]
    lines += [
        "",
        "Try first:",
        "  logist-ci demo                          three jobs in a throw-away repository",
        "  logist-ci run -- ruff check --fix .     any command as an agent",
        "  logist-ci COMMAND --help                all options of a command, with examples",
        "",
        "Exit status: 0 done, 1 a job or check failed, 2 wrong usage, 3 a bug of ours,",
        "4 something is missing, 5 refused to protect work, 8 still pending, 130 interrupted.",
    ]
    return "\n".join(lines) + "\n"
