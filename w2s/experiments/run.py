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

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

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

Array = NDArray[np.float64]
Trial = Callable[[Any, Array, Array, np.random.Generator], tuple[Array, Array]]
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
    >>> experiment(problem, lam_t=0.05, lam_s=[0.1, 1.0], trials=4, rng=0).gap.mean.shape
    (1, 2)
    >>> huge = Problem(d=10**5, n_t=4 * 10**5, n_s=4 * 10**5, sigma2=1.0)
    >>> run = experiment(huge, lam_t=0.02, lam_s=0.05, trials=2, trial=exact_trial, rng=0)
    >>> print(f"{run.gap.mean[0, 0]:.2f}")     # negative: the student wins
    -0.03
    """
    trial, teachers, students = _prepared(problem, trial, factorised_trial, lam_t, lam_s)
    trials = _input.count("trials", trials, low=2)
    moments = Moments(), Moments(), Moments()

    def so_far() -> Experiment | None:
        return Experiment(*(part.estimate() for part in moments)) if moments[0].count > 1 else None

    arguments = (problem, teachers, students)
    with keeping(so_far):
        for teacher, student in repeat(trial, arguments, trials, rng):
            for part, value in zip(
                moments, (teacher, student, student - teacher[:, None]), strict=True
            ):
                part.add(value)
        return Experiment(*(part.estimate() for part in moments))


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
    """Every single test error, for histograms and tests of the law; arguments as `experiment`.

    `trial` is `exact_trial` unless another is named, and `task_trial` for a `TaskProblem`.

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
    >>> run = chain(
    ...     d=200, samples=[800, 800, 800], penalties=[1e-3, 0.1, 0.1], sigma2=1.0, trials=20, rng=0
    ... )
    >>> bool(run.mean[1] < run.mean[0])     # the first student beats its teacher
    True
    """
    _input.penalties("penalties", penalties, ridgeless=False, endless=False)
    d, sizes, lams, variances = generations(d, samples, penalties, sigma2, label_noise)
    noise = _input.scalar("sigma2", _input.nonnegative("sigma2", sigma2))
    trials = _input.count("trials", trials, low=2)
    one = trial or chain_trial
    if label_noise is not None:
        one = partial(one, label_noise=variances)
    moments = Moments()
    with keeping(lambda: moments.estimate() if moments.count > 1 else None):
        arguments = (d, sizes, lams, noise)
        for errors in repeat(one, arguments, trials, rng):
            moments.add(errors)
        return moments.estimate()


def repeat(draw: Callable[..., Any], arguments: tuple[Any, ...], trials: int, rng: Any) -> Iterator:
    """Yield `draw(*arguments, child)` for `trials` spawned children of `rng`, in their order.

    Which cores or machines do the work is joblib's affair: `joblib.parallel_config`. A progress bar
    appears when the run takes longer than a moment.
    """
    parent = np.random.default_rng(rng)
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
    of_task = isinstance(problem, TaskProblem)
    ridgeless = not isinstance(problem, Problem)  # a task, or a pool of rows
    teachers = _input.penalties("lam_t", lam_t, ridgeless=ridgeless, endless=False)
    students = _input.penalties("lam_s", lam_s, ridgeless=ridgeless, endless=False)
    isotropic = (dense_trial, factorised_trial, exact_trial, band_trial, spectral_trial)
    if trial is not None and trial in (isotropic if of_task else (task_trial,)):
        raise TypeError(f"trial must run a {type(problem).__name__}, which {trial.__name__} cannot")
    return trial or (task_trial if of_task else default), teachers, students


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
