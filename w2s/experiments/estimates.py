"""What an experiment reports: values with their standard errors, single draws, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _input

__all__ = ["Draws", "Estimate", "Experiment", "rate"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """Means with their standard errors, elementwise: measured over trials, or predicted.

    Attributes
    ----------
    mean : float or ndarray
        The estimated means.
    stderr : float or ndarray
        Their standard errors, of the same shape.
    trials : int or None
        How many independent values they are means of; None where they are means of none, as in a
        prediction.

    Examples
    --------
    >>> print(Estimate(0.12345, 0.00345))
    0.1235 ± 0.0034
    """

    mean: Any
    stderr: Any
    trials: int | None = None

    @classmethod
    def of(cls, values: ArrayLike) -> Estimate:
        """Average independent values over the first axis.

        Parameters
        ----------
        values : array_like, shape (trials, ...)
            At least two values.

        Returns
        -------
        Estimate
            The mean, and its standard error from the values' standard deviation.

        Raises
        ------
        TypeError, ValueError
            For what is no array of real numbers, or fewer than two of them.

        Examples
        --------
        >>> print(Estimate.of([1.0, 2.0, 3.0]))
        2.00 ± 0.58
        """
        array = _input.number("values", values)
        if array.ndim == 0 or len(array) < 2 or not np.all(np.isfinite(array)):
            raise ValueError(f"values must be two finite ones at least, got shape {array.shape}")
        trials = len(array)
        return cls(array.mean(axis=0), array.std(axis=0, ddof=1) / trials**0.5, trials)

    def deviation(self, truth: ArrayLike, *, finite_size: ArrayLike = 0.0) -> Array:
        """Measure in standard errors how far the means are from the truth.

        Parameters
        ----------
        truth : array_like
            What the means should be.
        finite_size : array_like, default 0
            A bias >= 0 that is granted before anything counts.

        Returns
        -------
        ndarray
            The difference mean − truth in standard errors, moved towards 0 by `finite_size`.

        Raises
        ------
        TypeError, ValueError
            For what is no real number.

        Examples
        --------
        >>> float(Estimate(1.5, 0.1).deviation(1.0, finite_size=0.2).round(9))
        3.0
        """
        bias = self.mean - _input.number("truth", truth)
        excess = abs(bias) - _input.nonnegative("finite_size", finite_size)
        return np.sign(bias) * np.maximum(excess, 0) / self.stderr

    def __str__(self) -> str:
        if np.ndim(self.mean):
            return f"{np.shape(self.mean)} values"
        if np.isinf(self.mean):
            return "infinity" if self.mean > 0 else "minus infinity"
        if not (np.isfinite(self.mean) and 0 < self.stderr < np.inf):
            return f"{self.mean:.3g} ± {self.stderr:.1g}"
        places = max(0, 1 - int(np.floor(np.log10(self.stderr))))
        return f"{self.mean:.{places}f} ± {self.stderr:.{places}f}"


@dataclass(frozen=True)
class Experiment:
    """Mean test errors over trials.

    Attributes
    ----------
    teacher : Estimate
        Of the teachers, by λ_t.
    student : Estimate
        Of the students, by (λ_t, λ_s).
    gap : Estimate
        Of L_s − L_t, by (λ_t, λ_s), from differences within a trial.
    """

    teacher: Estimate
    student: Estimate
    gap: Estimate


@dataclass(frozen=True)
class Draws:
    """Every trial's test errors.

    Attributes
    ----------
    teacher : ndarray, shape (trials, L_t)
        Of the teachers, by λ_t.
    student : ndarray, shape (trials, L_t, L_s)
        Of the students, by (λ_t, λ_s).
    """

    teacher: Array
    student: Array

    @property
    def gap(self) -> Array:
        """The gap L_s − L_t, trial by trial."""
        return self.student - self.teacher[:, :, None]


class Moments:
    """Mean and variance of results as they come (Welford), in the memory of one of them."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Array = np.zeros(())
        self.squares: Array = np.zeros(())

    def add(self, value: Array) -> None:
        self.count += 1
        step = value - self.mean
        self.mean = self.mean + step / self.count
        self.squares = self.squares + step * (value - self.mean)

    def estimate(self) -> Estimate:
        variance = self.squares / (self.count - 1)
        return Estimate(self.mean, np.sqrt(variance / self.count), self.count)


def rate(sizes: ArrayLike, estimates: Sequence[Estimate]) -> tuple[float, float]:
    """Fit the exponent r of mean ≈ C·sizeʳ by a weighted line in logarithms.

    Parameters
    ----------
    sizes : array_like, shape (k,)
        At least 2 numbers > 0, not all the same.
    estimates : sequence of Estimate
        One a size, each a number with mean > 0 and standard error > 0.

    Returns
    -------
    exponent : float
        The slope r.
    stderr : float
        Its standard error, from those of the estimates.

    Raises
    ------
    TypeError, ValueError
        Naming `sizes` or `estimates`.

    Notes
    -----
    The standard error says nothing of a curve that is no power law.

    Examples
    --------
    >>> exact = [Estimate(d**-0.5, 1e-3 * d**-0.5, 9) for d in (10, 40, 160)]
    >>> round(rate([10, 40, 160], exact)[0], 9)
    -0.5
    """
    x = np.log(_input.positive("sizes", sizes))
    if x.ndim != 1 or not len(x) or np.all(x == x[0]):
        raise ValueError(f"sizes must be a list of at least two sizes that differ, got {sizes!r}")
    if not isinstance(estimates, (list, tuple)) or len(estimates) != len(x):
        raise ValueError(f"estimates must be a list, one for each of {len(x)} sizes")
    for estimate in estimates:
        _input.instance("each of estimates", estimate, Estimate)
    means = np.array([_input.scalar("estimates", np.asarray(e.mean)) for e in estimates])
    errors = np.array([_input.scalar("estimates", np.asarray(e.stderr)) for e in estimates])
    if not (np.all(means > 0) and np.all(errors > 0)):
        raise ValueError("each of estimates needs a mean and a standard error > 0")
    # The variance of log(mean) is (stderr/mean)².
    line, spread = np.polyfit(x, np.log(means), 1, w=means / errors, cov="unscaled")
    return float(line[0]), float(spread[0, 0] ** 0.5)
