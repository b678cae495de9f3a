"""What is drawn: the sizes, noise, penalties and rows of an experiment, checked once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _input
from w2s.theory import hermite
from w2s.theory.covariance import Task, task_weights
from w2s.theory.hermite import Function

Array = NDArray[np.float64]


@_input.by_keyword
@dataclass(frozen=True, kw_only=True)
class Problem:
    """The five numbers of settings 1 and 2, and the alignment of the student's penalty.

    Attributes
    ----------
    d : dimension. n_t, n_s : labelled samples of the teacher, unlabelled ones of the student.
    sigma2 : variance σ² of the teacher's label noise.
    zeta : correlation ζ of the spike β̂ in Γ = I + dβ̂β̂ᵀ with β⋆; `None` means Γ = I (setting 1).
    spike_norm : ‖β̂‖, which Assumption 7 leaves open.
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
        return self.d / self.n_t

    @property
    def gamma_s(self) -> float:
        return self.d / self.n_s


Rows = Callable[[np.random.Generator, int, int], Array]


def gaussian_rows(rng: np.random.Generator, n: int, d: int) -> Array:
    """Independent N(0, 1) entries, shape (n, d).

    Examples
    --------
    >>> gaussian_rows(np.random.default_rng(0), 3, 2).shape
    (3, 2)
    """
    return rng.standard_normal((n, d))


def sign_rows(rng: np.random.Generator, n: int, d: int) -> Array:
    """Independent entries ±1, each with probability ½, shape (n, d).

    Examples
    --------
    >>> sign_rows(np.random.default_rng(0), 3, 2)**2
    array([[1., 1.],
           [1., 1.],
           [1., 1.]])
    """
    return np.where(rng.integers(0, 2, (n, d)) == 1, 1.0, -1.0)


@_input.by_keyword
@dataclass(frozen=True)
class TaskProblem:
    """A task of any covariance, its samples, its penalties, and the law of its rows.

    A row is x = Σ^{1/2}z with the symmetric square root, in the coordinates of the task's basis,
    and z comes from `rows`. The target stays the same in every trial; rows and noise are new.

    Attributes
    ----------
    task : covariance, target and noise, a `w2s.covariance.Task`.
    n_t, n_s : labelled samples of the teacher, unlabelled ones of the student.
    weights_t, weights_s : Ω of the penalties λβᵀΩβ, as in `w2s.covariance.errors`.
    rows : a function (rng, n, d) -> array of shape (n, d), the entries independent with mean 0 and
        variance 1: `gaussian_rows`, `sign_rows` or one of your own.

    Raises
    ------
    ValueError, TypeError : naming the argument, what is allowed and what came.

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
        if not isinstance(self.task, Task):
            raise TypeError(f"task must be a w2s.covariance.Task, got {type(self.task).__name__}")
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
    """The sizes, functions and step sizes of setting 3.

    Attributes
    ----------
    d, p_t, p_s, n_t, n_s : input dimension, widths, numbers of samples.
    easy, hard, activation : names of `hermite.named`, or `hermite.Function`s.
    eta_t, eta_s : step sizes. tau : strength τ ≥ 0 of the student's pre-training.
    norm_t, norm_s : ‖a_t‖, ‖a_s‖.
    spread_t, spread_s, spread_spike : how a_t, a_s and ā are drawn, each one of `SPREADS`.
    overlap : cos(a_s, ā) in [−1, 1]; None draws them independently.
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
            hermite.second_moment(getattr(self, name))  # raises if it is not square-integrable
        for name in ("eta_t", "eta_s", "tau", "norm_t", "norm_s"):
            size = _input.scalar(name, _input.nonnegative(name, getattr(self, name)))
            _input.settle(self, **{name: size})
        for name in ("spread_t", "spread_s", "spread_spike"):
            if getattr(self, name) not in SPREADS:
                raise ValueError(
                    f"{name} must be one of {', '.join(SPREADS)}, got {getattr(self, name)!r}"
                )
        if self.overlap is not None:
            overlap = _input.scalar("overlap", _input.real("overlap", self.overlap))
            _input.unit_interval("abs(overlap)", abs(overlap))
            _input.settle(self, overlap=overlap)


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
    sizes = [_input.count(f"samples[{k}]", n) for k, n in enumerate(samples)]
    lams = _input.penalties("penalties", penalties, endless=False)
    noise = _input.scalar("sigma2", _input.nonnegative("sigma2", sigma2))
    variances = np.array([noise] + [0.0] * (len(sizes) - 1))
    if label_noise is not None:
        variances = np.atleast_1d(_input.nonnegative("label_noise", label_noise))
    for name, given in (("penalties", lams), ("label_noise", variances)):
        if given.shape != (len(sizes),):
            raise ValueError(
                f"{name} and samples must have the same length, got {given.size} and {len(sizes)}"
            )
    return _input.count("d", d), sizes, lams.tolist(), variances.tolist()
