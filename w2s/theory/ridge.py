r"""The limits of settings 1 and 2: test errors of a ridge teacher and its (weighted) student.

A teacher with penalty `lam_t` learns β⋆ from n_t noisy labels; a student with penalty `lam_s`
learns from n_s fresh inputs that the teacher labels. In the proportional limit d/n_t → `gamma_t`,
d/n_s → `gamma_s` (Assumption 1) both errors are functions of the degrees of freedom
b = δ(lam_t; gamma_t) and a = δ(lam_s; gamma_s). With `zeta` > 0 the student's penalty is weighted
by a spike that has correlation ζ with β⋆ (Assumption 7); `zeta` = 0 is plain ridge.

All arguments broadcast. Penalties may be 0 (the ridgeless limit) and inf (the zero estimator).
Relative accuracy is better than 1e-12 for ratios in [1e-6, 1e6] and penalties in
{0} ∪ [1e-300, 1e300] ∪ {∞}, wherever the value is a normal double. One exception, on purpose: a
`lam_t` equal to the double nearest to sigma2·gamma_t is read as the optimum itself.

The paper is B. Moniri and H. Hassani, On the Mechanisms of Weak-to-Strong Generalization: A
Theoretical Perspective, NeurIPS 2025, arXiv:2505.18346; what it does not say is marked "beyond the
paper". These are limits; how far a finite d is from them, `w2s.simulate` measures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _exact, _input
from w2s._exact import mp, ratio
from w2s._input import Real
from w2s.theory.marchenko_pastur import Terms, terms

__all__ = [
    "EMPTY",
    "WinningWindow",
    "alignment_threshold",
    "best_student_error",
    "error_gap",
    "imbalance",
    "optimal_student_penalty",
    "optimal_teacher_penalty",
    "performance_gap_recovered",
    "student_error",
    "teacher_error",
    "winning_window",
]

Array = NDArray[np.float64]

#: Below this fraction of its largest term, a sum of three is computed again in high precision.
_CANCELLATION = 2.0**-8
#: No penalty that is asked for is above 2 to this power: doubles are not, nor their products.
_WIDEST = 7213
#: 2 · 7213 · log 2 halved so often is below 1e-16, the relative accuracy of the penalty.
_HALVINGS = 68


@dataclass(frozen=True)
class WinningWindow:
    """Open interval (low, high) of student penalties λ_s > 0 with L_s < L_t; may be empty.

    It is false when no penalty wins, and `lam_s in window` asks whether one does.

    Parameters
    ----------
    low : float
        Its lower end, in [0, inf); nan if the window is empty.
    high : float
        Its upper end, in (0, inf]; nan if the window is empty.

    Examples
    --------
    >>> window = WinningWindow(0.0, 0.5)
    >>> bool(window), 0.2 in window, 0.5 in window
    (True, True, False)
    """

    low: float
    high: float

    def __bool__(self) -> bool:
        return self.low < self.high

    def __contains__(self, lam_s: float) -> bool:
        return self.low < lam_s < self.high


EMPTY = WinningWindow(float("nan"), float("nan"))
_CEILINGS = ("tuned", "noisy", "clean")
#: γ_s = 0 is unlabelled data without end.
_ENDLESS = {**_input.CHECKS, "gamma_s": _input.nonnegative}


def optimal_teacher_penalty(gamma_t: ArrayLike, sigma2: ArrayLike) -> Real:
    """Penalty λ_t* = σ²γ_t that minimises the teacher's error.

    Parameters
    ----------
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.

    Returns
    -------
    float or ndarray
        The penalty λ_t*, of the arguments' broadcast shape.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), section 2.1.

    Examples
    --------
    >>> float(optimal_teacher_penalty(0.25, 1.0))
    0.25
    """
    return _input.evaluate(lambda gamma_t, sigma2: sigma2 * gamma_t, gamma_t=gamma_t, sigma2=sigma2)


def teacher_error(lam_t: ArrayLike, gamma_t: ArrayLike, sigma2: ArrayLike) -> Real:
    """Limit of the teacher's test error, L_t = (σ² + (1−b)²)/(1 − γ_t b²) with b = δ(λ_t; γ_t).

    The noise of the test label is included, so L_t ≥ σ². At λ_t = 0, γ_t = 1 and σ² > 0 it is inf:
    the peak of double descent.

    Parameters
    ----------
    lam_t : array_like
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.

    Returns
    -------
    float or ndarray
        The test error L_t, of the arguments' broadcast shape.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Proposition 3.

    Examples
    --------
    >>> round(float(teacher_error(0.25, 0.25, 1.0)), 12)
    1.2360679775
    """
    return _input.evaluate(
        lambda lam_t, gamma_t, sigma2: _teacher_error(terms(lam_t, gamma_t), sigma2),
        lam_t=lam_t,
        gamma_t=gamma_t,
        sigma2=sigma2,
    )


def imbalance(lam_t: ArrayLike, gamma_t: ArrayLike, sigma2: ArrayLike) -> Real:
    """Teacher's imbalance c = (λ_t − σ²γ_t)/√((1+γ_t+λ_t)² − 4γ_t), negative for too small a λ_t.

    Nothing else of a teacher with 0 < λ_t < inf decides which plain students beat it: those with
    H₁ > c, where H₁ = −(1−a)/(1+a−2γ_s a²) and a = δ(λ_s; γ_s). It is at most 1, and 0 for the
    tuned teacher.

    Parameters
    ----------
    lam_t : array_like
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.

    Returns
    -------
    float or ndarray
        The imbalance c, of the arguments' broadcast shape; 1 at λ_t = inf, and −inf at λ_t = 0 and
        γ_t = 1 with noise.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), the left-hand side of equation (11).

    Examples
    --------
    >>> float(imbalance(0.0, 0.5, 1.0))  # no penalty: σ²γ_t is what is missing
    -1.0
    >>> float(imbalance(0.5, 0.5, 1.0))  # the tuned teacher
    0.0
    """
    return _input.evaluate(_imbalance, lam_t=lam_t, gamma_t=gamma_t, sigma2=sigma2)


@_input.by_keyword
def student_error(
    *,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike = 0.0,
) -> Real:
    """Limit L_s of the student's test error, with plain or weighted ridge.

    A sum of non-negative terms: noise, bias of the student (which a fully aligned penalty, ζ = 1,
    reduces to the teacher's own), and the teacher's variance as the student passes it on.

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
    zeta : array_like, optional
        Correlation ζ in [0, 1] of β⋆ with the spike that weights the student's penalty; 0, the
        default, is plain ridge.

    Returns
    -------
    float or ndarray
        The test error L_s, of the arguments' broadcast shape, with the noise of the test label.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Theorem 4; with ζ > 0 Theorem 8.

    Examples
    --------
    >>> float(student_error(
    ...     lam_t=0.0, lam_s=0.1, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... )) < float(teacher_error(0.0, 0.25, 1.0))
    True
    """
    return _input.evaluate(
        _student_error,
        lam_t=lam_t,
        lam_s=lam_s,
        gamma_t=gamma_t,
        gamma_s=gamma_s,
        sigma2=sigma2,
        zeta=zeta,
    )


@_input.by_keyword
def error_gap(
    *,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike = 0.0,
) -> Real:
    """Gap L_s − L_t between the limits of both test errors, negative where the student wins.

    Computed as (1−a)·b/(1−γ_s a²) times a quadratic in a, so it keeps its digits where L_s and L_t
    agree in all of theirs; next to its own zeros it switches to at least 60 digits.

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
    zeta : array_like, optional
        Correlation ζ in [0, 1] of β⋆ with the spike that weights the student's penalty; 0, the
        default, is plain ridge.

    Returns
    -------
    float or ndarray
        The gap L_s − L_t, of the arguments' broadcast shape.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Δ of Theorem 4; with ζ > 0 Δ − ζ²Δ_Γ of Theorem 8.

    Examples
    --------
    >>> float(error_gap(lam_t=0.0, lam_s=1e-9, gamma_t=0.25, gamma_s=0.25, sigma2=1.0))
    -8.88...e-10
    """
    return _input.evaluate(
        _error_gap,
        lam_t=lam_t,
        lam_s=lam_s,
        gamma_t=gamma_t,
        gamma_s=gamma_s,
        sigma2=sigma2,
        zeta=zeta,
    )


@_input.by_keyword
def winning_window(
    *, lam_t: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float = 0.0
) -> WinningWindow:
    """Student penalties that beat the teacher, {λ_s > 0 : L_s < L_t}.

    The set is one open interval, possibly empty or unbounded.

    Parameters
    ----------
    lam_t : float
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : float
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : float
        Inputs' dimension over the student's samples, d/n_s, in (0, inf).
    sigma2 : float
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.
    zeta : float, optional
        Correlation ζ in [0, 1] of β⋆ with the spike that weights the student's penalty; 0, the
        default, is plain ridge.

    Returns
    -------
    WinningWindow
        Its ends, to 1e-12 of their values.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or is an array; the message names it.

    References
    ----------
    Moniri and Hassani (2025), Theorem 5 and, with ζ > 0, Theorem 8, as they should read; the book's
    list of errata says where the printed threshold differs.

    Examples
    --------
    >>> winning_window(
    ...     lam_t=0.25, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... )  # an optimal teacher is never beaten
    WinningWindow(low=nan, high=nan)
    >>> winning_window(lam_t=0.0, gamma_t=0.25, gamma_s=0.25, sigma2=1.0).low
    0.0
    """
    values = _input.scalars(lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=zeta)
    with mp.workdps(_digits(values["lam_t"])):
        return _winning_window(**values)


@_input.by_keyword
def optimal_student_penalty(
    *,
    lam_t: ArrayLike,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike = 0.0,
) -> Real:
    """Penalty λ_s* that minimises the limit of the student's error (beyond the paper).

    The one solution of κ(1−γ_s a²)² = (1−ζ²+κ)(1−a)(1−γ_s a), a quartic in a = δ(λ_s; γ_s), where
    κ = ζ²(1−b) − c and c is the teacher's imbalance; found in a bracket, in at least 60 digits. The
    two sides balance at most once, so it is *the* minimum, wherever a search would start.

    Parameters
    ----------
    lam_t : array_like
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : array_like
        Inputs' dimension over the student's samples, d/n_s, in (0, inf).
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.
    zeta : array_like, optional
        Correlation ζ in [0, 1] of β⋆ with the spike that weights the student's penalty; 0, the
        default, is plain ridge.

    Returns
    -------
    float or ndarray
        The penalty λ_s*, of the arguments' broadcast shape. 0 where no penalty is best (κ ≤ 0, or
        γ_s = 1 and 3κ ≤ 1 − ζ²); inf where a student that keeps only the spike's direction is best
        (ζ = 1). Where every student is equally good (λ_t = inf, or ζ = 1 and a perfect teacher) it
        is the limit along λ_t.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    Notes
    -----
    A minimum need not be a win: for γ_s ≥ 1 see `winning_window`. Each combination of arguments
    takes milliseconds, not nanoseconds.

    Examples
    --------
    >>> round(float(optimal_student_penalty(
    ...     lam_t=0.25, gamma_t=0.25, gamma_s=0.25, sigma2=1.0, zeta=0.89
    ... )), 6)
    0.776481
    >>> float(optimal_student_penalty(
    ...     lam_t=0.25, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... ))  # no alignment: copy the teacher
    0.0
    """
    return _input.evaluate(
        _each(_optimal_student_penalty),
        lam_t=lam_t,
        gamma_t=gamma_t,
        gamma_s=gamma_s,
        sigma2=sigma2,
        zeta=zeta,
    )


@_input.by_keyword
def best_student_error(
    *,
    lam_t: ArrayLike,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike = 0.0,
) -> Real:
    """Limit of the best student's test error, the minimum of L_s over λ_s (beyond the paper).

    It rises with γ_s. At γ_s = 0 it is closed-form,

        σ² + ζ²(1−b)² + (1−ζ²)·((1−ζ²)(1−b)+κ)/(1−ζ²+κ),   κ = ζ²(1−b) − c > 0,

    which for ζ = 0 is σ² + 1 − b/(1−c); for κ ≤ 0 it is L_t there.

    Parameters
    ----------
    lam_t : array_like
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : array_like
        Inputs' dimension over the student's samples, d/n_s, in [0, inf); 0 is unlabelled data
        without end.
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.
    zeta : array_like, optional
        Correlation ζ in [0, 1] of β⋆ with the spike that weights the student's penalty; 0, the
        default, is plain ridge.

    Returns
    -------
    float or ndarray
        The error at `optimal_student_penalty`, of the arguments' broadcast shape.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    Notes
    -----
    Each combination of arguments takes milliseconds.

    Examples
    --------
    >>> teacher = float(teacher_error(0.0, 0.5, 1.0))  # no penalty: as bad as the answer 0
    >>> [round(float(x), 6) for x in (teacher, *best_student_error(
    ...     lam_t=0.0, gamma_t=0.5, gamma_s=[1, 0.5, 0], sigma2=1.0
    ... ))]
    [2.0, 1.656854, 1.57115, 1.5]
    """
    return _input.evaluate(
        _each(_best_student_error),
        _ENDLESS,
        lam_t=lam_t,
        gamma_t=gamma_t,
        gamma_s=gamma_s,
        sigma2=sigma2,
        zeta=zeta,
    )


@_input.by_keyword
def performance_gap_recovered(
    *,
    lam_t: ArrayLike,
    gamma_t: ArrayLike,
    gamma_s: ArrayLike,
    sigma2: ArrayLike,
    zeta: ArrayLike = 0.0,
    ceiling: str = "tuned",
) -> Real:
    """Share (L_t − L_s)/(L_t − L_ceiling) that the student with the best λ_s recovers.

    This is the PGR of the literature (beyond the paper): 1 means that the student has reached the
    ceiling, 0 that it is as good as its teacher. With the ceiling "tuned" and ζ = 0 it is below 1,
    and for λ_t < σ²γ_t and γ_s, γ_t < 1 above (1−γ_s)(1−γ_t). With ζ > 0 it may exceed 1.

    Parameters
    ----------
    lam_t : array_like
        Teacher's penalty λ_t in [0, inf]; 0 is the ridgeless limit, inf the zero estimator.
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : array_like
        Inputs' dimension over the student's samples, d/n_s, in [0, inf); 0 is unlabelled data
        without end.
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.
    zeta : array_like, optional
        Correlation ζ in [0, 1] of β⋆ with the spike that weights the student's penalty; 0, the
        default, is plain ridge.
    ceiling : {"tuned", "noisy", "clean"}, optional
        What there is to reach. "tuned": the teacher with the penalty σ²γ_t. "noisy": the tuned
        student on its n_s inputs with true labels of noise σ². "clean": the same without noise, so
        σ² for γ_s ≤ 1 and σ² + 1 − 1/γ_s above.

    Returns
    -------
    float or ndarray
        The share, of the arguments' broadcast shape; nan where the ceiling is no better than the
        teacher, and there is nothing to recover.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, `ceiling` is none of the three, or the shapes do not
        broadcast; the message names it.

    Notes
    -----
    Each combination of arguments takes milliseconds.

    Examples
    --------
    >>> round(float(performance_gap_recovered(
    ...     lam_t=0.05, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... )), 6)
    0.705912
    >>> float(performance_gap_recovered(
    ...     lam_t=0.25, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... ))  # already tuned
    nan
    """
    if ceiling not in _CEILINGS:
        raise ValueError(f"ceiling must be one of {', '.join(_CEILINGS)}, got {ceiling!r}")
    return _input.evaluate(
        _each(partial(_performance_gap_recovered, ceiling)),
        _ENDLESS,
        lam_t=lam_t,
        gamma_t=gamma_t,
        gamma_s=gamma_s,
        sigma2=sigma2,
        zeta=zeta,
    )


@_input.by_keyword
def alignment_threshold(*, gamma_t: ArrayLike, gamma_s: ArrayLike, sigma2: ArrayLike) -> Real:
    """Alignment ζ* above which some λ_s beats the optimally tuned teacher (beyond the paper).

    With λ_t = σ²γ_t, a student with alignment ζ wins for some penalty exactly when ζ > ζ*, where
    ζ* = 0 for γ_s < 1 and, with b = δ(σ²γ_t; γ_t) and r = √(1−1/γ_s),

        ζ*² = 1/(b + 4(1−b)/(1+r))  for γ_s ≥ 1,

    which rises from 1/(4−3b) at γ_s = 1 to 1/(2−b) as γ_s → ∞. At ζ = ζ* itself no penalty wins.

    Parameters
    ----------
    gamma_t : array_like
        Inputs' dimension over the teacher's samples, d/n_t, in (0, inf).
    gamma_s : array_like
        Inputs' dimension over the student's samples, d/n_s, in (0, inf).
    sigma2 : array_like
        Variance σ² of the label noise in [0, inf), in units of ‖β⋆‖² = 1.

    Returns
    -------
    float or ndarray
        The threshold ζ*, of the arguments' broadcast shape. A perfect teacher (σ² = 0 and γ_t ≤ 1)
        is never beaten, not even with ζ = 1: then it is 1.

    Raises
    ------
    TypeError
        An argument is no real number or array of them; the message names it.
    ValueError
        An argument is outside its range, or the shapes do not broadcast; the message names it.

    Examples
    --------
    >>> [round(float(alignment_threshold(
    ...     gamma_t=0.25, gamma_s=g, sigma2=1.0
    ... )), 4) for g in (0.99, 1.0, 1.2, 100.0)]
    [0.0, 0.7651, 0.8349, 0.899]
    """

    def kernel(gamma_t: Array, gamma_s: Array, sigma2: Array) -> Array:
        teacher = terms(sigma2 * gamma_t, gamma_t)
        r = np.sqrt(np.maximum(gamma_s - 1, 0) / gamma_s)
        needed = 1 / np.sqrt(teacher.dof + 4 * teacher.rest / (1 + r))
        perfect = (sigma2 == 0) & (gamma_t <= 1)
        return np.where(perfect, 1.0, np.where(gamma_s < 1, 0.0, needed))

    return _input.evaluate(kernel, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)


def _each(function: Callable[..., float]) -> _input.Kernel:
    """A function of numbers as a kernel: called for each combination of its arguments."""

    def kernel(**arguments: Array) -> Array:
        spread = np.broadcast_arrays(*arguments.values())
        rows = zip(*(argument.flat for argument in spread), strict=True)
        found = [function(**dict(zip(arguments, map(float, row), strict=True))) for row in rows]
        return np.array(found).reshape(spread[0].shape)

    return kernel


def _imbalance(lam_t: Array, gamma_t: Array, sigma2: Array) -> Array:
    excess = _exact.difference_from_product(lam_t, sigma2, gamma_t)
    share = np.where(lam_t == np.inf, 1.0, excess / terms(lam_t, gamma_t).root)
    return np.where(excess == 0, 0.0, share)


def _teacher_error(teacher: Terms, sigma2: Array) -> Array:
    excess = ratio(sigma2 + teacher.rest**2, teacher.curvature)
    return np.where((teacher.curvature == 0) & (sigma2 == 0), 0.0, excess)


def _student_error(
    lam_t: Array, lam_s: Array, gamma_t: Array, gamma_s: Array, sigma2: Array, zeta: Array
) -> Array:
    student, teacher = terms(lam_s, gamma_s), terms(lam_t, gamma_t)
    a, b = student.dof, teacher.dof
    ridge_bias = (student.rest + a * teacher.rest) ** 2
    student_variance = gamma_s * (a * b) ** 2 * ratio(student.rest**2, student.curvature)
    unaligned = (1 - zeta) * (1 + zeta)
    bias = unaligned * (ridge_bias + student_variance) + (zeta * teacher.rest) ** 2
    noise = gamma_t * b**2 * ratio(sigma2 + teacher.rest**2, teacher.curvature)
    noise = np.where((teacher.curvature == 0) & (sigma2 == 0), 0.0, noise)
    passed_on = _energy(student, gamma_s)
    return sigma2 + bias + np.where(passed_on == 0, 0.0, passed_on * noise)


def _energy(student: Terms, gamma_s: Array) -> Array:
    """q(a, γ_s) = a²(1+γ_s−2γ_s a)/(1−γ_s a²): what the student keeps of ‖β̂_t‖²."""
    numerator = np.where(
        gamma_s <= 1, (1 - gamma_s) + 2 * gamma_s * student.rest, (gamma_s - 1) + 2 * student.slack
    )
    interpolates = student.curvature == 0  # γ_s = 1, λ_s = 0: the student copies its teacher
    return np.where(interpolates, 1.0, student.dof**2 * ratio(numerator, student.curvature))


def _error_gap(
    lam_t: Array, lam_s: Array, gamma_t: Array, gamma_s: Array, sigma2: Array, zeta: Array
) -> Array:
    student, teacher = terms(lam_s, gamma_s), terms(lam_t, gamma_t)
    parts = _gap_parts(student, teacher, _imbalance(lam_t, gamma_t, sigma2), zeta)
    total = parts[0] + parts[1] + parts[2]
    factor = student.rest / student.curvature * teacher.dof
    gap = np.where((student.rest == 0) | (teacher.dof == 0), 0.0, factor * total)
    largest = np.maximum(np.maximum(abs(parts[0]), abs(parts[1])), abs(parts[2]))
    lost = (factor != 0) & np.isfinite(total) & (abs(total) < _CANCELLATION * largest)
    if not np.any(lost):
        return gap
    gap = np.array(gap)
    arguments = np.broadcast_arrays(lam_t, lam_s, gamma_t, gamma_s, sigma2, zeta)
    gap[lost] = [
        _precise_gap(*map(float, row))
        for row in zip(*(argument[lost] for argument in arguments), strict=True)
    ]
    return gap


def _gap_parts(student: Any, teacher: Any, c: Any, zeta: Any) -> tuple[Any, Any, Any]:
    """The quadratic of L_s − L_t in its three terms: what the student undoes of the teacher's
    under-regularisation (c < 0), what it loses by its own penalty, what alignment gives back."""
    a, b = student.dof, teacher.dof
    return (
        c * (student.rest + 2 * a * student.slack),
        student.rest * (teacher.rest + b * (1 - zeta) * (1 + zeta)),
        -2 * zeta * zeta * teacher.rest * student.curvature,
    )


def _digits(*penalties: float) -> int:
    """Enough digits that 1 + c keeps 60 of them even if c = −1 + O(λ) with λ = 1e-300."""
    extremes = [abs(math.log10(lam)) for lam in penalties if 0 < lam < math.inf]
    return 60 + 2 * round(max(extremes, default=0))


def _precise_terms(lam: Any, gamma: Any) -> Terms:
    return terms(mp.mpf(lam), mp.mpf(gamma), sqrt=mp.sqrt, where=lambda c, x, y: x if c else y)


def _precise_imbalance(lam_t: float, gamma_t: float, sigma2: float, teacher: Terms) -> Any:
    """c in mpmath."""
    if lam_t == sigma2 * gamma_t:
        return mp.mpf(0)
    return (mp.mpf(lam_t) - mp.mpf(sigma2) * mp.mpf(gamma_t)) / teacher.root


def _precise_gap(
    lam_t: float, lam_s: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float
) -> float:
    with mp.workdps(_digits(lam_s, lam_t)):
        student, teacher = _precise_terms(lam_s, gamma_s), _precise_terms(lam_t, gamma_t)
        c = _precise_imbalance(lam_t, gamma_t, sigma2, teacher)
        total = sum(_gap_parts(student, teacher, c, mp.mpf(zeta)))
        return float(student.rest / student.curvature * teacher.dof * total)


def _winning_window(
    lam_t: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float
) -> WinningWindow:
    """Where the quadratic 2γ_s κa² − (z+κ)a + z − κ is negative, 0 < a < min(1, 1/γ_s).

    Here z = 1 − ζ² and κ = −z·c_ζ: it is H₁ = c_ζ, cleared of fractions. For κ ≤ 0 it is nowhere
    negative there. For κ > 0 it is convex, its value at a = 1 is −2(1−γ_s)κ for γ_s < 1, and at
    a = 1/γ_s it is (1−1/γ_s)(z−κ) for γ_s > 1: hence one interval.
    """
    if lam_t == np.inf:
        return EMPTY  # the teacher knows nothing, and neither does its student
    if lam_t == 0 and gamma_t == 1:
        # c → −∞ when there is noise; without noise the teacher is perfect.
        return WinningWindow(0.0, np.inf) if sigma2 > 0 else EMPTY
    z, kappa = _alignment_terms(lam_t, gamma_t, sigma2, zeta)
    gamma = mp.mpf(gamma_s)
    if kappa <= 0:
        return EMPTY
    if kappa >= z:
        return WinningWindow(0.0, np.inf)
    if gamma == 1:  # one root is a = 1
        other = (z - kappa) / (2 * kappa)
        return WinningWindow(0.0, _penalty_at(other, gamma)) if other < 1 else EMPTY
    discriminant = (z + kappa) ** 2 - 8 * gamma * kappa * (z - kappa)
    if gamma > 1 and (discriminant <= 0 or z >= 3 * kappa):  # the vertex must lie left of 1/γ_s
        return EMPTY
    smaller = 2 * (z - kappa) / (z + kappa + mp.sqrt(discriminant))
    if gamma < 1:
        return WinningWindow(0.0, _penalty_at(smaller, gamma))
    larger = (z - kappa) / (2 * gamma * kappa * smaller)
    return WinningWindow(_penalty_at(larger, gamma), _penalty_at(smaller, gamma))


def _alignment_terms(lam_t: float, gamma_t: float, sigma2: float, zeta: float) -> tuple[Any, Any]:
    """z = 1 − ζ² and κ = ζ²(1−b) − c = −z·c_ζ, in mpmath; c_ζ is the c that alignment leaves."""
    teacher, aligned = _precise_terms(lam_t, gamma_t), mp.mpf(zeta)
    c = _precise_imbalance(lam_t, gamma_t, sigma2, teacher)
    return (1 - aligned) * (1 + aligned), aligned**2 * teacher.rest - c


def _optimal_student_penalty(
    lam_t: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float
) -> float:
    """The root of (1−a)(1−γ_s a)/((1−γ_s a²)² − (1−a)(1−γ_s a)) = κ/z.

    The left side rises with λ_s, from 0 (γ_s ≠ 1) or 1/3 (γ_s = 1) to ∞. Both a → γ_s a and
    λ_s → λ_s/γ_s turn γ_s into 1/γ_s and leave it alone, so only γ_s ≤ 1 is solved.
    """
    if zeta == 1:
        return math.inf
    if lam_t == math.inf:
        return 0.0
    if lam_t == 0 and gamma_t == 1:
        return math.inf if sigma2 > 0 else 0.0
    with mp.workdps(_digits(lam_t)):
        z, kappa = _alignment_terms(lam_t, gamma_t, sigma2, zeta)
        if kappa <= 0 or (gamma_s == 1 and 3 * kappa <= z):
            return 0.0
        if gamma_s == 1:  # (1−a)² cancels
            return _penalty_at(mp.sqrt(1 + z / kappa) - 1, 1)
        scale = mp.mpf(max(gamma_s, 1))
        gamma = mp.mpf(gamma_s) if gamma_s <= 1 else 1 / scale
        low, high = mp.ldexp(1, -_WIDEST), mp.ldexp(1, _WIDEST)
        for _ in range(_HALVINGS):
            middle = mp.sqrt(low * high)  # and no exp: see `_exact.mp`
            a, rest, slack, *_ = _precise_terms(middle, gamma)
            edge = 1 - gamma
            other = edge**2 + 3 * gamma * edge * rest + gamma**2 * rest**2 * (3 - rest)
            above = z * rest * slack > kappa * a * other
            low, high = (low, middle) if above else (middle, high)
        return float(scale * middle)


def _best_student_error(
    lam_t: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float
) -> float:
    if gamma_s > 0:
        lam_s = _optimal_student_penalty(lam_t, gamma_t, gamma_s, sigma2, zeta)
        return float(
            student_error(
                lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=zeta
            )
        )
    if lam_t == np.inf:
        return sigma2 + 1
    if lam_t == 0 and gamma_t == 1:
        return sigma2 + (1 - zeta) * (1 + zeta) if sigma2 > 0 else 0.0
    with mp.workdps(_digits(lam_t)):
        teacher = _precise_terms(lam_t, gamma_t)
        z, kappa = _alignment_terms(lam_t, gamma_t, sigma2, zeta)
        if kappa <= 0:
            return float(sigma2 + _excess(teacher, sigma2, gamma_t))
        shrunk = z * (z * teacher.rest + kappa) / (z + kappa)
        return float(sigma2 + (1 - z) * teacher.rest**2 + shrunk)


def _performance_gap_recovered(
    ceiling: str, lam_t: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float
) -> float:
    if lam_t == np.inf:
        return 0.0  # the teacher knows nothing, and every ceiling knows something
    if lam_t == 0 and gamma_t == 1:  # an infinite error, all of which is recovered; or none
        return 1.0 if sigma2 > 0 else math.nan
    with mp.workdps(_digits(lam_t, gamma_s, gamma_t, sigma2)):
        teacher = _precise_terms(lam_t, gamma_t)
        if ceiling == "tuned":
            tuned = _precise_terms(mp.mpf(sigma2) * mp.mpf(gamma_t), gamma_t)
            c = _precise_imbalance(lam_t, gamma_t, sigma2, teacher)
            apart = teacher.slack + gamma_t * teacher.dof * tuned.rest  # 1 − γ_t b b*
            to_recover = tuned.dof * teacher.curvature * (c / apart) ** 2
        elif ceiling == "noisy" and gamma_s > 0:
            noise = mp.mpf(sigma2) * mp.mpf(gamma_s)
            to_recover = _excess(teacher, sigma2, gamma_t) - _precise_terms(noise, gamma_s).rest
        else:
            unseen = max(1 - 1 / mp.mpf(gamma_s), 0) if gamma_s > 0 else 0
            to_recover = _excess(teacher, sigma2, gamma_t) - unseen
        if to_recover <= 0:
            return math.nan
        recovered = _best_gain(lam_t, gamma_t, gamma_s, sigma2, zeta, teacher)
        return float(recovered / to_recover)


def _excess(teacher: Terms, sigma2: float, gamma_t: float) -> Any:
    """L_t − σ², in mpmath."""
    variance = mp.mpf(sigma2) * mp.mpf(gamma_t) * teacher.dof**2
    return (teacher.rest**2 + variance) / teacher.curvature


def _best_gain(
    lam_t: float, gamma_t: float, gamma_s: float, sigma2: float, zeta: float, teacher: Terms
) -> Any:
    """L_t − min L_s, in mpmath; bκ²/(z+κ) with unlabelled data without end."""
    z, kappa = _alignment_terms(lam_t, gamma_t, sigma2, zeta)
    if gamma_s == 0:
        return teacher.dof * kappa**2 / (z + kappa) if kappa > 0 else mp.mpf(0)
    lam_s = _optimal_student_penalty(lam_t, gamma_t, gamma_s, sigma2, zeta)
    if lam_s == 0 and gamma_s <= 1:
        return mp.mpf(0)  # a copy of the teacher
    student = Terms(0, 1, 1, 1, math.inf) if lam_s == math.inf else _precise_terms(lam_s, gamma_s)
    c = _precise_imbalance(lam_t, gamma_t, sigma2, teacher)
    total = sum(_gap_parts(student, teacher, c, mp.mpf(zeta)))
    return -student.rest / student.curvature * teacher.dof * total


def _penalty_at(dof: Any, gamma: Any) -> float:
    return float((1 - dof) * (1 - gamma * dof) / dof)
