"""What the marks mean; they are registered in pyproject.toml."""

import pytest


def pytest_runtest_setup(item):
    if item.get_closest_marker("browser"):
        from tools.checks.browser import CHROMIUM, MISSING

        if CHROMIUM is None:
            pytest.skip(MISSING)
