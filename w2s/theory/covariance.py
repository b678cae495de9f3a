r"""Any covariance, any penalty, any target: teacher and student beyond the isotropic model.

Inputs are x = Σ^{1/2}z, labels x·w + noise of variance σ², and a stage with penalty λ βᵀΩβ on n
samples behaves, for large n and d, like a linear shrinkage with an *effective* penalty κ:

    κ (1 − df₁/n) = λ,   T = (Σ + κΩ)⁻¹Σ,   df₁ = tr T,   df₂ = tr T².

κ plays the role that δ plays in the isotropic model, where df₁ = d·δ. In whitened coordinates,
u = Σ^{1/2}w, the shrinkage S = Σ^{1/2}TΣ^{-1/2} is symmetric with eigenvalues t in [0, 1], and with
S_t for the teacher, S_s for the student, v = df₂/(n − df₂) of the student,

    L_t = (σ² + ‖(I−S_t)u‖²) / (1 − df₂/n_t),
    L_s = σ² + ‖(I−S_s S_t)u‖² + v ‖(I−S_s)S_t u‖² + (L_t/n_t)(‖S_s S_t‖² + v ‖(I−S_s)S_t‖²).

All matrices have Σ's eigenvectors if the penalties do; then these are sums over directions. If not,
the two frames of eigenvectors differ by a rotation, and nothing else changes.

What is asymptotic: the formulas are deterministic equivalents, of first order for T and of second
order (that is where v comes from) for L. For which rows they become exact as n and d grow together
is neither proved nor cited here. What was seen, with power laws, n < d, n from 5 to 40 and rows z
of independent Gaussian or ±1 entries: the mean error is off by at most 0.5/n of its value, a single
draw by at most 1/√n. Both grow near d = n with λ = 0, where the mean need not exist.

`w2s.ridge` is the case Σ = Ω = I, ‖w‖ = 1: closed, and exact to the last digit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import ArrayLike, NDArray

from w2s import _input
from w2s.theory.ridge import WinningWindow

__all__ = [
    "BestStudent",
    "BestTeacher",
    "Errors",
    "Stage",
    "Task",
    "best_student",
    "best_teacher",
    "errors",
    "fit",
    "plain_features",
    "task_weights",
    "winning_windows",
]

Array = NDArray[np.float64]

#: At worst (d = n, λ → 0) Newton halves κ: from 1e308 down to 1e-162, the smallest root there is.
_STEPS = 2000
#: A relative correction of κ that is still asked for when the iteration has ended.
_UNSOLVED = 1e-11
#: Of the grid that searches student penalties: points a decade, decades beyond the spectrum's ends.
_PER_DECADE = 24
_BEYOND = 6
#: So many minima of the grid are looked at closely; where L_s is flat, rounding makes hundreds.
_POLISHED = 20
#: Numbers held at once in a search.
_CHUNK = 2**21
#: Asymmetry of a matrix, relative to its largest entry, that rounding explains.
_ASYMMETRY = 1e-10


@dataclass(frozen=True)
class Task:
    """Regression task in the eigenbasis of its covariance; from matrices by `from_covariance`.

    Parameters
    ----------
    eigenvalues : array_like
        Eigenvalues of Σ, shape (d,), all > 0.
    target : array_like
        Coordinates of w in the eigenvectors of Σ, shape (d,).
    sigma2 : float
        Variance σ² in [0, inf) of the labels' noise, what no linear predictor can explain.
    basis : array_like, optional
        Eigenvectors of Σ as columns, shape (d, d), in the coordinates in which penalty matrices and
        rows are given; `None` where those coordinates are the eigenbasis.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.

    Examples
    --------
    >>> Task([2.0, 1.0], [0.6, 0.8], 0.5).whitened
    array([0.84852814, 0.8       ])
    """

    eigenvalues: Array
    target: Array
    sigma2: float
    basis: Array | None = None

    def __post_init__(self) -> None:
        eigenvalues, target = _spectrum(self.eigenvalues), _vector("target", self.target)
        if target.shape != eigenvalues.shape:
            raise ValueError(
                f"target must have one entry an eigenvalue, shape {eigenvalues.shape}, "
                f"got {target.shape}"
            )
        if self.basis is not None:
            _input.settle(self, basis=_orthogonal("basis", self.basis, len(eigenvalues)))
        noise = _input.scalars(sigma2=self.sigma2)
        _input.settle(self, eigenvalues=eigenvalues, target=target, **noise)

    @classmethod
    def from_covariance(cls, covariance: ArrayLike, target: ArrayLike, sigma2: float) -> Task:
        """Make the task with covariance matrix Σ and target w, both in the same coordinates.

        Parameters
        ----------
        covariance : array_like
            Covariance Σ, shape (d, d), symmetric and positive definite.
        target : array_like
            Target w, shape (d,).
        sigma2 : float
            Variance σ² in [0, inf) of the labels' noise.

        Returns
        -------
        Task
            The same in the eigenbasis of Σ, with `basis`.

        Raises
        ------
        TypeError
            An argument is of another type; the message names it.
        ValueError
            An argument is outside its range or of another shape; the message names it. For a
            covariance without full rank it has the direction without variance, and what to do about
            it.

        Examples
        --------
        >>> task = Task.from_covariance([[2.0, 1.0], [1.0, 2.0]], [1.0, 0.0], 1.0)
        >>> task.eigenvalues
        array([1., 3.])
        """
        matrix = _symmetric("covariance", covariance)
        w = _vector("target", target)
        if w.shape != matrix.shape[:1]:
            raise ValueError(
                f"target must have one entry a row of covariance, {len(matrix)}, got {len(w)}"
            )
        eigenvalues, basis = np.linalg.eigh(matrix)
        if eigenvalues[0] <= len(w) * np.finfo(float).eps * max(eigenvalues[-1], 0):
            lowest = eigenvalues[0]
            what = "does not vary" if lowest > -_ASYMMETRY * eigenvalues[-1] else "is impossible"
            raise ValueError(
                "covariance must be positive definite, but its smallest eigenvalue is "
                f"{lowest:.2g} (the largest {eigenvalues[-1]:.2g}): the combination "
                f"{_combination(basis[:, 0])} of inputs {what}. Drop or merge such columns, or "
                "go on with the other eigenvectors alone: Task(eigenvalues, target) without them"
            )
        return cls(eigenvalues, basis.T @ w, sigma2, basis)

    @property
    def whitened(self) -> Array:
        """Whitened target u = Σ^{1/2}w in the eigenbasis; ‖u‖² is the variance that it explains."""
        return np.sqrt(self.eigenvalues) * self.target


@dataclass(frozen=True)
class Stage:
    """One ridge fit, for every penalty asked for.

    Attributes
    ----------
    kappa : ndarray
        Effective penalty κ, by penalty.
    df1 : ndarray
        Degrees of freedom tr T, by penalty.
    df2 : ndarray
        Degrees of freedom tr T², by penalty.
    kept : ndarray
        Share t of each coordinate that survives the fit, by (penalty, direction).
    lost : ndarray
        Its complement 1 − t, by (penalty, direction), with all its digits.
    n : int
        Number of samples.
    residual : ndarray
        How well κ solves its equation: the correction, relative to κ, that Newton's method would
        still make, by penalty. It is at most 1e-11, or `fit` raises.
    spare : ndarray
        The difference n − df₂, by penalty, with all its digits.
    directions : ndarray or None
        The directions as columns, in whitened coordinates; `None` stands for the eigenvectors of Σ.
    """

    kappa: Array
    df1: Array
    df2: Array
    kept: Array
    lost: Array
    n: int
    residual: Array
    spare: Array
    directions: Array | None


@dataclass(frozen=True)
class Errors:
    """Test errors for every pair of penalties.

    Attributes
    ----------
    teacher : ndarray
        Error L_t by λ_t.
    student : ndarray
        Error L_s by (λ_t, λ_s).
    gap : ndarray
        Gap L_s − L_t by (λ_t, λ_s).
    """

    teacher: Array
    student: Array
    gap: Array


@dataclass(frozen=True)
class BestTeacher:
    """Teacher with the smallest test error.

    Attributes
    ----------
    penalty : float
        Its penalty λ_t in [0, inf].
    error : float
        Its test error.
    """

    penalty: float
    error: float


@dataclass(frozen=True)
class BestStudent:
    """Student with the smallest test error.

    Attributes
    ----------
    penalty : float
        Its penalty λ_s in [0, inf].
    error : float
        Its test error.
    gap : float
        That error less the teacher's.
    """

    penalty: float
    error: float
    gap: float


@_input.by_keyword
@_input.usual
def fit(eigenvalues: ArrayLike, *, lam: ArrayLike, n: int, weights: ArrayLike = 1.0) -> Stage:
    """Deterministic equivalent of one ridge fit: κ(1 − df₁/n) = λ and what follows from it.

    Parameters
    ----------
    eigenvalues : array_like
        Eigenvalues of Σ, shape (d,), all > 0.
    lam : array_like
        Penalties in [0, inf], a number or a one-dimensional array. 0 is the ridgeless limit: κ = 0
        for d ≤ n, and df₁ = n for d > n. inf keeps nothing.
    n : int
        Number of samples, at least 1.
    weights : array_like, optional
        Ω of the penalty: a number, its eigenvalues in Σ's basis, shape (d,), or a symmetric
        positive definite matrix in Σ's eigenbasis, shape (d, d).

    Returns
    -------
    Stage
        κ and the degrees of freedom by penalty, what is kept by (penalty, direction).

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.
    RuntimeError
        κ was not found to full accuracy; the message has the residual that was reached.

    Notes
    -----
    For which rows it becomes exact as n and d grow together is neither proved nor cited here; the
    module's docstring says what was seen.

    Examples
    --------
    >>> round(float(fit(np.ones(100), lam=0.25, n=200).df1[0]) / 100, 12)  # γ = ½: δ(¼; ½)
    0.719223593596
    >>> fit([4.0, 1.0, 0.25], lam=0.0, n=2).df1  # more directions than samples: all are used up
    array([2.])
    """
    s = _spectrum(eigenvalues)
    ridge = _ridge(s, _weights("weights", weights, len(s)), _input.count("n", n))
    return _stage(ridge, _input.penalties("lam", lam))


@_input.by_keyword
@_input.usual
def errors(
    task: Task,
    *,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    n_t: int,
    n_s: int,
    weights_t: ArrayLike = 1.0,
    weights_s: ArrayLike = 1.0,
) -> Errors:
    """Test errors of teacher and student for every pair of penalties.

    The formulas are those on top of this module. L_s is computed as the sum of non-negative terms
    shown there, and the gap on its own, in the student's directions i, as

        L_s − L_t = Σ_i (1+v) ℓ_i² E[τ_i²] − 2 ℓ_i E[τ_i(τ_i − u_i)],   ℓ = 1 − t of the student,

    where τ is the whitened teacher: E τ = S_t u, its covariance (L_t/n_t) S_t². A little shrinkage
    pays if and only if the teacher overshoots, E[τ_i(τ_i − u_i)] > 0, where the student shrinks.

    Parameters
    ----------
    task : Task
        Covariance, target and noise, of dimension d.
    lam_t : array_like
        Teacher's penalties in [0, inf], a number or a one-dimensional array.
    lam_s : array_like
        Student's penalties in [0, inf], a number or a one-dimensional array; all pairs are taken.
    n_t : int
        Number of the teacher's samples, at least 1.
    n_s : int
        Number of the student's samples, at least 1.
    weights_t : array_like, optional
        Ω of the teacher's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).
    weights_s : array_like, optional
        Ω of the student's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).

    Returns
    -------
    Errors
        Arrays of shapes (len(lam_t),), (len(lam_t), len(lam_s)) twice; σ² of the test label
        included. The ridgeless teacher at d = n_t has an infinite error if there is noise. The
        ridgeless student with d ≤ n_s copies its teacher, also at d = n_s, where both orders of the
        limits λ_s → 0 and d → n_s agree. A gap between two infinite errors is their limit as λ_t →
        0.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.
    RuntimeError
        κ was not found to full accuracy; the message has the residual that was reached.

    Notes
    -----
    The errors are deterministic equivalents, no theorem for every Σ; the module's docstring says
    how far off they were seen to be. A matrix of weights costs one singular value decomposition,
    then a grid of penalties is a few matrix products.

    Examples
    --------
    >>> from w2s.theory import ridge
    >>> task = Task(np.ones(500), np.full(500, 500**-0.5), 1.0)
    >>> found = errors(task, lam_t=0.1, lam_s=0.2, n_t=2000, n_s=2000)
    >>> bool(abs(found.gap[0, 0] - ridge.error_gap(
    ...     lam_t=0.1, lam_s=0.2, gamma_t=0.25, gamma_s=0.25, sigma2=1.0
    ... )) < 1e-12)
    True
    """
    lams_t, lams_s = _input.penalties("lam_t", lam_t), _input.penalties("lam_s", lam_s)
    lesson, learner = _taught(task, lams_t, n_t, n_s, weights_t, weights_s)
    student = _stage(learner, lams_s)
    return Errors(lesson.error, _student_error(lesson, student), _gap(lesson, student))


@_input.by_keyword
@_input.usual
def best_teacher(task: Task, *, n_t: int, weights_t: ArrayLike = 1.0) -> BestTeacher:
    """Penalty λ_t in [0, inf] with the smallest L_t, which need not be unimodal.

    It is searched for with the resolution that `best_student` describes.

    Parameters
    ----------
    task : Task
        Covariance, target and noise, of dimension d.
    n_t : int
        Number of the teacher's samples, at least 1.
    weights_t : array_like, optional
        Ω of the teacher's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).

    Returns
    -------
    BestTeacher
        The penalty and its error.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.
    RuntimeError
        κ was not found to full accuracy; the message has the residual that was reached.

    Examples
    --------
    >>> task = Task(np.ones(500), np.full(500, 500**-0.5), 1.0)
    >>> print(f"{best_teacher(task, n_t=2000).penalty:.4f}")  # σ²γ_t
    0.2500
    """
    ridge = _prepare(task, "n_t", n_t, "weights_t", weights_t)
    frame = ridge.directions

    def error(stage: Stage) -> Array:
        return _teacher_error(task, _turn(task.whitened, frame), stage)

    penalty, value = _minimise(ridge, error)
    return BestTeacher(penalty, value)


@_input.by_keyword
@_input.usual
def best_student(
    task: Task,
    *,
    lam_t: float,
    n_t: int,
    n_s: int,
    weights_t: ArrayLike = 1.0,
    weights_s: ArrayLike = 1.0,
) -> BestStudent:
    """Penalty λ_s in [0, inf] with the smallest L_s, both ends included.

    L_s need not be unimodal. It is scanned on a logarithmic grid of κ − κ(0), 24 points a decade,
    from a millionth of the smallest ratio s/ω (for d > n_s, of κ(0)) to a million times the
    largest, and the twenty deepest minima of the grid are polished.

    Parameters
    ----------
    task : Task
        Covariance, target and noise, of dimension d.
    lam_t : float
        Teacher's penalty λ_t in [0, inf].
    n_t : int
        Number of the teacher's samples, at least 1.
    n_s : int
        Number of the student's samples, at least 1.
    weights_t : array_like, optional
        Ω of the teacher's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).
    weights_s : array_like, optional
        Ω of the student's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).

    Returns
    -------
    BestStudent
        The penalty, its error and its gap. The error is found to full accuracy, the penalty, where
        L_s is flat, to about five digits. Of equally good penalties it is the smallest: 0 where
        nothing beats a copy of the teacher.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.
    RuntimeError
        κ was not found to full accuracy; the message has the residual that was reached.

    Notes
    -----
    A dip that is narrower than a grid step, or lies beyond the grid's ends, can be missed.

    Examples
    --------
    >>> task = Task(np.ones(500), np.full(500, 500**-0.5), 1.0)
    >>> found = best_student(task, lam_t=0.0, n_t=2000, n_s=2000)
    >>> found.gap < 0 < found.penalty
    True
    """
    lesson, learner = _taught(task, _number("lam_t", lam_t), n_t, n_s, weights_t, weights_s)
    finite = np.isfinite(lesson.error[0])
    # The gap keeps its digits next to λ_s = 0; but all gaps to an infinite error are infinite.
    objective = _gap if finite else _student_error
    penalty, _ = _minimise(learner, lambda stage: objective(lesson, stage)[0])
    stage = _stage(learner, np.array([penalty]))
    return BestStudent(
        penalty, float(_student_error(lesson, stage)[0, 0]), float(_gap(lesson, stage)[0, 0])
    )


@_input.by_keyword
@_input.usual
def winning_windows(
    task: Task,
    *,
    lam_t: float,
    n_t: int,
    n_s: int,
    weights_t: ArrayLike = 1.0,
    weights_s: ArrayLike = 1.0,
) -> tuple[WinningWindow, ...]:
    """Student penalties that beat the teacher: every interval of {λ_s > 0 : L_s < L_t}.

    For a general spectrum there may be several.

    Parameters
    ----------
    task : Task
        Covariance, target and noise, of dimension d.
    lam_t : float
        Teacher's penalty λ_t in [0, inf].
    n_t : int
        Number of the teacher's samples, at least 1.
    n_s : int
        Number of the student's samples, at least 1.
    weights_t : array_like, optional
        Ω of the teacher's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).
    weights_s : array_like, optional
        Ω of the student's penalty: a number (1, the default, is plain ridge), eigenvalues in the
        eigenbasis of Σ, shape (d,), all finite and > 0, or a symmetric positive definite matrix,
        shape (d, d), in the task's coordinates (`task.basis`).

    Returns
    -------
    tuple of ridge.WinningWindow
        Open intervals in rising order; empty if nothing wins. The last one's `high` is inf if the
        zero student wins.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.
    RuntimeError
        κ was not found to full accuracy; the message has the residual that was reached.

    Notes
    -----
    The signs of the gap are taken on the grid that `best_student` describes, the edges then solved
    for to full accuracy; so two edges within one grid step, a tenth of a decade, or edges beyond
    the grid, can be missed.

    Examples
    --------
    >>> from w2s.theory import ridge
    >>> task = Task(np.ones(500), np.full(500, 500**-0.5), 1.0)
    >>> (window,) = winning_windows(task, lam_t=0.1, n_t=2000, n_s=2000)
    >>> known = ridge.winning_window(lam_t=0.1, gamma_t=0.25, gamma_s=0.25, sigma2=1.0)
    >>> window.low == known.low == 0.0 and abs(window.high / known.high - 1) < 1e-9
    True
    """
    lesson, learner = _taught(task, _number("lam_t", lam_t), n_t, n_s, weights_t, weights_s)

    def excess(stage: Stage) -> Array:
        signal, noise = _gap_parts(lesson, stage)
        weight = max(1.0, float(lesson.spread[0]))  # may be inf; the sign is all that is used
        return signal[0] / weight + min(1.0, float(lesson.spread[0])) * noise[0]

    def at(log_penalty: float) -> float:
        return float(excess(_stage(learner, np.array([np.exp(log_penalty)])))[0])

    penalties, values = _scan(learner, excess)
    beats = values < 0
    beats[0] = beats[1]  # at λ_s = 0 a copy has no gap; what counts is the sign next to it
    edges = []
    for i in np.flatnonzero(beats[1:] != beats[:-1]):
        low, high = np.log(np.clip(penalties[i : i + 2], 1e-300, 1e300))
        edges.append(float(np.exp(_root(at, low, high, beats[i]))))
    if beats[0]:
        edges.insert(0, 0.0)
    if len(edges) % 2:
        edges.append(np.inf)
    return tuple(map(WinningWindow, edges[::2], edges[1::2]))


# -- one stage -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ridge:
    """A stage before its penalty is known: `ratios` s/ω in the generalised eigenvectors of Σ and Ω,
    which whitened are the columns of `directions`; `None` if they are Σ's own."""

    ratios: Array
    directions: Array | None
    n: int


def _prepare(task: Task, n_name: str, n: int, weights_name: str, weights: ArrayLike) -> _Ridge:
    _input.instance("task", task, Task)
    samples = _input.count(n_name, n)
    return _ridge(task.eigenvalues, task_weights(task, weights, weights_name), samples)


def task_weights(task: Task, weights: ArrayLike, name: str = "weights") -> Array:
    """Matrix Ω of a penalty in the eigenbasis of the task's Σ, checked.

    Parameters
    ----------
    task : Task
        Covariance, target and noise, of dimension d.
    weights : array_like
        Ω: a number, eigenvalues in the eigenbasis of Σ, shape (d,), all finite and > 0, or a
        symmetric positive definite matrix, shape (d, d), in the task's coordinates.
    name : str, optional
        What an error calls it.

    Returns
    -------
    ndarray
        Its eigenvalues, shape (d,), or its matrix, shape (d, d).

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.

    Examples
    --------
    >>> task_weights(Task([2.0, 1.0], [0.6, 0.8], 0.5), 3.0)
    array([3., 3.])
    """
    _input.instance("task", task, Task)
    omega = _weights(_input.text("name", name), weights, len(task.eigenvalues))
    if omega.ndim < 2 or task.basis is None:
        return omega
    return task.basis.T @ omega @ task.basis


@_input.usual
def plain_features(eigenvalues: Array, omega: Array) -> Array:
    """Matrix M with MᵀM = Σ^{1/2}Ω⁻¹Σ^{1/2}, which makes plain ridge of the penalty βᵀΩβ.

    Plain ridge on the features Mz of a whitened row z finds a where ridge with the penalty βᵀΩβ on
    the row x = Σ^{1/2}z finds the whitened coefficients Mᵀa.

    Parameters
    ----------
    eigenvalues : array_like
        Eigenvalues of Σ, shape (d,), all > 0.
    omega : array_like
        Ω in the eigenbasis of Σ: its eigenvalues, shape (d,), or its matrix, shape (d, d).

    Returns
    -------
    ndarray
        M, shape (d,), a diagonal, if `omega` is one; else of shape (d, d).

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or of another shape; the message names it.

    Examples
    --------
    >>> plain_features(np.array([4.0, 1.0]), np.array([1.0, 0.25]))
    array([2., 2.])
    """
    s, matrix = _spectrum(eigenvalues), _input.real("omega", omega)
    if not matrix.ndim:
        raise ValueError("omega must be eigenvalues or a matrix, got one number")
    _weights("omega", matrix, len(s))
    return _plain_features(s, matrix)


def _plain_features(eigenvalues: Array, omega: Array) -> Array:
    root = np.sqrt(eigenvalues)
    if omega.ndim < 2:
        return root / np.sqrt(omega)
    lower = np.linalg.cholesky(omega)
    return scipy.linalg.solve_triangular(lower, np.diag(root), lower=True)


def _ridge(eigenvalues: Array, omega: Array, n: int) -> _Ridge:
    if omega.ndim < 2:
        return _Ridge(eigenvalues / omega, None, n)
    # Singular values of a factor, not eigenvalues of a product: small ratios keep twice the digits.
    _, roots, frame = scipy.linalg.svd(_plain_features(eigenvalues, omega))
    return _Ridge(roots**2, frame.T, n)


def _stage(ridge: _Ridge, lam: Array) -> Stage:
    d = len(ridge.ratios)
    _input.require_memory(8 * 6 * len(lam) * d, f"a fit for {len(lam)} penalties at d = {d}")
    finite = np.isfinite(lam)
    kappa = np.full(lam.shape, np.inf)
    kappa[finite] = _effective_penalty(ridge.ratios, lam[finite], ridge.n)
    stage = _at(ridge, kappa)
    correction = np.zeros(lam.shape)
    sought = finite & ((kappa > 0) | (lam > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = (kappa * (_unused(stage) / ridge.n))[sought] - lam[sought]
        correction[sought] = abs(excess) / (kappa * (stage.spare / ridge.n))[sought]
    if np.any(~(correction <= _UNSOLVED)):
        worst = int(np.argmax(np.where(np.isnan(correction), np.inf, correction)))
        raise RuntimeError(
            f"the effective penalty κ was not found for the penalty {lam[worst]} and {ridge.n} "
            f"samples: Newton's method would still correct it by {correction[worst]:.1e} of its "
            f"value, more than {_UNSOLVED:.0e}"
        )
    return dataclasses.replace(stage, residual=correction)


def _at(ridge: _Ridge, kappa: Array) -> Stage:
    """The stage at an effective penalty: 0 keeps all, inf nothing."""
    kept, lost = _shares(ridge.ratios, kappa)
    spare = _less(ridge.n, kept, lost, lost * (1 + kept), kept**2)
    df1, df2 = kept.sum(axis=1), (kept**2).sum(axis=1)
    nothing = np.zeros(kappa.shape)
    return Stage(kappa, df1, df2, kept, lost, ridge.n, nothing, spare, ridge.directions)


def _shares(ratios: Array, kappa: Array) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", over="ignore"):
        return 1 / (1 + kappa[:, None] / ratios), 1 / (1 + ratios / kappa[:, None])


def _less(n: int, kept: Array, lost: Array, missing: Array, used: Array) -> Array:
    """n − Σ used, given missing = 1 − used: each direction through whichever is small.

    The whole numbers are subtracted exactly. For n − df₁ ≥ 0 that leaves n − df₂ all its digits.
    """
    whole = kept > lost
    return (n - whole.sum(axis=1)) + np.where(whole, missing, -used).sum(axis=1)


def _unused(stage: Stage) -> Array:
    """n − df₁."""
    return _less(stage.n, stage.kept, stage.lost, stage.lost, stage.kept)


def _effective_penalty(ratios: Array, lam: Array, n: int) -> Array:
    """The largest root κ ≥ 0 of f(κ) = κ(1 − df₁(κ)/n) − λ.

    f is convex, because −κr/(r+κ) is, and f ≥ 0 at λ + Σr/n: Newton's iteration from there
    decreases to the root and cannot pass it. With f' = 1 − df₂/n its step leads to
    κ − f/f' = (λ + κ(df₁ − df₂)/n)/f', of positive terms only, df₁ − df₂ = Σ t(1−t).
    """
    kappa = lam + ratios.sum() / n
    if len(ratios) <= n:
        kappa = np.where(lam == 0, 0.0, kappa)
    moving = np.flatnonzero(kappa > 0)
    for _ in range(_STEPS):
        now = kappa[moving]
        kept, lost = _shares(ratios, now)
        slope = _less(n, kept, lost, lost * (1 + kept), kept**2) / n
        kappa[moving] = np.minimum(now, (lam[moving] + now * (kept * lost).sum(axis=1) / n) / slope)
        moving = moving[now - kappa[moving] > 4 * np.finfo(float).eps * now]
        if not len(moving):
            break
    return kappa


# -- teacher and student ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lesson:
    """A teacher's whitened coefficients τ as the student sees them, in the student's directions.

    By (penalty, direction): `kept`, the mean of τ, `lost` = u − mean, and `noise`, which times
    `spread` = L_t/n_t is τ's variance. `error` is L_t by penalty.
    """

    sigma2: float
    error: Array
    spread: Array
    kept: Array
    lost: Array
    noise: Array


def _taught(
    task: Task, lam_t: Array, n_t: int, n_s: int, weights_t: ArrayLike, weights_s: ArrayLike
) -> tuple[_Lesson, _Ridge]:
    """What the teachers pass on, and the student that will learn it."""
    teacher = _stage(_prepare(task, "n_t", n_t, "weights_t", weights_t), lam_t)
    learner = _prepare(task, "n_s", n_s, "weights_s", weights_s)
    target = _turn(task.whitened, teacher.directions)
    error = _teacher_error(task, target, teacher)
    kept, lost, noise = teacher.kept * target, teacher.lost * target, teacher.kept**2
    if teacher.directions is not None or learner.directions is not None:
        back = None if teacher.directions is None else teacher.directions.T
        across = _turn(np.eye(len(target)) if back is None else back, learner.directions)
        kept, lost, noise = kept @ across, lost @ across, noise @ across**2
    return _Lesson(task.sigma2, error, error / teacher.n, kept, lost, noise), learner


def _turn(rows: Array, directions: Array | None) -> Array:
    """Rows in the eigenbasis of Σ, in the coordinates of `directions`."""
    return rows if directions is None else rows @ directions


def _teacher_error(task: Task, target: Array, teacher: Stage) -> Array:
    bias = teacher.lost**2 @ target**2
    with np.errstate(divide="ignore"):
        return _times(task.sigma2 + bias, teacher.n / teacher.spare)


def _student_error(lesson: _Lesson, student: Stage) -> Array:
    """L_s: what shrinking twice loses, the student's own variance, the teacher's passed on."""
    share = _lost_again(student)
    passed = lesson.noise @ (student.kept**2 + share).T
    own = lesson.kept**2 @ share.T
    pairs = zip(lesson.kept, lesson.lost, strict=True)
    twice = [((student.lost * k + e) ** 2).sum(axis=1) for k, e in pairs]
    return (
        lesson.sigma2 + np.reshape(twice, own.shape) + own + _times(lesson.spread[:, None], passed)
    )


def _gap(lesson: _Lesson, student: Stage) -> Array:
    signal, noise = _gap_parts(lesson, student)
    return signal + _times(lesson.spread[:, None], noise)


def _gap_parts(lesson: _Lesson, student: Stage) -> tuple[Array, Array]:
    """A and B of L_s − L_t = A + (L_t/n_t)·B."""
    share = student.lost**2 + _lost_again(student)  # (1+v)ℓ²
    signal = lesson.kept**2 @ share.T + 2 * (lesson.kept * lesson.lost) @ student.lost.T
    return signal, lesson.noise @ (share - 2 * student.lost).T


def _lost_again(student: Stage) -> Array:
    """vℓ², with v = df₂/(n − df₂): 0 where nothing is lost, although v is infinite at d = n."""
    with np.errstate(divide="ignore"):
        return _times((student.df2 / student.spare)[:, None], student.lost**2)


def _times(factor: Array, other: Array) -> Array:
    """The product, with 0·inf = 0: every such limit here is 0."""
    with np.errstate(invalid="ignore"):
        return np.where((factor == 0) | (other == 0), 0.0, factor * other)


# -- the search over penalties ---------------------------------------------------------------------


def _scan(ridge: _Ridge, value: Callable[[Stage], Array]) -> tuple[Array, Array]:
    """Penalties 0, …, inf in rising order, and `value` at each of them."""
    least = float(_effective_penalty(ridge.ratios, np.zeros(1), ridge.n)[0])
    low = (least or ridge.ratios.min()) / 10**_BEYOND
    high = max(least, ridge.ratios.max()) * 10**_BEYOND
    count = int(np.ceil(_PER_DECADE * np.log10(high / low))) + 1
    kappas = np.concatenate([[least], least + np.geomspace(low, high, count), [np.inf]])
    penalties, values = [], []
    for part in np.array_split(kappas, 1 + len(kappas) * len(ridge.ratios) // _CHUNK):
        stage = _at(ridge, part)
        penalties.append(part * (_unused(stage) / ridge.n))
        values.append(value(stage))
    lam = np.concatenate(penalties)
    lam[0] = 0.0
    keep = np.concatenate([[True], lam[1:] > np.maximum.accumulate(lam[:-1])])
    return lam[keep], np.concatenate(values)[keep]


def _root(at: Callable[[float], float], low: float, high: float, beats: bool) -> float:
    """Where `at` changes its sign between grid points; an end whose sign is but rounding is it."""
    if (at(low) < 0) != beats:
        return low
    if (at(high) < 0) == beats:
        return high
    return float(scipy.optimize.brentq(at, low, high, xtol=1e-14, rtol=1e-14))


def _minimise(ridge: _Ridge, value: Callable[[Stage], Array]) -> tuple[float, float]:
    """The smallest `value` over all penalties, and the smallest penalty that has it."""

    def at(log_penalty: float) -> float:
        return float(value(_stage(ridge, np.array([np.exp(log_penalty)])))[0])

    penalties, values = _scan(ridge, value)
    found = [(float(values[k]), float(penalties[k])) for k in (0, -1)]
    inner = np.arange(1, len(values) - 1)
    dips = inner[(values[inner] < values[inner - 1]) & (values[inner] <= values[inner + 1])]
    for k in dips[np.argsort(values[dips], kind="stable")][:_POLISHED]:
        around = np.log(np.clip(penalties[[k - 1, k + 1]], 1e-300, 1e300))
        best = scipy.optimize.minimize_scalar(
            at, bounds=around, method="bounded", options={"xatol": 1e-10}
        )
        found.append((float(best.fun), float(np.exp(best.x))))
    least, penalty = min(found)
    return penalty, least


# -- what comes in ---------------------------------------------------------------------------------


def _vector(name: str, value: Any) -> Array:
    array = _input.real(name, value)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be a one-dimensional array, got shape {array.shape}")
    if not np.all(np.isfinite(array)):
        bad = int(np.argmin(np.isfinite(array)))
        raise ValueError(f"{name} must hold finite numbers only, got {array[bad]} at index {bad}")
    return array


def _spectrum(eigenvalues: ArrayLike) -> Array:
    s = _vector("eigenvalues", eigenvalues)
    if np.any(s <= 0):
        raise ValueError(
            "eigenvalues must all be > 0 (a covariance of full rank), got "
            f"{s.min()} at index {s.argmin()}; drop the directions without variance, "
            "and their coordinates of target: no prediction depends on them"
        )
    return s


def _number(name: str, value: float) -> Array:
    return np.array([_input.scalar(name, _input.penalty(name, value))])


def _weights(name: str, value: ArrayLike, d: int) -> Array:
    """Eigenvalues of Ω, shape (d,), or its matrix, shape (d, d); positive either way."""
    array = _input.real(name, value)
    if array.ndim == 2:
        return _positive_definite(name, _symmetric(name, array), d)
    if array.shape not in ((), (1,), (d,)):
        raise ValueError(
            f"{name} must be a number, {d} eigenvalues or a matrix of shape ({d}, {d}), one row an "
            f"eigenvalue of the covariance, got shape {array.shape}"
        )
    good = (array > 0) & np.isfinite(array)
    if not np.all(good):
        bad = array[~good].flat[0]
        place = f" at index {int(np.argmin(good))}" if array.ndim else ""
        raise ValueError(
            f"{name} must be finite numbers > 0, got {bad}{place}; a direction that is to go "
            "unpenalised can be given a small weight"
        )
    return np.broadcast_to(array, (d,))


def _symmetric(name: str, value: ArrayLike) -> Array:
    matrix = _input.real(name, value)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise ValueError(f"{name} must be a square matrix, got shape {matrix.shape}")
    if not np.all(np.isfinite(matrix)):
        i, j = np.argwhere(~np.isfinite(matrix))[0]
        raise ValueError(
            f"{name} must hold finite numbers only, got {matrix[i, j]} at index ({i}, {j})"
        )
    asymmetry = abs(matrix - matrix.T)
    if asymmetry.max() > _ASYMMETRY * abs(matrix).max():
        i, j = np.unravel_index(asymmetry.argmax(), matrix.shape)
        raise ValueError(
            f"{name} must be symmetric, got {matrix[i, j]} at ({i}, {j}) and {matrix[j, i]} at "
            f"({j}, {i})"
        )
    return (matrix + matrix.T) / 2


def _positive_definite(name: str, matrix: Array, d: int) -> Array:
    if len(matrix) != d:
        raise ValueError(
            f"{name} must have one row an eigenvalue of the covariance, shape ({d}, {d}), "
            f"got shape {matrix.shape}"
        )
    size = np.linalg.norm(matrix, 1)
    lower, failed = scipy.linalg.lapack.dpotrf(matrix, lower=True)
    if failed or scipy.linalg.lapack.dpocon(lower, size, uplo="L")[0] < d * np.finfo(float).eps:
        values, vectors = np.linalg.eigh(matrix)
        raise ValueError(
            f"{name} must be positive definite, but its smallest eigenvalue is {values[0]:.2g} "
            f"(the largest {values[-1]:.2g}), along {_combination(vectors[:, 0])}; a direction "
            "that is to go unpenalised can be given a small weight"
        )
    return matrix


def _orthogonal(name: str, value: ArrayLike, d: int) -> Array:
    matrix = _input.real(name, value)
    if matrix.shape != (d, d):
        raise ValueError(
            f"{name} must have one column an eigenvalue, shape ({d}, {d}), got shape {matrix.shape}"
        )
    error = abs(matrix.T @ matrix - np.eye(d)).max()
    if not error < 1e-8:
        raise ValueError(
            f"{name} must have orthonormal columns, got columns with products off by {error:.2g}"
        )
    return matrix


def _combination(direction: Array) -> str:
    """The largest entries of a unit vector, as "0.71·x[0] − 0.71·x[2] + …"."""
    order = np.argsort(-abs(direction), kind="stable")
    order = order[abs(direction[order]) > 0.05 * abs(direction[order[0]])]
    terms = [f"{abs(direction[i]):.2f}·x[{i}]" for i in order[:4]]
    signs = [" − " if direction[i] < 0 else " + " for i in order[:4]]
    text = ("−" if direction[order[0]] < 0 else "") + terms[0]
    text += "".join(sign + term for sign, term in zip(signs[1:], terms[1:], strict=True))
    return text + (" + …" if len(order) > 4 else "")
