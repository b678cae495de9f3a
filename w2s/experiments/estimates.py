"""What an experiment reports: means with their standard errors, single draws, rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _input

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over independent trials with its standard error, elementwise."""

    mean: Array
    stderr: Array
    trials: int

    @classmethod
    def of(cls, values: ArrayLike) -> Estimate:
        """The mean of independent values with its standard error, over the first axis."""
        array = _input.real("values", values)
        trials = _input.count("the number of values", len(array), low=2)
        return cls(array.mean(axis=0), array.std(axis=0, ddof=1) / trials**0.5, trials)

    def deviation(self, truth: ArrayLike, *, finite_size: ArrayLike = 0.0) -> Array:
        """(mean − truth) in standard errors, after granting a bias of up to `finite_size`."""
        bias = self.mean - _input.real("truth", truth)
        excess = abs(bias) - _input.real("finite_size", finite_size)
        return np.sign(bias) * np.maximum(excess, 0) / self.stderr


@dataclass(frozen=True)
class Experiment:
    """Test errors: `teacher` by λ_t, `student` and `gap` = L_s − L_t by (λ_t, λ_s)."""

    teacher: Estimate
    student: Estimate
    gap: Estimate


@dataclass(frozen=True)
class Draws:
    """Every trial's test errors: `teacher` of shape (trials, λ_t), `student` (trials, λ_t, λ_s)."""

    teacher: Array
    student: Array

    @property
    def gap(self) -> Array:
        """L_s − L_t, trial by trial."""
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


def rate(sizes: Sequence[float], estimates: Sequence[Estimate]) -> tuple[float, float]:
    """The exponent r of mean ≈ C·sizeʳ with its standard error: a weighted line in logarithms.

    Parameters
    ----------
    sizes : at least 2 numbers > 0. estimates : one a size, with mean > 0 and stderr > 0.

    Examples
    --------
    >>> exact = [Estimate(np.array(d**-0.5), np.array(1e-3 * d**-0.5), 9) for d in (10, 40, 160)]
    >>> round(rate([10, 40, 160], exact)[0], 9)
    -0.5
    """
    x = np.log(_input.positive("sizes", sizes))
    means = np.array([float(e.mean) for e in estimates])
    errors = np.array([float(e.stderr) for e in estimates])
    if x.shape != means.shape or len(x) < 2:
        raise ValueError(f"sizes and estimates must agree, got {len(x)} and {len(means)} of them")
    if np.any(means <= 0) or np.any(errors <= 0):
        raise ValueError("each estimate needs a mean and a standard error > 0")
    weight = (means / errors) ** 2  # the variance of log(mean) is (stderr/mean)²
    centred = x - np.average(x, weights=weight)
    spread = float(np.sum(weight * centred**2))
    slope = float(np.sum(weight * centred * np.log(means)) / spread)
    return slope, spread**-0.5
