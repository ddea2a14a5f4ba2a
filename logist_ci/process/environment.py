"""Environments: what a program of a job is given, and what git must not inherit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["BASE_NAMES", "COOKIE", "WORKSPACE", "allowed", "job_environment", "without_git"]

#: Every process of a job carries this variable; strays are found by it.
COOKIE = "LOGIST_JOB_ID"
#: And this one, the job's worktree: ids are unique in a repository only.
WORKSPACE = "LOGIST_WORKSPACE"

#: What every program of a job is given when the caller has it; a final ``*`` stands for any ending.
BASE_NAMES = (
    "PATH", "LANG", "LANGUAGE", "LC_*", "TZ", "USER", "LOGNAME", "SHELL", "TMPDIR",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
    "http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip

# These say how git reaches others and where the user's own settings are, not what it works on.
_GIT_KEPT = frozenset(
    {
        "GIT_ALLOW_PROTOCOL", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH", "GIT_HTTP_PROXY_AUTHMETHOD", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_NO_VERIFY", "GIT_TERMINAL_PROMPT",
    }
)  # fmt: skip

# Nobody sits at a job's terminal: a question, a pager or an editor would hang it.
_NOBODY_THERE = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_TERMINAL_PROMPT": "0",
    "DEBIAN_FRONTEND": "noninteractive",
    "PIP_NO_INPUT": "1",
}


def without_git(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without the ``GIT_*`` variables that change what git works on.

    Inside a hook git sets ``GIT_DIR``, ``GIT_INDEX_FILE`` and others; inherited, they make a command on
    another tree corrupt the user's commit.
    """
    return {name: value for name, value in environ.items() if not name.startswith("GIT_") or name in _GIT_KEPT}


def allowed(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the variables of ``environ`` that ``names`` lists; ``LC_*`` stands for all that begin with ``LC_``."""
    exact: set[str] = set()
    beginnings: list[str] = []
    for name in names:
        if name.endswith("*"):
            beginnings.append(name[:-1])
        else:
            exact.add(name)
    start = tuple(beginnings)
    return {name: value for name, value in environ.items() if name in exact or (start and name.startswith(start))}


def job_environment(
    environ: Mapping[str, str],
    *,
    home: Path,
    job_id: str,
    phase: str,
    workspace: Path,
    result: Path,
    pass_names: Iterable[str] = (),
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the complete environment of a job's program.

    It has what ``BASE_NAMES`` and ``pass_names`` allow, a HOME of its own, and nothing that could
    wait for a person. ``extra`` wins over all but the job's own ``LOGIST_*`` variables.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        **_NOBODY_THERE,
        **allowed(environ, (*BASE_NAMES, *pass_names)),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        **(extra or {}),
        COOKIE: job_id,
        "LOGIST_PHASE": phase,
        WORKSPACE: str(workspace),
        "LOGIST_RESULT": str(result),
    }
