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
from dataclasses import astuple
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2s import _input
from w2s.experiments.estimates import Estimate, rate
from w2s.experiments.problems import SPREADS, function, of_trial, square_integrable
from w2s.experiments.problems import NetworkProblem as Problem
from w2s.experiments.run import average
from w2s.theory.hermite import Function, as_function
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
    """Label inputs by y_i = σ_e(x_i·β_e) + σ_h(x_i·β_h).

    Parameters
    ----------
    x : array_like, shape (n, d)
        Inputs, one a row.
    beta_e : array_like, shape (d,)
        The easy direction, of length 1.
    beta_h : array_like, shape (d,)
        The hard direction, of length 1 and orthogonal to it, to 1e-10.
    easy : str or Function
        The link function σ_e, square-integrable under the Gaussian.
    hard : str or Function
        The link function σ_h, likewise.

    Returns
    -------
    ndarray, shape (n,)
        The labels.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    References
    ----------
    Equation (9) of the paper.

    Examples
    --------
    >>> labels(np.array([[1.0, 2.0]]), np.array([1.0, 0]), np.array([0, 1.0]), "identity", "He2")
    array([4.])
    """
    x = _finite("x", x, 2)
    directions = []
    for name, beta in (("beta_e", beta_e), ("beta_h", beta_h)):
        directions.append(_finite(name, beta, 1))
        if len(directions[-1]) != x.shape[1]:
            raise ValueError(
                f"{name} must have the {x.shape[1]} entries of a row of x, "
                f"got {len(directions[-1])}"
            )
    both = np.array(directions)
    gram = both @ both.T
    if np.max(abs(gram - np.eye(2))) > 1e-10:
        raise ValueError(f"beta_e and beta_h must be orthonormal, got the Gram matrix {gram}")
    links = square_integrable("easy", easy), square_integrable("hard", hard)
    along = x @ both.T
    return links[0](along[:, 0]) + links[1](along[:, 1])


@_input.usual
def network(x: Array, weights: Array, a: Array, activation: str | Function) -> Array:
    """Compute f(x_i) = aᵀσ(W x_i) for every row of x.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Inputs, one a row.
    weights : array_like, shape (p, d)
        First layer W.
    a : array_like, shape (p,)
        Second layer.
    activation : str or Function
        A name of `hermite.named`, or a function.

    Returns
    -------
    ndarray, shape (n,)
        The outputs.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> network(np.ones((1, 2)), np.eye(2), np.array([3.0, 4.0]), "identity")
    array([7.])
    """
    x, weights, a = _layers(x, weights, a)
    sigma = function("activation", activation)
    out = np.empty(len(x))
    for rows, hidden in _hidden_units(x, weights):
        out[rows] = sigma.value(hidden) @ a
    return out


def correlation_loss(
    x: Array, y: Array, weights: Array, a: Array, activation: str | Function
) -> float:
    """Compute the correlation loss −(1/n) Σ y_i f(x_i).

    Parameters
    ----------
    x : array_like, shape (n, d)
        Inputs, one a row.
    y : array_like, shape (n,)
        Labels.
    weights : array_like, shape (p, d)
        First layer W.
    a : array_like, shape (p,)
        Second layer.
    activation : str or Function
        A name of `hermite.named`, or a function.

    Returns
    -------
    float
        The loss.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    References
    ----------
    Equation (10) of the paper.

    Examples
    --------
    >>> correlation_loss(np.ones((1, 2)), [1.0], np.eye(2), np.array([3.0, 4.0]), "identity")
    -7.0
    """
    x = _finite("x", x, 2)
    y = _targets(x, y)
    return -float(y @ network(x, weights, a, activation)) / len(y)


@_input.usual
def gradient(x: Array, y: Array, weights: Array, a: Array, activation: str | Function) -> Array:
    r"""Compute ∇_W of the correlation loss, −(1/n) [(a yᵀ) ⊙ σ′(W Xᵀ)] X.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Inputs, one a row.
    y : array_like, shape (n,)
        Labels.
    weights : array_like, shape (p, d)
        First layer W.
    a : array_like, shape (p,)
        Second layer.
    activation : str or Function
        A name of `hermite.named`, or a function with a derivative.

    Returns
    -------
    ndarray, shape (p, d)
        The gradient.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Notes
    -----
    The samples are taken in blocks: beyond its arguments the function holds two arrays of shape
    (p, d) and four million hidden units at a time.

    References
    ----------
    Equation (15) of the paper.

    Examples
    --------
    >>> gradient(np.ones((2, 1)), np.ones(2), np.zeros((1, 1)), np.array([3.0]), "identity")
    array([[-3.]])
    """
    x, weights, a = _layers(x, weights, a)
    y = _targets(x, y)
    slope_of = function("activation", activation).derivative
    total, part = np.zeros_like(weights), np.empty_like(weights)
    for rows, hidden in _hidden_units(x, weights):
        slope = slope_of(hidden)
        slope *= y[rows, None]
        np.matmul(slope.T, x[rows], out=part)
        total += part
    total *= -a[:, None] / len(y)  # diag(a) from the left: Lemma 12
    return total


def moment(x: Array, y: Array) -> Array:
    """Compute β̂ = (1/n) Xᵀy, the direction that one step writes into the first layer.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Inputs, one a row.
    y : array_like, shape (n,)
        Labels.

    Returns
    -------
    ndarray, shape (d,)
        The direction β̂, not normalised.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> moment([[1.0, 0.0], [0.0, 1.0]], [2.0, 4.0])
    array([1., 2.])
    """
    x = _finite("x", x, 2)
    y = _targets(x, y)
    return x.T @ y / len(y)


def pretrained(weights: Array, tau: float, spike: Array, beta_h: Array) -> Array:
    """Build W̄ + τ ā β_hᵀ: the student before it meets the teacher.

    Parameters
    ----------
    weights : array_like, shape (p, d)
        The first layer W̄ before pre-training.
    tau : float
        Strength τ >= 0.
    spike : array_like, shape (p,)
        The direction ā among the neurons.
    beta_h : array_like, shape (d,)
        The hard direction.

    Returns
    -------
    ndarray, shape (p, d)
        The pre-trained first layer.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> pretrained(np.zeros((1, 2)), 3.0, [1.0], [0.0, 1.0])
    array([[0., 3.]])
    """
    weights, spike, beta_h = (
        _finite("weights", weights, 2),
        _finite("spike", spike, 1),
        _finite("beta_h", beta_h, 1),
    )
    if weights.shape != (len(spike), len(beta_h)):
        raise ValueError(
            f"weights must have shape (len(spike), len(beta_h)) = {len(spike), len(beta_h)}, "
            f"got {weights.shape}"
        )
    (strength,) = _input.scalars(tau=tau).values()
    return weights + strength * np.outer(spike, beta_h)


def alignment(weights: Array, beta: Array) -> float:
    """Compute ‖Wβ‖, which the paper calls the alignment of W with a unit vector β.

    Parameters
    ----------
    weights : array_like, shape (p, d)
        A first layer, or the update of one.
    beta : array_like, shape (d,)
        The direction.

    Returns
    -------
    float
        The norm.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Notes
    -----
    An untrained W has norm √(p/d) in every direction: what was learnt is in the update.

    Examples
    --------
    >>> alignment([[3.0, 0.0], [4.0, 1.0]], [1.0, 0.0])
    5.0
    """
    weights, beta = _finite("weights", weights, 2), _finite("beta", beta, 1)
    if weights.shape[1] != len(beta):
        raise ValueError(
            f"beta must have the {weights.shape[1]} entries of a row of weights, got {len(beta)}"
        )
    return float(np.linalg.norm(weights @ beta))


def operator_norm(matrix: Array, *, iterations: int = 60, rng: Any = 0) -> float:
    """Compute ‖M‖_op by power iteration on MᵀM: a lower bound, tight where the top is separated.

    Parameters
    ----------
    matrix : array_like, shape (p, d)
        The matrix M.
    iterations : int, default 60
        Products with M and Mᵀ, >= 1 each.
    rng : seed or numpy.random.Generator, default 0
        What draws the vector to begin with.

    Returns
    -------
    float
        The largest singular value, from below.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Notes
    -----
    Where many singular values are next to the largest, as at the edge of a random matrix, it is
    short by some per cent after 20 iterations; that costs 40 products, and a decomposition p·d².

    Examples
    --------
    >>> round(operator_norm(np.diag([3.0, 1.0])), 12)
    3.0
    """
    matrix = _finite("matrix", matrix, 2)
    iterations = _input.count("iterations", iterations)
    right = _input.generator("rng", rng).standard_normal((matrix.shape[1], 1))
    left = np.zeros((len(matrix), 1))
    for _ in range(iterations):
        left = matrix @ (right / np.linalg.norm(right))
        if not np.any(left):
            break
        right = matrix.T @ left
    return float(np.linalg.norm(left))


def experiment(problem: Problem, *, trials: int = 10, rng: Any = None) -> Alignments:
    """Repeat a trial of setting 3, and average the alignments.

    Parameters
    ----------
    problem : Problem
        Sizes, functions, step sizes.
    trials : int, default 10
        How many independent repetitions, >= 2.
    rng : seed or numpy.random.Generator, optional
        One child is spawned per trial: trial k is the same however many are run.

    Returns
    -------
    Alignments
        Each field is an `Estimate` with its standard error.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> problem = Problem(d=40, p_t=40, p_s=40, n_t=80, n_s=80, tau=3.0)
    >>> measured = experiment(problem, trials=3, rng=0)
    >>> bool(abs(measured.student_hard.mean - predicted(problem).student_hard) < 0.5)
    True
    """
    _input.instance("problem", problem, Problem)
    return average(trial, (problem,), trials, rng, astuple, Alignments)


@_input.usual
def trial(problem: Problem, rng: np.random.Generator) -> Alignments:
    """Train one teacher and one student from fresh draws.

    The directions are the first two coordinate axes: inputs and initial weights are invariant
    under rotation, so every orthonormal pair has the same law.

    Parameters
    ----------
    problem : Problem
        Sizes, functions, step sizes.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    Alignments
        The norms of this pair.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> problem = Problem(d=40, p_t=40, p_s=40, n_t=80, n_s=80)
    >>> found = trial(problem, np.random.default_rng(0))
    >>> found.teacher_update_easy > found.teacher_update_hard
    True
    """
    of_trial(problem, Problem, rng)
    d, width, samples = problem.d, max(problem.p_t, problem.p_s), max(problem.n_t, problem.n_s)
    needed = 8 * (d * (samples + 4 * width) + 2 * max(width, min(_BLOCK_ENTRIES, samples * width)))
    _input.require_memory(needed, f"a trial at d = {d}, widths {width}, {samples} samples")
    beta_e, beta_h = np.eye(2, d)
    a_t = problem.norm_t * unit_vector(problem.p_t, problem.spread_t, rng)
    a_s, spike = student_vectors(problem, rng)

    x = rng.standard_normal((problem.n_t, d))
    y = as_function(problem.easy)(x[:, 0]) + as_function(problem.hard)(x[:, 1])  # (9)
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
    """Draw a random unit vector.

    Parameters
    ----------
    size : int
        Its entries, >= 1.
    spread : str
        How they are drawn, one of `SPREADS`.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    ndarray, shape (size,)
        The vector.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> unit_vector(4, "equal", np.random.default_rng(0))
    array([0.5, 0.5, 0.5, 0.5])
    """
    size = _input.count("size", size)
    _input.require_memory(8 * size, f"a vector of size = {size}")
    _input.instance("rng", rng, np.random.Generator)
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
    """Draw the student's second layer a_s and the spike ā, at their prescribed cosine.

    Parameters
    ----------
    problem : Problem
        Width, norms, spreads and overlap.
    rng : numpy.random.Generator
        What draws.

    Returns
    -------
    a_s : ndarray, shape (p_s,)
        Of norm `norm_s`.
    spike : ndarray, shape (p_s,)
        Of norm 1.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> problem = Problem(d=40, p_t=40, p_s=40, n_t=80, n_s=80, overlap=0.5)
    >>> a_s, spike = student_vectors(problem, np.random.default_rng(0))
    >>> print(round(a_s @ spike, 9))
    0.5
    """
    of_trial(problem, Problem, rng)
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
    x, weights, a = _finite("x", x, 2), _finite("weights", weights, 2), _finite("a", a, 1)
    if weights.shape != (len(a), x.shape[1]):
        raise ValueError(
            f"weights must have shape (len(a), x.shape[1]) = {len(a), x.shape[1]}, "
            f"got {weights.shape}"
        )
    return x, weights, a


def _finite(name: str, value: Any, dimension: int) -> Array:
    """An array without nan and inf, looked for without another array of its size."""
    given = _input.array(name, value, dimension)
    if not given.size or not np.isfinite(given.min()) or not np.isfinite(given.max()):
        raise ValueError(f"{name} must hold finite numbers, one at least")
    return given


def _targets(x: Array, y: Array) -> Array:
    y = _finite("y", y, 1)
    if len(y) != len(x):
        raise ValueError(f"y must have one entry a row of x, {len(x)}, got {len(y)}")
    return y
