"""The limits as numbers; imports NumPy, SciPy and mpmath only."""

__all__ = ["chains", "covariance", "hermite", "marchenko_pastur", "network", "ridge"]
