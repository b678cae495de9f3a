"""What is drawn: the sizes, noise, penalties and rows of an experiment, checked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _input
from w2s.theory import hermite
from w2s.theory.covariance import Task, task_weights
from w2s.theory.hermite import Function

__all__ = [
    "SPREADS",
    "NetworkProblem",
    "Problem",
    "TaskProblem",
    "gaussian_rows",
    "sign_rows",
]

Array = NDArray[np.float64]


@_input.by_keyword
@dataclass(frozen=True, kw_only=True)
class Problem:
    """Settings 1 and 2: five numbers, and the alignment of the student's penalty.

    Parameters
    ----------
    d : int
        Dimension, >= 1.
    n_t : int
        Labelled samples of the teacher, >= 1.
    n_s : int
        Samples of the student, >= 1, which the teacher labels.
    sigma2 : float
        Variance σ² >= 0 of the teacher's label noise.
    zeta : float, optional
        Correlation ζ in [0, 1] of the spike β̂ in Γ = I + dβ̂β̂ᵀ with β⋆. By default there is no
        spike, Γ = I (setting 1).
    spike_norm : float, default 1
        The length ‖β̂‖ > 0, which the paper's Assumption 7 leaves open.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    References
    ----------
    Equations (1) to (4) and (6) to (8) of the paper.

    Examples
    --------
    >>> Problem(d=50, n_t=100, n_s=200, sigma2=1.0).gamma_s
    0.25
    """

    d: int
    n_t: int
    n_s: int
    sigma2: float
    zeta: float | None = None
    spike_norm: float = 1.0

    def __post_init__(self) -> None:
        for name in ("d", "n_t", "n_s"):
            _input.settle(self, **{name: _input.count(name, getattr(self, name))})
        _input.settle(self, **_input.scalars(sigma2=self.sigma2, spike_norm=self.spike_norm))
        if self.zeta is not None:
            _input.settle(self, **_input.scalars(zeta=self.zeta))

    @property
    def gamma_t(self) -> float:
        """The teacher's aspect ratio d/n_t."""
        return self.d / self.n_t

    @property
    def gamma_s(self) -> float:
        """The student's aspect ratio d/n_s."""
        return self.d / self.n_s


Rows = Callable[[np.random.Generator, int, int], Array]


def gaussian_rows(rng: np.random.Generator, n: int, d: int) -> Array:
    """Draw independent N(0, 1) entries.

    Parameters
    ----------
    rng : numpy.random.Generator
        What draws.
    n : int
        Rows, >= 1.
    d : int
        Columns, >= 1.

    Returns
    -------
    ndarray, shape (n, d)
        The entries.

    Examples
    --------
    >>> gaussian_rows(np.random.default_rng(0), 3, 2).shape
    (3, 2)
    """
    _input.instance("rng", rng, np.random.Generator)
    return rng.standard_normal((_input.count("n", n), _input.count("d", d)))


def sign_rows(rng: np.random.Generator, n: int, d: int) -> Array:
    """Draw independent entries ±1, each with probability ½.

    Parameters
    ----------
    rng : numpy.random.Generator
        What draws.
    n : int
        Rows, >= 1.
    d : int
        Columns, >= 1.

    Returns
    -------
    ndarray, shape (n, d)
        The entries.

    Examples
    --------
    >>> sign_rows(np.random.default_rng(0), 3, 2)**2
    array([[1., 1.],
           [1., 1.],
           [1., 1.]])
    """
    _input.instance("rng", rng, np.random.Generator)
    shape = _input.count("n", n), _input.count("d", d)
    return np.where(rng.integers(0, 2, shape) == 1, 1.0, -1.0)


@_input.by_keyword
@dataclass(frozen=True)
class TaskProblem:
    """A task of any covariance, its samples, its penalties, and the law of its rows.

    A row is x = Σ^{1/2}z with the symmetric square root, in the coordinates of the task's basis,
    and z comes from `rows`. The target stays the same in every trial; rows and noise are new.

    Parameters
    ----------
    task : Task
        Covariance, target and noise.
    n_t : int
        Labelled samples of the teacher, >= 1.
    n_s : int
        Samples of the student, >= 1, which the teacher labels.
    weights_t : array_like, default 1
        Ω of the teacher's penalty λβᵀΩβ, positive definite: a number, one a direction, or a matrix
        in the coordinates of the task's basis.
    weights_s : array_like, default 1
        Ω of the student's penalty.
    rows : callable, default gaussian_rows
        A function (rng, n, d) that returns an array of shape (n, d), its entries independent with
        mean 0 and variance 1: `gaussian_rows`, `sign_rows` or one of your own.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> task = Task(1 / np.arange(1.0, 41), np.ones(40), 1.0)
    >>> problem = TaskProblem(task, n_t=60, n_s=30, rows=sign_rows)
    >>> problem.n_t
    60
    """

    task: Task
    _: KW_ONLY
    n_t: int
    n_s: int
    weights_t: ArrayLike = 1.0
    weights_s: ArrayLike = 1.0
    rows: Rows = gaussian_rows

    def __post_init__(self) -> None:
        _input.instance("task", self.task, Task)
        if not callable(self.rows):
            raise TypeError(f"rows must be a function (rng, n, d), got {self.rows!r}")
        for name in ("n_t", "n_s"):
            _input.settle(self, **{name: _input.count(name, getattr(self, name))})
        for name in ("weights_t", "weights_s"):
            task_weights(self.task, getattr(self, name), name)
            _input.settle(self, **{name: _input.real(name, getattr(self, name))[()]})


#: How a second layer (or the spike's ā) is drawn before it is scaled to its norm.
SPREADS = (
    "gaussian",  # independent normal entries
    "signs",  # ±1 at random
    "equal",  # all entries the same
    "single",  # one neuron alone: not spread out at all
)


@_input.by_keyword
@dataclass(frozen=True, kw_only=True)
class NetworkProblem:
    """Setting 3: sizes, functions and step sizes.

    Parameters
    ----------
    d : int
        Dimension of the inputs, >= 2.
    p_t, p_s : int
        Widths of teacher and student, >= 1.
    n_t, n_s : int
        Samples of the teacher's step and of the student's, >= 1.
    easy : str or Function, default "erf"
        Link function σ_e along β_e, a name of `hermite.named` or a function.
    hard : str or Function, default "h2"
        Link function σ_h along β_h.
    activation : str or Function, default "erf"
        The networks' activation σ, with a derivative.
    eta_t, eta_s : float, default 1
        Step sizes >= 0.
    tau : float, default 0
        Strength τ >= 0 of the student's pre-training on β_h.
    norm_t, norm_s : float, default 1
        Lengths ‖a_t‖ and ‖a_s‖ >= 0 of the second layers.
    spread_t, spread_s, spread_spike : str, default "gaussian"
        How a_t, a_s and the spike ā are drawn, each one of `SPREADS`.
    overlap : float, optional
        The cosine of a_s and ā, in [-1, 1]. By default they are independent.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    References
    ----------
    Equations (9) and (10) of the paper.

    Examples
    --------
    >>> NetworkProblem(d=50, p_t=60, p_s=70, n_t=100, n_s=200, tau=2.0).activation
    'erf'
    """

    d: int
    p_t: int
    p_s: int
    n_t: int
    n_s: int
    easy: str | Function = "erf"
    hard: str | Function = "h2"
    activation: str | Function = "erf"
    eta_t: float = 1.0
    eta_s: float = 1.0
    tau: float = 0.0
    norm_t: float = 1.0
    norm_s: float = 1.0
    spread_t: str = "gaussian"
    spread_s: str = "gaussian"
    spread_spike: str = "gaussian"
    overlap: float | None = None

    def __post_init__(self) -> None:
        for name in ("d", "p_t", "p_s", "n_t", "n_s"):
            number = _input.count(name, getattr(self, name), low=2 if name == "d" else 1)
            _input.settle(self, **{name: number})
        for name in ("easy", "hard", "activation"):
            square_integrable(name, getattr(self, name))
        numbers = ("eta_t", "eta_s", "tau", "norm_t", "norm_s")
        _input.settle(self, **_input.scalars(**{name: getattr(self, name) for name in numbers}))
        for name in ("spread_t", "spread_s", "spread_spike"):
            if getattr(self, name) not in SPREADS:
                raise ValueError(
                    f"{name} must be one of {', '.join(SPREADS)}, got {getattr(self, name)!r}"
                )
        if self.overlap is not None:
            _input.settle(self, **_input.scalars(overlap=self.overlap))


def function(name: str, f: Any) -> Function:
    """The gate of a link function or an activation, by its argument's name."""
    try:
        return hermite.as_function(f)
    except (TypeError, ValueError) as wrong:
        raise type(wrong)(f"{name} is no function: {wrong}") from None


def square_integrable(name: str, f: Any) -> Function:
    """The same, and E[f(z)²] must be finite."""
    given = function(name, f)
    try:
        hermite.second_moment(given)
    except ValueError as wrong:
        raise ValueError(f"{name} does not serve: {wrong}") from None
    return given


def of_trial(problem: Any, kind: type, rng: Any) -> None:
    """The gate of a trial: TypeError for another problem than its own, and for no generator."""
    _input.instance("problem", problem, kind)
    _input.instance("rng", rng, np.random.Generator)


def pairs(*penalties: ArrayLike) -> list[Array]:
    """The gate of a trial: penalties of teachers and of students, each as an array.

    Examples
    --------
    >>> pairs(0.5, [1, 2])
    [array([0.5]), array([1., 2.])]
    """
    names = ("lam_t", "lam_s") if len(penalties) == 2 else ("penalties",)
    given = zip(names, penalties, strict=True)
    return [_input.penalties(name, lam, endless=False) for name, lam in given]


def generations(
    d: int,
    samples: Sequence[int],
    penalties: ArrayLike,
    sigma2: float,
    label_noise: ArrayLike | None = None,
) -> tuple[int, list[int], list[float], list[float]]:
    """The gate of a chain: d, the sizes, the penalties, and the variance of each one's labels.

    Examples
    --------
    >>> generations(9, [20, 10], [0.5, 1], 2)
    (9, [20, 10], [0.5, 1.0], [2.0, 0.0])
    """
    try:
        sizes = [_input.count(f"samples[{k}]", n) for k, n in enumerate(samples)]
    except TypeError as error:
        raise TypeError(f"samples must be a list of whole numbers: {error}") from None
    lams = _input.penalties("penalties", penalties, endless=False)
    (noise,) = _input.scalars(sigma2=sigma2).values()
    variances = np.array([noise] + [0.0] * (len(sizes) - 1))
    if label_noise is not None:
        variances = np.atleast_1d(_input.nonnegative("label_noise", label_noise))
    for name, given in (("penalties", lams), ("label_noise", variances)):
        if given.shape != (len(sizes),):
            raise ValueError(
                f"{name} and samples must have the same length, got {given.size} and {len(sizes)}"
            )
    return _input.count("d", d), sizes, lams.tolist(), variances.tolist()
