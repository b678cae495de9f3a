r"""Setting 3: two-layer networks, a teacher and a student that take one gradient step each.

Inputs x ~ N(0, I_d), labels y = σ_e(x·β_e) + σ_h(x·β_h) with orthonormal β_e, β_h  (9). A network
is f(x) = aᵀσ(Wx). Its first layer W takes one step on the correlation loss −(1/n) Σ y_i f(x_i)
(10); its second layer a stays. The teacher starts from W_{t,0} with entries N(0, 1/d), the student
from W̄_{s,0} + τ ā β_hᵀ, and the student's labels are the updated teacher's outputs on fresh inputs.

What the paper calls alignment is the norm ‖Wβ‖. An *untrained* W has ‖Wβ‖ → √(p/d) for every unit
β, so the statements with content are those on the update U = Ŵ − W_0. With c_1 = E[zσ(z)],
e_1 = E[zσ_e(z)], h_1 = E[zσ_h(z)] (`predicted`):

    ‖U_t β_e‖ → η_t |c_1 e_1| ‖a_t‖,                     ‖U_t β_h‖ → η_t |c_1 h_1| ‖a_t‖,
    ‖U_s β_e‖ → η_s η_t |c_1³ e_1| ‖a_t‖² ‖a_s‖,         ‖Ŵ_s β_h‖² → p_s/d + τ²  if h_1 = 0.

Memory is bounded: one gradient needs W, the inputs, two more arrays of W's shape and one block of
hidden units, whatever n is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2s import _input
from w2s.experiments.estimates import Estimate, Moments, rate
from w2s.experiments.problems import SPREADS
from w2s.experiments.problems import NetworkProblem as Problem
from w2s.experiments.run import keeping, repeat
from w2s.theory import hermite
from w2s.theory.hermite import Function
from w2s.theory.network import Alignments, predicted

__all__ = [
    "SPREADS",
    "Alignments",
    "Estimate",
    "Problem",
    "alignment",
    "correlation_loss",
    "experiment",
    "gradient",
    "labels",
    "moment",
    "network",
    "operator_norm",
    "predicted",
    "pretrained",
    "rate",
    "student_vectors",
    "trial",
    "unit_vector",
]

Array = NDArray[np.float64]
#: Hidden units held at a time: samples per block times the width of the network.
_BLOCK_ENTRIES = 4_000_000


@_input.usual
def labels(
    x: Array, beta_e: Array, beta_h: Array, easy: str | Function, hard: str | Function
) -> Array:
    """y_i = σ_e(x_i·β_e) + σ_h(x_i·β_h), equation (9).

    Parameters
    ----------
    x : inputs, shape (n, d). beta_e, beta_h : orthonormal directions, shape (d,).
    easy, hard : link functions.

    Raises
    ------
    ValueError : the directions are not orthonormal (to 1e-10), a link function is not
        square-integrable under the Gaussian, or shapes disagree.

    Examples
    --------
    >>> labels(np.array([[1.0, 2.0]]), np.array([1.0, 0]), np.array([0, 1.0]), "identity", "He2")
    array([4.])
    """
    x = _input.array("x", x, 2)
    both = (("beta_e", beta_e), ("beta_h", beta_h))
    directions = np.array([_input.array(name, beta, 1) for name, beta in both])
    if directions.shape[1] != x.shape[1]:
        raise ValueError(
            f"beta_e and beta_h must have the {x.shape[1]} entries of a row of x, "
            f"got {directions.shape[1]}"
        )
    gram = directions @ directions.T
    if np.max(abs(gram - np.eye(2))) > 1e-10:
        raise ValueError(f"beta_e and beta_h must be orthonormal, got the Gram matrix {gram}")
    for link in (easy, hard):
        hermite.second_moment(link)
    along = x @ directions.T
    return _link(along[:, 0], easy) + _link(along[:, 1], hard)


@_input.usual
def network(x: Array, weights: Array, a: Array, activation: str | Function) -> Array:
    """f(x_i) = aᵀσ(W x_i) for every row of x.

    Examples
    --------
    >>> network(np.ones((1, 2)), np.eye(2), np.array([3.0, 4.0]), "identity")
    array([7.])
    """
    x, weights, a = _layers(x, weights, a)
    sigma = hermite.as_function(activation)
    out = np.empty(len(x))
    for rows, hidden in _hidden_units(x, weights):
        out[rows] = sigma.value(hidden) @ a
    return out


def correlation_loss(
    x: Array, y: Array, weights: Array, a: Array, activation: str | Function
) -> float:
    """−(1/n) Σ y_i f(x_i), equation (10)."""
    y = _targets(x, y)
    return -float(y @ network(x, weights, a, activation)) / len(y)


@_input.usual
def gradient(x: Array, y: Array, weights: Array, a: Array, activation: str | Function) -> Array:
    r"""∇_W of the correlation loss: −(1/n) [(a yᵀ) ⊙ σ′(W Xᵀ)] X, equation (15).

    Parameters
    ----------
    x : inputs X, shape (n, d). y : labels, shape (n,). weights : W, shape (p, d). a : shape (p,).
    activation : a name or a `hermite.Function` with a derivative.

    Returns
    -------
    Array of shape (p, d).

    The samples are taken in blocks: beyond its arguments the function holds two arrays of shape
    (p, d) and four million hidden units at a time.

    Examples
    --------
    >>> gradient(np.ones((2, 1)), np.ones(2), np.zeros((1, 1)), np.array([3.0]), "identity")
    array([[-3.]])
    """
    x, weights, a = _layers(x, weights, a)
    y = _targets(x, y)
    slope_of = hermite.as_function(activation).derivative
    total, part = np.zeros_like(weights), np.empty_like(weights)
    for rows, hidden in _hidden_units(x, weights):
        slope = slope_of(hidden)
        slope *= y[rows, None]
        np.matmul(slope.T, x[rows], out=part)
        total += part
    total *= -a[:, None] / len(y)  # diag(a) from the left: Lemma 12
    return total


def moment(x: Array, y: Array) -> Array:
    """β̂ = (1/n) Xᵀy, the direction that one step writes into the first layer; shape (d,)."""
    y = _targets(x, y)
    return _input.array("x", x, 2).T @ y / len(y)


def pretrained(weights: Array, tau: float, spike: Array, beta_h: Array) -> Array:
    """W̄ + τ ā β_hᵀ: the student before it meets the teacher."""
    weights, spike, beta_h = (
        _input.array("weights", weights, 2),
        _input.array("spike", spike, 1),
        _input.array("beta_h", beta_h, 1),
    )
    if weights.shape != (len(spike), len(beta_h)):
        raise ValueError(
            f"weights must have shape (len(spike), len(beta_h)) = {len(spike), len(beta_h)}, "
            f"got {weights.shape}"
        )
    strength = _input.scalar("tau", _input.nonnegative("tau", tau))
    return weights + strength * np.outer(spike, beta_h)


def alignment(weights: Array, beta: Array) -> float:
    """‖Wβ‖ for a unit vector β."""
    weights, beta = _input.array("weights", weights, 2), _input.array("beta", beta, 1)
    if weights.shape[1] != len(beta):
        raise ValueError(
            f"beta must have the {weights.shape[1]} entries of a row of weights, got {len(beta)}"
        )
    return float(np.linalg.norm(weights @ beta))


def operator_norm(matrix: Array, *, iterations: int = 60, rng: Any = 0) -> float:
    """‖M‖_op by power iteration on MᵀM: a lower bound, tight where the top is separated.

    Examples
    --------
    >>> round(operator_norm(np.diag([3.0, 1.0])), 12)
    3.0
    """
    matrix = _input.array("matrix", matrix, 2)
    iterations = _input.count("iterations", iterations)
    right = np.random.default_rng(rng).standard_normal((matrix.shape[1], 1))
    left = np.zeros((len(matrix), 1))
    for _ in range(iterations):
        left = matrix @ (right / np.linalg.norm(right))
        if not np.any(left):
            break
        right = matrix.T @ left
    return float(np.linalg.norm(left))


def experiment(problem: Problem, *, trials: int = 10, rng: Any = None) -> Alignments:
    """Repeat a trial of setting 3; each field is an `Estimate` with its standard error.

    Parameters
    ----------
    problem : sizes, functions, step sizes. trials : at least 2.
    rng : seed or generator. One child per trial: trial k is the same however many are run.

    Examples
    --------
    >>> measured = experiment(Problem(
    ...     d=40, p_t=40, p_s=40, n_t=80, n_s=80, tau=3.0
    ... ), trials=3, rng=0)
    >>> bool(abs(measured.student_hard.mean - predicted(Problem(
    ...     d=40, p_t=40, p_s=40, n_t=80, n_s=80, tau=3.0
    ... ))
    ...     .student_hard) < 0.5)
    True
    """
    trials = _input.count("trials", trials, low=2)
    names = [field.name for field in fields(Alignments)]
    moments = Moments()

    def so_far() -> Alignments | None:
        return None if moments.count < 2 else _by_name(names, moments.estimate())

    with keeping(so_far):
        for run in repeat(trial, (problem,), trials, rng):
            moments.add(np.array([getattr(run, name) for name in names]))
        return _by_name(names, moments.estimate())


def _by_name(names: list[str], found: Estimate) -> Alignments:
    parts = zip(found.mean, found.stderr, strict=True)
    return Alignments(
        **{n: Estimate(*part, found.trials) for n, part in zip(names, parts, strict=True)}
    )


@_input.usual
def trial(problem: Problem, rng: np.random.Generator) -> Alignments:
    """One teacher and one student from fresh draws.

    The directions are the first two coordinate axes: inputs and initial weights are invariant
    under rotation, so every orthonormal pair has the same law.
    """
    d, width, samples = problem.d, max(problem.p_t, problem.p_s), max(problem.n_t, problem.n_s)
    needed = 8 * (d * (samples + 4 * width) + 2 * max(width, min(_BLOCK_ENTRIES, samples * width)))
    _input.require_memory(needed, f"a trial at d = {d}, widths {width}, {samples} samples")
    beta_e, beta_h = np.eye(2, d)
    a_t = problem.norm_t * unit_vector(problem.p_t, problem.spread_t, rng)
    a_s, spike = student_vectors(problem, rng)

    x = rng.standard_normal((problem.n_t, d))
    y = _link(x[:, 0], problem.easy) + _link(x[:, 1], problem.hard)  # (9)
    start = rng.normal(scale=d**-0.5, size=(problem.p_t, d))
    update = gradient(x, y, start, a_t, problem.activation)
    update *= -problem.eta_t
    teacher = start
    teacher += update
    teacher_norms = [alignment(w, b) for w in (update, teacher) for b in (beta_e, beta_h)]
    del update, x, y  # a trial never holds both data sets

    x = rng.standard_normal((problem.n_s, d))
    taught = network(x, teacher, a_t, problem.activation)
    del start, teacher
    student = rng.normal(scale=d**-0.5, size=(problem.p_s, d))
    student[:, 1] += problem.tau * spike
    update = gradient(x, taught, student, a_s, problem.activation)
    update *= -problem.eta_s
    student += update
    student_norms = [alignment(w, b) for w in (update, student) for b in (beta_e, beta_h)]
    return Alignments(*teacher_norms, *student_norms)


def unit_vector(size: int, spread: str, rng: np.random.Generator) -> Array:
    """A random unit vector, drawn as one of `SPREADS` says."""
    if spread == "gaussian":
        v = rng.standard_normal(size)
    elif spread == "signs":
        v = rng.choice([-1.0, 1.0], size)
    elif spread == "equal":
        v = np.ones(size)
    elif spread == "single":
        v = np.eye(1, size)[0]
    else:
        raise ValueError(f"spread must be one of {', '.join(SPREADS)}, got {spread!r}")
    return np.asarray(v / np.linalg.norm(v))


def student_vectors(problem: Problem, rng: np.random.Generator) -> tuple[Array, Array]:
    """The student's a_s, of norm ‖a_s‖, and the unit ā, at their prescribed cosine."""
    direction = unit_vector(problem.p_s, problem.spread_s, rng)
    spike = unit_vector(problem.p_s, problem.spread_spike, rng)
    if problem.overlap is not None:
        across = spike - (spike @ direction) * direction
        length = float(np.linalg.norm(across))
        if length < 1e-8 and abs(problem.overlap) < 1:
            raise ValueError("overlap below 1 needs an ā that is drawn differently from a_s")
        across /= max(length, 1e-300)
        spike = problem.overlap * direction + (1 - problem.overlap**2) ** 0.5 * across
    return problem.norm_s * direction, spike


def _link(z: Array, link: str | Function) -> Array:
    return hermite.as_function(link)(z)


def _hidden_units(x: Array, weights: Array) -> Iterator[tuple[slice, Array]]:
    """X Wᵀ in blocks of rows, into one buffer that is used again."""
    width = len(weights)
    rows = min(len(x), max(1, _BLOCK_ENTRIES // width))
    buffer = np.empty((rows, width))
    for begin in range(0, len(x), rows):
        block = slice(begin, min(begin + rows, len(x)))
        hidden = buffer[: block.stop - begin]
        np.matmul(x[block], weights.T, out=hidden)
        yield block, hidden


def _layers(x: Array, weights: Array, a: Array) -> tuple[Array, Array, Array]:
    x, weights = _input.array("x", x, 2), _input.array("weights", weights, 2)
    a = _input.array("a", a, 1)
    if weights.shape != (len(a), x.shape[1]):
        raise ValueError(
            f"weights must have shape (len(a), x.shape[1]) = {len(a), x.shape[1]}, "
            f"got {weights.shape}"
        )
    return x, weights, a


def _targets(x: Array, y: Array) -> Array:
    y = _input.array("y", y, 1)
    if len(y) != len(x):
        raise ValueError(f"y must have one entry a row of x, {len(x)}, got {len(y)}")
    return y
