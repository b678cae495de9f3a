"""The limits as numbers; imports NumPy, SciPy and mpmath only."""
