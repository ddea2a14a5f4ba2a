"""Makes the fixtures of ``logist_ci.testing`` known, whether or not the package is installed."""

from __future__ import annotations

import pytest

from logist_ci.testing import plugin


def pytest_configure(config: pytest.Config) -> None:
    # An installed package has registered it already, under its entry point's name.
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin, plugin.__name__)
