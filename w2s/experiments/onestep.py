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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _input
from w2s.theory import hermite
from w2s.theory.hermite import Function
from w2s.experiments.simulate import Estimate

Array = NDArray[np.float64]

#: How a second layer (or the spike's ā) is drawn before it is scaled to its norm.
SPREADS = (
    "gaussian",  # independent normal entries
    "signs",  # ±1 at random
    "equal",  # all entries the same
    "single",  # one neuron alone: not spread out at all
)
#: Hidden units held at a time: samples per block times the width of the network.
_BLOCK_ENTRIES = 4_000_000


@dataclass(frozen=True)
class Problem:
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
            size = _input.scalar(name, _input.variance(name, getattr(self, name)))
            _input.settle(self, **{name: size})
        for name in ("spread_t", "spread_s", "spread_spike"):
            if getattr(self, name) not in SPREADS:
                raise ValueError(
                    f"{name} must be one of {', '.join(SPREADS)}, got {getattr(self, name)!r}"
                )
        if self.overlap is not None:
            overlap = _input.scalar("overlap", _input.real("overlap", self.overlap))
            _input.fraction("abs(overlap)", abs(overlap))
            _input.settle(self, overlap=overlap)


@dataclass(frozen=True)
class Alignments:
    """Norms ‖Uβ‖ of the updates U = Ŵ − W_0 and ‖Ŵβ‖ of what they lead to.

    The fields hold numbers (the predicted limits), or `Estimate`s over trials (what was measured).
    """

    teacher_update_easy: Any
    teacher_update_hard: Any
    teacher_easy: Any
    teacher_hard: Any
    student_update_easy: Any
    student_update_hard: Any
    student_easy: Any
    student_hard: Any


# -- the model and its step ----------------------------------------------------------------------


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
    strength = _input.scalar("tau", _input.variance("tau", tau))
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


# -- limits and experiments ----------------------------------------------------------------------


def predicted(problem: Problem) -> Alignments:
    r"""The limits of the alignments as d → ∞ with p/d and n/d fixed.

    With u_t(k) = η_t c_1 k_1 ‖a_t‖ and u_s(k) = η_s η_t c_1³ k_1 ‖a_t‖² ‖a_s‖ for k = e, h:

        ‖(Ŵ_t − W_{t,0})β‖ → |u_t|,                ‖Ŵ_t β‖² → p_t/d + u_t²,
        ‖(Ŵ_s − W_{s,0})β‖ → |u_s|,                ‖Ŵ_s β_e‖² → p_s/d + u_s(e)²,
        ‖Ŵ_s β_h‖² → p_s/d + τ² + 2τ u_s(h) cos(a_s, ā) + u_s(h)².

    The teacher's are limits for any a_t. The student's are if also

    - a_t is spread over many neurons, and c_0 Σa_t = O(1): not an activation with a constant and a
      second layer of one sign;
    - Σ min(1, τ²ā_i²) a_{s,i}² → 0: not both a_s and ā on one neuron, and for spread ones τ of
      smaller order than √p (ReLU excepted);
    - for ‖Ŵ_s β_h‖ with a growing τ, τ² E[f_t] Σ a_{s,i} ā_i² E[σ''(w_i·x)] → 0: true of an odd
      activation, not of ReLU with an a_s of one sign.

    Place in the paper: Proposition 10 and Theorem 11, which give no constants.

    Examples
    --------
    >>> problem = Problem(100, 100, 100, 200, 200, easy="identity", activation="relu0", tau=2.0)
    >>> limits = predicted(problem)
    >>> found = limits.teacher_update_easy, limits.student_update_easy, limits.student_hard
    >>> [round(norm, 9) for norm in found]
    [0.5, 0.125, 2.236067977]
    """
    c, e, h = (
        float(hermite.hermite_coefficients(f, 1)[1])
        for f in (problem.activation, problem.easy, problem.hard)
    )
    c, e, h = (0.0 if abs(value) < hermite.TOLERANCE else value for value in (c, e, h))
    teacher = problem.eta_t * c * problem.norm_t
    student = problem.eta_s * problem.eta_t * c**3 * problem.norm_t**2 * problem.norm_s
    cosine = problem.overlap or 0.0
    width_t, width_s = problem.p_t / problem.d, problem.p_s / problem.d
    mixed = 2 * problem.tau * student * h * cosine
    return Alignments(
        teacher_update_easy=abs(teacher * e),
        teacher_update_hard=abs(teacher * h),
        teacher_easy=(width_t + (teacher * e) ** 2) ** 0.5,
        teacher_hard=(width_t + (teacher * h) ** 2) ** 0.5,
        student_update_easy=abs(student * e),
        student_update_hard=abs(student * h),
        student_easy=(width_s + (student * e) ** 2) ** 0.5,
        student_hard=(width_s + problem.tau**2 + mixed + (student * h) ** 2) ** 0.5,
    )


def experiment(problem: Problem, *, trials: int = 10, rng: Any = None) -> Alignments:
    """Repeat a trial of setting 3; each field is an `Estimate` with its standard error.

    Parameters
    ----------
    problem : sizes, functions, step sizes. trials : at least 2.
    rng : seed or generator. One child per trial: trial k is the same however many are run.

    Examples
    --------
    >>> measured = experiment(Problem(40, 40, 40, 80, 80, tau=3.0), trials=3, rng=0)
    >>> bool(abs(measured.student_hard.mean - predicted(Problem(40, 40, 40, 80, 80, tau=3.0))
    ...     .student_hard) < 0.5)
    True
    """
    trials = _input.count("trials", trials, low=2)
    runs = [trial(problem, child) for child in np.random.default_rng(rng).spawn(trials)]
    return Alignments(
        **{
            field.name: estimate([getattr(run, field.name) for run in runs])
            for field in fields(Alignments)
        }
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


def estimate(values: ArrayLike) -> Estimate:
    """The mean of independent values with its standard error, over the first axis."""
    array = _input.real("values", values)
    trials = _input.count("the number of values", len(array), low=2)
    return Estimate(array.mean(axis=0), array.std(axis=0, ddof=1) / trials**0.5, trials)


def rate(sizes: Sequence[float], estimates: Sequence[Estimate]) -> tuple[float, float]:
    """The exponent r of mean ≈ C·sizeʳ with its standard error: a weighted line in logarithms.

    Parameters
    ----------
    sizes : at least 2 numbers > 0. estimates : one a size, with mean > 0 and stderr > 0.

    Examples
    --------
    >>> exact = [Estimate(np.array(d**-0.5), np.array(1e-3 * d**-0.5), 9) for d in (10, 40, 160)]
    >>> round(rate([10, 40, 160], exact)[0], 9)
    -0.5
    """
    x = np.log(_input.ratio("sizes", sizes))
    means = np.array([float(e.mean) for e in estimates])
    errors = np.array([float(e.stderr) for e in estimates])
    if x.shape != means.shape or len(x) < 2:
        raise ValueError(f"sizes and estimates must agree, got {len(x)} and {len(means)} of them")
    if np.any(means <= 0) or np.any(errors <= 0):
        raise ValueError("each estimate needs a mean and a standard error > 0")
    weight = (means / errors) ** 2  # the variance of log(mean) is (stderr/mean)²
    centred = x - np.average(x, weights=weight)
    spread = float(np.sum(weight * centred**2))
    slope = float(np.sum(weight * centred * np.log(means)) / spread)
    return slope, spread**-0.5


def _link(z: Array, link: str | Function) -> Array:
    return hermite.as_function(link)(z)


# -- input ---------------------------------------------------------------------------------------


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
