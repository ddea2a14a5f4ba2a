"""Logist CI runs coding agents on git repositories, each job in its own branch and worktree."""

__version__ = "0.1.0"
