"""What the marks mean; they are registered in pyproject.toml. And SymPy's own arithmetic."""

import os

import pytest

# Before anything imports SymPy, which would take FLINT where that is installed: see tools/run.py.
os.environ["SYMPY_GROUND_TYPES"] = "python"


def pytest_runtest_setup(item):
    if item.get_closest_marker("browser"):
        from tools.checks.browser import CHROMIUM, MISSING

        if CHROMIUM is None:
            pytest.skip(MISSING)
