"""Trials on explicit matrices, as the paper describes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from w2s import _input
from w2s.experiments.problems import Problem, TaskProblem, generations, of_trial, pairs
from w2s.theory.covariance import Task, plain_features, task_weights

__all__ = ["dense_chain_trial", "dense_trial", "factorised_trial", "task_trial"]

Array = NDArray[np.float64]


@_input.usual
def dense_trial(
    problem: Problem, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Run one trial as the paper describes it: a linear system for every teacher and student.

    Parameters
    ----------
    problem : Problem
        Sizes, noise and alignment.
    lam_t : array_like
        The teachers' penalties, > 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, > 0. All pairs are computed.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Exact test errors, σ² of the test label included.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    References
    ----------
    Equations (1) to (4) and (6) to (8) of the paper.

    Examples
    --------
    >>> teacher, student = dense_trial(
    ...     Problem(d=20, n_t=40, n_s=60, sigma2=1.0), 0.1, [0.1, 1.0], np.random.default_rng(0)
    ... )
    >>> teacher.shape, student.shape
    ((1,), (1, 2))
    """
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
    """Run the same trial from two eigendecompositions: the same numbers, all pairs at once.

    Parameters
    ----------
    problem : Problem
        Sizes, noise and alignment.
    lam_t : array_like
        The teachers' penalties, > 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, > 0. All pairs are computed.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Exact test errors, σ² of the test label included.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> teacher, student = factorised_trial(
    ...     Problem(d=20, n_t=40, n_s=60, sigma2=1.0), 0.1, [0.1, 1.0], np.random.default_rng(0)
    ... )
    >>> teacher.shape, student.shape
    ((1,), (1, 2))
    """
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
    """Run one trial of a `TaskProblem`: a singular value decomposition a data set, then every pair.

    At λ = 0 it is least squares, of the solutions the one with the smallest penalty βᵀΩβ. Test
    errors are exact, σ² + |Σ^{1/2}(β̂ − w)|²: there is no test set.

    Parameters
    ----------
    problem : TaskProblem
        The task, its samples, penalties and rows.
    lam_t : array_like
        The teachers' penalties, >= 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, >= 0. All pairs are computed.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Exact test errors, σ² of the test label included.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> problem = TaskProblem(Task([2.0, 1.0], [1.0, 1.0], 0.5), n_t=20, n_s=20)
    >>> teacher, student = task_trial(problem, 0.1, [0.1, 1.0], np.random.default_rng(0))
    >>> teacher.shape, student.shape
    ((1,), (1, 2))
    """
    of_trial(problem, TaskProblem, rng)
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
    left, values, right = directions(features, min(rows.shape))
    frame = right * to_plain if to_plain.ndim < 2 else right @ to_plain
    filters = values / (values**2 + lam[:, None])
    for moments in labels @ left / len(rows) ** 0.5:
        yield (filters * moments) @ frame


def directions(features: Array, rank: int, offset: float = 0.0) -> tuple[Array, Array, Array]:
    """The singular value decomposition of features/√n, without what is beyond `rank` or rounding.

    `offset` is the size of what was subtracted before, whose rounding is no direction either.
    """
    left, values, right = scipy.linalg.svd(features / len(features) ** 0.5, full_matrices=False)
    rounding = max(features.shape) * np.finfo(float).eps * (values[0] + offset)
    kept = np.flatnonzero(values[:rank] > rounding)
    return left[:, kept], values[kept], right[kept]


@_input.usual
def dense_chain_trial(
    d: int,
    samples: Sequence[int],
    penalties: Sequence[float],
    sigma2: float,
    rng: np.random.Generator,
    label_noise: Sequence[float] | None = None,
) -> Array:
    """Run a chain of students on explicit matrices: what `chain_trial` is compared with.

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
    rng : numpy.random.Generator
        What draws.
    label_noise : sequence of float, optional
        Variance >= 0 of the noise in each generation's labels; by default `sigma2` for the teacher
        and 0 after it.

    Returns
    -------
    ndarray, shape (generations,)
        The exact test errors.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came; also where memory does not suffice.

    Examples
    --------
    >>> dense_chain_trial(30, [60, 60], [0.1, 0.1], 1.0, np.random.default_rng(0)).shape
    (2,)
    """
    _input.instance("rng", rng, np.random.Generator)
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
    of_trial(problem, Problem, rng)
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
