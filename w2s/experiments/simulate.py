"""Experiments: a teacher fitted on noisy labels, a student fitted on the teacher's labels.

A *trial* draws everything anew (β⋆, both data sets, the noise) and returns the exact test errors
σ² + ‖β̂ − β⋆‖² of one teacher and one student for every pair of penalties asked for. `experiment`
repeats a trial and reports means with their standard errors, `draws` keeps every value.

Two trials follow the paper's equations (1)–(4), (6)–(7) on explicit matrices: `dense_trial` solves
the normal equations for every pair, `factorised_trial` diagonalises each data set once for all of
them. `exact_trial` draws from the same law without a matrix; how is told in `w2s.samplers`. A
covariance, penalties or rows of your own go into a `TaskProblem`, and are run by `task_trial`.

Runs use `joblib`: wrap the call into `joblib.parallel_config(...)` for more cores or a cluster. The
result is the same to the last bit. A run that is stopped, by Ctrl-C or by a lost worker, raises
what stopped it, and that exception's attribute `partial` holds the result of the trials done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from w2s import _input
from w2s.experiments import running
from w2s.theory.covariance import Task, plain_features, task_weights
from w2s.experiments.samplers import (
    band_trial,
    chain_trial,
    exact_trial,
    generations,
    pairs,
    spectral_trial,
)

__all__ = [
    "Draws",
    "Estimate",
    "Experiment",
    "Problem",
    "TaskProblem",
    "band_trial",
    "chain",
    "chain_trial",
    "dense_chain_trial",
    "dense_trial",
    "draws",
    "exact_trial",
    "experiment",
    "factorised_trial",
    "gaussian_rows",
    "sign_rows",
    "spectral_trial",
    "task_trial",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
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
        gates = {"sigma2": _input.variance, "zeta": _input.fraction, "spike_norm": _input.ratio}
        for name, gate in gates.items():
            if name != "zeta" or self.zeta is not None:
                number = _input.scalar(name, gate(name, getattr(self, name)))
                _input.settle(self, **{name: number})

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
    >>> experiment(problem, [0.0, 0.1], 0.05, trials=4, rng=0).gap.mean.shape
    (2, 1)
    """

    task: Task
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


@dataclass(frozen=True)
class Estimate:
    """A mean over independent trials with its standard error, elementwise."""

    mean: Array
    stderr: Array
    trials: int

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


Trial = Callable[[Any, Array, Array, np.random.Generator], tuple[Array, Array]]
ChainTrial = Callable[..., NDArray[np.float64]]


def experiment(
    problem: Problem | TaskProblem,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    *,
    trials: int = 10,
    trial: Trial | None = None,
    rng: Any = None,
) -> Experiment:
    """Repeat a trial of (1)–(4), or (6)–(8) when the problem has a spike.

    Parameters
    ----------
    problem : sizes, noise and alignment; or a task with its samples, penalties and rows.
    lam_t, lam_s : penalties > 0, each a number or a one-dimensional array; all pairs are run. A
        `TaskProblem` and a `w2s.prediction.Pool` also take 0, the ridgeless limit.
    trials : how many independent repetitions, at least 2. Memory does not grow with it.
    trial : `factorised_trial` (default), `dense_trial`, `exact_trial` (the same law without the
        matrix); `task_trial` for a `TaskProblem`; any function of the same form.
    rng : seed or generator. One child per trial: trial k is the same however many are run, and
        wherever they run.

    Returns
    -------
    Experiment with `teacher` of shape (len(lam_t),), `student` and `gap` of shape
    (len(lam_t), len(lam_s)).

    Examples
    --------
    >>> problem = Problem(d=40, n_t=160, n_s=160, sigma2=1.0)
    >>> experiment(problem, 0.05, [0.1, 1.0], trials=4, rng=0).gap.mean.shape
    (1, 2)
    >>> huge = Problem(d=10**5, n_t=4 * 10**5, n_s=4 * 10**5, sigma2=1.0)
    >>> run = experiment(huge, 0.02, 0.05, trials=2, trial=exact_trial, rng=0)
    >>> print(f"{run.gap.mean[0, 0]:.2f}")     # negative: the student wins
    -0.03
    """
    trial, teachers, students = _prepared(problem, trial, factorised_trial, lam_t, lam_s)
    trials = _input.count("trials", trials, low=2)
    moments = _Moments(), _Moments(), _Moments()

    def so_far() -> Experiment | None:
        return Experiment(*(part.estimate() for part in moments)) if moments[0].count > 1 else None

    arguments = (problem, teachers, students)
    with running.keeping(so_far):
        for teacher, student in running.repeat(trial, arguments, trials, rng):
            for part, value in zip(
                moments, (teacher, student, student - teacher[:, None]), strict=True
            ):
                part.add(value)
        return Experiment(*(part.estimate() for part in moments))


def draws(
    problem: Problem | TaskProblem,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    *,
    trials: int = 1000,
    trial: Trial | None = None,
    rng: Any = None,
) -> Draws:
    """Every single test error, for histograms and tests of the law; arguments as `experiment`.

    `trial` is `exact_trial` unless another is named, and `task_trial` for a `TaskProblem`.

    Examples
    --------
    >>> problem = Problem(d=40, n_t=160, n_s=160, sigma2=1.0)
    >>> draws(problem, 0.05, [0.1, 1.0], trials=6, rng=0).gap.shape
    (6, 1, 2)
    """
    trial, teachers, students = _prepared(problem, trial, exact_trial, lam_t, lam_s)
    trials = _input.count("trials", trials)
    shape = (trials, len(teachers), len(students))
    _input.require_memory(8 * shape[0] * shape[1] * (1 + shape[2]), f"to keep {trials} trials")
    kept, done = Draws(np.empty(shape[:2]), np.empty(shape)), 0
    arguments = (problem, teachers, students)
    with running.keeping(lambda: Draws(kept.teacher[:done], kept.student[:done])):
        for teacher, student in running.repeat(trial, arguments, trials, rng):
            kept.teacher[done], kept.student[done] = teacher, student
            done += 1
        return kept


def chain(
    d: int,
    samples: Sequence[int],
    penalties: Sequence[float],
    *,
    sigma2: float,
    trials: int = 10,
    trial: ChainTrial | None = None,
    rng: Any = None,
    label_noise: Sequence[float] | None = None,
) -> Estimate:
    """The test errors of a teacher, its student, the student's student, …

    Every generation sees fresh inputs, labelled by the one before it; noise enters through the
    teacher's labels only, unless `label_noise` gives later generations some.

    Parameters
    ----------
    d : dimension. samples, penalties : n > 0 and λ > 0 of each generation, the teacher first.
    sigma2 : variance of the teacher's label noise, and of the test label.
    trials, rng : as in `experiment`. trial : `chain_trial` (default) or `dense_chain_trial`.
    label_noise : variance of the noise in each generation's labels; by default `sigma2` for the
        teacher and 0 after it.

    Returns
    -------
    Estimate of shape (len(samples),).

    Examples
    --------
    >>> run = chain(200, [800, 800, 800], [1e-3, 0.1, 0.1], sigma2=1.0, trials=20, rng=0)
    >>> bool(run.mean[1] < run.mean[0])     # the first student beats its teacher
    True
    """
    _input.penalties("penalties", penalties, ridgeless=False, endless=False)
    d, sizes, lams, variances = generations(d, samples, penalties, sigma2, label_noise)
    noise = _input.scalar("sigma2", _input.variance("sigma2", sigma2))
    trials = _input.count("trials", trials, low=2)
    one = trial or chain_trial
    if label_noise is not None:
        one = partial(one, label_noise=variances)
    moments = _Moments()
    with running.keeping(lambda: moments.estimate() if moments.count > 1 else None):
        arguments = (d, sizes, lams, noise)
        for errors in running.repeat(one, arguments, trials, rng):
            moments.add(errors)
        return moments.estimate()


@_input.usual
def dense_trial(
    problem: Problem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """One trial as the paper describes it: a linear system for every teacher and every student."""
    lam_t, lam_s = pairs(lam_t, lam_s)
    beta, gram_t, moments_t, gram_s, precision = _draw(problem, rng)
    identity = np.eye(problem.d)
    teacher_errors, student_errors = np.empty(len(lam_t)), np.empty((len(lam_t), len(lam_s)))
    for i, penalty_t in enumerate(lam_t):
        beta_t = np.linalg.solve(gram_t + penalty_t * identity, moments_t)  # (3)
        teacher_errors[i] = problem.sigma2 + np.sum((beta_t - beta) ** 2)  # (2)
        for j, penalty_s in enumerate(lam_s):
            beta_s = np.linalg.solve(gram_s + penalty_s * precision, gram_s @ beta_t)  # (4), (7)
            student_errors[i, j] = problem.sigma2 + np.sum((beta_s - beta) ** 2)
    return teacher_errors, student_errors


@_input.usual
def factorised_trial(
    problem: Problem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """The same trial from two eigendecompositions: the same numbers, all pairs at once."""
    lam_t, lam_s = pairs(lam_t, lam_s)
    beta, gram_t, moments_t, gram_s, precision = _draw(problem, rng)
    values_t, vectors_t = np.linalg.eigh(gram_t)
    projected = vectors_t.T @ moments_t
    betas_t = vectors_t @ (projected[:, None] / (values_t[:, None] + lam_t))
    teacher_errors = problem.sigma2 + np.sum((betas_t - beta[:, None]) ** 2, axis=0)

    # In the coordinates of the student's penalty, β = Γα, the student is plain ridge.
    gamma = np.linalg.inv(np.linalg.cholesky(precision)).T
    values_s, vectors_s = np.linalg.eigh(gamma.T @ gram_s @ gamma)
    frame = gamma @ vectors_s
    inputs = frame.T @ gram_s @ betas_t
    filters = 1 / (values_s + lam_s[:, None])
    # ‖Σ_k f_k u_k frame_k − β⋆‖² for every filter f and input u
    metric, target = frame.T @ frame, frame.T @ beta
    student_errors = np.empty((len(lam_t), len(lam_s)))
    for i in range(len(lam_t)):
        fitted = filters * inputs[:, i]
        squared = np.einsum("sk,sk->s", fitted @ metric, fitted)
        student_errors[i] = problem.sigma2 + squared - 2 * fitted @ target + beta @ beta
    return teacher_errors, student_errors


@_input.usual
def task_trial(
    problem: TaskProblem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """One trial of a `TaskProblem`: a singular value decomposition a data set, then every pair.

    At λ = 0 it is least squares, of the solutions the one with the smallest penalty βᵀΩβ. Test
    errors are exact, σ² + |Σ^{1/2}(β̂ − w)|²: there is no test set.
    """
    lam_t, lam_s = pairs(lam_t, lam_s)
    task, n_t, n_s = problem.task, problem.n_t, problem.n_s
    target = task.whitened
    d = len(target)
    needed = 8 * d * (2 * n_t + 2 * n_s + 6 * d)
    _input.require_memory(needed, f"a dense trial at d = {d}, n_t = {n_t}, n_s = {n_s}")
    rows_t = _rows(problem, n_t, rng)
    labels = rows_t @ target + rng.normal(scale=task.sigma2**0.5, size=n_t)
    rows_s = _rows(problem, n_s, rng)
    weights_t = task_weights(task, problem.weights_t, "weights_t")
    weights_s = task_weights(task, problem.weights_s, "weights_s")

    # All coefficients are whitened, α = Σ^{1/2}β, so that a test error is a plain distance.
    (teachers,) = _ridge_fits(task, rows_t, labels[None, :], lam_t, weights_t)
    teacher_errors = task.sigma2 + np.sum((teachers - target) ** 2, axis=1)
    fits = _ridge_fits(task, rows_s, teachers @ rows_s.T, lam_s, weights_s)
    students = [task.sigma2 + np.sum((students - target) ** 2, axis=1) for students in fits]
    return teacher_errors, np.array(students).reshape(len(lam_t), len(lam_s))


def _rows(problem: TaskProblem, n: int, rng: np.random.Generator) -> Array:
    """n rows Σ^{-1/2}x in the eigenbasis of Σ."""
    d = len(problem.task.target)
    rows = _input.array("rows", problem.rows(rng, n, d))
    if rows.shape != (n, d) or not np.all(np.isfinite(rows)):
        raise ValueError(
            f"rows must return finite numbers of shape (n, d) = ({n}, {d}), got "
            + (f"shape {rows.shape}" if rows.shape != (n, d) else "numbers that are not finite")
        )
    return rows if problem.task.basis is None else rows @ problem.task.basis


def _ridge_fits(
    task: Task, rows: Array, labels: Array, lam: Array, omega: Array
) -> Iterator[Array]:
    """For each row of `labels`, whitened coefficients of shape (len(lam), d)."""
    to_plain = plain_features(task.eigenvalues, omega)
    features = rows * to_plain if to_plain.ndim < 2 else rows @ to_plain.T
    left, values, right = scipy.linalg.svd(features / len(rows) ** 0.5, full_matrices=False)
    kept = values > values[0] * max(rows.shape) * np.finfo(float).eps
    left, values, right = left[:, kept], values[kept], right[kept]
    frame = right * to_plain if to_plain.ndim < 2 else right @ to_plain
    filters = values / (values**2 + lam[:, None])
    for moments in labels @ left / len(rows) ** 0.5:
        yield (filters * moments) @ frame


@_input.usual
def dense_chain_trial(
    d: int,
    samples: Sequence[int],
    penalties: Sequence[float],
    sigma2: float,
    rng: np.random.Generator,
    label_noise: Sequence[float] | None = None,
) -> Array:
    """A chain of students on explicit matrices: what `chain_trial` is compared with."""
    d, samples, penalties, variances = generations(d, samples, penalties, sigma2, label_noise)
    needed = 8 * d * (2 * d + max(samples))
    _input.require_memory(needed, f"a dense chain at d = {d}, samples = {list(samples)}")
    beta = rng.normal(scale=d**-0.5, size=d)
    taught_by: NDArray[np.floating[Any]] = beta
    errors = []
    for n, penalty, variance in zip(samples, penalties, variances, strict=True):
        x = rng.normal(size=(n, d))
        labels = x @ taught_by + rng.normal(scale=variance**0.5, size=n)
        taught_by = np.linalg.solve(x.T @ x / n + penalty * np.eye(d), x.T @ labels / n)
        errors.append(float(sigma2) + np.sum((taught_by - beta) ** 2))
    return np.array(errors)


def _draw(problem: Problem, rng: np.random.Generator) -> tuple[Array, Array, Array, Array, Array]:
    """β⋆, Σ̂, Xᵀy/n, Σ̃ and the student's Γ⁻²; the draws do not depend on the penalties."""
    d, n_t, n_s = problem.d, problem.n_t, problem.n_s
    needed = 8 * d * (max(n_t, n_s) + 4 * d)
    _input.require_memory(needed, f"a dense trial at d = {d}, n_t = {n_t}, n_s = {n_s}")
    beta = rng.normal(scale=d**-0.5, size=d)
    x_t = rng.normal(size=(n_t, d))
    labels = x_t @ beta + rng.normal(scale=problem.sigma2**0.5, size=n_t)  # (1)
    x_s = rng.normal(size=(n_s, d))
    precision = np.eye(d)
    if problem.zeta is not None:
        spike = _aligned_direction(beta, problem.zeta, rng)
        # Γ = I + d‖β̂‖²·uuᵀ along the unit vector u, so Γ⁻² differs from I on u only  # (8)
        precision += ((1 + d * problem.spike_norm**2) ** -2 - 1) * np.outer(spike, spike)
    return beta, x_t.T @ x_t / n_t, x_t.T @ labels / n_t, x_s.T @ x_s / n_s, precision


def _aligned_direction(beta: Array, zeta: float, rng: np.random.Generator) -> Array:
    """A uniformly random unit vector among those whose correlation with `beta` is `zeta`."""
    along = beta / np.linalg.norm(beta)
    across = rng.normal(size=beta.shape)
    across -= (across @ along) * along
    length = np.linalg.norm(across)
    if length == 0:  # d = 1
        return along
    return zeta * along + (1 - zeta**2) ** 0.5 * across / length


def _prepared(
    problem: Problem | TaskProblem,
    trial: Trial | None,
    default: Trial,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
) -> tuple[Trial, Array, Array]:
    """The trial that is named, or the problem's own; and the penalties."""
    of_task = isinstance(problem, TaskProblem)
    ridgeless = not isinstance(problem, Problem)  # a task, or a pool of rows
    teachers = _input.penalties("lam_t", lam_t, ridgeless=ridgeless, endless=False)
    students = _input.penalties("lam_s", lam_s, ridgeless=ridgeless, endless=False)
    isotropic = (dense_trial, factorised_trial, exact_trial, band_trial, spectral_trial)
    if trial is not None and trial in (isotropic if of_task else (task_trial,)):
        raise TypeError(f"trial must run a {type(problem).__name__}, which {trial.__name__} cannot")
    return trial or (task_trial if of_task else default), teachers, students


class _Moments:
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
