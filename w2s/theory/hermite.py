r"""Hermite coefficients: what a function of a Gaussian is made of, degree by degree.

H_k is the probabilist's Hermite polynomial, z a standard normal variable. Everywhere in this book

    f(z) = Σ_k c_k H_k(z),   c_k = E[f(z) H_k(z)] / k!,   E[f(z)²] = Σ_k k! c_k².

The expectation carries the Gaussian density, with its 1/√(2π), and the division by k! is what makes
the series add up to f: both are missing in the paper's appendix A.1. Equivalently, c_k is the k-th
Taylor coefficient of the smoothed function t ↦ E[f(z+t)].

Numbers come from Gauss–Legendre panels that are broken at the function's kinks and refined until
they settle. The polynomials enter as h_k(z)·exp(−z²/4) with h_k = H_k/√k!, which stays below 1, so
that nothing overflows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from w2s import _input

__all__ = [
    "MAX_ORDER",
    "NAMES",
    "TOLERANCE",
    "Function",
    "as_function",
    "hermite_coefficients",
    "hermite_values",
    "information_exponent",
    "named",
    "second_moment",
    "smoothed_slope",
    "spectrum",
]

Array = NDArray[np.float64]
Scalar = Callable[[Array], Array]

#: Up to this degree exp(−z²/4) is a normal double on the whole line of integration.
MAX_ORDER = 400
#: An h-coefficient below this fraction of √E[f²] counts as zero when the exponent is sought.
TOLERANCE = 1e-10
#: Panels are halved until E[f h_k] and E[f²] change by less than this fraction of √E[f²] and E[f²].
_SETTLED = 2e-15
_HALVINGS = 6
_EDGE = 52.0
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)


@dataclass(frozen=True)
class Function:
    """Link function or activation: what it is called, its values, its slope and its kinks.

    Parameters
    ----------
    name : str
        The name it is found by.
    value : callable
        Its values, array to array of the same shape.
    derivative : callable
        Its slope, array to array; defined off the kinks.
    kinks : tuple of float, optional
        Where it is not smooth.
    exact : callable, optional
        The map k ↦ c_k in closed form, where one is known.

    Examples
    --------
    >>> cube = Function("cube", lambda z: z**3, lambda z: 3 * z**2)
    >>> float(cube(2.0))
    8.0
    """

    name: str
    value: Scalar
    derivative: Scalar
    kinks: tuple[float, ...] = ()
    exact: Callable[[int], float] | None = None

    def __call__(self, z: ArrayLike) -> Array:
        return self.value(_input.number("z", z))


def named(name: str) -> Function:
    """Find the function of a name: one of `NAMES`, or "He3" for H₃, or "h3" for H₃/√3!.

    Parameters
    ----------
    name : str
        The name; after He and h a degree from 0 to 99.

    Returns
    -------
    Function
        Its values, slope and kinks.

    Raises
    ------
    ValueError
        No function has that name; the message lists those that there are.

    Examples
    --------
    >>> float(named("He3")(2.0)), float(named("relu")(-1.0))
    (2.0, 0.0)
    """
    return _named("name", name)


def as_function(f: str | Function | Scalar) -> Function:
    """Make a `Function` of a name, of a bare callable or of itself.

    Parameters
    ----------
    f : str, Function or callable
        A name that `named` knows, a `Function`, or a vectorised callable.

    Returns
    -------
    Function
        Its values, slope and kinks; a bare callable gets no slope.

    Raises
    ------
    TypeError
        It is none of the three.
    ValueError
        No function has that name.

    Examples
    --------
    >>> as_function("relu").kinks
    (0.0,)
    """
    if isinstance(f, Function):
        return f
    if isinstance(f, str):
        return _named("f", f)
    if callable(f):
        return Function(getattr(f, "__name__", "function"), f, _no_derivative)
    raise TypeError(f"f must be a name, a Function or a callable, got {f!r}")


def hermite_coefficients(
    f: str | Function | Scalar, order: int, kinks: Sequence[float] = ()
) -> Array:
    """Coefficients c_0, …, c_order of f = Σ c_k H_k, with c_k = E[f(z) H_k(z)]/k!.

    Parameters
    ----------
    f : str, Function or callable
        A name that `named` knows, a `Function`, or a vectorised callable.
    order : int
        The highest degree, from 0 to `MAX_ORDER` = 400.
    kinks : sequence of float, optional
        Where f or a derivative of it jumps, finite; those of a named function are known already.

    Returns
    -------
    ndarray
        The coefficients, of shape (order + 1,). The error of √k!·c_k is below 1e-14·√E[f²] up to
        degree 60 and grows slowly, to about 1e-13, at degree 400.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or `f` is an unknown name; `f` returns nan, or is not
        square-integrable under the Gaussian (judged by its growth up to z = ±52, so a function
        that is so by a hair only is refused); or the integrals do not settle, which means a kink or
        a singularity that is not listed.

    References
    ----------
    Moniri and Hassani (2025): the c_{σ,k} of section 3 and of appendices A.1, G and H.

    Examples
    --------
    >>> hermite_coefficients(lambda z: z**3, 4).round(12) + 0.0
    array([0., 3., 0., 1., 0.])
    >>> hermite_coefficients("relu", 2).round(4)
    array([0.3989, 0.5   , 0.1995])
    """
    normalised, _ = _expand(as_function(f), _order(order), kinks)
    degrees = np.arange(len(normalised))
    return normalised * np.exp(-special.gammaln(degrees + 1) / 2)


def spectrum(f: str | Function | Scalar, order: int, kinks: Sequence[float] = ()) -> Array:
    """Share of E[f(z)²] in each degree, k! c_k² / E[f²] for k = 0, …, order.

    Parameters
    ----------
    f : str, Function or callable
        A name that `named` knows, a `Function`, or a vectorised callable.
    order : int
        The highest degree, from 0 to `MAX_ORDER` = 400.
    kinks : sequence of float, optional
        Where f or a derivative of it jumps, finite; those of a named function are known already.

    Returns
    -------
    ndarray
        The shares, of shape (order + 1,); their sum is at most 1.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range, `f` vanishes identically or is an unknown name; `f`
        returns nan, or is not square-integrable under the Gaussian (judged by its growth up to
        z = ±52, so a function that is so by a hair only is refused); or the integrals do not
        settle, which means a kink or a singularity that is not listed.

    Examples
    --------
    >>> spectrum("relu", 2).round(4)
    array([0.3183, 0.5   , 0.1592])
    """
    normalised, energy = _expand(as_function(f), _order(order), kinks)
    if energy == 0:
        raise ValueError("f must not vanish identically: its energy has no shares")
    return normalised**2 / energy


def second_moment(f: str | Function | Scalar, kinks: Sequence[float] = ()) -> float:
    """Second moment E[f(z)²] under the Gaussian.

    Parameters
    ----------
    f : str, Function or callable
        A name that `named` knows, a `Function`, or a vectorised callable.
    kinks : sequence of float, optional
        Where f or a derivative of it jumps, finite; those of a named function are known already.

    Returns
    -------
    float
        The moment, finite.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        An argument is outside its range or `f` is an unknown name; `f` returns nan, or is not
        square-integrable under the Gaussian (judged by its growth up to z = ±52, so a function
        that is so by a hair only is refused); or the integrals do not settle, which means a kink or
        a singularity that is not listed.

    Examples
    --------
    >>> round(second_moment("relu"), 12)
    0.5
    """
    return _expand(as_function(f), 0, kinks)[1]


def information_exponent(
    f: str | Function | Scalar,
    *,
    order: int = 20,
    kinks: Sequence[float] = (),
    tolerance: float = TOLERANCE,
) -> int:
    """Smallest k ≥ 1 with c_k ≠ 0: 1 for an easy link function, 2 or more for a hard one.

    Degree 0 does not count: a constant carries no direction, and with k = 0 admitted the paper's
    Assumption 9 would exclude ReLU.

    Parameters
    ----------
    f : str, Function or callable
        A name that `named` knows, a `Function`, or a vectorised callable.
    order : int, optional
        The highest degree that is looked at, from 1 to `MAX_ORDER` = 400.
    kinks : sequence of float, optional
        Where f or a derivative of it jumps, finite; those of a named function are known already.
    tolerance : float, optional
        Above 0: c_k counts as zero when √k!·abs(c_k) ≤ tolerance·√E[f²]. A number in floating
        point is never proved to be zero; the quadrature's own error is 1e-14 on this scale.

    Returns
    -------
    int
        The exponent.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        Every coefficient from 1 to `order` counts as zero (f is constant, or harder); an argument
        is outside its range or `f` is an unknown name; `f` returns nan, or is not
        square-integrable under the Gaussian (judged by its growth up to z = ±52, so a function
        that is so by a hair only is refused); or the integrals do not settle, which means a kink or
        a singularity that is not listed.

    References
    ----------
    Moniri and Hassani (2025), Assumption 9.

    Examples
    --------
    >>> [information_exponent(name) for name in ("relu", "abs", "He3")]
    [1, 2, 3]
    """
    _input.scalars(tolerance=tolerance)
    normalised, energy = _expand(
        as_function(f), _input.count("order", order, high=MAX_ORDER), kinks
    )
    present = np.flatnonzero(abs(normalised[1:]) > tolerance * energy**0.5)
    if len(present) == 0:
        raise ValueError(f"f has no Hermite coefficient of degree 1 to {order} above the tolerance")
    return int(present[0]) + 1


def smoothed_slope(f: str | Function | Scalar, variance: ArrayLike) -> Array:
    """Mean slope φ(v) = E[σ'(√v z)] of an activation that sees a Gaussian of variance v.

    By Stein's lemma φ(1) = c_1. The slope must be bounded by a polynomial, which is not checked.

    Parameters
    ----------
    f : str or Function
        The activation; a bare callable has no slope.
    variance : array_like
        The variance v in [0, inf).

    Returns
    -------
    ndarray
        The mean slope, of the shape of `variance`.

    Raises
    ------
    TypeError
        An argument is of another type, or `f` is a bare callable.
    ValueError
        `variance` is outside its range or `f` is an unknown name.

    Examples
    --------
    >>> float(smoothed_slope("relu", 7.0).round(12))
    0.5
    """
    function = as_function(f)
    checked = _input.nonnegative("variance", variance)
    values = [_mean_slope(function, float(v)) for v in checked.ravel()]
    return np.array(values).reshape(checked.shape)


@_input.usual
def hermite_values(order: int, z: ArrayLike) -> Array:
    """Values of the normalised h_0(z), …, h_order(z), h_k = H_k/√k!.

    Parameters
    ----------
    order : int
        The highest degree, from 0 to `MAX_ORDER` = 400.
    z : array_like
        Where they are asked for, any real numbers.

    Returns
    -------
    ndarray
        The values, of shape (order + 1, …), with the shape of `z` after the first axis.

    Raises
    ------
    TypeError
        An argument is of another type; the message names it.
    ValueError
        `order` is outside its range.

    Examples
    --------
    >>> hermite_values(2, 2.0).round(4)
    array([1.    , 2.    , 2.1213])
    """
    points = _input.finite("z", z)
    values = list(_recurrence(_order(order), points, np.ones_like(points)))
    return np.array(values)


def _named(argument: str, name: str) -> Function:
    if isinstance(name, str):
        if name in _FUNCTIONS:
            return _FUNCTIONS[name]
        if (match := re.fullmatch(r"(He|h)(\d{1,2})", name)) is not None:
            return _hermite_function(int(match[2]), normalised=match[1] == "h")
    raise ValueError(f"{argument} must be one of {', '.join(NAMES)} or He<k> or h<k>, got {name!r}")


def _recurrence(order: int, z: Array, start: Array) -> Iterator[Array]:
    """start·h_k(z) for k = 0, …, order: √(k+1) h_{k+1} = z h_k − √k h_{k−1}."""
    before, current = np.zeros_like(start), start
    for k in range(order + 1):
        yield current
        before, current = current, (z * current - k**0.5 * before) / (k + 1) ** 0.5


@_input.usual
def _expand(function: Function, order: int, kinks: Sequence[float]) -> tuple[Array, float]:
    """E[f h_k] for k ≤ order and E[f²], refined until both settle."""
    listed = _input.finite("kinks", _input.sequence("kinks", kinks))
    if listed.ndim != 1:
        raise ValueError(f"kinks must be a list of numbers, got shape {listed.shape}")
    breaks = np.unique(np.append(listed, function.kinks))
    _require_square_integrable(function, breaks)
    reach = min(2 * (order + 0.5) ** 0.5 + 13, _EDGE + 1)
    before: Array | None = None
    for halving in range(_HALVINGS + 1):
        nodes, weights = _panels(breaks, reach, 0.5**halving)
        damped = np.exp(-(nodes**2) / 4)
        values = _values(function, nodes) * damped
        terms = values * weights
        moments = [np.sum(terms * h) for h in _recurrence(order, nodes, damped)]
        current = np.append(moments, np.sum(terms * values))
        energy = float(current[-1])
        if before is not None:
            slack = np.append(np.full(order + 1, energy**0.5), energy)
            slack *= _SETTLED * (4 + np.arange(order + 2) / 4)  # rounding grows with the degree
            if np.all(abs(current - before) <= slack):
                return current[:-1], energy
        before = current
    raise ValueError(
        f"the integrals of {function.name} do not settle: it has a kink or a singularity that "
        "`kinks` does not list"
    )


def _panels(breaks: Array, reach: float, width: float) -> tuple[Array, Array]:
    """Nodes and weights for ∫ g(z) exp(z²/2)·dN(0,1): panels of at most `width`, ends at breaks."""
    inside = breaks[abs(breaks) < reach]
    corners = np.unique(np.concatenate([[-reach, 0.0, reach], inside]))
    edges = np.concatenate(
        [
            np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)[:-1]
            for low, high in pairwise(corners)
        ]
        + [[reach]]
    )
    half = np.diff(edges) / 2
    nodes = (edges[:-1] + half)[:, None] + half[:, None] * _NODES
    weights = half[:, None] * _WEIGHTS / (2 * np.pi) ** 0.5
    return nodes.ravel(), weights.ravel()


def _require_square_integrable(function: Function, breaks: Array) -> None:
    """f²·exp(−z²/2) must lose mass from 13 < |z| < 26 to 26 < |z| < 52."""
    nodes, weights = _panels(breaks, _EDGE, 1.0)
    with np.errstate(over="ignore"):
        damped = _values(function, nodes) * np.exp(-(nodes**2) / 4)
        mass = weights * damped**2
    near = float(np.sum(mass[(abs(nodes) > _EDGE / 4) & (abs(nodes) <= _EDGE / 2)]))
    far = float(np.sum(mass[abs(nodes) > _EDGE / 2]))
    if not np.all(np.isfinite(mass)) or far > near:
        raise ValueError(
            f"f must be square-integrable under the Gaussian; {function.name} grows too fast"
        )


def _values(function: Function, nodes: Array) -> Array:
    with np.errstate(all="ignore"):
        values = _input.real("f(z)", function.value(nodes))
    if values.shape != nodes.shape:
        raise ValueError(
            f"f must map an array to one of the same shape {nodes.shape}, got {values.shape}"
        )
    if np.any(np.isnan(values)):
        bad = nodes[np.isnan(values)][0]
        raise ValueError(f"f must be a number everywhere, got NaN at z = {bad:.4g}")
    return values


@_input.usual
def _mean_slope(function: Function, v: float) -> float:
    if v == 0:
        return float(function.derivative(np.zeros(1))[0])
    breaks = np.array(function.kinks) / v**0.5
    # a narrow slope, seen by a wide Gaussian, needs panels of its own width
    width = 0.5 / max(1.0, v**0.5)
    nodes, weights = _panels(breaks, 13.0, max(width, 2e-3))
    slopes = function.derivative(v**0.5 * nodes)
    return float(np.sum(slopes * np.exp(-(nodes**2) / 2) * weights))


def _order(order: int) -> int:
    return _input.count("order", order, low=0, high=MAX_ORDER)


def _no_derivative(z: Array) -> Array:
    raise TypeError("f has no derivative, being a bare callable: pass a hermite.Function or a name")


def _hermite_function(k: int, *, normalised: bool) -> Function:
    scale = 1 / _factorial(k) ** 0.5 if normalised else 1.0
    return Function(
        f"{'h' if normalised else 'He'}{k}",
        lambda z: scale * special.eval_hermitenorm(k, z),
        lambda z: scale * k * special.eval_hermitenorm(k - 1, z) if k else np.zeros_like(z),
        exact=lambda j: scale if j == k else 0.0,
    )


def _factorial(k: int) -> float:
    return float(special.factorial(k))  # inf beyond 170: the coefficient is then 0 in a double


def _relu_exact(k: int) -> float:
    """Taylor coefficients of E relu(z+t) = tΦ(t) + φ(t)."""
    if k % 2:
        return 0.5 if k == 1 else 0.0
    m = k // 2
    return (-1) ** (m + 1) / ((2 * np.pi) ** 0.5 * 2.0**m * _factorial(m) * (k - 1))


def _abs_exact(k: int) -> float:
    """|z| = 2 relu(z) − z."""
    return 0.0 if k == 1 else 2 * _relu_exact(k)


def _erf_exact(k: int) -> float:
    """Taylor coefficients of E erf(z+t) = erf(t/√3)."""
    m, odd = divmod(k, 2)
    if not odd:
        return 0.0
    return (-1) ** m * 2 / (np.pi**0.5 * _factorial(m) * k * 3 ** (k / 2))


def _sin_exact(k: int) -> float:
    """Taylor coefficients of E sin(z+t) = exp(−1/2) sin t."""
    return (-1) ** (k // 2) * float(np.exp(-0.5)) / _factorial(k) if k % 2 else 0.0


def _gelu_exact(k: int) -> float:
    """Taylor coefficients of E (z+t)Φ(z+t) = tΦ(t/√2) + φ(t/√2)/√2, beside those of ReLU."""
    return 0.5 if k == 1 else 2 ** (-(k + 1) / 2) * (k + 1) * _relu_exact(k)


def _centred(exact: Callable[[int], float]) -> Callable[[int], float]:
    return lambda k: exact(k) if k else 0.0


def _tanh_slope(z: Array) -> Array:
    slope = np.tanh(z)
    slope *= slope
    np.subtract(1.0, slope, out=slope)
    return slope


def _erf_slope(z: Array) -> Array:
    slope = z * z
    np.negative(slope, out=slope)
    np.exp(slope, out=slope)
    slope *= 2 / np.pi**0.5
    return slope


def _step(z: Array) -> Array:
    return (z > 0).astype(np.float64)


_DENSITY_AT_0 = float((2 * np.pi) ** -0.5)
_FUNCTIONS = {
    f.name: f
    for f in (
        Function("identity", lambda z: z.copy(), np.ones_like, exact=lambda k: float(k == 1)),
        Function("erf", special.erf, _erf_slope, exact=_erf_exact),
        Function("tanh", np.tanh, _tanh_slope),
        Function("sin", np.sin, np.cos, exact=_sin_exact),
        Function("relu", lambda z: np.maximum(z, 0), _step, (0.0,), _relu_exact),
        Function(  # ReLU without its constant, so that c_0 = 0
            "relu0",
            lambda z: np.maximum(z, 0) - _DENSITY_AT_0,
            _step,
            (0.0,),
            _centred(_relu_exact),
        ),
        Function(
            "gelu",
            lambda z: z * special.ndtr(z),
            lambda z: special.ndtr(z) + z * np.exp(-z * z / 2) * _DENSITY_AT_0,
            exact=_gelu_exact,
        ),
        Function("abs", np.abs, np.sign, (0.0,), _abs_exact),
        Function(
            "abs0",
            lambda z: np.abs(z) - 2 * _DENSITY_AT_0,
            np.sign,
            (0.0,),
            _centred(_abs_exact),
        ),
        Function(
            "square",
            lambda z: z * z,
            lambda z: 2 * z,
            exact=lambda k: float(k in (0, 2)),
        ),
        Function(  # H₁ + H₂: every remainder of one step can be followed by hand
            "quadratic",
            lambda z: z + z * z - 1,
            lambda z: 1 + 2 * z,
            exact=lambda k: float(k in (1, 2)),
        ),
    )
}
#: The names that `named` knows, besides He<k> and h<k>.
NAMES = tuple(_FUNCTIONS)
