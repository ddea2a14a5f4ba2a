"""Everything that is kept in git: references, manifests, worktrees, and the folders beside them.

Only this package imports pygit2 and GitPython; it translates their errors into ours.
"""
