"""Setting 1, ridge regression: the limiting errors, their difference, and the winning window."""

import dataclasses
import itertools
import math
from functools import partial

import mpmath
import numpy as np
import pytest
from mpmath import mpf, workdps

from tests import oracle
from tests.package.order import at
from w2s import marchenko_pastur as mp_law
from w2s import ridge

POINTS = oracle.ridge_points()
COLUMNS = tuple(np.array(POINTS).T)
LAM_S, LAM_T, GAMMA_S, GAMMA_T, SIGMA2 = COLUMNS
RATIO = 4 * np.finfo(float).eps  # the same formula in another loop: a few last places
SIDE = 1e-6  # how far from an edge of the window the gap is examined
SCAN = np.logspace(-8, 8, 321)  # student penalties, to look for one that wins

WINDOW_POINTS = (
    *(point for off in oracle.OFFSETS for point in oracle.critical_points(off)),
    *((lam_t, gamma_s, gamma_t, sigma2) for _, lam_t, gamma_s, gamma_t, sigma2 in POINTS[::5]),
    *oracle.random_points(80, [(-6, 2), (-3, 3), (-2, 2), (-1, 3)], seed=11),
)


def side_points(window_points):
    """(λ_s, λ_t, γ_s, γ_t, σ²) just inside and just outside each edge of each window."""
    points = []
    for point in window_points:
        lam_t, *rest = point
        for edge in oracle.winning_window(*point) or ():
            if oracle.SMALLEST < edge < oracle.LARGEST:
                points += [(float(edge) * (1 + s * SIDE), lam_t, *rest) for s in (1, -1)]
    return points


# -- twelve digits -------------------------------------------------------------------------------


def test_teacher_error_has_twelve_digits():
    """Proposition 3."""
    points = [(lam_t, gamma_t, sigma2) for _, lam_t, _, gamma_t, sigma2 in POINTS]
    got = ridge.teacher_error(LAM_T, GAMMA_T, SIGMA2)
    assert not oracle.misses(got, [oracle.teacher_error(*point) for point in points], points)


def test_imbalance_has_twelve_digits():
    """The left-hand side of (11), from m and m₂."""

    def in_traces(optimal, lam_t, gamma_t, sigma2):
        m, m2 = oracle._m(lam_t, gamma_t), oracle._m2(lam_t, gamma_t)
        return -oracle._excess(lam_t, gamma_t, sigma2, optimal) * (m - lam_t * m2) / (1 - lam_t * m)

    points = [(lam_t, gamma_t, sigma2) for _, lam_t, _, gamma_t, sigma2 in POINTS]
    want = [
        oracle.limit(partial(in_traces, oracle.is_optimal(*point)), point[:1], point[1:])
        for point in points
    ]
    assert not oracle.misses(ridge.imbalance(LAM_T, GAMMA_T, SIGMA2), want, points)


def test_student_error_has_twelve_digits():
    """Proposition 3 plus Theorem 4."""
    got = at(ridge.student_error, *COLUMNS)
    assert not oracle.misses(got, [oracle.student_error(*point) for point in POINTS], POINTS)


def test_error_gap_has_twelve_digits():
    """Theorem 4's Δ."""
    got = at(ridge.error_gap, *COLUMNS)
    assert not oracle.misses(got, [oracle.error_gap(*point) for point in POINTS], POINTS)


@pytest.mark.parametrize("off", oracle.OFFSETS)
def test_error_gap_has_twelve_digits_and_the_right_sign_next_to_its_zeros(off):
    """λ_s within 10⁻⁶ of an edge, c within `off` of where two zeros meet or one leaves."""
    points = side_points(oracle.critical_points(off))
    want = [oracle.error_gap(*point) for point in points]
    assert {bool(value < 0) for value in want} == {True, False}
    assert not oracle.misses(at(ridge.error_gap, *np.array(points).T), want, points)


def test_error_gap_keeps_its_sign_where_it_is_smallest():
    """c = -1, λ_t = 0: the gap is negative for every λ_s, and tiny next to its own terms."""
    points = [
        (float(lam_s), 0.0, gamma_s, gamma_t, sigma2)
        for gamma_s in (0.5, 1.0, 2.0, 1e6)
        for gamma_t, sigma2 in ((0.5, 1.0), (2.0, 0.5))
        for lam_s in np.logspace(-20, 20, 21)
    ]
    want = [oracle.error_gap(*point) for point in points]
    assert not oracle.misses(at(ridge.error_gap, *np.array(points).T), want, points)


def test_optimal_teacher_penalty_is_noise_times_ratio():
    points = [(gamma_t, sigma2) for *_, gamma_t, sigma2 in POINTS]
    got = ridge.optimal_teacher_penalty(GAMMA_T, SIGMA2)
    with workdps(40):
        want = [mpf(gamma_t) * mpf(sigma2) for gamma_t, sigma2 in points]
    assert not oracle.misses(got, want, points, rtol=RATIO)


def test_errors_and_gap_in_the_extremes_of_noise():
    points = [
        (lam_s, lam_t, gamma_s, gamma_t, sigma2)
        for sigma2 in (5e-324, 1e-300, 1e-150, 1e150, 1e300)
        for lam_s, lam_t in ((0.1, 0.1), (1e-8, 1e-8), (1e5, 1e5), (1e-300, 1e-300))
        for gamma_s, gamma_t in ((0.5, 0.5), (2.0, 1.0), (1.0, 2.0))
    ]
    columns = np.array(points).T
    for name in ("student_error", "error_gap"):
        want = [getattr(oracle, name)(*point) for point in points]
        assert not oracle.misses(at(getattr(ridge, name), *columns), want, points)
    teachers = [point[1:2] + point[3:] for point in points]
    want = [oracle.teacher_error(*point) for point in teachers]
    assert not oracle.misses(ridge.teacher_error(*np.array(teachers).T), want, teachers)


def test_the_difference_of_the_errors_would_not_pass():
    """Negative control: subtracting L_t from L_s loses the gap's digits, and its sign."""
    points = side_points(oracle.critical_points(1e-3))
    columns = np.array(points).T
    naive = at(ridge.student_error, *columns) - ridge.teacher_error(columns[1], *columns[3:])
    want = [oracle.error_gap(*point) for point in points]
    assert len(oracle.misses(naive, want, points)) > len(points) / 2
    assert any(np.sign(n) != mpmath.sign(w) for n, w in zip(naive, want, strict=True))


# -- the two readings of one theorem -------------------------------------------------------------


def test_gap_is_student_minus_teacher():
    student, gap = at(ridge.student_error, *COLUMNS), at(ridge.error_gap, *COLUMNS)
    teacher = ridge.teacher_error(LAM_T, GAMMA_T, SIGMA2)
    assert np.all(np.abs(student - teacher - gap) <= 3 * oracle.RTOL * (student + teacher))
    large = np.abs(gap) > 0.1 * (student + teacher)
    assert np.count_nonzero(large) > 100
    np.testing.assert_allclose((student - teacher)[large], gap[large], rtol=3e-11, atol=0)


def test_gap_is_theorem_4_in_the_package_s_own_transforms():
    """Δ = (σ²γ_t-λ_t)(m_t-λ_t m_t₂)(λ_s²m_s₂-2λ_s m_s) + λ_s²m_s₂(1-λ_t m_t), in plain doubles."""
    lam_s, lam_t, gamma_s, gamma_t, sigma2 = np.array(
        oracle.random_points(200, [(-1, 1), (-1, 1), (-1, 1), (-1, 1), (-1, 1)], seed=12)
    ).T
    ms, ms2 = mp_law.stieltjes(lam_s, gamma_s), mp_law.stieltjes_derivative(lam_s, gamma_s)
    mt, mt2 = mp_law.stieltjes(lam_t, gamma_t), mp_law.stieltjes_derivative(lam_t, gamma_t)
    excess = sigma2 * gamma_t - lam_t
    first = excess * (mt - lam_t * mt2) * (lam_s**2 * ms2 - 2 * lam_s * ms)
    second = lam_s**2 * ms2 * (1 - lam_t * mt)
    gap = ridge.error_gap(lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
    assert np.all(np.abs(first + second - gap) <= 1e-12 * (np.abs(first) + second + sigma2 + 1))


# -- the teacher ---------------------------------------------------------------------------------


@pytest.mark.parametrize("gamma_t", [1e-3, 0.5, 1.0, 2.0, 1e3])
@pytest.mark.parametrize("sigma2", [0.04, 1.0, 25.0])
def test_teacher_is_best_at_the_optimal_penalty(gamma_t, sigma2):
    best = ridge.optimal_teacher_penalty(gamma_t, sigma2)
    least = ridge.teacher_error(best, gamma_t, sigma2)
    factors = np.array([0.01, 0.5, 0.9, 0.99, 1.01, 1.1, 2.0, 100.0])
    assert np.all(ridge.teacher_error(best * factors, gamma_t, sigma2) > least)


def test_ridgeless_teacher_descends_twice():
    """L_t(0) = σ²/(1-γ) below the threshold, 1 - 1/γ + σ²γ/(γ-1) above it, infinite at it."""
    assert ridge.teacher_error(0, 0.5, 1) == pytest.approx(2, rel=RATIO)
    assert ridge.teacher_error(0, 2, 1) == pytest.approx(2.5, rel=RATIO)
    assert ridge.teacher_error(0, 1, 1) == math.inf
    assert ridge.teacher_error(0, 1, 0) == 0
    assert ridge.teacher_error(0, 0.5, 0) == 0


# -- limits --------------------------------------------------------------------------------------


def limit_points():
    lams = (0.0, 0.3, math.inf)
    students = (1e-6, 0.5, oracle.BELOW_ONE, 1.0, oracle.ABOVE_ONE, 2.0, 1e6)
    teachers = (0.5, 1.0, oracle.ABOVE_ONE, 1e6)
    for lam_s, lam_t in itertools.product(lams, lams):
        for gamma_s, gamma_t, sigma2 in itertools.product(students, teachers, (0.0, 1.0)):
            proper = 0 < lam_s < math.inf and 0 < lam_t < math.inf
            # An infinitely bad teacher copied exactly: the order of the limits decides.
            open_question = lam_s == lam_t == 0 and gamma_s <= 1 == gamma_t and sigma2 > 0
            if not proper and not open_question:
                yield lam_s, lam_t, gamma_s, gamma_t, sigma2


@pytest.mark.parametrize("name", ["student_error", "error_gap"])
def test_ridgeless_and_infinite_penalties_are_the_limits(name):
    points = list(limit_points())
    got = at(getattr(ridge, name), *np.array(points).T)
    assert not oracle.misses(got, [getattr(oracle, name)(*point) for point in points], points)


def test_ridgeless_and_infinite_teacher_is_the_limit():
    points = sorted({(lam_t, gamma_t, s2) for _, lam_t, _, gamma_t, s2 in limit_points()})
    got = ridge.teacher_error(*np.array(points).T)
    assert not oracle.misses(got, [oracle.teacher_error(*point) for point in points], points)


@pytest.mark.parametrize("gamma_s", [0.2, 1.0, 5.0])
def test_the_heaviest_penalties_learn_nothing(gamma_s):
    assert ridge.teacher_error(math.inf, 0.7, 1.5) == 2.5
    assert (
        ridge.student_error(lam_t=0.3, lam_s=math.inf, gamma_t=0.7, gamma_s=gamma_s, sigma2=1.5)
        == 2.5
    )
    assert (
        ridge.student_error(lam_t=math.inf, lam_s=0.3, gamma_t=0.7, gamma_s=gamma_s, sigma2=1.5)
        == 2.5
    )
    assert ridge.error_gap(lam_t=math.inf, lam_s=0.3, gamma_t=0.7, gamma_s=gamma_s, sigma2=1.5) == 0


@pytest.mark.parametrize("gamma_s", [1e-3, 0.2, oracle.BELOW_ONE, 1.0])
def test_a_student_with_enough_data_and_no_penalty_copies_the_teacher(gamma_s):
    for lam_t, gamma_t, sigma2 in ((0.3, 0.7, 1.5), (0.0, 0.7, 1.5), (0.3, 1.0, 0.0), (1e9, 4, 1)):
        assert (
            ridge.error_gap(lam_t=lam_t, lam_s=0, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
            == 0
        )
        assert ridge.student_error(
            lam_t=lam_t, lam_s=0, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
        ) == pytest.approx(ridge.teacher_error(lam_t, gamma_t, sigma2), rel=RATIO)


def test_the_limits_are_approached():
    arguments = (2.0, 0.7, 1.5)
    for lam_s, near in ((0, 1e-14), (math.inf, 1e14)):
        limit = at(ridge.student_error, lam_s, 0.3, *arguments)
        assert at(ridge.student_error, near, 0.3, *arguments) == pytest.approx(limit, rel=1e-12)


# -- Theorem 5, as it should read ----------------------------------------------------------------


def test_window_edges_have_twelve_digits_in_every_regime():
    lines = []
    for point in WINDOW_POINTS:
        window, want = at(ridge.winning_window, *point), oracle.winning_window(*point)
        if bool(window) != (want is not oracle.NEVER):
            lines.append(f"{point}: got {window}, want {want}")
        elif want:
            edges = zip(("low", "high"), (window.low, window.high), want, strict=True)
            lines += [
                f"{point} {edge}: {line}" for edge, g, w in edges if (line := oracle.miss(g, w))
            ]
    assert not lines


def test_the_points_reach_every_kind_of_window():
    kinds = {"below": set(), "at": set(), "above": set()}
    for point in WINDOW_POINTS:
        window = oracle.winning_window(*point)
        kind = (
            "never"
            if window is oracle.NEVER
            else "always"
            if window == oracle.ALWAYS
            else "up to"
            if window[0] == 0
            else "between"
        )
        kinds["below" if point[1] < 1 else "at" if point[1] == 1 else "above"].add(kind)
    assert kinds["below"] == {"never", "always", "up to"}
    assert kinds["at"] == {"never", "always", "up to"}
    assert kinds["above"] == {"never", "always", "between"}


def test_window_is_where_the_gap_is_negative():
    """Inside the window the student wins, outside it does not: no oracle needed."""
    for point in WINDOW_POINTS[::5]:
        lam_t, *rest = point
        window = at(ridge.winning_window, *point)
        gap = at(ridge.error_gap, SCAN, lam_t, *rest)
        if not window:
            assert np.all(gap >= 0)
            continue
        low, high, off = window.low, window.high, 1e-9
        inside = (low * (1 + off) < SCAN) & (high * (1 - off) > SCAN)
        outside = (low * (1 - off) > SCAN) | (high * (1 + off) < SCAN)
        assert np.all(gap[inside] < 0)
        assert np.all(gap[outside] > 0)


@pytest.mark.parametrize("gamma_s", oracle.GAMMAS)
def test_no_student_beats_a_teacher_that_is_regularised_enough(gamma_s):
    """λ_t >= σ²γ_t: never."""
    for gamma_t, sigma2 in ((0.25, 1.0), (1.0, 0.3), (3.0, 2.0), (1e-3, 0.0)):
        best = ridge.optimal_teacher_penalty(gamma_t, sigma2)
        for lam_t in (best, float(np.nextafter(best, math.inf)), 2 * best + 1e-9, 1e8, math.inf):
            assert not ridge.winning_window(
                lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
            )
            assert np.all(
                ridge.error_gap(
                    lam_t=lam_t, lam_s=SCAN, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
                )
                >= 0
            )


@pytest.mark.parametrize("gamma_s", oracle.GAMMAS)
def test_every_student_beats_a_teacher_with_c_at_most_minus_one(gamma_s):
    """c <= -1: every λ_s > 0. At λ_t = 0, c = -σ²γ_t/|1-γ_t|, here -1 exactly, or below."""
    for gamma_t, sigma2 in ((0.5, 1.0), (2.0, 0.5), (0.5, 3.0), (1.0, 1.0), (4.0, 0.75)):
        window = ridge.winning_window(lam_t=0, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
        assert window
        assert (window.low, window.high) == (0, math.inf)
        gap = ridge.error_gap(lam_t=0, lam_s=SCAN, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
        assert np.all(gap < 0)


@pytest.mark.parametrize("gamma_s", [1e-6, 0.3, 0.99, oracle.BELOW_ONE])
def test_an_under_parameterised_student_wins_up_to_a_penalty(gamma_s):
    """γ_s < 1 and -1 < c < 0: (0, λ̄), for c as close to 0 as one likes."""
    for c in (-0.999999, -0.5, -1 / 3, -1e-3, -1e-9):
        lam_t = oracle.penalty_with(c, 0.5, 2.0)
        window = ridge.winning_window(lam_t=lam_t, gamma_t=0.5, gamma_s=gamma_s, sigma2=2.0)
        assert window
        assert window.low == 0
        assert 0 < window.high < math.inf


def test_a_student_at_the_threshold_wins_only_below_minus_one_third():
    """γ_s = 1: (0, λ̄) if c < -1/3, else never; at λ_t = 0, γ_t = 1/4, σ² = 1, c is -1/3 exactly."""
    for c, wins in ((-0.5, True), (-0.334, True), (-0.333, False), (-0.1, False)):
        window = ridge.winning_window(
            lam_t=oracle.penalty_with(c, 0.5, 2.0), gamma_t=0.5, gamma_s=1.0, sigma2=2.0
        )
        assert bool(window) is wins
        if wins:
            assert window.low == 0
            assert 0 < window.high < math.inf
    assert not ridge.winning_window(lam_t=0, gamma_t=0.25, gamma_s=1.0, sigma2=1.0)
    assert ridge.winning_window(lam_t=0, gamma_t=0.25, gamma_s=oracle.BELOW_ONE, sigma2=1.0)
    assert not ridge.winning_window(lam_t=0, gamma_t=0.25, gamma_s=oracle.ABOVE_ONE, sigma2=1.0)


@pytest.mark.parametrize("gamma_s", [1.01, 1.125, 2.0, 10.0, 1e3])
def test_an_over_parameterised_student_wins_between_two_penalties(gamma_s):
    """γ_s > 1: (λ̄₋, λ̄₊) if c < c* = -(1+r)/(3-r), r = √(1-1/γ_s), else never."""
    r = math.sqrt(1 - 1 / gamma_s)
    critical = -(1 + r) / (3 - r)
    assert critical == pytest.approx(1 / (1 - 4 * gamma_s + 4 * math.sqrt(gamma_s**2 - gamma_s)))
    for off in (1e-2, 1e-5, 1e-9):
        c = -1 + (critical + 1) * (1 - off)
        window = ridge.winning_window(
            lam_t=oracle.penalty_with(c, 0.5, 4.0), gamma_t=0.5, gamma_s=gamma_s, sigma2=4.0
        )
        assert 0 < window.low < window.high < math.inf
        c = -1 + (critical + 1) * (1 + off)
        assert not ridge.winning_window(
            lam_t=oracle.penalty_with(c, 0.5, 4.0), gamma_t=0.5, gamma_s=gamma_s, sigma2=4.0
        )


def test_a_double_root_is_no_win():
    """γ_s = 9/8 has c* = -1/2; at λ_t = 0, γ_t = 1/2, σ² = 1/2, c is -1/2 exactly."""
    assert not ridge.winning_window(lam_t=0, gamma_t=0.5, gamma_s=1.125, sigma2=0.5)
    assert ridge.winning_window(
        lam_t=0, gamma_t=0.5, gamma_s=1.125, sigma2=float(np.nextafter(0.5, 1))
    )
    assert not ridge.winning_window(
        lam_t=0, gamma_t=0.5, gamma_s=1.125, sigma2=float(np.nextafter(0.5, 0))
    )


def test_the_printed_condition_promises_a_win_that_never_comes():
    """First counterexample to (5): γ_s = 2, σ² = 1, γ_t = 1/4, c = -0.05: (5) holds, none wins."""
    c, gamma_s = -0.05, 2.0
    assert c > 1 / (1 - 4 * gamma_s - 4 * math.sqrt(gamma_s**2 - gamma_s))  # (5) as printed
    lam_t = oracle.penalty_with(c, 0.25, 1.0)
    assert lam_t < ridge.optimal_teacher_penalty(0.25, 1.0)
    assert not ridge.winning_window(lam_t=lam_t, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0)
    assert (
        np.min(ridge.error_gap(lam_t=lam_t, lam_s=SCAN, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0))
        >= 0.38
    )


def test_the_printed_condition_denies_a_win_that_comes():
    """Second counterexample to (5): γ_s = 2, σ² = 9, γ_t = 1/2, c = -0.85: (5) fails, some win."""
    c, gamma_s = -0.85, 2.0
    assert not c > 1 / (1 - 4 * gamma_s - 4 * math.sqrt(gamma_s**2 - gamma_s))  # (5) as printed
    lam_t = oracle.penalty_with(c, 0.5, 9.0)
    window = ridge.winning_window(lam_t=lam_t, gamma_t=0.5, gamma_s=gamma_s, sigma2=9.0)
    assert window.low < 1.24 < window.high
    scan = np.linspace(window.low, window.high, 2001)
    gap = ridge.error_gap(lam_t=lam_t, lam_s=scan, gamma_t=0.5, gamma_s=gamma_s, sigma2=9.0)
    assert np.min(gap) == pytest.approx(-0.027, abs=5e-4)
    assert scan[np.argmin(gap)] == pytest.approx(1.24, abs=5e-3)


@pytest.mark.parametrize("gamma_s", [0.5, 1.0, 1.5])
def test_a_noisier_teacher_is_beaten_more_widely(gamma_s):
    """c falls as σ² grows, so the windows are nested."""
    windows = [
        ridge.winning_window(lam_t=0.1, gamma_t=0.5, gamma_s=gamma_s, sigma2=sigma2)
        for sigma2 in np.linspace(0, 6, 61)
    ]
    wins = [bool(window) for window in windows]
    assert wins == sorted(wins)
    assert len(set(wins)) == 2
    kept = [window for window in windows if window]
    assert all(a.low >= b.low and a.high <= b.high for a, b in itertools.pairwise(kept))


def test_the_double_that_is_the_optimal_penalty_is_read_as_the_optimum():
    """The agreed exception: fl(σ²γ_t), rounded down or up, has no window and a gap >= 0."""
    for gamma_t, sigma2 in oracle.random_points(200, [(-3, 3), (-3, 3)], seed=13):
        lam_t = gamma_t * sigma2
        assert ridge.optimal_teacher_penalty(gamma_t, sigma2) == lam_t
        for gamma_s in (0.5, 1.0, 2.0):
            assert not ridge.winning_window(
                lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
            )
            assert np.all(
                ridge.error_gap(
                    lam_t=lam_t, lam_s=SCAN[::20], gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
                )
                > 0
            )
        below = float(np.nextafter(lam_t, 0))
        assert ridge.winning_window(lam_t=below, gamma_t=gamma_t, gamma_s=0.5, sigma2=sigma2)


@pytest.mark.parametrize("gamma_s", [0.5, 1.0, oracle.ABOVE_ONE, 2.0])
def test_window_of_the_limiting_teachers(gamma_s):
    """λ_t = 0 and λ_t = ∞."""
    for gamma_t, sigma2 in itertools.product((0.25, 0.5, 1.0, 2.0, 4.0), (0.0, 0.3, 0.5, 1.0, 3.0)):
        assert not ridge.winning_window(
            lam_t=math.inf, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
        )
        point = (0.0, gamma_s, gamma_t, sigma2)
        window, want = at(ridge.winning_window, *point), oracle.winning_window(*point)
        assert bool(window) == (want is not oracle.NEVER), (gamma_t, sigma2)
        if want:
            assert not oracle.miss(window.low, want[0])
            assert not oracle.miss(window.high, want[1])


# -- what goes in and what comes out -------------------------------------------------------------

VALID = {
    "teacher_error": {"lam_t": 0.5, "gamma_t": 2.0, "sigma2": 1.0},
    "student_error": {"lam_s": 0.4, "lam_t": 0.5, "gamma_s": 3.0, "gamma_t": 2.0, "sigma2": 1.0},
    "error_gap": {"lam_s": 0.4, "lam_t": 0.5, "gamma_s": 3.0, "gamma_t": 2.0, "sigma2": 1.0},
    "optimal_teacher_penalty": {"gamma_t": 2.0, "sigma2": 1.0},
    "imbalance": {"lam_t": 0.5, "gamma_t": 2.0, "sigma2": 1.0},
    "winning_window": {"lam_t": 0.5, "gamma_s": 3.0, "gamma_t": 2.0, "sigma2": 1.0},
}
BAD = {"lam": (-1.5, math.nan, -math.inf), "gamma": (0.0, -2.25, math.nan, math.inf)}
BAD["sigma2"] = (-1.25, math.nan, math.inf)
NUMERIC = [name for name in VALID if name != "winning_window"]


def bad_values(argument):
    return BAD[argument.split("_")[0]]


def test_window_is_a_frozen_record_of_an_open_interval():
    window = ridge.winning_window(lam_t=0.01, gamma_t=0.5, gamma_s=0.5, sigma2=1.0)
    assert dataclasses.is_dataclass(window)
    assert window
    assert isinstance(window.low, float)
    assert isinstance(window.high, float)
    assert window == ridge.winning_window(lam_t=0.01, gamma_t=0.5, gamma_s=0.5, sigma2=1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        window.low = 1.0
    never = ridge.winning_window(lam_t=10.0, gamma_t=0.5, gamma_s=0.5, sigma2=1.0)
    assert type(never) is type(window)
    assert not never


def test_window_takes_scalars_only():
    with pytest.raises((TypeError, ValueError), match="lam_t"):
        ridge.winning_window(lam_t=np.array([0.1, 0.2]), gamma_t=0.5, gamma_s=0.5, sigma2=1.0)


@pytest.mark.parametrize("name", NUMERIC)
def test_scalars_in_scalars_out(name):
    assert isinstance(getattr(ridge, name)(**VALID[name]), float)


@pytest.mark.parametrize("name", NUMERIC)
def test_arrays_in_arrays_of_the_broadcast_shape_out(name):
    function, columns = getattr(ridge, name), dict(VALID[name])
    first, last = next(iter(columns)), "sigma2"
    columns[first] = columns[first] * np.array([[0.5], [1.0], [2.0]])
    columns[last] = np.array([0.0, 0.1, 1.0, 10.0])
    got = function(**columns)
    assert isinstance(got, np.ndarray)
    assert got.shape == (3, 4)
    spread = np.broadcast_arrays(*columns.values())
    cells = [[column[place] for column in spread] for place in np.ndindex(3, 4)]
    alone = [function(**dict(zip(columns, cell, strict=True))) for cell in cells]
    np.testing.assert_allclose(got.ravel(), alone, rtol=RATIO, atol=0)


def test_arrays_and_scalars_agree_at_all_points():
    for name in ("student_error", "error_gap"):
        function = getattr(ridge, name)
        alone = [at(function, *point) for point in POINTS[::7]]
        np.testing.assert_allclose(
            at(function, *(column[::7] for column in COLUMNS)), alone, rtol=RATIO, atol=0
        )


@pytest.mark.parametrize(
    ("name", "argument", "value"),
    [(name, arg, value) for name in VALID for arg in VALID[name] for value in bad_values(arg)],
)
def test_bad_values_are_named(name, argument, value):
    with pytest.raises(ValueError) as error:
        getattr(ridge, name)(**{**VALID[name], argument: value})
    assert argument in str(error.value)
    assert str(value) in str(error.value)


@pytest.mark.parametrize(
    ("name", "argument"), [(name, arg) for name in NUMERIC for arg in VALID[name]]
)
def test_the_first_bad_value_of_an_array_is_named(name, argument):
    good, bad = VALID[name][argument], bad_values(argument)[0]
    with pytest.raises(ValueError) as error:
        getattr(ridge, name)(**{**VALID[name], argument: np.array([good, bad, -77.0])})
    assert argument in str(error.value)
    assert str(bad) in str(error.value)
    assert "-77" not in str(error.value)


@pytest.mark.parametrize("value", ["abc", None, 1 + 2j])
@pytest.mark.parametrize(("name", "argument"), [(n, arg) for n in VALID for arg in VALID[n]])
def test_what_is_not_a_real_number_is_a_type_error(name, argument, value):
    with pytest.raises(TypeError) as error:
        getattr(ridge, name)(**{**VALID[name], argument: value})
    assert argument in str(error.value)
    assert str(value).strip("()") in str(error.value)


def test_shapes_that_do_not_broadcast_are_named():
    with pytest.raises(ValueError) as error:
        ridge.student_error(
            lam_t=1.0, lam_s=np.ones(3), gamma_t=1.0, gamma_s=np.ones(2), sigma2=1.0
        )
    for part in ("lam_s", "gamma_s", "(3,)", "(2,)"):
        assert part in str(error.value)
