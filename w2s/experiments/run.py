"""Experiments: a teacher fitted on noisy labels, a student fitted on the teacher's labels.

A *trial* draws everything anew (β⋆, both data sets, the noise) and returns the exact test errors
σ² + ‖β̂ − β⋆‖² of one teacher and one student for every pair of penalties asked for. `experiment`
repeats a trial and reports means with their standard errors, `draws` keeps every value.

Two trials follow the paper's equations (1)–(4), (6)–(7) on explicit matrices: `dense_trial` solves
the normal equations for every pair, `factorised_trial` diagonalises each data set once for all of
them. `exact_trial` draws from the same law without a matrix; `w2s.experiments.samplers` says how. A
covariance, penalties or rows of your own go into a `TaskProblem`, and are run by `task_trial`.

Runs use `joblib`: wrap the call into `joblib.parallel_config(...)` for more cores or a cluster. The
result is the same to the last bit. A run that is stopped, by Ctrl-C or by a lost worker, raises
what stopped it, and that exception's attribute `partial` holds the result of the trials done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, TypeVar

import joblib
import numpy as np
import scipy.linalg  # noqa: F401  (its BLAS must be loaded before `_blas` looks around)
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

from w2s import _input
from w2s.experiments.dense import dense_trial, factorised_trial, task_trial
from w2s.experiments.estimates import Draws, Estimate, Experiment, Moments
from w2s.experiments.problems import Problem, TaskProblem, generations
from w2s.experiments.samplers import band_trial, chain_trial, exact_trial, spectral_trial

__all__ = ["chain", "draws", "experiment"]

Array = NDArray[np.float64]
Trial = Callable[[Any, Array, Array, np.random.Generator], tuple[Array, Array]]
Result = TypeVar("Result")
ChainTrial = Callable[..., NDArray[np.float64]]
#: Shorter runs show no progress bar. With TQDM_DISABLE=1, which the book's build sets, none does.
PATIENCE = 2.0


@_input.by_keyword
def experiment(
    problem: Problem | TaskProblem,
    *,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    trials: int = 10,
    trial: Trial | None = None,
    rng: Any = None,
) -> Experiment:
    """Repeat a trial of settings 1 or 2, and average the test errors.

    Parameters
    ----------
    problem : Problem or TaskProblem or Pool
        Sizes, noise and alignment; or a task with its samples, penalties and rows; or, with
        `trial=split_trial`, rows of your own (`w2s.prediction.Pool`).
    lam_t, lam_s : array_like
        Penalties > 0, each a number or a one-dimensional array; all pairs are run. A `TaskProblem`
        and a `Pool` also take 0, the ridgeless limit.
    trials : int, default 10
        How many independent repetitions, >= 2. Memory does not grow with it.
    trial : callable, optional
        By default `factorised_trial`, and `task_trial` for a `TaskProblem`. Others are
        `dense_trial`, `exact_trial` (the same law without the matrix), or any function
        (problem, lam_t, lam_s, rng) that returns the teachers' errors and the students'.
    rng : seed or numpy.random.Generator, optional
        One child is spawned per trial: trial k is the same however many are run, and wherever.

    Returns
    -------
    Experiment
        Means with standard errors: `teacher` of shape (L_t,), `student` and `gap` of (L_t, L_s).

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Notes
    -----
    The means are of finite sizes: from the limits they differ by O(1/d) besides the noise, more
    where n is near d and the penalty small.

    References
    ----------
    Equations (1) to (4) of the paper, and (6) to (8) when the problem has a spike.

    Examples
    --------
    >>> problem = Problem(d=40, n_t=160, n_s=160, sigma2=1.0)
    >>> experiment(problem, lam_t=0.05, lam_s=[0.1, 1.0], trials=4, rng=0).gap.mean.shape
    (1, 2)
    >>> huge = Problem(d=10**5, n_t=4 * 10**5, n_s=4 * 10**5, sigma2=1.0)
    >>> run = experiment(huge, lam_t=0.02, lam_s=0.05, trials=2, trial=exact_trial, rng=0)
    >>> print(f"{run.gap.mean[0, 0]:.2f}")     # negative: the student wins
    -0.03
    """
    trial, teachers, students = _prepared(problem, trial, factorised_trial, lam_t, lam_s)

    def with_gap(result: tuple[Array, Array]) -> tuple[Array, Array, Array]:
        teacher, student = result
        return teacher, student, student - teacher[:, None]

    return average(trial, (problem, teachers, students), trials, rng, with_gap, Experiment)


@_input.by_keyword
def draws(
    problem: Problem | TaskProblem,
    *,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
    trials: int = 1000,
    trial: Trial | None = None,
    rng: Any = None,
) -> Draws:
    """Repeat a trial of settings 1 or 2, and keep every test error.

    For histograms and tests of the law.

    Parameters
    ----------
    problem : Problem or TaskProblem or Pool
        What is drawn, as for `experiment`.
    lam_t, lam_s : array_like
        Penalties > 0, each a number or a one-dimensional array; all pairs are run. A `TaskProblem`
        and a `Pool` also take 0.
    trials : int, default 1000
        How many independent repetitions, >= 1. All are held in memory.
    trial : callable, optional
        By default `exact_trial`, and `task_trial` for a `TaskProblem`.
    rng : seed or numpy.random.Generator, optional
        One child is spawned per trial.

    Returns
    -------
    Draws
        The errors: `teacher` of shape (trials, L_t), `student` and `gap` of (trials, L_t, L_s).

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> problem = Problem(d=40, n_t=160, n_s=160, sigma2=1.0)
    >>> draws(problem, lam_t=0.05, lam_s=[0.1, 1.0], trials=6, rng=0).gap.shape
    (6, 1, 2)
    """
    trial, teachers, students = _prepared(problem, trial, exact_trial, lam_t, lam_s)
    trials = _input.count("trials", trials)
    shape = (trials, len(teachers), len(students))
    _input.require_memory(8 * shape[0] * shape[1] * (1 + shape[2]), f"to keep {trials} trials")
    kept, done = Draws(np.empty(shape[:2]), np.empty(shape)), 0
    arguments = (problem, teachers, students)
    with keeping(lambda: Draws(kept.teacher[:done], kept.student[:done])):
        for teacher, student in repeat(trial, arguments, trials, rng):
            kept.teacher[done], kept.student[done] = teacher, student
            done += 1
        return kept


@_input.by_keyword
def chain(
    *,
    d: int,
    samples: Sequence[int],
    penalties: Sequence[float],
    sigma2: float,
    trials: int = 10,
    trial: ChainTrial | None = None,
    rng: Any = None,
    label_noise: Sequence[float] | None = None,
) -> Estimate:
    """Average the test errors of a teacher, its student, the student's student, and so on.

    Every generation sees fresh inputs, labelled by the one before it; noise enters through the
    teacher's labels only, unless `label_noise` gives later generations some.

    Parameters
    ----------
    d : int
        Dimension, >= 1.
    samples : sequence of int
        Sizes n >= 1, one a generation, the teacher's first.
    penalties : sequence of float
        Penalties λ > 0, one a generation.
    sigma2 : float
        Variance >= 0 of the teacher's label noise, and of the test label.
    trials : int, default 10
        How many independent repetitions, >= 2.
    trial : callable, optional
        By default `chain_trial`; `dense_chain_trial` has the same law, on explicit matrices.
    rng : seed or numpy.random.Generator, optional
        One child is spawned per trial.
    label_noise : sequence of float, optional
        Variance >= 0 of the noise in each generation's labels; by default `sigma2` for the teacher
        and 0 after it.

    Returns
    -------
    Estimate
        One mean error a generation.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> run = chain(
    ...     d=200, samples=[800, 800, 800], penalties=[1e-3, 0.1, 0.1], sigma2=1.0, trials=20, rng=0
    ... )
    >>> bool(run.mean[1] < run.mean[0])     # the first student beats its teacher
    True
    """
    _input.penalties("penalties", penalties, ridgeless=False, endless=False)
    d, sizes, lams, variances = generations(d, samples, penalties, sigma2, label_noise)
    (noise,) = _input.scalars(sigma2=sigma2).values()
    one = _named(trial) or chain_trial
    if label_noise is not None:
        one = partial(one, label_noise=variances)
    return average(one, (d, sizes, lams, noise), trials, rng, lambda errors: (errors,), _itself)


def _itself(found: Estimate) -> Estimate:
    return found


def average(
    draw: Callable[..., Any],
    arguments: tuple[Any, ...],
    trials: int,
    rng: Any,
    parts: Callable[[Any], tuple[Any, ...]],
    result: Callable[..., Result],
) -> Result:
    """`result` of the mean of each of a draw's `parts`: the runner of all three settings.

    What it keeps does not grow with `trials`.
    """
    trials = _input.count("trials", trials, low=2)
    moments: list[Moments] = []

    def so_far() -> Result | None:
        enough = moments and moments[0].count > 1
        return result(*(part.estimate() for part in moments)) if enough else None

    with keeping(so_far):
        for found in repeat(draw, arguments, trials, rng):
            values = parts(found)
            moments = moments or [Moments() for _ in values]
            for part, value in zip(moments, values, strict=True):
                part.add(value)
        return result(*(part.estimate() for part in moments))


def repeat(draw: Callable[..., Any], arguments: tuple[Any, ...], trials: int, rng: Any) -> Iterator:
    """Yield `draw(*arguments, child)` for `trials` spawned children of `rng`, in their order.

    Which cores or machines do the work is joblib's affair: `joblib.parallel_config`. A progress bar
    appears when the run takes longer than a moment.
    """
    parent = _input.generator("rng", rng)
    children = (parent.spawn(1)[0] for _ in range(trials))  # as needed: a generator is 2 kB
    tasks = (joblib.delayed(_one_trial)(draw, arguments, child) for child in children)
    results = joblib.Parallel(return_as="generator")(tasks)
    try:
        with tqdm(total=trials, unit="trial", delay=PATIENCE, leave=False) as bar:
            for result in results:
                yield result
                bar.update()
    finally:
        results.close()


@contextmanager
def keeping(partial: Callable[[], Any]) -> Iterator[None]:
    """Give an exception that stops a run the attribute `partial`, the result so far."""
    try:
        yield
    except BaseException as stop:  # Ctrl-C is the one that matters
        stop.partial = partial()  # type: ignore[attr-defined]
        if stop.partial is not None:  # type: ignore[attr-defined]
            stop.add_note("The trials done before this are not lost: see `partial` here.")
        raise


def _prepared(
    problem: Problem | TaskProblem,
    trial: Trial | None,
    default: Trial,
    lam_t: ArrayLike,
    lam_s: ArrayLike,
) -> tuple[Trial, Array, Array]:
    """The trial that is named, or the problem's own; and the penalties."""
    _named(trial)
    of_task = isinstance(problem, TaskProblem)
    ridgeless = not isinstance(problem, Problem)  # a task, or a pool of rows
    teachers = _input.penalties("lam_t", lam_t, ridgeless=ridgeless, endless=False)
    students = _input.penalties("lam_s", lam_s, ridgeless=ridgeless, endless=False)
    isotropic = (dense_trial, factorised_trial, exact_trial, band_trial, spectral_trial)
    if trial is not None and trial in (isotropic if of_task else (task_trial,)):
        raise TypeError(f"trial must run a {type(problem).__name__}, which {trial.__name__} cannot")
    return trial or (task_trial if of_task else default), teachers, students


def _named(trial: Any) -> Any:
    if trial is not None and not callable(trial):
        raise TypeError(f"trial must be a function or None, got {trial!r}")
    return trial


def _one_trial(draw: Callable[..., Any], arguments: tuple[Any, ...], child: Any) -> Any:
    with _ONE_THREAD:
        return draw(*arguments, child)


class _OneBlasThread:
    """Hold BLAS to one thread while at least one trial runs in this process.

    The setting belongs to the process, so trials on several threads share it: the first one in sets
    it, the last one out restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limits = _blas().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limits.restore_original_limits()


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()  # looks through the loaded libraries once


_ONE_THREAD = _OneBlasThread()
