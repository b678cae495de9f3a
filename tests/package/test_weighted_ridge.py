"""Setting 2, weighted ridge: Theorem 8's errors, and the window it opens."""

import itertools
import math
from functools import partial

import numpy as np
import pytest

from tests import oracle
from tests.package.order import at
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
    got = at(getattr(ridge, name), *COLUMNS)
    assert not oracle.misses(got, [getattr(oracle, name)(*point) for point in POINTS], POINTS)


@pytest.mark.parametrize("off", oracle.OFFSETS)
def test_weighted_gap_has_twelve_digits_and_the_right_sign_next_to_its_zeros(off):
    points = side_points(oracle.weighted_critical_points(off))
    want = [oracle.error_gap(*point) for point in points]
    assert {bool(value < 0) for value in want} == {True, False}
    assert not oracle.misses(at(ridge.error_gap, *np.array(points).T), want, points)


def test_weighted_window_edges_have_twelve_digits():
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


def test_weighted_window_is_where_the_gap_is_negative():
    for lam_t, gamma_s, gamma_t, sigma2, zeta in WINDOW_POINTS[::5]:
        window = ridge.winning_window(
            lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=zeta
        )
        gap = ridge.error_gap(
            lam_t=lam_t, lam_s=SCAN, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=zeta
        )
        if not window:
            assert np.all(gap >= 0)
            continue
        low, high, off = window.low, window.high, 1e-9
        assert np.all(gap[(low * (1 + off) < SCAN) & (high * (1 - off) > SCAN)] < 0)
        assert np.all(gap[(low * (1 - off) > SCAN) | (high * (1 + off) < SCAN)] > 0)


def test_no_alignment_is_ordinary_ridge():
    for name in ("student_error", "error_gap"):
        function = partial(at, getattr(ridge, name))
        np.testing.assert_array_equal(function(*COLUMNS[:-1], 0.0), function(*COLUMNS[:-1]))
    for point in WINDOW_POINTS[::7]:
        assert at(ridge.winning_window, *point[:-1], 0.0) == at(ridge.winning_window, *point[:-1])


def test_alignment_never_hurts():
    """Δ_Γ >= 0: the gap falls in ζ, and the windows are nested."""
    zetas = np.linspace(0, 1, 11)
    gap = at(ridge.error_gap, *(column[:, None] for column in COLUMNS[:-1]), zetas)
    assert np.all(np.diff(gap) <= 4 * np.finfo(float).eps * np.abs(gap[:, 1:]))
    for point in WINDOW_POINTS[::7]:
        windows = [at(ridge.winning_window, *point[:-1], zeta) for zeta in zetas]
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
    plain = ridge.error_gap(lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=1.0)
    for zeta in (0.3, 0.8, 1.0):
        gap = ridge.error_gap(
            lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=1.0, zeta=zeta
        )
        np.testing.assert_allclose(plain - gap, zeta**2 * delta_gamma, rtol=1e-9, atol=1e-12)


def test_alignment_acts_like_a_smaller_c():
    """The window with ζ is Theorem 5's with c replaced by (c - ζ²(1-b))/(1-ζ²)."""
    compared = 0
    lists = ((0.5, 1.0, 2.0, 50.0), ((0.25, 1.0), (3.0, 0.5)), (-0.2, 0.0, 0.5), (0.2, 0.6, 0.8))
    for gamma_s, (gamma_t, sigma2), c, zeta in itertools.product(*lists):
        lam_t = gamma_t * sigma2 if c == 0 else oracle.penalty_with(c, gamma_t, sigma2)
        b = mp_law.degrees_of_freedom(lam_t, gamma_t)
        other = (c - zeta**2 * (1 - b)) / (1 - zeta**2)
        ordinary = ridge.winning_window(
            lam_t=oracle.penalty_with(other, 1.0, 1.0), gamma_t=1.0, gamma_s=gamma_s, sigma2=1.0
        )
        weighted = ridge.winning_window(
            lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=zeta
        )
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
        assert not ridge.winning_window(lam_t=best, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
        window = ridge.winning_window(
            lam_t=best, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=zeta
        )
        assert window
        assert window.low == 0


@pytest.mark.parametrize("gamma_s", [0.5, 1.0, 2.0, 100.0])
def test_strong_alignment_wins_at_the_heaviest_penalty(gamma_s):
    """Against the best teacher, every λ_s wins when ζ² > 1/(2-b), and a large one loses below."""
    best = ridge.optimal_teacher_penalty(0.25, 1.0)
    edge = math.sqrt(1 / (2 - mp_law.degrees_of_freedom(best, 0.25)))
    for zeta, wins in ((edge * (1 + 1e-9), True), (edge * (1 - 1e-9), False)):
        window = ridge.winning_window(
            lam_t=best, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0, zeta=zeta
        )
        gap = ridge.error_gap(
            lam_t=best, lam_s=math.inf, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0, zeta=zeta
        )
        assert bool(gap < 0) is wins
        assert (window.high == math.inf) is wins


@pytest.mark.parametrize("gamma_s", oracle.GAMMAS)
def test_perfect_alignment_always_wins(gamma_s):
    """ζ = 1: every λ_s > 0, whatever the teacher, if only it learned something imperfectly."""
    for gamma_t, sigma2, lam_t in ((0.25, 1.0, 0.25), (3.0, 0.0, 0.7), (1.0, 4.0, 1e6)):
        window = ridge.winning_window(
            lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=1.0
        )
        assert window
        assert (window.low, window.high) == (0, math.inf)
        assert np.all(
            ridge.error_gap(
                lam_t=lam_t, lam_s=SCAN, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=1.0
            )
            < 0
        )


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
        got = at(getattr(ridge, name), *np.array(points).T)
        assert not oracle.misses(got, [getattr(oracle, name)(*point) for point in points], points)


@pytest.mark.parametrize("name", ["student_error", "error_gap", "winning_window"])
@pytest.mark.parametrize("zeta", [-0.25, 1.5, -1e-300, 1.0000000000000002, math.nan, math.inf])
def test_alignment_outside_the_unit_interval_is_refused(name, zeta):
    arguments = (0.5,) * (4 if name == "winning_window" else 5)
    with pytest.raises(ValueError) as error:
        at(getattr(ridge, name), *arguments, zeta=zeta)
    assert "zeta" in str(error.value)
    assert str(zeta) in str(error.value)


@pytest.mark.parametrize("name", ["student_error", "error_gap", "winning_window"])
@pytest.mark.parametrize("zeta", ["abc", None, 1 + 2j])
def test_alignment_that_is_no_real_number_is_a_type_error(name, zeta):
    arguments = (0.5,) * (4 if name == "winning_window" else 5)
    with pytest.raises(TypeError) as error:
        at(getattr(ridge, name), *arguments, zeta=zeta)
    assert "zeta" in str(error.value)
    assert str(zeta).strip("()") in str(error.value)


def test_alignment_broadcasts():
    zetas = np.array([0.0, 0.5, 1.0])
    got = ridge.student_error(
        lam_t=np.array([[0.1], [0.2]]), lam_s=0.3, gamma_t=0.5, gamma_s=2.0, sigma2=1.0, zeta=zetas
    )
    assert got.shape == (2, 3)
    alone = [
        ridge.student_error(lam_t=lam, lam_s=0.3, gamma_t=0.5, gamma_s=2.0, sigma2=1.0, zeta=z)
        for lam in (0.1, 0.2)
        for z in zetas
    ]
    np.testing.assert_allclose(got.ravel(), alone, rtol=RATIO, atol=0)


# -- the best penalty ----------------------------------------------------------------------------

BEST_POINTS = tuple(
    dict.fromkeys(
        (
            *(p for off in (1e-1, 1e-6, 1e-15) for p in oracle.weighted_critical_points(off)[::5]),
            *(
                (lam_t, gamma_s, gamma_t, sigma2, zeta)
                for (lam_t, gamma_s, gamma_t, sigma2), zeta in zip(
                    oracle.random_points(20, [(-9, 3), (-3, 3), (-2, 2), (-3, 3)], seed=22),
                    itertools.cycle((0.0, 1e-3, 0.68, 0.89, 0.98, oracle.BELOW_ONE)),
                )
            ),
            *((0.25, gamma_s, 0.25, 1.0, 0.89) for gamma_s in oracle.GAMMAS),
            *((0.0, gamma_s, 0.5, 1.0, zeta) for gamma_s in (0.5, 1.0, 2.0) for zeta in (0, 0.5)),
        )
    )
)


@pytest.mark.slow
def test_best_penalty_has_twelve_digits():
    got = at(ridge.optimal_student_penalty, *np.array(BEST_POINTS).T)
    want = [oracle.optimal_student_penalty(*point) for point in BEST_POINTS]
    assert not oracle.misses(got, want, BEST_POINTS)
    assert min(want) == 0
    assert sum(value > 0 for value in want) > 30


def test_no_penalty_is_better_than_the_best():
    for point in BEST_POINTS[::2]:
        best = at(ridge.optimal_student_penalty, *point)
        lam_t, *rest = point
        least = at(ridge.student_error, best, lam_t, *rest)
        errors = at(ridge.student_error, SCAN, lam_t, *rest)
        assert np.all(errors >= least * (1 - RATIO))
        window = at(ridge.winning_window, *point)
        assert not window or best == 0 == window.low or window.low < best < window.high


def test_best_penalty_at_the_ends():
    """0 where only the ridgeless student will do, inf where only the spike's direction is safe."""
    best = partial(at, ridge.optimal_student_penalty)
    assert best(0.25, 0.5, 0.25, 1.0) == 0  # c = 0
    assert best(0.0, 1.0, 0.25, 1.0) == 0  # γ_s = 1 and c = -1/3 exactly
    assert best(0.0, 1.0, 0.25, float(np.nextafter(1.0, 2))) > 0
    assert best(math.inf, 0.5, 0.25, 1.0, 0.9) == 0
    assert best(0.0, 0.5, 1.0, 1.0) == math.inf  # a teacher at its peak
    assert best(0.0, 0.5, 1.0, 0.0, 0.9) == 0  # a perfect teacher
    np.testing.assert_array_equal(best(0.25, [0.5, 1.0, 2.0], 0.25, 1.0, 1.0), math.inf)
    near = [best(0.25, gamma_s, 0.25, 1.0, oracle.BELOW_ONE) for gamma_s in (0.5, 1.0, 2.0)]
    assert np.all((np.array(near) > 1e15) & np.isfinite(near))


def test_best_penalty_is_the_same_for_a_ratio_and_its_inverse_in_units_of_its_root():
    """λ_s*/√γ_s does not change under γ_s → 1/γ_s."""
    for gamma_s in (1.0, 1.5, 4.0, 1024.0):
        pair = ridge.optimal_student_penalty(
            lam_t=0.05, gamma_t=0.25, gamma_s=[gamma_s, 1 / gamma_s], sigma2=4.0, zeta=[[0], [0.7]]
        )
        np.testing.assert_allclose(pair[:, 0], pair[:, 1] * gamma_s, rtol=1e-12)


def test_a_generic_minimiser_would_not_pass():
    """Negative control: the least of 4001 errors in doubles misses the twelfth digit."""
    point = (0.25, 0.25, 0.25, 1.0, 0.89)
    want = oracle.optimal_student_penalty(*point)
    grid = np.geomspace(0.5, 1.0, 4001)
    coarse = grid[np.argmin(at(ridge.student_error, grid, *point))]
    assert not oracle.miss(at(ridge.optimal_student_penalty, *point), want)
    assert oracle.miss(coarse, want)
    assert not oracle.miss(coarse, want, rtol=1e-3)


def test_best_penalty_scalars_arrays_and_shapes():
    assert isinstance(
        ridge.optimal_student_penalty(lam_t=0.25, gamma_t=0.25, gamma_s=0.25, sigma2=1.0, zeta=0.5),
        float,
    )
    zetas = np.array([0.0, 0.5, 1.0])
    got = ridge.optimal_student_penalty(
        lam_t=np.array([[0.1], [0.2]]), gamma_t=0.5, gamma_s=2.0, sigma2=1.0, zeta=zetas
    )
    assert got.shape == (2, 3)
    alone = [
        ridge.optimal_student_penalty(lam_t=lam, gamma_t=0.5, gamma_s=2.0, sigma2=1.0, zeta=z)
        for lam in (0.1, 0.2)
        for z in zetas
    ]
    np.testing.assert_array_equal(got.ravel(), alone)
    assert ridge.optimal_student_penalty(
        lam_t=np.empty(0), gamma_t=0.5, gamma_s=2.0, sigma2=1.0
    ).shape == (0,)


# -- how good the features must be ---------------------------------------------------------------


def test_alignment_threshold_has_twelve_digits():
    points = [
        (gamma_s, gamma_t, sigma2)
        for gamma_s in (1.0, oracle.ABOVE_ONE, 1 + 1e-9, 1.01, 1.2, 2.0, 10.0, 1e3, 1e6)
        for gamma_t, sigma2 in ((0.25, 1.0), (1.0, 1e-3), (4.0, 2.0), (1e-3, 1e3), (1e3, 1e-6))
    ]
    got = at(ridge.alignment_threshold, *np.array(points).T)
    assert not oracle.misses(got, [oracle.alignment_threshold(*point) for point in points], points)


@pytest.mark.parametrize("gamma_s", oracle.GAMMAS)
def test_a_student_wins_exactly_above_the_alignment_threshold(gamma_s):
    for gamma_t, sigma2 in ((0.25, 1.0), (1.0, 4.0), (3.0, 0.1), (3.0, 0.0)):
        edge = ridge.alignment_threshold(gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
        best = ridge.optimal_teacher_penalty(gamma_t, sigma2)
        assert (edge == 0) == (gamma_s < 1)
        assert 0 <= edge < 1
        above = max(edge * (1 + 1e-9), 1e-6)
        assert ridge.winning_window(
            lam_t=best, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=above
        )
        assert not ridge.winning_window(
            lam_t=best, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2, zeta=edge * (1 - 1e-9)
        )


def test_a_perfect_teacher_is_not_beaten_at_any_alignment():
    for gamma_s, gamma_t in itertools.product((0.5, 1.0, 2.0), (0.25, 1.0)):
        assert ridge.alignment_threshold(gamma_t=gamma_t, gamma_s=gamma_s, sigma2=0.0) == 1
        assert not ridge.winning_window(
            lam_t=0.0, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=0.0, zeta=1.0
        )


def test_the_other_root_would_not_pass():
    """Negative control: with γ_s + √(γ_s²-γ_s) in place of γ_s - √(γ_s²-γ_s), no student wins."""
    b = mp_law.degrees_of_freedom(0.25, 0.25)
    for gamma_s in (1.2, 2.0, 10.0):
        other = 1 / math.sqrt(b + 4 * (1 - b) * (gamma_s + math.sqrt(gamma_s**2 - gamma_s)))
        assert other < ridge.alignment_threshold(gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0)
        assert not ridge.winning_window(
            lam_t=0.25, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0, zeta=other * (1 + 1e-6)
        )


NEW = {
    "optimal_student_penalty": dict(lam_t=0.5, gamma_s=3.0, gamma_t=2.0, sigma2=1.0, zeta=0.5),
    "alignment_threshold": dict(gamma_s=3.0, gamma_t=2.0, sigma2=1.0),
}
REFUSED = {"lam_t": -1.5, "gamma_s": 0.0, "gamma_t": math.inf, "sigma2": math.nan, "zeta": 1.5}


@pytest.mark.parametrize(("name", "argument"), [(n, arg) for n in NEW for arg in NEW[n]])
def test_new_functions_name_what_they_refuse(name, argument):
    bad = REFUSED[argument]
    with pytest.raises(ValueError) as error:
        getattr(ridge, name)(**{**NEW[name], argument: np.array([NEW[name][argument], bad])})
    assert argument in str(error.value)
    assert str(bad) in str(error.value)
    with pytest.raises(TypeError) as error:
        getattr(ridge, name)(**{**NEW[name], argument: "abc"})
    assert argument in str(error.value)
