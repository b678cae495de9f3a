"""What rows and labels say about their population: eigenvalues, signal and noise.

How they are read off ridge regressions is told in `w2s.prediction`, whose machinery this is. Rows
come checked, with full columns. An intercept is fitted without penalty: one more direction, at the
end, of variance 1.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import ArrayLike, NDArray

from w2s.theory import covariance
from w2s.theory.covariance import Task

Array = NDArray[np.float64]

#: Ridge regressions a decade of penalties, and candidate eigenvalues a decade.
_PENALTIES, _CANDIDATES = 8, 16
#: How far beyond the sample's eigenvalues penalties go, and candidates beyond those.
_MARGIN, _FURTHER = 30.0, 10.0
#: Below this share of the largest one an eigenvalue of a sample is rounding.
_ROUNDING = 1e-26
#: The weight, beside relative errors, of spreading what is found evenly over its directions.
_EVENLY = 1e-4
#: Leave-one-out errors below this share of the largest one need not be fitted to so many digits.
_NEGLIGIBLE = 1e-13
#: Eigenvalues that are closer than this, relative to them, are one with a multiplicity.
_SAME = 1e-9
#: The variance of the intercept over its penalty, relative to the largest eigenvalue.
UNPENALISED = 1e12


def estimate(x: Array, y: Array, d: int) -> Task:
    """The population, of d features, behind rows x and labels y."""
    rows = len(y)
    penalties, df1, left_out = ridge_path(x, y)
    eigenvalues = spectrum(penalties, df1, rows, d)
    # The error of a ridge on the other rows: (σ² + Σ signal·lost²)·n/(n − df₂), at n = rows − 1.
    stage = fit(eigenvalues, penalties * rows / (rows - 1), rows - 1)
    inflation = (rows - 1) / stage.spare
    # Directions with the same eigenvalue have the same column, and share their signal evenly.
    first = np.flatnonzero(np.diff(np.log(eigenvalues), prepend=-np.inf) > _SAME)
    times = np.diff(first, append=d)
    columns = np.column_stack([stage.lost[:, first] ** 2, np.ones(len(penalties))])
    # Relative errors count alike. The columns are non-negative, and so is what they measure.
    scale = inflation / np.maximum(left_out, _NEGLIGIBLE * left_out.max())
    columns, values = columns * scale[:, None], left_out / inflation * scale
    found = non_negative_fit(columns, values, float(np.var(y)), np.append(times, 1))
    signal = np.repeat(found[:-1] / times, times)
    return Task(eigenvalues, np.sqrt(signal / eigenvalues), float(found[-1]))


def ridge_path(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Penalties, and at each of them the degrees of freedom and the mean leave-one-out error."""
    rows = len(y)
    values, scores = _principal(x)
    labels = y - y.mean()
    low = values[values > _ROUNDING * values[0]][-1]
    penalties = decades(low / _MARGIN, values[0] * _MARGIN, _PENALTIES)
    filters = 1 / (values[:, None] + penalties)
    fitted = scores @ (filters * (scores.T @ labels / rows)[:, None])
    leverage = 1 / rows + scores**2 @ filters / rows  # the intercept's, and the features'
    left_out = np.mean(((labels[:, None] - fitted) / (1 - leverage)) ** 2, axis=0)
    return penalties, (values[:, None] * filters).sum(axis=0), left_out


def spectrum(penalties: Array, df1: Array, rows: int, d: int) -> Array:
    """d eigenvalues of the population whose degrees of freedom are those of the sample.

    Non-negative masses on a logarithmic grid are fitted first. Then each eigenvalue takes one unit
    of the mass, in rising order, and the mean logarithm of its unit.
    """
    kappas = penalties / (1 - (df1 + 1) / rows)  # the intercept uses up a row
    # Directions that the rows cannot show are many; even all of them together must not be seen.
    least = kappas[0] / (_FURTHER if d < rows else _FURTHER**2 * d / rows)
    candidates = decades(least, kappas[-1] * _FURTHER, _CANDIDATES)
    shares = candidates / (candidates + kappas[:, None]) / df1[:, None]
    # The last row says that there are d directions, and weighs enough to be obeyed.
    rows_of = np.vstack([shares, np.full(len(candidates), 1e3 / d)])
    masses = non_negative_fit(rows_of, np.append(np.ones(len(df1)), 1e3), d)
    masses *= d / masses.sum()
    below = np.append(0, np.cumsum(masses))
    logarithms = np.append(0, np.cumsum(masses * np.log(candidates)))
    return np.exp(np.diff(np.interp(np.arange(d + 1), below, logarithms)))


def row_spread(x: Array, d: int) -> tuple[float, float]:
    """Of d features: the relative spread of xᵀ(S + s)⁻¹x over the rows, and that of Gaussian rows.

    A row that S has seen is too short: q where it would be q/(1 − q/N) without it.
    """
    values, scores = _principal(x)
    mean = values.sum() / d
    lengths = scores**2 @ (1 / (values + mean))
    lengths /= 1 - lengths / len(x)
    shares = values / (values + mean)
    gaussian = np.sqrt(2 * np.sum(shares**2)) / shares.sum()
    return float(lengths.std() / lengths.mean()), float(gaussian)


def coordinates(x: Array) -> Array:
    """Rows with the same inner products, once centred, in no more columns than rows.

    Nothing here depends on a rotation of the features.
    """
    if x.shape[1] <= len(x):
        return x
    return np.transpose(np.linalg.qr((x - x.mean(axis=0)).T, mode="r"))


def _principal(x: Array) -> tuple[Array, Array]:
    """The variances of the principal components, falling, and the components of each row.

    Singular values of a triangle, not eigenvalues of a product: small ones keep twice the digits.
    """
    rows = len(x)
    centred = x - x.mean(axis=0)
    _, sizes, right = scipy.linalg.svd(np.linalg.qr(centred, mode="r"), full_matrices=False)
    rank = min(rows - 1, x.shape[1])  # of centred rows
    return sizes[:rank] ** 2 / rows, centred @ right[:rank].T


def non_negative_fit(columns: Array, values: Array, unit: float, times: ArrayLike = 1) -> Array:
    """Non-negative least squares; of fits that are equally good, the one spread most evenly.

    The columns are nearly dependent. A penalty far below any noise makes the answer unique to many
    digits, and the algorithm end. `unit` is the size of what is found. A column stands for as many
    equal ones as `times` says, and the answer is their sum.
    """
    size = columns.shape[1]
    evenly = np.diag(_EVENLY / np.sqrt(np.broadcast_to(times, size)))
    found, _ = scipy.optimize.nnls(
        np.vstack([columns * unit, evenly]), np.append(values, np.zeros(size)), maxiter=30 * size
    )
    return found * unit


def decades(low: float, high: float, each: int) -> Array:
    return np.geomspace(low, high, 2 + int(each * np.log10(high / low)))


def with_intercept(task: Task) -> tuple[Task, Array]:
    """The task with its intercept as a last direction, and the weights that leave it unpenalised.

    The labels are centred there, so that even an infinite penalty loses nothing of them.
    """
    weights = np.append(np.ones(len(task.target)), 1 / (UNPENALISED * task.eigenvalues.max()))
    return Task(np.append(task.eigenvalues, 1.0), np.append(task.target, 0.0), task.sigma2), weights


def fit(eigenvalues: Array, lam: Array, n: int) -> covariance.Stage:
    task, weights = with_intercept(Task(eigenvalues, np.zeros(len(eigenvalues)), 0.0))
    return covariance.fit(task.eigenvalues, lam=lam, n=n, weights=weights)
