"""``python -m logist_ci`` is the command ``logist-ci``."""

from logist_ci.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
