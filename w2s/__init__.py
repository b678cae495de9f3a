"""Weak-to-strong generalization in models where everything can be computed."""

__version__ = "1.0.0"
