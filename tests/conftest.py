"""Makes the fixtures of ``logist_ci.testing`` known, whether or not the package is installed."""

from __future__ import annotations

import pytest
from hypothesis import settings

from logist_ci.testing import plugin

# A busy machine is slow, which is no defect; what failed once is printed, not kept in a folder.
settings.register_profile("house", deadline=None, database=None, print_blob=True)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    # An installed package has registered it already, under its entry point's name.
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin, plugin.__name__)
