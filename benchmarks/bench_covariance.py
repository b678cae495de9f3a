"""The general formula over a grid of penalties, beside one evaluation a pair."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize
from numpy.typing import NDArray
from w2s.covariance import Task, errors

Array = NDArray[np.float64]
Pair = Callable[[float, float], float]

LAM = np.geomspace(1e-4, 10, 50)
D = {"eigenvalues": 2000, "matrices": 400}
#: A pair takes milliseconds, with matrices a second; so many are timed, and scaled up to 2500.
PAIRS = {"eigenvalues": 100, "matrices": 1}


def covariance_benchmark(rounds: int) -> dict[str, Any]:
    """50×50 penalties: the grid at once and pair by pair, in turn, round after round."""
    results: dict[str, Any] = {}
    for kind, d in D.items():
        rng = np.random.default_rng(0)
        task = Task(np.arange(1.0, d + 1) ** -1.0, rng.normal(size=d), 1.0)
        sizes: dict[str, Any] = dict(n_t=3 * d // 2, n_s=d // 2)
        weights: dict[str, Any] = {}
        pair = by_sums(task, **sizes)
        if kind == "matrices":
            weights = dict(weights_t=penalty(d, rng), weights_s=penalty(d, rng))
            pair = by_matrices(task, **sizes, **weights)
        chosen = rng.integers(len(LAM), size=(PAIRS[kind], 2))
        grid, ratios = [], []
        for _ in range(rounds):
            begin = time.perf_counter()
            found = errors(task, lam_t=LAM, lam_s=LAM, **sizes, **weights).student
            grid.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            single = [pair(LAM[i], LAM[j]) for i, j in chosen]
            alone = time.perf_counter() - begin
            ratios.append(alone * LAM.size**2 / len(chosen) / grid[-1])
            np.testing.assert_allclose(single, found[chosen[:, 0], chosen[:, 1]], rtol=1e-7)
        results[kind] = {
            "grid_seconds": statistics.median(grid),
            "pairwise_over_grid": statistics.median(ratios),
        }
    results["note"] = (
        "50×50 penalties, n_t = 1.5d, n_s = 0.5d. eigenvalues: d = 2000, penalties that commute "
        "with the covariance; matrices: d = 400, penalties that do not. Pair by pair: a bracketed "
        f"root and the sums (the matrices) for {PAIRS['eigenvalues']} ({PAIRS['matrices']}) of "
        "2500 pairs, scaled up; its numbers are checked against the grid's."
    )
    return results


def penalty(d: int, rng: np.random.Generator) -> Array:
    basis = np.linalg.qr(rng.normal(size=(d, d)))[0]
    return (basis * rng.uniform(0.2, 5, d)) @ basis.T


def effective(df1: Callable[[float], float], lam: float, n: int) -> float:
    def excess(kappa: float) -> float:
        return kappa * (1 - df1(kappa) / n) - lam

    return float(scipy.optimize.brentq(excess, 1e-9, 1e9, xtol=1e-15, rtol=1e-12))


def by_sums(task: Task, n_t: int, n_s: int) -> Pair:
    """One pair of plain ridges at a time, by sums over Σ's directions."""
    s, w, sigma2 = task.eigenvalues, task.target, task.sigma2

    def shares(lam: float, n: int) -> Array:
        return s / (s + effective(lambda k: float((s / (s + k)).sum()), lam, n))

    def pair(lam_t: float, lam_s: float) -> float:
        t, r = shares(lam_t, n_t), shares(lam_s, n_s)
        bias = s @ ((1 - t) * w) ** 2
        v = (r @ r) / (n_s - r @ r)
        passed = t**2 @ (r**2 + v * (1 - r) ** 2)
        own = s @ ((1 - r * t) * w) ** 2 + v * (s @ ((1 - r) * t * w) ** 2)
        return float(sigma2 + own + (sigma2 + bias) / (n_t - t @ t) * passed)

    return pair


def by_matrices(task: Task, n_t: int, n_s: int, weights_t: Array, weights_s: Array) -> Pair:
    """One pair of any penalties at a time, by matrices as they stand in the formula."""
    sigma, w, sigma2 = np.diag(task.eigenvalues), task.target, task.sigma2
    identity = np.eye(len(w))

    def stage(omega: Array, lam: float, n: int) -> tuple[Any, Any, float]:
        def df1(kappa: float) -> float:
            return float(np.trace(np.linalg.solve(sigma + kappa * omega, sigma)))

        g = np.linalg.inv(sigma + effective(df1, lam, n) * omega)
        shrink = g @ sigma
        return g, shrink, float(np.sum(shrink * shrink.T))

    def pair(lam_t: float, lam_s: float) -> float:
        g, t, df2 = stage(weights_t, lam_t, n_t)
        _, r, df2_s = stage(weights_s, lam_s, n_s)
        v = df2_s / (n_s - df2_s)
        form = r.T @ sigma @ r + v * (identity - r).T @ sigma @ (identity - r)
        mean, lost = t @ w, w - t @ w
        noise = (sigma2 + lost @ sigma @ lost) / (n_t - df2) * np.sum(form * (g @ sigma @ g))
        return float(sigma2 + mean @ form @ mean + noise + w @ sigma @ (w - 2 * r @ mean))

    return pair
