"""Weak-to-strong generalization in models where everything can be computed."""

__version__ = "1.1.0"
