r"""Chains: a teacher, its student, the student's student, … (beyond the paper).

Generation 0 learns β⋆ from noisy labels; generation k learns generation k−1 from fresh inputs that
it labels. With a_k = δ(λ_k; γ_k), q_k = a_k²·p_k and the price p = 1 + γ(1−a)²/(1−γa²) ≥ 1,

    overlap  o_k = a_k o_{k−1},      energy  N_k = q_k N_{k−1} + s_k γ_k a_k²/(1−γ_k a_k²),

from o = N = 1 (β⋆ itself), where s_k is the variance of the noise in generation k's labels: σ² for
the teacher and 0 after it, unless said otherwise. The test error is L_k = σ² + 1 − 2o_k + N_k.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from w2s import _input
from w2s._exact import ratio
from w2s._input import Real
from w2s.theory.marchenko_pastur import degrees_of_freedom, penalty, terms
from w2s.theory.ridge import imbalance, optimal_student_penalty

__all__ = ["Chain", "best_length", "best_penalties", "chain_limit"]

Array = NDArray[np.float64]

#: How finely 1 − a of the gentle students is searched, before the root is polished.
_GRID = np.geomspace(1e-9, 1, 200, endpoint=False)[::-1]


@dataclass(frozen=True)
class Chain:
    """Limits of every generation of a chain, the teacher first.

    Attributes
    ----------
    overlap : ndarray
        Limits o_k of β̂_k·β⋆, of shape (generations, …).
    energy : ndarray
        Limits N_k of ‖β̂_k‖², of the same shape.
    error : ndarray
        Limits L_k of the test error, of the same shape.
    """

    overlap: Array
    energy: Array
    error: Array

    @property
    def alignment(self) -> Array:
        """Squared cosine o²/N of the angle between β̂_k and β⋆; it never rises."""
        return self.overlap**2 / self.energy

    @property
    def imbalance(self) -> Array:
        """Imbalance c_k = 1 − N_k/o_k of each generation, as if it were a teacher.

        Generation k's students win where H₁ > c_k; for the teacher see `ridge.imbalance`.
        """
        return 1 - self.energy / self.overlap


@_input.by_keyword
def chain_limit(
    *,
    penalties: Sequence[ArrayLike],
    gammas: Sequence[ArrayLike],
    sigma2: ArrayLike,
    label_noise: Sequence[ArrayLike] | None = None,
) -> Chain:
    """Limits of a chain of ridge regressions, each taught by the one before on fresh inputs.

    A sum of non-negative terms, L_k = σ² + (1−o_k)² + (N_k−o_k²), so no digits are lost.

    Parameters
    ----------
    penalties : sequence of array_like
        Penalties λ_k in [0, inf] of each generation, the teacher first.
    gammas : sequence of array_like
        Ratios d/n_k in (0, inf), as many.
    sigma2 : array_like
        Variance σ² in [0, inf) of the teacher's label noise, and of the test label's.
    label_noise : sequence of array_like, optional
        Variance in [0, inf) of the noise in each generation's labels; by default `sigma2` for the
        teacher and 0 after it.

    Returns
    -------
    Chain
        Arrays whose first axis counts the generations, before the arguments' broadcast shape.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, the lengths differ, or the shapes do not broadcast; the
        message names it.

    Examples
    --------
    >>> chain_limit(
    ...     penalties=[1e-3, 0.1, 0.1], gammas=[0.25] * 3, sigma2=1.0
    ... ).error.round(3).tolist()
    [1.332, 1.278, 1.258]
    """
    given = {"penalties": _input.sequence("penalties", penalties)}
    given["gammas"] = _input.sequence("gammas", gammas)
    count = len(given["penalties"])
    if count == 0:
        raise ValueError("penalties must name at least the teacher's, got none")
    noise = [sigma2] + [0.0] * (count - 1) if label_noise is None else label_noise
    given["label_noise"] = _input.sequence("label_noise", noise)
    for name, values in given.items():
        if len(values) != count:
            raise ValueError(
                f"{name} and penalties must have the same length, got {len(values)} and {count}"
            )
    stages = {f"{name}[{k}]": values[k] for k in range(count) for name, values in given.items()}
    checks = {name: _input.CHECKS[name.partition("[")[0]] for name in ("sigma2", *stages)}
    overlap, energy, error = _input.evaluate(_generations, checks, sigma2=sigma2, **stages)
    return Chain(overlap, energy, error)


@_input.by_keyword
def best_length(
    *,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
) -> Real:
    """Number of students that makes the chain's last error smallest, all with the same λ_s and γ_s.

    The smallest k ≥ 0 with (a/q)^k ≥ (1−c)(1−q)/(2(1−a)), where c is the teacher's imbalance: up to
    there every further student lowers the error, after it none does.

    Parameters
    ----------
    lam_t : array_like
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    lam_s : array_like
        Student's penalty λ_s in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : array_like
        Inputs' dimension over the student's samples, d/n_s, in (0, inf).
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.

    Returns
    -------
    float or ndarray
        The number k, of the arguments' broadcast shape; inf where every student helps: γ_s > 1,
        λ_s = 0 and c < −1.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    Examples
    --------
    >>> [float(best_length(
    ...     lam_t=0.0, lam_s=lam, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... )) for lam in (1.0, 0.1, 0.01)]
    [0.0, 2.0, 22.0]
    """

    def kernel(lam_t: Array, lam_s: Array, gamma_t: Array, gamma_s: Array, sigma2: Array) -> Array:
        student = terms(lam_s, gamma_s)
        shown = (student.rest + 2 * student.dof * student.slack) / student.curvature
        gain = (1 - imbalance(lam_t, gamma_t, sigma2)) * shown / 2  # shown is (1−q)/(1−a)
        turn = -np.log1p(-student.rest * student.slack / student.curvature)  # −log(q/a)
        copies = (student.rest == 0) | (student.curvature == 0)
        steps = np.maximum(np.ceil(np.log(gain) / turn), 1)
        return np.where(copies | (gain <= 1), 0.0, steps)

    return _input.evaluate(
        kernel, lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
    )


@_input.by_keyword
def best_penalties(
    students: int, *, lam_t: float, gamma_t: float, gamma_s: float, sigma2: float
) -> Array:
    """Penalties that together minimise the error of the last of `students` students.

    All have the same γ_s. At the minimum at least `students` − 1 penalties are equal. Their order
    does not matter.

    Parameters
    ----------
    students : int
        How many, from 1 to 10,000.
    lam_t : float
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : float
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : float
        Inputs' dimension over the student's samples, d/n_s, in (0, inf).
    sigma2 : float
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.

    Returns
    -------
    ndarray
        The penalties, of shape (students,), to about eight digits; the first is the largest. 0 is
        the ridgeless student, for γ_s ≤ 1 a copy of the one before.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range, or is an array; the message names it.

    Examples
    --------
    >>> best_penalties(2, lam_t=0.0, gamma_t=0.25, gamma_s=0.25, sigma2=1.0).round(4).tolist()
    [0.1103, 0.1103]
    >>> best_penalties(
    ...     2, lam_t=0.0, gamma_t=0.25, gamma_s=1.0, sigma2=1.0
    ... ).tolist()  # γ_s ≥ 1: never more than one
    [0.0, 0.0]
    """
    count = _input.count("students", students, high=10_000)
    given = _input.scalars(lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
    lam_t, gamma_t, gamma_s, sigma2 = given.values()
    alone = float(optimal_student_penalty(**given))
    if count == 1 or alone in (0.0, math.inf) or gamma_s == 1:
        return np.array([alone] + [alone if alone == math.inf else 0.0] * (count - 1))
    # q(a, γ) = q(γa, 1/γ)/γ: what is best at 1/γ, times γ, is best at γ
    gamma = min(gamma_s, 1 / gamma_s)
    ideal = chain_limit(penalties=[lam_t], gammas=[gamma_t], sigma2=sigma2)
    u = float(ideal.overlap[0] / ideal.energy[0])

    def strong_of(gentle: float) -> float:
        """The other a with the same slope of log p."""
        slope = _slope(gentle, gamma)
        return float(brentq(lambda a: _slope(a, gamma) - slope, 0.0, turning, xtol=1e-15))

    def value(strong: float, gentle: float) -> float:
        shrunk, price = strong * gentle ** (count - 1), _price(strong, gamma)
        return -2 * u * shrunk + shrunk**2 * price * _price(gentle, gamma) ** (count - 1)

    def balance(strong: float, gentle: float) -> float:
        """Zero where the error is stationary under a change of all penalties."""
        shrunk, price = strong * gentle ** (count - 1), _price(strong, gamma)
        price *= _price(gentle, gamma) ** (count - 1)
        return (2 + _slope(gentle, gamma)) * shrunk * price - 2 * u

    scale = gamma_s if gamma_s > 1 else 1.0
    turning = _inflection(gamma)
    gentle = 1 - _GRID[turning < 1 - _GRID]
    # one student and copies of it: the answer where the gentle ones are beyond the grid
    candidates = [(float(degrees_of_freedom(alone / scale, gamma)), 1.0)]
    for pair in (lambda a: (a, a), lambda a: (strong_of(a), a)):
        signs = np.array([balance(*pair(a)) for a in gentle])
        for k in np.flatnonzero(np.sign(signs[:-1]) != np.sign(signs[1:])):
            root = brentq(lambda a, pair=pair: balance(*pair(a)), *gentle[k : k + 2], xtol=1e-15)
            candidates.append(pair(root))
    strong, rest = min(candidates, key=lambda ends: value(*ends))
    dofs = np.array([strong] + [rest] * (count - 1))
    return np.asarray(scale * penalty(dofs, gamma))


def _generations(sigma2: Array, **by_name: Array) -> Any:
    """Overlap, energy and error of each generation; by name come λ, γ, s, λ, γ, s, …"""
    stages = tuple(by_name.values())
    shape = np.broadcast_shapes(sigma2.shape, *(stage.shape for stage in stages))
    # 1 − o and N − o², which cancel nowhere
    overlap, missing, scatter = np.ones(shape), np.zeros(shape), np.zeros(shape)
    found = []
    for k in range(0, len(stages), 3):
        lam, gamma, noise = stages[k : k + 3]
        stage = terms(lam, gamma)
        a = stage.dof
        own = gamma * a**2 * ratio(stage.rest**2, stage.curvature)
        kept = a**2 + own
        fitted = gamma * a**2 * ratio(noise, stage.curvature)
        scatter = np.where(kept == 0, 0.0, kept * scatter) + own * overlap**2 + fitted
        missing = stage.rest + a * missing
        overlap = a * overlap
        error = sigma2 + missing**2 + scatter
        found.append(np.broadcast_arrays(overlap, scatter + overlap**2, error))
    return np.array(found).swapaxes(0, 1)


def _price(a: float, gamma: float) -> float:
    return 1 + gamma * (1 - a) ** 2 / (1 - gamma * a**2)


def _slope(a: float, gamma: float) -> float:
    """The derivative of log p in log a."""
    top = 2 * gamma * a * (1 - a) * (1 - gamma * a)
    return -top / ((1 - gamma * a**2) * (1 + gamma - 2 * gamma * a))


def _inflection(gamma: float) -> float:
    """The one a in (0, 1) where log p turns from concave to convex in log a, for γ < 1."""

    def bend(a: float) -> float:
        return 2 * a * (1 + gamma - 2 * gamma * a) ** 2 - (1 + gamma) * (1 - gamma * a**2) ** 2

    return float(brentq(bend, 0.0, 1.0, xtol=1e-15))
