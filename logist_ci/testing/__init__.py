"""What tests of Logist CI and of adapters for it are written with; the fixtures are in ``plugin``."""

from logist_ci.testing.clock import FakeClock
from logist_ci.testing.manifests import example_in, example_manifest
from logist_ci.testing.sandbox import GitSandbox, clean_environment

__all__ = ["FakeClock", "GitSandbox", "clean_environment", "example_in", "example_manifest"]
