"""Hermite coefficients: against mpmath, closed forms, and the laws that define them."""

import math

import mpmath
import numpy as np
import pytest
import sympy as sp
from mpmath import mpf, workdps

from w2s import hermite

ACCURACY = 1e-14  # of √k! c_k, in units of √E[f²], up to degree 60
WITH_CLOSED_FORM = [name for name in hermite.NAMES if hermite.named(name).exact]


def scale(order):
    """√k!, what turns c_k into the normalised coefficient."""
    return np.array([math.sqrt(math.factorial(k)) for k in range(order + 1)])


def mp_coefficient(f, k, points):
    """c_k from its definition, by mpmath at 30 digits."""
    with workdps(30):
        # mpmath's own physicist's polynomials: H_k(z) = 2^(−k/2) · hermite(k, z/√2)
        def integrand(z):
            polynomial = mpmath.hermite(k, z / mpmath.sqrt(2)) / mpmath.sqrt(2) ** k
            return f(z) * polynomial * mpmath.npdf(z)

        return mpmath.quad(integrand, points) / mpmath.factorial(k)


# -- accuracy ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*WITH_CLOSED_FORM, "He3", "h5", "He0"])
def test_coefficients_have_fourteen_digits(name):
    f = hermite.named(name)
    want = np.array([f.exact(k) for k in range(61)])
    error = abs(hermite.hermite_coefficients(f, 60) - want) * scale(60)
    assert np.max(error) <= ACCURACY * hermite.second_moment(f) ** 0.5


@pytest.mark.parametrize("name", ["erf", "relu", "abs"])
def test_degree_400_neither_overflows_nor_loses_the_series(name):
    f = hermite.named(name)
    coefficients = hermite.hermite_coefficients(f, 400)
    assert np.all(np.isfinite(coefficients))
    want = np.array([f.exact(k) for k in range(151)])
    error = abs(coefficients[:151] - want) * scale(150)
    assert np.max(error) <= 1e-13


@pytest.mark.parametrize(
    ("name", "f", "points"),
    [
        ("tanh", mpmath.tanh, [-12, -2, 0, 2, 12]),
        ("erf", mpmath.erf, [-12, 0, 12]),
        ("relu", lambda z: max(z, mpf(0)), [-12, 0, 12]),
        ("gelu", lambda z: z * mpmath.ncdf(z), [-12, 0, 12]),
        ("abs0", lambda z: abs(z) - mpmath.sqrt(2 / mpmath.pi), [-12, 0, 12]),
    ],
)
def test_coefficients_against_mpmath(name, f, points):
    got = hermite.hermite_coefficients(name, 5)
    for k in range(6):
        assert abs(got[k] - float(mp_coefficient(f, k, points))) < 1e-14


def test_coefficients_against_sympy():
    """SymPy's exact Gaussian integrals of H_k, for a polynomial and for |z|."""
    z = sp.Symbol("z", real=True)
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)
    polynomial = z**5 - 3 * z**2 + z / 2
    for k in range(4):
        h_k = sp.expand(
            sp.simplify((-1) ** k * sp.exp(z**2 / 2) * sp.diff(sp.exp(-(z**2) / 2), z, k))
        )
        exact = sp.integrate(sp.expand(polynomial * h_k) * density, (z, -sp.oo, sp.oo))
        got = hermite.hermite_coefficients(lambda x: x**5 - 3 * x**2 + x / 2, 5)[k]
        assert abs(got - float(exact / sp.factorial(k))) < 1e-13
        half = sp.integrate(sp.expand(z * h_k) * density, (z, 0, sp.oo))
        want = float((1 + (-1) ** k) * half / sp.factorial(k))
        assert abs(hermite.hermite_coefficients("abs", 5)[k] - want) < 1e-14


# -- the laws ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", hermite.NAMES)
def test_parseval(name):
    """Σ k! c_k² = E[f²] from below; within the tail that a kink leaves at degree 400."""
    total = float(np.sum(hermite.spectrum(name, 400)))
    assert total <= 1 + 1e-13
    assert total > (0.9995 if hermite.named(name).kinks else 1 - 1e-13)


@pytest.mark.parametrize("name", [*hermite.NAMES, "He4"])
def test_stein_for_every_degree(name):
    """The slope's coefficients are (k+1) c_{k+1}."""
    f = hermite.named(name)
    of_slope = hermite.hermite_coefficients(f.derivative, 10, kinks=f.kinks)
    shifted = np.arange(1, 12) * hermite.hermite_coefficients(f, 11)[1:]
    assert np.max(abs(of_slope - shifted) * scale(10)) < 1e-12


@pytest.mark.parametrize("name", [*hermite.NAMES, "He4", "h3"])
def test_the_slope_is_the_derivative(name):
    f = hermite.named(name)
    z = np.linspace(-3, 3, 61) + 0.0137
    quotient = (f(z + 1e-6) - f(z - 1e-6)) / 2e-6
    assert np.max(abs(f.derivative(z) - quotient)) < 1e-6


def test_taylor_coefficients_of_the_smoothed_function():
    """Σ c_k t^k = E f(z+t), for tanh, which has no closed form."""
    t = 0.3
    coefficients = hermite.hermite_coefficients("tanh", 40)
    series = float(np.sum(coefficients * t ** np.arange(41)))
    shifted = hermite.hermite_coefficients(lambda z: np.tanh(z + t), 0)[0]
    assert abs(series - shifted) < 1e-14


def test_normalised_polynomials_are_orthonormal():
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    h = hermite.hermite_values(50, nodes)
    gram = (h * weights / np.sqrt(2 * np.pi)) @ h.T
    assert np.max(abs(gram - np.eye(51))) < 1e-11


@pytest.mark.parametrize("v", [0.0, 0.25, 1.0, 30.0, 1e4])
def test_smoothed_slope_of_erf(v):
    want = 2 / math.sqrt(math.pi) / math.sqrt(1 + 2 * v)
    assert abs(float(hermite.smoothed_slope("erf", v)) - want) < 1e-13


def test_smoothed_slope_is_the_first_coefficient_at_one():
    for name in hermite.NAMES:
        first = hermite.hermite_coefficients(name, 1)[1]
        assert abs(float(hermite.smoothed_slope(name, 1.0)) - first) < 1e-13


# -- the exponent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "exponent"),
    [
        ("identity", 1),
        ("relu", 1),
        ("abs", 2),
        ("square", 2),
        ("He3", 3),
        ("h7", 7),
        (lambda z: 5 + np.cos(z), 2),
        (lambda z: 1e-30 * z**3, 1),
        (lambda z: np.exp(z**2 / 4.5), 2),
        (lambda z: 1e-6 * z + z**2, 1),
    ],
)
def test_information_exponent(f, exponent):
    assert hermite.information_exponent(f) == exponent


def test_exponent_respects_its_tolerance():
    assert hermite.information_exponent(lambda z: 1e-6 * z + z**2, tolerance=1e-3) == 2


@pytest.mark.parametrize("f", [lambda z: np.ones_like(z), "He25"])
def test_no_exponent_in_reach(f):
    with pytest.raises(ValueError, match="no Hermite coefficient of degree 1 to 20"):
        hermite.information_exponent(f)


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda z: np.exp(z**2 / 3), "square-integrable"),
        (lambda z: np.exp(z**2 / 4), "square-integrable"),
        (lambda z: np.exp(abs(z) ** 3), "square-integrable"),
        (lambda z: np.log(z), "NaN at z"),
        (lambda z: abs(z - 1 / 3), "does not list"),
        (lambda z: 1 / z, "does not list"),
        (lambda z: 1.0, "same shape"),
        ("reul", "f must be one of"),
    ],
)
def test_unusable_functions_are_refused(f, says):
    with pytest.raises(ValueError, match=says):
        hermite.hermite_coefficients(f, 4)


@pytest.mark.parametrize("f", [3, None, lambda z: 1j * z, lambda z: "text"])
def test_things_that_are_not_real_functions(f):
    with pytest.raises(TypeError):
        hermite.hermite_coefficients(f, 4)


@pytest.mark.parametrize("order", [-1, 401])
def test_order_out_of_range(order):
    with pytest.raises(ValueError, match="order"):
        hermite.hermite_coefficients("relu", order)


def test_a_kink_that_is_listed_is_met_exactly():
    """E|z − 1/3| in closed form; without the kink the panels do not settle (above)."""
    shift = 1 / 3
    got = hermite.hermite_coefficients(lambda z: abs(z - shift), 0, kinks=[shift])[0]
    density = math.exp(-(shift**2) / 2) / math.sqrt(2 * math.pi)
    want = 2 * density + shift * math.erf(shift / math.sqrt(2))
    assert abs(got - want) < 1e-15


def test_zero_has_no_shares():
    with pytest.raises(ValueError, match="vanish"):
        hermite.spectrum(np.zeros_like, 3)


# -- negative controls ---------------------------------------------------------------------------


def test_the_printed_inner_product_is_told_apart():
    """Without 1/√(2π) or without 1/k! the series does not add up to the function."""
    z, k = np.linspace(-2, 2, 41), np.arange(41)
    right = hermite.hermite_coefficients("erf", 40)
    values = hermite.hermite_values(40, z) * scale(40)[:, None]
    erf = hermite.named("erf")(z)
    assert np.max(abs(right @ values - erf)) < 1e-4
    assert np.max(abs((right * math.sqrt(2 * math.pi)) @ values - erf)) > 1
    undivided = right * np.array([float(math.factorial(j)) for j in k])
    assert np.max(abs(undivided @ values - erf)) > 1


def test_gauss_hermite_does_not_reach_the_accuracy():
    """Why panels: even 250 Gauss–Hermite nodes miss ReLU's c_0 by more than 1e-5."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(250)
    gauss = float(np.sum(weights * np.maximum(nodes, 0)) / np.sqrt(2 * np.pi))
    assert abs(gauss - hermite.named("relu").exact(0)) > 1e-5
