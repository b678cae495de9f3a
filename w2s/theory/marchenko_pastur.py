r"""The Marchenko–Pastur law: the spectrum of Σ̂ = XᵀX/n for an n×d Gaussian X, d/n → γ.

Everything that the theory of this book needs from the spectrum is a function of one number, the
*degrees of freedom per dimension* δ = 1 − λm, the limit of d⁻¹ tr Σ̂(Σ̂ + λ)⁻¹. In it

    λ = (1−δ)(1−γδ)/δ,   m = δ/(1−γδ),   m₂ = m²/(1−γδ²),   0 < δ < min(1, 1/γ),

and no formula carries a root. Penalties λ and ratios γ may be arrays; they broadcast. Relative
accuracy is better than 1e-12 for γ in [1e-6, 1e6] and λ in {0} ∪ [1e-300, 1e300] ∪ {∞}, wherever
the value is a normal double. The textbook formula for m loses all digits as λ → 0; these do not.
"""

from __future__ import annotations

from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _exact, _input
from w2s._input import Real

__all__ = [
    "Terms",
    "atom",
    "degrees_of_freedom",
    "density",
    "moment",
    "penalty",
    "stieltjes",
    "stieltjes_derivative",
    "support",
    "terms",
]


class Terms(NamedTuple):
    """Value of δ and the differences that the theory is made of, none of which has lost digits.

    Attributes
    ----------
    dof : array_like
        Degrees of freedom per dimension δ.
    rest : array_like
        What is left of one, 1 − δ = λm.
    slack : array_like
        The difference 1 − γδ = δ/m.
    curvature : array_like
        The difference 1 − γδ² = δ·root.
    root : array_like
        The root √((1+γ+λ)² − 4γ).

    Examples
    --------
    >>> terms(0.5, 2.0)._fields
    ('dof', 'rest', 'slack', 'curvature', 'root')
    """

    dof: Any
    rest: Any
    slack: Any
    curvature: Any
    root: Any


def terms(lam: Any, gamma: Any, *, sqrt: Any = np.sqrt, where: Any = np.where) -> Terms:
    """Value of δ and the differences that the theory is made of: the bare kernel, without checks.

    From the quadratic γδ² − (1+γ+λ)δ + 1 = 0. Each difference is taken in the form whose terms have
    equal signs: S² − (1−γ−λ)² = 4λ and S² − (γ−1−λ)² = 4γλ, where S is the root.

    Parameters
    ----------
    lam : array_like
        Penalty λ in [0, inf], a NumPy array or a number of another arithmetic, such as mpmath's.
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf), of the same kind.
    sqrt : callable, optional
        The square root of that arithmetic.
    where : callable, optional
        A choice where(condition, x, y) in that arithmetic.

    Returns
    -------
    Terms
        The five values, of the arguments' broadcast shape.

    Notes
    -----
    What comes in is not checked, and NumPy may warn where a limit is infinite: for numbers of
    unknown origin call `degrees_of_freedom` and its like.

    Examples
    --------
    >>> found = terms(0.5, 2.0)
    >>> round(float(found.dof), 12), round(float(found.rest), 12)
    (0.359611796798, 0.640388203202)
    """
    root_gamma = sqrt(gamma)
    edge = (1 - gamma) / (1 + root_gamma)  # 1 − √γ without cancellation
    root = sqrt(edge * edge + lam) * sqrt((1 + root_gamma) * (1 + root_gamma) + lam)
    half = 1 / ((1 + gamma + lam) / 2 + root / 2)
    u, w = (1 - gamma - lam) / 2, (gamma - 1 - lam) / 2
    sum_u, sum_w = root / 2 + abs(u), root / 2 + abs(w)
    unbounded = lam == np.inf
    return Terms(
        dof=half,
        rest=where(unbounded, 1, where(u > 0, lam / (sum_u + (sum_u == 0)), sum_u) * half),
        slack=where(unbounded, 1, where(w > 0, gamma * lam / (sum_w + (sum_w == 0)), sum_w) * half),
        curvature=where(unbounded, 1, root * half),
        root=root,
    )


def degrees_of_freedom(lam: ArrayLike, gamma: ArrayLike) -> Real:
    """Degrees of freedom δ(λ; γ) = 1 − λm, the limit of d⁻¹ tr Σ̂(Σ̂+λ)⁻¹.

    Parameters
    ----------
    lam : array_like
        Penalty λ in [0, inf].
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The share δ, of the arguments' broadcast shape; min(1, 1/γ) at λ = 0, and 0 at λ = inf.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    Examples
    --------
    >>> round(float(degrees_of_freedom(0.5, 2.0)), 12)
    0.359611796798
    """
    return _input.evaluate(
        lambda lam, gamma: np.where(lam == 0, np.minimum(1, 1 / gamma), terms(lam, gamma).dof),
        lam=lam,
        gamma=gamma,
    )


def penalty(dof: ArrayLike, gamma: ArrayLike) -> Real:
    """Penalty λ = (1−δ)(1−γδ)/δ that leaves δ degrees of freedom per dimension.

    The inverse of `degrees_of_freedom`.

    Parameters
    ----------
    dof : array_like
        Degrees of freedom δ in [0, min(1, 1/γ)].
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The penalty λ, of the arguments' broadcast shape; inf at δ = 0, and 0 at δ = min(1, 1/γ).

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it. No
        penalty leaves more than min(1, 1/γ).

    Examples
    --------
    >>> float(penalty(0.25, 2.0))
    1.5
    """

    def kernel(dof: NDArray[np.float64], gamma: NDArray[np.float64]) -> NDArray[np.float64]:
        slack = _exact.difference_from_product(1.0, gamma, dof)
        over = (slack < 0) & (dof > 1 / gamma)
        if np.any(over):
            bad, ratio = (np.broadcast_to(a, over.shape)[over].flat[0] for a in (dof, gamma))
            raise ValueError(f"dof must be at most min(1, 1/gamma) = {1 / ratio}, got {bad}")
        return np.where(dof == 0, np.inf, (1 - dof) * np.maximum(slack, 0) / dof)

    return _input.evaluate(kernel, dof=dof, gamma=gamma)


def stieltjes(lam: ArrayLike, gamma: ArrayLike) -> Real:
    """Stieltjes transform at −λ, m(λ; γ) = ∫ dμ(s)/(s+λ), positive and decreasing in λ.

    Parameters
    ----------
    lam : array_like
        Penalty λ in [0, inf].
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The value m, of the arguments' broadcast shape; at λ = 0 it is 1/(1−γ) for γ < 1 and inf for
        γ ≥ 1.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Definition 2.

    Examples
    --------
    >>> round(float(stieltjes(1.0, 1.0)), 12)  # the golden ratio
    0.61803398875
    """
    return _input.evaluate(
        lambda lam, gamma: _stieltjes(terms(lam, gamma), gamma),
        lam=lam,
        gamma=gamma,
    )


def stieltjes_derivative(lam: ArrayLike, gamma: ArrayLike) -> Real:
    """Derivative m₂ = −∂m/∂λ = ∫ dμ(s)/(s+λ)², positive.

    Parameters
    ----------
    lam : array_like
        Penalty λ in [0, inf].
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The value m₂, of the arguments' broadcast shape; at λ = 0 it is 1/(1−γ)³ for γ < 1 and inf
        for γ ≥ 1.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Definition 2, whose sign this is.

    Examples
    --------
    >>> round(float(stieltjes_derivative(0.0, 0.5)), 12)
    8.0
    """

    def kernel(lam: NDArray[np.float64], gamma: NDArray[np.float64]) -> NDArray[np.float64]:
        t = terms(lam, gamma)
        m = _stieltjes(t, gamma)
        # (m/√·)² keeps m² from overflowing where the quotient does not.
        return (m / np.sqrt(t.curvature)) ** 2

    return _input.evaluate(kernel, lam=lam, gamma=gamma)


def support(gamma: ArrayLike) -> tuple[Real, Real]:
    """Ends (1−√γ)² and (1+√γ)² of the interval that carries the density.

    For γ > 1 the law also has an atom at 0, which lies outside this interval: see `atom`.

    Parameters
    ----------
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    low : float or ndarray
        The lower end, of the shape of `gamma`.
    high : float or ndarray
        The upper end, of the same shape.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Theorem 16.

    Examples
    --------
    >>> [float(edge) for edge in support(4.0)]
    [1.0, 9.0]
    """
    low = _input.evaluate(lambda gamma: ((1 - gamma) / (1 + np.sqrt(gamma))) ** 2, gamma=gamma)
    return low, _input.evaluate(lambda gamma: (1 + np.sqrt(gamma)) ** 2, gamma=gamma)


def density(x: ArrayLike, gamma: ArrayLike) -> Real:
    """Density √((x−x₋)(x₊−x))/(2πγx) on the support, 0 elsewhere.

    It integrates to 1 − `atom(gamma)`: for γ > 1 the missing mass is the atom at 0.

    Parameters
    ----------
    x : array_like
        Where it is asked for, any real number.
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The density, of the arguments' broadcast shape; inf at x = 0 for γ = 1.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Theorem 16.

    Examples
    --------
    >>> round(float(density(1.0, 1.0)), 6)
    0.275664
    """

    def kernel(x: NDArray[np.float64], gamma: NDArray[np.float64]) -> NDArray[np.float64]:
        # (x−x₋)(x₊−x) = 2x(1+γ) − (1−γ)² − x², summed exactly so that the edges lose no digits.
        (s, s_low), (t, t_low) = _exact.two_sum(1.0, gamma), _exact.two_sum(1.0, -gamma)
        products = [_exact.two_product(2 * x, s), _exact.two_product(-t, t)]
        products += [_exact.two_product(-x, x)]
        total, low = _exact.two_sum(products[0][0], products[1][0])
        total, low_2 = _exact.two_sum(total, products[2][0])
        small = sum(error for _, error in products) + 2 * x * s_low - 2 * t * t_low
        inside = total + (low + low_2 + small)
        value = np.sqrt(np.maximum(inside, 0)) / (2 * np.pi * gamma * x)
        value = np.where((x > 0) & (inside > 0), value, 0.0)
        return np.where((x == 0) & (gamma == 1), np.inf, value)

    return _input.evaluate(kernel, x=x, gamma=gamma)


def atom(gamma: ArrayLike) -> Real:
    """Mass max(0, 1 − 1/γ) at 0, the fraction of zero eigenvalues when d > n.

    Parameters
    ----------
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The mass, of the shape of `gamma`.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Theorem 16.

    Examples
    --------
    >>> float(atom(4.0))
    0.75
    """
    return _input.evaluate(lambda gamma: np.where(gamma > 1, (gamma - 1) / gamma, 0.0), gamma=gamma)


def moment(k: int, gamma: ArrayLike) -> Real:
    """Moment ∫ sᵏ dμ(s) = Σ_{r<k} C(k,r) C(k−1,r) γʳ/(r+1), the limit of d⁻¹ tr Σ̂ᵏ.

    Parameters
    ----------
    k : int
        Its order, from 0 to 500.
    gamma : array_like
        Aspect ratio γ = d/n in (0, inf).

    Returns
    -------
    float or ndarray
        The moment, of the shape of `gamma`.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range; the message names it.

    Examples
    --------
    >>> float(moment(2, 0.5))
    1.5
    """
    order = _input.count("k", k, low=0, high=500)
    narayana = [comb(order, r) * comb(order - 1, r) // (r + 1) for r in range(order)] or [1]
    return _input.evaluate(
        lambda gamma: np.polynomial.polynomial.polyval(gamma, np.array(narayana, dtype=float)),
        gamma=gamma,
    )


def _stieltjes(t: Terms, gamma: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(t.slack > 0, t.dof / t.slack, np.inf)
