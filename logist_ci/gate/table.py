"""Every code that a finding can have: what it means, and what to do about it. The documentation is generated from here.

``LG1..`` are rules on a change, ``LG2..`` are what a harvest notices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["RULES", "Level", "Rule", "rule"]

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Rule:
    """One code: its name for ``--select`` and ``--ignore``, its level, why it exists, an example, and the way out."""

    code: str
    name: str
    level: Level
    why: str
    example: str
    remedy: str


RULES: tuple[Rule, ...] = (
    Rule(
        "LG101", "protected-path", "error",
        "Workflows, actions, hooks, code owners, instructions for agents and Logist CI's own files decide what runs "
        "and who is asked. A job that changes them changes its own rules.",
        "`.github/workflows/release.yml` gets another step.",
        "Make that change yourself, or let the job do it with `--ignore LG101` after reading it.",
    ),
    Rule(
        "LG102", "file-too-large", "error",
        "A large file stays in the history for ever, in everybody's clone.",
        "`model.bin` has 120 MB.",
        "Leave it out with `.gitignore`, store it elsewhere, or use git-lfs.",
    ),
    Rule(
        "LG103", "change-too-large", "error",
        "Nobody reviews a change of thousands of files; it is usually a folder of dependencies or build output.",
        "`node_modules/` with 18,000 files was not ignored.",
        "Ignore what can be made again, or divide the work into several jobs.",
    ),
    Rule(
        "LG104", "known-secret", "error",
        "A value that the job was given to keep secret would be published, as it is or encoded.",
        "The API key is in `debug.log`, as base64.",
        "Remove it from the file and from the job's commits; take it for leaked if it was pushed anywhere.",
    ),
    Rule(
        "LG105", "likely-secret", "error",
        "Keys and tokens of well-known services have shapes that hardly anything else has.",
        "`deploy.sh` has a line with `ghp_…`, as GitHub's tokens begin.",
        "Read it from the environment instead. If it is an example, shorten it so that it is not a whole token.",
    ),
    Rule(
        "LG106", "symlink-outside", "error",
        "Whoever follows the link reads or writes what is not part of the repository.",
        "`config` leads to `/etc/passwd`, `docs/x` to `../../../.ssh`.",
        "Let the link be relative, and end inside the repository.",
    ),
    Rule(
        "LG107", "executable-bit", "error",
        "A document that becomes executable is seldom meant, and easily overlooked in a diff.",
        "`README.md` has become executable.",
        "Undo it with `git update-index --chmod=-x`, or allow it with `--ignore LG107`.",
    ),
    Rule(
        "LG108", "kind-changed", "error",
        "A file that becomes a symbolic link or a submodule brings content that the diff does not show.",
        "`settings.json` was a file, and is a symbolic link.",
        "Give the new thing a name of its own, or allow it with `--ignore LG108`.",
    ),
    Rule(
        "LG109", "submodule", "error",
        "A submodule brings a whole other repository, by a commit id that nobody can review in the diff.",
        "`vendor/lib` has moved to another commit.",
        "Update submodules yourself, or allow it with `--ignore LG109`.",
    ),
    Rule(
        "LG110", "odd-name", "error",
        "Control characters, invisible characters and leading hyphens make a name look like another one, or like an "
        "option.",
        "A new file is called `-rf`, another `invoice<U+202E>gpj.exe`.",
        "Rename the file.",
    ),
    Rule(
        "LG111", "unportable-name", "warning",
        "The name cannot be checked out on some systems, or two names are one there.",
        "`aux.c` on Windows; `Readme.md` beside `README.md` on macOS.",
        "Rename the file, if anybody uses such a system.",
    ),
    Rule(
        "LG112", "git-entry", "error",
        "Names that a file system takes for `.git` let a checkout write hooks and configuration, which then run.",
        "`lib/.GIT/hooks/post-checkout`, `git~1/config`, a symbolic link called `.gitmodules`.",
        "Nobody needs such a path: look at what the job did, and why.",
    ),
    Rule(
        "LG113", "binary-file", "warning",
        "Nobody can review a binary file in a diff.",
        "`tool.exe` was added.",
        "Make it from its source when it is needed, or say in the description where it is from.",
    ),
    Rule(
        "LG114", "conflict-markers", "error",
        "An unresolved merge conflict was committed.",
        "`app.py` has a line of `<<<<<<< HEAD`.",
        "Resolve the conflict.",
    ),
    Rule(
        "LG115", "hidden-text", "error",
        "Characters that change the direction of text, and invisible tag characters, show a reviewer something else "
        "than what a compiler or an agent reads.",
        "A comment ends, for the compiler, before the reader sees it end (“Trojan Source”).",
        "Remove these characters, or write them as escapes.",
    ),
    Rule(
        "LG201", "config-changed", "error",
        "The repository's git configuration, or a file that it includes, was changed while the job ran, by the agent "
        "or by you. Configuration can name programs, which git then runs. It was put back as it was.",
        "`core.fsmonitor` was set to a script.",
        "Find out who did it, in the job's log. If it was you: the message has the command that takes it back.",
    ),
    Rule(
        "LG202", "hooks-changed", "error",
        "A hook of the repository was added, changed or removed while the job ran, by the agent or by you. Hooks run "
        "on your next git command. They were put back as they were.",
        "`.git/hooks/post-checkout` was added.",
        "Find out who did it, in the job's log. If it was you: the message has the command that takes it back.",
    ),
    Rule(
        "LG203", "git-file-replaced", "error",
        "The worktree's `.git` file was changed: it could have led git into a directory that the agent made. It was "
        "put back, and git was never run with the other one.",
        "`workspace/.git` says `gitdir: /tmp/elsewhere`.",
        "Look at what the job did, and why.",
    ),
    Rule(
        "LG204", "refs-changed", "error",
        "References of Logist CI, or branches of other jobs, were moved while the job ran. They were put back.",
        "`refs/logist/jobs/other-job` had another manifest.",
        "Look at what the job did, and why.",
    ),
    Rule(
        "LG205", "other-refs-moved", "note",
        "Other branches or tags moved while the job ran, or git's settings changed in a way that runs, hides and "
        "redirects nothing. Nothing was put back, because you may have done it yourself.",
        "`main` has a new commit.",
        "If it was not you: see where it was before with `git reflog`.",
    ),
    Rule(
        "LG206", "nested-git", "warning",
        "A git repository that the job left inside the worktree, or the link of a submodule that it filled, was set "
        "aside: its configuration would run programs on your next `git status`. A folder that only looks like a git "
        "directory is named, and left as it is.",
        "The agent cloned a library into `vendor/lib`.",
        "Commit the files without their `.git`, or add a submodule yourself. What was set aside is in the job's "
        "`backups/`.",
    ),
    Rule(
        "LG207", "commits-replaced", "warning",
        "The agent's own commits do not continue the job's branch, so only the files that they lead to were taken "
        "over, as one commit.",
        "The agent amended the base commit.",
        "Nothing is lost: the files are on the branch.",
    ),
    Rule(
        "LG208", "objects-refused", "error",
        "The agent's commits have objects that git itself calls malformed, or a file has a name that git refuses. They "
        "were not let into the repository.",
        "A tree has an entry called `.git`; a file is called `git~1`.",
        "Look at what the job did, and why. All other files in the worktree were taken over.",
    ),
    Rule(
        "LG211", "left-out", "warning",
        "Sockets, pipes and devices cannot be committed, and files or folders that cannot be read cannot be taken "
        "over. They were left out.",
        "A test left the pipe `run/control`; `data/` belongs to somebody else.",
        "Let whatever made it remove it, or make it readable.",
    ),
    Rule(
        "LG212", "not-signed", "warning",
        "You sign your commits, and signing this one failed. The work was committed without a signature rather than "
        "lost.",
        "The key needs a passphrase, and nobody was there to type it.",
        "Sign it afterwards: `git rebase --exec 'git commit --amend --no-edit -S'`.",
    ),
)  # fmt: skip

_BY_CODE = {each.code: each for each in RULES}


def rule(code: str) -> Rule:
    """Return the rule with this code; there has to be one."""
    return _BY_CODE[code]
