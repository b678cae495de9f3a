"""The Marchenko-Pastur law: its defining equations, and 12 digits everywhere."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf, workdps

from tests import oracle
from w2s import marchenko_pastur as mp_law

POINTS = oracle.spectrum_points()
LAM, GAMMA = np.array(POINTS).T
GAMMAS = (*oracle.GAMMAS, *(gamma for _, gamma in POINTS[-40:]))
# Ratios at which an equispaced rule in the angle converges to rounding error.
SMOOTH_GAMMAS = (0.01, 0.25, 0.5, 0.9, 1.0, 1.1, 2.0, 4.0, 100.0)
QUADRATURE = 1e-11  # rounding in a sum of a thousand terms, each with 12 digits
RATIO = 4 * np.finfo(float).eps  # the same formula in another loop: a few last places


def of_penalty(name):
    return getattr(mp_law, name), getattr(oracle, name)


OF_PENALTY = ("stieltjes", "stieltjes_derivative", "degrees_of_freedom")


def integral(f, gamma, count=1000):
    """∫ f(x) density(x) dx by the trapezoidal rule in φ, x = 1 + γ + 2√γ cos φ."""
    angle = (np.arange(count) + 0.5) * np.pi / count
    x = 1 + gamma + 2 * np.sqrt(gamma) * np.cos(angle)
    weight = 2 * np.sqrt(gamma) * np.sin(angle) * np.pi / count
    return np.sum(f(x) * mp_law.density(x, gamma) * weight)


# -- the Stieltjes transform and the degrees of freedom ------------------------------------------


@pytest.mark.parametrize("name", OF_PENALTY)
def test_has_twelve_digits_for_every_penalty_and_ratio(name):
    function, truth = of_penalty(name)
    got = function(LAM, GAMMA)
    assert not oracle.misses(got, [truth(*point) for point in POINTS], POINTS)


@pytest.mark.parametrize("name", OF_PENALTY)
def test_ridgeless_and_infinite_penalties_are_the_limits(name):
    function, truth = of_penalty(name)
    points = list(itertools.product((0.0, math.inf), GAMMAS))
    got = function(*np.array(points).T)
    assert not oracle.misses(got, [truth(*point) for point in points], points)


def test_ridgeless_values_are_exact():
    assert mp_law.stieltjes(0, 0.5) == 2
    assert mp_law.stieltjes(0, 0.75) == 4
    assert mp_law.stieltjes(0, 1) == math.inf
    assert mp_law.stieltjes(0, 2) == math.inf
    assert mp_law.stieltjes_derivative(0, 0.5) == pytest.approx(8, rel=RATIO)  # (1-γ)⁻³
    assert mp_law.degrees_of_freedom(0, 0.5) == 1
    assert mp_law.degrees_of_freedom(0, 1) == 1
    assert mp_law.degrees_of_freedom(0, 4) == 0.25
    assert mp_law.stieltjes(math.inf, 2) == 0
    assert mp_law.stieltjes_derivative(math.inf, 2) == 0
    assert mp_law.degrees_of_freedom(math.inf, 2) == 0


def test_stieltjes_solves_the_self_consistent_equation():
    """1/m = λ + 1/(1 + γm)."""
    m = mp_law.stieltjes(LAM, GAMMA)
    np.testing.assert_allclose(1 / m, LAM + 1 / (1 + GAMMA * m), rtol=1e-11, atol=0)


def test_derivative_is_minus_the_slope_of_the_printed_transform():
    """m₂ = -∂m/∂λ, by a numerical derivative of Definition 2 in 80 digits."""
    lams, gammas = (1e-6, 1e-2, 0.3, 1.0, 7.0, 1e4), (0.1, 0.5, 1.0, oracle.ABOVE_ONE, 2.0, 50.0)
    points = list(itertools.product(lams, gammas))
    got = mp_law.stieltjes_derivative(*np.array(points).T)
    with workdps(80):

        def printed(lam, gamma):
            root = mpmath.sqrt((1 + gamma + lam) ** 2 - 4 * gamma)
            return -(1 - gamma + lam - root) / (2 * gamma * lam)

        want = [
            -mpmath.diff(lambda x, gamma=gamma: printed(x, mpf(gamma)), mpf(lam), h=mpf(10) ** -30)
            for lam, gamma in points
        ]
    assert not oracle.misses(got, want, points)


def test_degrees_of_freedom_decrease_from_the_rank_fraction_to_zero():
    lam = np.concatenate([[0], np.logspace(-8, 8, 81), [math.inf]])
    for gamma in oracle.GAMMAS:
        dof = mp_law.degrees_of_freedom(lam, gamma)
        assert dof[0] == min(1, 1 / gamma)
        assert dof[-1] == 0
        assert np.all(np.diff(dof) <= 0)
        inner = (lam > 1e-3 * abs(1 - gamma)) & (lam < 1e3 * (1 + gamma))
        assert np.all(np.diff(dof[inner]) < 0)


def test_the_printed_formula_in_doubles_would_not_pass():
    """Negative control: the comparison sees the cancellation in Definition 2 as printed."""
    lam, gamma = 1e-12, 0.5
    printed = -(1 - gamma + lam - math.sqrt((1 + gamma + lam) ** 2 - 4 * gamma)) / (2 * gamma * lam)
    assert oracle.miss(printed, oracle.stieltjes(lam, gamma))
    assert oracle.miss(printed, oracle.stieltjes(lam, gamma), rtol=1e-6)


def test_the_comparison_rejects_an_error_of_two_units():
    """Negative control: 2·10⁻¹² off fails, ½·10⁻¹² off passes, and so do the out-of-range cases."""
    want = oracle.stieltjes(0.3, 2.0)
    assert oracle.miss(float(want) * (1 + 2e-12), want)
    assert not oracle.miss(float(want) * (1 + 0.5e-12), want)
    assert oracle.miss(math.nan, want)
    assert oracle.miss(math.inf, want)
    assert oracle.miss(-math.inf, mpf(10) ** 400)
    assert not oracle.miss(math.inf, mpf(10) ** 400)
    assert oracle.miss(1e-300, mpf(0))


# -- the inverse ---------------------------------------------------------------------------------


def dof_points():
    """(dof, γ) over the whole domain, also within a few doubles of either end."""
    points = []
    for gamma in GAMMAS:
        top = min(1.0, 1 / gamma)
        fractions = (1e-300, 1e-100, 1e-9, 0.01, 0.3, 0.5, 0.7, 0.99, 1 - 1e-9, 1 - 1e-14)
        points += [(top * fraction, gamma) for fraction in fractions]
        points.append((float(np.nextafter(top, 0)), gamma))
        points.append((float(np.nextafter(np.nextafter(top, 0), 0)), gamma))
    return points


def test_penalty_gives_back_the_degrees_of_freedom():
    """dof(λ(1+10⁻¹²)) < dof < dof(λ(1-10⁻¹²)): λ has twelve digits, whatever its conditioning."""
    points = dof_points()
    lams = mp_law.penalty(*np.array(points).T)
    for lam, (dof, gamma) in zip(lams, points, strict=True):
        assert 0 < lam < math.inf
        with workdps(60):
            step = mpf(oracle.RTOL)
            less, more = (mpf(float(lam)) * factor for factor in (1 - step, 1 + step))
        bracket = oracle.degrees_of_freedom(more, gamma), oracle.degrees_of_freedom(less, gamma)
        assert bracket[0] < dof < bracket[1], (dof, gamma, float(lam))


def test_degrees_of_freedom_of_the_penalty_are_the_identity():
    for gamma in GAMMAS:
        dof = np.linspace(0, 1, 21) * min(1.0, 1 / gamma)
        back = mp_law.degrees_of_freedom(mp_law.penalty(dof, gamma), gamma)
        np.testing.assert_allclose(back, dof, rtol=1e-12, atol=0)


def test_penalty_at_the_ends_of_its_domain():
    for gamma in GAMMAS:
        assert mp_law.penalty(0, gamma) == math.inf
        assert mp_law.penalty(min(1.0, 1 / gamma), gamma) == 0


@pytest.mark.parametrize("gamma", [1e-6, 0.5, 1.0, 3.0, 1e6])
def test_penalty_refuses_degrees_of_freedom_out_of_range(gamma):
    # 1/γ is rounded, so what lies one double above it is left open.
    top = min(1.0, 1 / gamma)
    for dof in (-1e-300, -0.5, top * (1 + 1e-15), 1.5, math.inf, math.nan):
        with pytest.raises(ValueError, match="dof"):
            mp_law.penalty(dof, gamma)


# -- the law -------------------------------------------------------------------------------------


def test_support_edges_have_twelve_digits():
    low, high = mp_law.support(np.array(GAMMAS))
    want = [oracle.support(gamma) for gamma in GAMMAS]
    assert not oracle.misses(low, [edge for edge, _ in want], GAMMAS)
    assert not oracle.misses(high, [edge for _, edge in want], GAMMAS)


def test_atom_has_twelve_digits():
    want = [oracle.atom(gamma) for gamma in GAMMAS]
    assert not oracle.misses(mp_law.atom(np.array(GAMMAS)), want, GAMMAS)
    assert mp_law.atom(0.5) == 0
    assert mp_law.atom(1) == 0
    assert mp_law.atom(4) == 0.75


def test_density_has_twelve_digits_towards_the_edges():
    points = []
    for gamma in GAMMAS:
        low, high = map(float, oracle.support(gamma))
        fractions = (1e-12, 1e-9, 1e-6, 1e-3, 0.1, 0.5, 0.9, 1 - 1e-3, 1 - 1e-6, 1 - 1e-9)
        points += [(low + fraction * (high - low), gamma) for fraction in fractions]
    got = mp_law.density(*np.array(points).T)
    assert not oracle.misses(got, [oracle.density(*point) for point in points], points)


def test_density_has_twelve_digits_at_the_last_doubles():
    """The doubles nearest to an edge: some lie inside the support, some do not."""
    points = []
    for gamma in GAMMAS:
        edges = [float(edge) for edge in oracle.support(gamma) if edge > 0]
        points += [
            (float(x), gamma)
            for edge in edges
            for x in (np.nextafter(edge, 0), edge, np.nextafter(edge, math.inf))
        ]
    got = mp_law.density(*np.array(points).T)
    assert not oracle.misses(got, [oracle.density(*point) for point in points], points)


def test_density_vanishes_outside_the_support():
    for gamma in (0.25, 1.0, 4.0):
        low, high = mp_law.support(gamma)
        outside = [-math.inf, -1.0, low * (1 - 1e-12) - 1e-300, high * (1 + 1e-12), 1e9, math.inf]
        assert np.all(mp_law.density(outside, gamma) == 0)
    assert mp_law.density(0.0, 4.0) == 0  # the atom is no part of the density


@pytest.mark.parametrize("gamma", SMOOTH_GAMMAS)
def test_density_and_atom_have_mass_one(gamma):
    mass = integral(np.ones_like, gamma)
    assert mass + mp_law.atom(gamma) == pytest.approx(1, rel=QUADRATURE)


@pytest.mark.parametrize("gamma", SMOOTH_GAMMAS)
@pytest.mark.parametrize("lam", [0.1, 1.0, 30.0])
def test_stieltjes_is_the_integral_of_the_law(lam, gamma):
    """m = ∫ dμ/(s+λ), m₂ = ∫ dμ/(s+λ)², dof = ∫ s dμ/(s+λ); the atom sits at 0."""
    atom = mp_law.atom(gamma)
    m = integral(lambda x: 1 / (x + lam), gamma) + atom / lam
    m2 = integral(lambda x: 1 / (x + lam) ** 2, gamma) + atom / lam**2
    dof = integral(lambda x: x / (x + lam), gamma)
    assert mp_law.stieltjes(lam, gamma) == pytest.approx(m, rel=QUADRATURE)
    assert mp_law.stieltjes_derivative(lam, gamma) == pytest.approx(m2, rel=QUADRATURE)
    assert mp_law.degrees_of_freedom(lam, gamma) == pytest.approx(dof, rel=QUADRATURE)


@pytest.mark.parametrize("gamma", SMOOTH_GAMMAS)
def test_moments_are_the_integrals_of_powers(gamma):
    for k in range(1, 9):
        power = integral(lambda x, k=k: x**k, gamma)
        assert mp_law.moment(k, gamma) == pytest.approx(power, rel=QUADRATURE)


def test_moments_have_twelve_digits():
    for k in (0, 1, 2, 3, 5, 10, 30):
        want = [oracle.moment(k, gamma) for gamma in oracle.GAMMAS]
        points = [(k, gamma) for gamma in oracle.GAMMAS]
        assert not oracle.misses(mp_law.moment(k, np.array(oracle.GAMMAS)), want, points)


def test_moments_at_ratio_one_are_the_catalan_numbers():
    assert [mp_law.moment(k, 1) for k in range(8)] == [1, 1, 2, 5, 14, 42, 132, 429]
    assert [mp_law.moment(k, 2) for k in range(5)] == [1, 1, 3, 11, 45]


@pytest.mark.parametrize("gamma", [0.1, 1.0, 10.0])
def test_the_transform_expands_into_the_moments(gamma):
    """m = Σ (-1)^k moment(k) λ^{-k-1} for λ beyond the support."""
    lam = 200 * mp_law.support(gamma)[1]
    series = sum((-1) ** k * mp_law.moment(k, gamma) / lam ** (k + 1) for k in range(8))
    assert mp_law.stieltjes(lam, gamma) == pytest.approx(series, rel=1e-12)


# -- what goes in and what comes out -------------------------------------------------------------

VALID = {
    "stieltjes": {"lam": 0.5, "gamma": 2.0},
    "stieltjes_derivative": {"lam": 0.5, "gamma": 2.0},
    "degrees_of_freedom": {"lam": 0.5, "gamma": 2.0},
    "penalty": {"dof": 0.2, "gamma": 2.0},
    "density": {"x": 1.0, "gamma": 2.0},
    "atom": {"gamma": 2.0},
    "support": {"gamma": 2.0},
    "moment": {"k": 3, "gamma": 2.0},
}
BAD = {
    "lam": (-1.5, math.nan, -math.inf, -5e-324),
    "gamma": (0.0, -2.25, math.nan, math.inf, -math.inf),
    "dof": (-0.25, 0.75, math.nan),
    "x": (math.nan,),
    "k": (-1, -7),
}
NOT_NUMBERS = ("abc", None, 1 + 2j)


def numbers(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", VALID)
def test_scalars_in_scalars_out(name):
    for number in numbers(getattr(mp_law, name)(**VALID[name])):
        assert isinstance(number, float)


@pytest.mark.parametrize("name", VALID)
def test_arrays_in_arrays_of_the_broadcast_shape_out(name):
    function, valid = getattr(mp_law, name), VALID[name]
    gammas = np.array([0.5, 1.0, 2.0, 4.0])
    first = next(iter(valid))
    if first in ("gamma", "k"):
        columns = {**valid, "gamma": gammas[:, None]}
        shape = (4, 1)
    else:
        columns = {**valid, first: np.array([[0.1], [0.2], [0.25]]), "gamma": gammas}
        shape = (3, 4)
    spread = np.broadcast_arrays(*columns.values())
    for part, got in enumerate(numbers(function(**columns))):
        assert isinstance(got, np.ndarray)
        assert got.shape == shape
        alone = [
            numbers(function(*(column[place] for column in spread)))[part]
            for place in np.ndindex(shape)
        ]
        np.testing.assert_allclose(got.ravel(), alone, rtol=RATIO, atol=0)


def test_empty_arrays_stay_empty():
    assert mp_law.stieltjes(np.array([]), 2.0).shape == (0,)


def test_whole_numbers_are_numbers():
    assert mp_law.stieltjes(1, 2) == mp_law.stieltjes(1.0, 2.0)
    np.testing.assert_array_equal(
        mp_law.degrees_of_freedom(np.array([1, 2]), 3),
        mp_law.degrees_of_freedom(np.array([1.0, 2.0]), 3.0),
    )


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [(name, arg, value) for name in VALID for arg in VALID[name] for value in BAD[arg]],
)
def test_bad_values_are_named(name, argument, value):
    with pytest.raises(ValueError) as error:
        getattr(mp_law, name)(**{**VALID[name], argument: value})
    assert argument in str(error.value)
    assert str(value) in str(error.value)


@pytest.mark.parametrize(
    ("name", "argument"), [(name, arg) for name in VALID for arg in VALID[name] if arg != "k"]
)
def test_the_first_bad_value_of_an_array_is_named(name, argument):
    good, bad = VALID[name][argument], BAD[argument][0]
    with pytest.raises(ValueError) as error:
        getattr(mp_law, name)(**{**VALID[name], argument: np.array([good, bad, -77.0])})
    assert argument in str(error.value)
    assert str(bad) in str(error.value)
    assert "-77" not in str(error.value)


@pytest.mark.parametrize("value", NOT_NUMBERS)
@pytest.mark.parametrize(("name", "argument"), [(n, arg) for n in VALID for arg in VALID[n]])
def test_what_is_not_a_real_number_is_a_type_error(name, argument, value):
    with pytest.raises(TypeError) as error:
        getattr(mp_law, name)(**{**VALID[name], argument: value})
    assert argument in str(error.value)
    assert str(value).strip("()") in str(error.value)


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError) as error:
        mp_law.stieltjes(np.ones(3), np.ones(2))
    for part in ("lam", "gamma", "(3,)", "(2,)"):
        assert part in str(error.value)


def test_a_moment_of_fractional_order_is_refused():
    with pytest.raises((ValueError, TypeError), match="k"):
        mp_law.moment(1.5, 2.0)
