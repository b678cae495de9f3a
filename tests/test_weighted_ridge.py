"""Setting 2, weighted ridge: Theorem 8's errors, and the window it opens."""

import itertools
import math

import numpy as np
import pytest

from tests import oracle
from w2s import marchenko_pastur as mp_law
from w2s import ridge

ZETAS = np.random.default_rng(20).permutation(
    np.resize([0.0, 1e-300, 1e-9, 1e-3, 0.3, 0.68, 0.89, 0.98, oracle.BELOW_ONE, 1.0], 636)
)
POINTS = [(*point, float(zeta)) for point, zeta in zip(oracle.ridge_points(), ZETAS, strict=True)][
    ::2
]
COLUMNS = tuple(np.array(POINTS).T)
SIDE = 1e-6  # how far from an edge of the window the gap is examined
SCAN = np.logspace(-8, 8, 161)  # student penalties, to look for one that wins
RATIO = 4 * np.finfo(float).eps  # the same formula in another loop: a few last places

WINDOW_POINTS = (
    *(point for off in oracle.OFFSETS for point in oracle.weighted_critical_points(off)),
    *(point[1:] for point in POINTS[::3]),
)


def side_points(window_points):
    """(λ_s, λ_t, γ_s, γ_t, σ², ζ) just inside and just outside each edge of each window."""
    points = []
    for point in window_points:
        for edge in oracle.winning_window(*point) or ():
            if oracle.SMALLEST < edge < oracle.LARGEST:
                points += [(float(edge) * (1 + s * SIDE), *point) for s in (1, -1)]
    return points


@pytest.mark.parametrize("name", ["student_error", "error_gap"])
def test_weighted_errors_have_twelve_digits(name):
    """Theorem 8."""
    got = getattr(ridge, name)(*COLUMNS)
    assert not oracle.misses(got, [getattr(oracle, name)(*point) for point in POINTS], POINTS)


@pytest.mark.parametrize("off", oracle.OFFSETS)
def test_weighted_gap_has_twelve_digits_and_the_right_sign_next_to_its_zeros(off):
    points = side_points(oracle.weighted_critical_points(off))
    want = [oracle.error_gap(*point) for point in points]
    assert {bool(value < 0) for value in want} == {True, False}
    assert not oracle.misses(ridge.error_gap(*np.array(points).T), want, points)


def test_weighted_window_edges_have_twelve_digits():
    lines = []
    for point in WINDOW_POINTS:
        window, want = ridge.winning_window(*point), oracle.winning_window(*point)
        if bool(window) != (want is not oracle.NEVER):
            lines.append(f"{point}: got {window}, want {want}")
        elif want:
            edges = zip(("low", "high"), (window.low, window.high), want, strict=True)
            lines += [
                f"{point} {edge}: {line}" for edge, g, w in edges if (line := oracle.miss(g, w))
            ]
    assert not lines


def test_weighted_window_is_where_the_gap_is_negative():
    for lam_t, gamma_s, gamma_t, sigma2, zeta in WINDOW_POINTS[::5]:
        window = ridge.winning_window(lam_t, gamma_s, gamma_t, sigma2, zeta)
        gap = ridge.error_gap(SCAN, lam_t, gamma_s, gamma_t, sigma2, zeta)
        if not window:
            assert np.all(gap >= 0)
            continue
        low, high, off = window.low, window.high, 1e-9
        assert np.all(gap[(low * (1 + off) < SCAN) & (high * (1 - off) > SCAN)] < 0)
        assert np.all(gap[(low * (1 - off) > SCAN) | (high * (1 + off) < SCAN)] > 0)


def test_no_alignment_is_ordinary_ridge():
    for name in ("student_error", "error_gap"):
        function = getattr(ridge, name)
        np.testing.assert_array_equal(function(*COLUMNS[:-1], 0.0), function(*COLUMNS[:-1]))
    for point in WINDOW_POINTS[::7]:
        assert ridge.winning_window(*point[:-1], 0.0) == ridge.winning_window(*point[:-1])


def test_alignment_never_hurts():
    """Δ_Γ >= 0: the gap falls in ζ, and the windows are nested."""
    zetas = np.linspace(0, 1, 11)
    gap = ridge.error_gap(*(column[:, None] for column in COLUMNS[:-1]), zetas)
    assert np.all(np.diff(gap) <= 4 * np.finfo(float).eps * np.abs(gap[:, 1:]))
    for point in WINDOW_POINTS[::7]:
        windows = [ridge.winning_window(*point[:-1], zeta) for zeta in zetas]
        assert [bool(window) for window in windows] == sorted(bool(window) for window in windows)
        kept = [window for window in windows if window]
        assert all(
            b.low <= a.low * (1 + RATIO) and a.high * (1 - RATIO) <= b.high
            for a, b in itertools.pairwise(kept)
        )


def test_the_gap_is_a_parabola_in_alignment():
    """Theorem 8: Δ - ζ²Δ_Γ, with Δ_Γ = b[2(1-a)(1-b) + (1-a)²b/(1-γ_s a²)] in doubles."""
    lam_s, lam_t, gamma_s, gamma_t = np.array(
        oracle.random_points(100, [(-1, 1), (-1, 1), (-1, 1), (-1, 1)], seed=21)
    ).T
    a = mp_law.degrees_of_freedom(lam_s, gamma_s)
    b = mp_law.degrees_of_freedom(lam_t, gamma_t)
    delta_gamma = b * (2 * (1 - a) * (1 - b) + (1 - a) ** 2 * b / (1 - gamma_s * a**2))
    plain = ridge.error_gap(lam_s, lam_t, gamma_s, gamma_t, 1.0)
    for zeta in (0.3, 0.8, 1.0):
        gap = ridge.error_gap(lam_s, lam_t, gamma_s, gamma_t, 1.0, zeta)
        np.testing.assert_allclose(plain - gap, zeta**2 * delta_gamma, rtol=1e-9, atol=1e-12)


def test_alignment_acts_like_a_smaller_c():
    """The window with ζ is Theorem 5's with c replaced by (c - ζ²(1-b))/(1-ζ²)."""
    compared = 0
    lists = ((0.5, 1.0, 2.0, 50.0), ((0.25, 1.0), (3.0, 0.5)), (-0.2, 0.0, 0.5), (0.2, 0.6, 0.8))
    for gamma_s, (gamma_t, sigma2), c, zeta in itertools.product(*lists):
        lam_t = gamma_t * sigma2 if c == 0 else oracle.penalty_with(c, gamma_t, sigma2)
        b = mp_law.degrees_of_freedom(lam_t, gamma_t)
        other = (c - zeta**2 * (1 - b)) / (1 - zeta**2)
        ordinary = ridge.winning_window(oracle.penalty_with(other, 1.0, 1.0), gamma_s, 1.0, 1.0)
        weighted = ridge.winning_window(lam_t, gamma_s, gamma_t, sigma2, zeta)
        assert bool(ordinary) == bool(weighted)
        if weighted:
            compared += 1
            assert weighted.low == pytest.approx(ordinary.low, rel=1e-9)
            assert weighted.high == pytest.approx(ordinary.high, rel=1e-9)
    assert compared > 20


@pytest.mark.parametrize("zeta", [1e-6, 1e-2, 0.3, 0.9])
@pytest.mark.parametrize("gamma_s", [1e-3, 0.5, 0.99])
def test_any_alignment_lets_an_under_parameterised_student_beat_the_best_teacher(gamma_s, zeta):
    """Beyond the paper: γ_s < 1, λ_t = σ²γ_t, ζ > 0."""
    for gamma_t, sigma2 in ((0.25, 1.0), (1.0, 4.0), (3.0, 0.1)):
        best = ridge.optimal_teacher_penalty(gamma_t, sigma2)
        assert not ridge.winning_window(best, gamma_s, gamma_t, sigma2)
        window = ridge.winning_window(best, gamma_s, gamma_t, sigma2, zeta)
        assert window
        assert window.low == 0


@pytest.mark.parametrize("gamma_s", [0.5, 1.0, 2.0, 100.0])
def test_strong_alignment_wins_at_the_heaviest_penalty(gamma_s):
    """Against the best teacher, every λ_s wins when ζ² > 1/(2-b), and a large one loses below."""
    best = ridge.optimal_teacher_penalty(0.25, 1.0)
    edge = math.sqrt(1 / (2 - mp_law.degrees_of_freedom(best, 0.25)))
    for zeta, wins in ((edge * (1 + 1e-9), True), (edge * (1 - 1e-9), False)):
        window = ridge.winning_window(best, gamma_s, 0.25, 1.0, zeta)
        gap = ridge.error_gap(math.inf, best, gamma_s, 0.25, 1.0, zeta)
        assert bool(gap < 0) is wins
        assert (window.high == math.inf) is wins


@pytest.mark.parametrize("gamma_s", oracle.GAMMAS)
def test_perfect_alignment_always_wins(gamma_s):
    """ζ = 1: every λ_s > 0, whatever the teacher, if only it learned something imperfectly."""
    for gamma_t, sigma2, lam_t in ((0.25, 1.0, 0.25), (3.0, 0.0, 0.7), (1.0, 4.0, 1e6)):
        window = ridge.winning_window(lam_t, gamma_s, gamma_t, sigma2, 1.0)
        assert window
        assert (window.low, window.high) == (0, math.inf)
        assert np.all(ridge.error_gap(SCAN, lam_t, gamma_s, gamma_t, sigma2, 1.0) < 0)


def test_ridgeless_and_infinite_penalties_are_the_limits():
    points = [
        (lam_s, lam_t, gamma_s, gamma_t, sigma2, zeta)
        for lam_s, lam_t in itertools.product((0.0, 0.3, math.inf), repeat=2)
        for gamma_s, gamma_t in itertools.product((0.5, 1.0, 2.0), repeat=2)
        for sigma2, zeta in itertools.product((0.0, 1.0), (0.6, 1.0))
        # An infinitely bad teacher copied exactly: the order of the limits decides.
        if not (lam_s == lam_t == 0 and gamma_s <= 1 == gamma_t and sigma2 > 0)
    ]
    for name in ("student_error", "error_gap"):
        got = getattr(ridge, name)(*np.array(points).T)
        assert not oracle.misses(got, [getattr(oracle, name)(*point) for point in points], points)


@pytest.mark.parametrize("name", ["student_error", "error_gap", "winning_window"])
@pytest.mark.parametrize("zeta", [-0.25, 1.5, -1e-300, 1.0000000000000002, math.nan, math.inf])
def test_alignment_outside_the_unit_interval_is_refused(name, zeta):
    arguments = (0.5,) * (4 if name == "winning_window" else 5)
    with pytest.raises(ValueError) as error:
        getattr(ridge, name)(*arguments, zeta=zeta)
    assert "zeta" in str(error.value)
    assert str(zeta) in str(error.value)


@pytest.mark.parametrize("name", ["student_error", "error_gap", "winning_window"])
@pytest.mark.parametrize("zeta", ["abc", None, 1 + 2j])
def test_alignment_that_is_no_real_number_is_a_type_error(name, zeta):
    arguments = (0.5,) * (4 if name == "winning_window" else 5)
    with pytest.raises(TypeError) as error:
        getattr(ridge, name)(*arguments, zeta=zeta)
    assert "zeta" in str(error.value)
    assert str(zeta).strip("()") in str(error.value)


def test_alignment_broadcasts():
    zetas = np.array([0.0, 0.5, 1.0])
    got = ridge.student_error(0.3, np.array([[0.1], [0.2]]), 2.0, 0.5, 1.0, zetas)
    assert got.shape == (2, 3)
    alone = [ridge.student_error(0.3, lam, 2.0, 0.5, 1.0, z) for lam in (0.1, 0.2) for z in zetas]
    np.testing.assert_allclose(got.ravel(), alone, rtol=RATIO, atol=0)
