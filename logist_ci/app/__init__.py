"""The way in for programs that embed Logist CI, and the composition root of the command line.

:func:`open_app` opens the repository that a folder lies in; its ``parts`` are what the use cases in
:mod:`logist_ci.lifecycle` take. The names listed here are the documented API (``docs/embedding.md``).
"""

from logist_ci.app.composition import App, open_app

__all__ = ["App", "open_app"]
