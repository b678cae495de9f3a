"""The best student: its error, and how much of a performance gap it recovers."""

import itertools
import math
from functools import partial

import numpy as np
import pytest
from mpmath import mpf, workdps

from tests import oracle
from tests.package.order import at
from w2s import marchenko_pastur as mp_law
from w2s import ridge

RATIO = 4 * np.finfo(float).eps  # the same formula in another loop: a few last places
ZETAS = (0.0, 0.0, 1e-3, 0.68, 0.89, 1.0)

#: (λ_t, γ_s, γ_t, σ², ζ)
POINTS = [
    *(
        (*point, zeta)
        for point, zeta in zip(
            oracle.random_points(48, [(-6, 2), (-2, 2), (-2, 2), (-2, 2)], seed=31),
            itertools.cycle(ZETAS),
            strict=False,
        )
    ),
    *((0.05, gamma_s, 0.25, 1.0, zeta) for gamma_s in (0.5, 1.0, 2.0) for zeta in (0.0, 0.8)),
    *((0.0, gamma_s, gamma_t, 2.0, 0.0) for gamma_s in (0.5, 1.0, 2.0) for gamma_t in (0.5, 3.0)),
    # next to the optimum, on both sides
    *((0.25 * (1 + off), 0.5, 0.25, 1.0, 0.0) for off in (-1e-3, -1e-9, -1e-14, 1e-9)),
    # next to the peak
    (1e-20, 0.3, 1.0, 1.0, 0.0),
    (0.0, 0.3, oracle.ABOVE_ONE, 1.0, 0.0),
]
UNDER = [p for p in POINTS if p[4] == 0 and p[0] < p[2] * p[3]]


def excess(lam_t, gamma_t, sigma2):
    return oracle.teacher_error(lam_t, gamma_t, sigma2) - mpf(sigma2)


def best_penalty(lam_t, gamma_s, gamma_t, sigma2, zeta):
    """Found by bisection of the printed gap; at ζ = 1 it is infinite."""
    if zeta == 1:
        return mpf("inf")
    return oracle.optimal_student_penalty(lam_t, gamma_s, gamma_t, sigma2, zeta)


def unlimited_gap(lam_t, gamma_t, sigma2, zeta):
    """min over λ_s of the printed gap with the transforms of γ_s = 0, m = 1/(1+λ), m₂ = m².

    It is a parabola in 1/(1+λ), read off from three of its values.
    """
    lam_t, gamma_t, sigma2, zeta = map(mpf, (lam_t, gamma_t, sigma2, zeta))
    mt1, mt2 = oracle.stieltjes(lam_t, gamma_t), oracle.stieltjes_derivative(lam_t, gamma_t)

    def gap(a):
        lam, ms1, ms2 = 1 / a - 1, a, a**2
        plain = (sigma2 * gamma_t - lam_t) * (mt1 - lam_t * mt2) * (lam**2 * ms2 - 2 * lam * ms1)
        plain += lam**2 * ms2 * (1 - lam_t * mt1)
        aligned = lam * (lam_t * mt1 - 1)
        aligned *= -2 * lam_t * ms1 * mt1 + lam * ms2 * (lam_t * mt1 - 1)
        return plain - zeta**2 * aligned

    half, one, two = gap(mpf(1) / 2), gap(mpf(1)), gap(mpf(2))
    # a parabola through (1/2, half), (1, one), (2, two)
    second = (two - one) - 2 * (one - half)
    square = second / mpf("1.5")
    linear = (two - one) - 3 * square
    best = min(mpf(1), -linear / (2 * square))
    return one + square * (best**2 - 1) + linear * (best - 1)


# -- the best error ------------------------------------------------------------------------------


def test_the_best_error_has_twelve_digits():
    got = at(ridge.best_student_error, *np.array(POINTS).T)
    want = [oracle.student_error(best_penalty(*p), p[0], *p[1:]) for p in POINTS]
    assert not oracle.misses(got, want, POINTS)


def test_with_unlabelled_data_without_end_too():
    points = [(p[0], 0.0, *p[2:]) for p in POINTS if p[0] > 0]
    got = at(ridge.best_student_error, *np.array(points).T)
    with workdps(100):
        want = [
            oracle.teacher_error(lam_t, gamma_t, sigma2)
            + unlimited_gap(lam_t, gamma_t, sigma2, zeta)
            for lam_t, _, gamma_t, sigma2, zeta in points
        ]
    assert not oracle.misses(got, want, points)


def test_no_penalty_does_better():
    scan = np.logspace(-8, 8, 161)
    for lam_t, gamma_s, *rest in POINTS:
        best = at(ridge.best_student_error, lam_t, gamma_s, *rest)
        assert np.all(at(ridge.student_error, scan, lam_t, gamma_s, *rest) >= best * (1 - RATIO))


def test_more_unlabelled_data_never_hurt_the_best_student():
    ratios = np.array([0.0, 1e-6, 1e-3, 0.1, 0.5, 0.999, 1.0, 1.001, 2.0, 10.0, 1e3])
    for lam_t, _, *rest in POINTS[::3]:
        errors = at(ridge.best_student_error, lam_t, ratios, *rest)
        assert np.all(np.diff(errors) >= -RATIO * errors[1:])
        assert errors[1] == pytest.approx(errors[0], rel=1e-4)


def test_a_ratio_and_its_inverse_are_mirror_images():
    """What the best student gains over the answer 0 is 1/γ_s times that of the ratio 1/γ_s."""
    lam_t, gamma_t, sigma2 = 0.05, 0.25, 4.0
    over = ridge.best_student_error(
        lam_t=lam_t, gamma_t=gamma_t, gamma_s=[1.5, 4.0, 1024.0], sigma2=sigma2
    )
    under = ridge.best_student_error(
        lam_t=lam_t, gamma_t=gamma_t, gamma_s=[1 / 1.5, 0.25, 1 / 1024.0], sigma2=sigma2
    )
    gained = (1 + sigma2 - over) * [1.5, 4.0, 1024.0]
    np.testing.assert_allclose(gained, 1 + sigma2 - under, rtol=1e-11)


def test_no_student_beats_what_its_teacher_and_the_answer_0_know_together():
    """1/E_s < 1/E_t + 1, and at λ_t → 0, γ_t < 1, γ_s = 0 the two sides meet."""
    for lam_t, gamma_s, gamma_t, sigma2, _ in UNDER:
        student = (
            ridge.best_student_error(
                lam_t=lam_t, gamma_t=gamma_t, gamma_s=[gamma_s, 0.0], sigma2=sigma2
            )
            - sigma2
        )
        assert np.all(1 / student <= (1 / excess(lam_t, gamma_t, sigma2) + 1) * (1 + 1e-9))
    student = ridge.best_student_error(
        lam_t=0.0, gamma_t=0.5, gamma_s=0, sigma2=[0.3, 1.0, 4.0]
    ) - [0.3, 1.0, 4.0]
    np.testing.assert_allclose(1 / student, [1 / 0.3 + 1, 2.0, 1.25], rtol=1e-14)


def test_a_tuned_teacher_is_never_beaten():
    for lam_t, gamma_s, gamma_t, sigma2, zeta in POINTS:
        floor = ridge.teacher_error(sigma2 * gamma_t, gamma_t, sigma2)
        if zeta == 0:
            errors = ridge.best_student_error(
                lam_t=lam_t, gamma_t=gamma_t, gamma_s=[0.0, gamma_s], sigma2=sigma2
            )
            assert np.all(errors >= floor * (1 - RATIO))


def test_best_error_of_the_limiting_teachers():
    for gamma_s in (0.0, 0.5, 1.0, 2.0):
        assert (
            ridge.best_student_error(
                lam_t=math.inf, gamma_t=0.5, gamma_s=gamma_s, sigma2=1.0, zeta=0.7
            )
            == 2
        )
        # at the peak with noise only the spike's direction is worth anything
        at_peak = ridge.best_student_error(
            lam_t=0.0, gamma_t=1.0, gamma_s=gamma_s, sigma2=1.0, zeta=0.6
        )
        assert at_peak == pytest.approx(1 + 1 - 0.36, rel=1e-14)
    perfect = ridge.best_student_error(lam_t=0.0, gamma_t=1.0, gamma_s=[0.0, 0.5, 1.0], sigma2=0.0)
    np.testing.assert_array_equal(perfect, 0.0)


# -- the performance gap recovered ---------------------------------------------------------------


def recovered(point, ceiling):
    lam_t, gamma_s, gamma_t, sigma2, _ = point
    gain = -oracle.error_gap(best_penalty(*point), *point)
    if ceiling == "tuned":

        def gap(lam_t, gamma_t, sigma2):
            tuned = oracle._teacher(sigma2 * gamma_t, gamma_t, sigma2)
            return oracle._teacher(lam_t, gamma_t, sigma2) - tuned

        to_recover = oracle.limit(gap, (lam_t,), (gamma_t, sigma2))
    elif ceiling == "noisy":
        tuned = mpf(sigma2) * mpf(gamma_s)
        to_recover = excess(lam_t, gamma_t, sigma2) - excess(tuned, gamma_s, sigma2)
    else:
        to_recover = excess(lam_t, gamma_t, sigma2) - max(mpf(0), 1 - 1 / mpf(gamma_s))
    return gain / to_recover if to_recover > 0 else mpf("nan")


@pytest.mark.parametrize("ceiling", ["tuned", "noisy", "clean"])
def test_the_recovered_share_has_twelve_digits(ceiling):
    with workdps(80):
        want = [recovered(point, ceiling) for point in POINTS]
    got = at(ridge.performance_gap_recovered, *np.array(POINTS).T, ceiling=ceiling)
    known = [k for k, value in enumerate(want) if value == value]
    assert len(known) > 20
    assert np.all(np.isnan(np.delete(got, known)))
    assert not oracle.misses(got[known], [want[k] for k in known], [POINTS[k] for k in known])


def test_the_reference_would_notice_a_wrong_ceiling():
    """Negative control: the three ceilings, and a penalty one per cent off, are told apart."""
    point = (0.05, 0.2, 0.25, 1.0, 0.0)
    tuned = recovered(point, "tuned")
    for ceiling in ("noisy", "clean"):
        assert oracle.miss(at(ridge.performance_gap_recovered, *point, ceiling=ceiling), tuned)
    best = at(ridge.optimal_student_penalty, *point)
    gap = ridge.teacher_error(0.05, 0.25, 1.0) - ridge.teacher_error(0.25, 0.25, 1.0)
    assert oracle.miss(-at(ridge.error_gap, 1.01 * best, *point) / gap, tuned)


def test_the_share_of_a_plain_student_lies_between_its_bounds():
    for lam_t, gamma_s, gamma_t, sigma2, _ in UNDER:
        if lam_t == 0 and gamma_t == 1:
            continue
        tuned = mp_law.degrees_of_freedom(sigma2 * gamma_t, gamma_t)
        shares = ridge.performance_gap_recovered(
            lam_t=lam_t, gamma_t=gamma_t, gamma_s=[gamma_s, 0.0], sigma2=sigma2
        )
        floor = np.maximum(1 - np.array([gamma_s, 0.0]), 0) * (1 - gamma_t * tuned**2)
        assert np.all(shares <= 1)
        assert np.all((shares >= floor * (1 - 1e-9)) | (np.array([gamma_s, 0]) >= 1))


def test_the_share_next_to_the_tuned_teacher():
    """(1−γ_s)(1−γ_t b*²) from below, 0 from above; at γ_s > 1 a fixed loss over nothing."""
    tuned = mp_law.degrees_of_freedom(0.25, 0.25)
    below, above = 0.25 * (1 - 1e-9), 0.25 * (1 + 1e-9)
    for gamma_s in (0.0, 0.3, 0.9):
        share = ridge.performance_gap_recovered(
            lam_t=below, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0
        )
        assert share == pytest.approx((1 - gamma_s) * (1 - 0.25 * tuned**2), rel=1e-7)
        assert (
            ridge.performance_gap_recovered(lam_t=above, gamma_t=0.25, gamma_s=gamma_s, sigma2=1.0)
            == 0
        )
    assert (
        ridge.performance_gap_recovered(lam_t=below, gamma_t=0.25, gamma_s=1.2, sigma2=1.0) < -1e9
    )


def test_as_many_inputs_as_the_teacher_make_the_ceilings_equal():
    args = (0.05, 0.25, 0.25, 1.0, [0.0, 0.9])
    np.testing.assert_allclose(
        at(ridge.performance_gap_recovered, *args, ceiling="noisy"),
        at(ridge.performance_gap_recovered, *args, ceiling="tuned"),
        rtol=1e-13,
    )


def test_the_share_at_the_ends():
    share = partial(at, ridge.performance_gap_recovered)
    for ceiling in ("tuned", "noisy", "clean"):
        assert share(0.0, 0.5, 1.0, 1.0, ceiling=ceiling) == 1  # a teacher at its peak
        assert share(math.inf, 0.5, 1.0, 1.0, ceiling=ceiling) == 0  # one that says nothing
    assert math.isnan(share(0.0, 0.5, 1.0, 0.0))  # a perfect one
    assert math.isnan(share(0.25, 0.5, 0.25, 1.0))  # a tuned one
    assert share(0.25, 0.5, 0.25, 1.0, ceiling="clean") == 0
    assert share(0.05, 0.5, 0.25, 1.0, 0.9) > 1  # features are worth more than tuning


# -- what goes in and what comes out -------------------------------------------------------------

NAMES = ["best_student_error", "performance_gap_recovered"]


@pytest.mark.parametrize("name", NAMES)
def test_scalars_arrays_and_shapes(name):
    function = partial(at, getattr(ridge, name))
    assert isinstance(function(0.1, 0.5, 0.25, 1.0), float)
    got = function(np.array([[0.1], [0.2]]), [0.0, 0.5, 2.0], 0.25, 1.0)
    assert got.shape == (2, 3)
    alone = [function(lam, g, 0.25, 1.0) for lam in (0.1, 0.2) for g in (0.0, 0.5, 2.0)]
    np.testing.assert_array_equal(got.ravel(), alone)
    assert function(np.empty(0), 0.5, 0.25, 1.0).shape == (0,)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("argument", "bad"),
    [("lam_t", -1.0), ("gamma_s", -0.5), ("gamma_t", 0.0), ("sigma2", math.inf), ("zeta", 1.5)],
)
def test_bad_values_are_named(name, argument, bad):
    good = {"lam_t": 0.1, "gamma_s": 0.5, "gamma_t": 0.25, "sigma2": 1.0, "zeta": 0.0}
    with pytest.raises(ValueError, match=f"^{argument} must be .*, got {bad}"):
        getattr(ridge, name)(**{**good, argument: bad})
    with pytest.raises(TypeError, match=f"^{argument} must be a real number"):
        getattr(ridge, name)(**{**good, argument: "1"})


def test_an_unknown_ceiling_is_named():
    with pytest.raises(ValueError, match=r"ceiling must be one of tuned, noisy, clean, got 'sky'"):
        ridge.performance_gap_recovered(
            lam_t=0.1, gamma_t=0.25, gamma_s=0.5, sigma2=1.0, ceiling="sky"
        )
