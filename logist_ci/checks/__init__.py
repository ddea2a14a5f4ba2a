"""Checks say whether the work is good: commands, the repository's own hooks, and what a project's files suggest."""
