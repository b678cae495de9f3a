"""Chains of students: against the recursion in the paper's words, dense chains, and brute force."""

import itertools
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from mpmath import mpf, workdps
from scipy import stats
from scipy.optimize import minimize
from w2s.chains import best_length, best_penalties, chain_limit
from w2s.marchenko_pastur import degrees_of_freedom

from tests import oracle
from tests.package.order import at
from w2s import chains, ridge, simulate
from w2s.experiments import samplers

RATIOS = (Fraction(1, 3), Fraction(1), Fraction(5, 2))
PENALTIES = (Fraction(1, 1000), Fraction(2, 7), Fraction(11, 2))


def exact(penalties, gammas, sigma2, noise=None):
    """(o, N, L) of each generation to 50 digits, from m and m₂ alone."""
    noise = [sigma2] + [0] * (len(penalties) - 1) if noise is None else noise
    with workdps(60):
        o, N, found = mpf(1), mpf(1), []
        for lam, gamma, extra in zip(penalties, gammas, noise, strict=True):
            lam, gamma, extra = (mpf(x.numerator) / x.denominator for x in (lam, gamma, extra))
            m1, m2 = oracle.stieltjes(lam, gamma), oracle.stieltjes_derivative(lam, gamma)
            o *= 1 - lam * m1
            N = (1 - 2 * lam * m1 + lam**2 * m2) * N + extra * gamma * (m1 - lam * m2)
            found.append((o, N, mpf(sigma2.numerator) / sigma2.denominator + 1 - 2 * o + N))
        return found


def close(numbers, truth, rtol=1e-12):
    return all(abs(float(x / y - 1)) < rtol for x, y in zip(numbers, truth, strict=True))


# -- the limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("gammas", list(itertools.product(RATIOS, repeat=3)))
@pytest.mark.parametrize("noisy", [False, True])
def test_the_limits_are_those_of_the_recursion_in_the_papers_words(gammas, noisy):
    sigma2 = Fraction(3, 2)
    noise = [sigma2, Fraction(1, 5), Fraction(2)] if noisy else None
    for penalties in itertools.permutations(PENALTIES):
        truth = exact(penalties, gammas, sigma2, noise)
        given = [float(x) for x in noise] if noisy else None
        limit = chain_limit(
            penalties=[float(x) for x in penalties],
            gammas=[float(x) for x in gammas],
            sigma2=1.5,
            label_noise=given,
        )
        for numbers, column in zip(
            (limit.overlap, limit.energy, limit.error), zip(*truth, strict=True), strict=True
        ):
            assert close(numbers, column)
        assert close(limit.alignment, [o**2 / N for o, N, _ in truth])
        assert np.allclose(limit.imbalance, [float(1 - N / o) for o, N, _ in truth], atol=1e-12)


def test_a_teacher_and_one_student_are_those_of_the_paper():
    lam_t, lam_s = np.geomspace(1e-6, 1e3, 9), np.geomspace(1e-6, 1e3, 7)[:, None]
    for gamma_t, gamma_s in itertools.product((0.25, 1.0, 3.0), repeat=2):
        error = chain_limit(penalties=[lam_t, lam_s], gammas=[gamma_t, gamma_s], sigma2=0.7).error
        assert error.shape == (2, 7, 9)
        teacher = ridge.teacher_error(lam_t, gamma_t, 0.7)
        student = ridge.student_error(
            lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=0.7
        )
        assert np.allclose(error[0], teacher, rtol=1e-13)
        assert np.allclose(error[1], student, rtol=1e-13)


def test_without_a_penalty_students_copy_or_project():
    start = chain_limit(penalties=[0.1], gammas=[0.5], sigma2=1.0).error[0]
    copies = chain_limit(penalties=[0.1, 0, 0, 0], gammas=[0.5, 0.25, 0.9, 1.0], sigma2=1.0).error
    assert np.allclose(copies, start, rtol=1e-14)
    projected = chain_limit(penalties=[0.1, 0, 0], gammas=[0.5, 2.0, 4.0], sigma2=1.0).error
    assert np.allclose(2 - projected, (2 - start) / np.array([1, 2, 8]), rtol=1e-13)


def test_the_ends_of_the_penalties():
    assert (
        chain_limit(penalties=[0.0, 0.1], gammas=[1.0, 0.5], sigma2=1.0).error[0] == np.inf
    )  # the peak
    assert chain_limit(penalties=[0.0, np.inf], gammas=[1.0, 0.5], sigma2=1.0).error[1] == 2.0
    assert np.allclose(
        chain_limit(penalties=[np.inf, 0.1], gammas=[0.5, 0.5], sigma2=1.0).error, 2.0, rtol=1e-15
    )
    assert chain_limit(penalties=[0.0], gammas=[1.0], sigma2=0.0).error[0] == 0.0
    grown = chain_limit(
        penalties=[0.0] * 9, gammas=[0.25] * 9, sigma2=0.3, label_noise=[0.3] * 9
    ).error
    assert np.allclose(grown, 0.3 + 0.1 * np.arange(1, 10), rtol=1e-14)


def test_direction_is_lost_and_length_too():
    rng = np.random.default_rng(0)
    for _ in range(50):
        penalties, gammas = np.exp(rng.normal(scale=2, size=(2, 6)))
        limit = chain_limit(penalties=penalties, gammas=gammas, sigma2=1.0)
        assert np.all(np.diff(limit.alignment) < 0)
        root = np.sqrt((1 + gammas + penalties) ** 2 - 4 * gammas)
        too_long = 1 - limit.imbalance
        assert np.allclose(too_long[1:] / too_long[:-1], (1 - penalties / root)[1:])
        sum_of_both = 2 - limit.alignment * (1 - limit.imbalance**2)
        assert np.allclose(limit.error, sum_of_both, rtol=1e-12)


def test_the_experiment_agrees_and_would_notice():
    """Students with noisy labels, too; without that noise, or with a² for q, it is refused."""
    sizes, penalties, noise = [4000, 1000, 3000], [0.1, 0.2, 0.05], [1.0, 0.5, 0.2]
    gammas = [2000 / n for n in sizes]
    run = simulate.chain(
        d=2000, samples=sizes, penalties=penalties, sigma2=1.0, trials=200, rng=2, label_noise=noise
    )
    limit = chain_limit(penalties=penalties, gammas=gammas, sigma2=1.0, label_noise=noise).error
    assert abs(run.deviation(limit, finite_size=limit / 2000)).max() < 3.5
    quiet = chain_limit(penalties=penalties, gammas=gammas, sigma2=1.0).error
    assert abs(run.deviation(quiet, finite_size=limit / 2000)).max() > 20
    a = degrees_of_freedom(penalties, gammas)
    noisy = chain_limit(penalties=penalties, gammas=gammas, sigma2=1.0, label_noise=noise)
    squared = 2 - 2 * noisy.overlap + np.cumprod([noisy.energy[0], *a[1:] ** 2])  # q for a²
    assert abs(run.deviation(squared, finite_size=limit / 2000)).max() > 20


# -- how many, and which penalties -----------------------------------------------------------------


def test_the_best_length_is_where_the_errors_are_smallest():
    rng, compared = np.random.default_rng(1), 0
    for _ in range(200):
        gamma_s, gamma_t, sigma2 = np.exp(rng.normal(size=3))
        lam_t, lam_s = gamma_t * sigma2 * rng.uniform(0, 1.2), np.exp(rng.normal() * 1.5 - 1)
        best = best_length(
            lam_t=lam_t, lam_s=lam_s, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2
        )
        if best > 15:  # farther on the errors are flat to the last digit
            continue
        errors = chain_limit(
            penalties=[lam_t] + [lam_s] * 17, gammas=[gamma_t] + [gamma_s] * 17, sigma2=sigma2
        ).error
        assert np.argmin(errors) == best
        compared += 1
    assert compared > 150


def test_the_best_length_at_the_ends():
    assert (
        best_length(lam_t=0.25, lam_s=0.1, gamma_t=0.25, gamma_s=0.5, sigma2=1.0) == 0
    )  # an optimal teacher
    assert best_length(lam_t=0.0, lam_s=0.0, gamma_t=0.25, gamma_s=0.5, sigma2=1.0) == 0  # copies
    assert best_length(lam_t=0.0, lam_s=0.0, gamma_t=0.25, gamma_s=1.0, sigma2=1.0) == 0
    assert (
        best_length(lam_t=0.01, lam_s=0.0, gamma_t=0.5, gamma_s=2.0, sigma2=4.0) == np.inf
    )  # worse than predicting 0
    assert best_length(lam_t=1.0, lam_s=0.0, gamma_t=0.5, gamma_s=2.0, sigma2=4.0) == 0
    assert best_length(lam_t=0.01, lam_s=np.inf, gamma_t=0.5, gamma_s=0.5, sigma2=4.0) == 1
    assert best_length(lam_t=1.0, lam_s=np.inf, gamma_t=0.5, gamma_s=0.5, sigma2=4.0) == 0
    assert best_length(lam_t=np.inf, lam_s=0.1, gamma_t=0.5, gamma_s=0.5, sigma2=4.0) == 0
    grid = best_length(
        lam_t=[0.0, 0.1],
        lam_s=np.geomspace(0.01, 1, 5)[:, None],
        gamma_t=0.25,
        gamma_s=0.25,
        sigma2=1.0,
    )
    assert grid.shape == (5, 2)
    assert np.all(np.diff(grid, axis=0) <= 0)


@pytest.mark.parametrize("seed", range(12))
def test_no_search_finds_better_penalties(seed):
    rng = np.random.default_rng(seed)
    gamma_s, gamma_t, sigma2 = np.exp(rng.normal(size=3))
    lam_t, count = gamma_t * sigma2 * rng.uniform(), 2 + seed % 3
    gammas = [gamma_t] + [gamma_s] * count

    def last(logs):
        return chain_limit(penalties=[lam_t, *np.exp(logs)], gammas=gammas, sigma2=sigma2).error[-1]

    found = best_penalties(count, lam_t=lam_t, gamma_t=gamma_t, gamma_s=gamma_s, sigma2=sigma2)
    value = chain_limit(penalties=[lam_t, *found], gammas=gammas, sigma2=sigma2).error[-1]
    options = dict(maxiter=3000, xatol=1e-9, fatol=1e-14)
    starts = rng.normal(size=(3, count)) * 2 - 1
    rival = min(minimize(last, x, method="Nelder-Mead", options=options).fun for x in starts)
    assert value <= rival + 1e-11
    assert rival <= value + 1e-3  # the search comes close, so it could have found more


def test_of_two_stationary_chains_the_better_one_is_taken():
    """Eight students of bad teachers, where both kinds exist; all (strong, gentle) on a grid."""
    dofs, gamma = 1 - np.geomspace(1e-3, 0.999, 700), 0.8
    q = dofs**2 * (1 + gamma * (1 - dofs) ** 2 / (1 - gamma * dofs**2))
    for lam_t in (0.15, 0.2, 0.25, 0.3, 0.35, 0.4):
        found = best_penalties(8, lam_t=lam_t, gamma_t=0.8, gamma_s=gamma, sigma2=4.0)
        limit = chain_limit(penalties=[lam_t, *found], gammas=[0.8] + [gamma] * 8, sigma2=4.0)
        overlap = limit.overlap[0] * dofs[:, None] * dofs**7
        energy = limit.energy[0] * q[:, None] * q**7
        assert limit.error[-1] <= np.min(5 - 2 * overlap + energy)


def test_mild_teachers_get_equal_students_and_terrible_ones_a_strong_one():
    mild, terrible = (
        best_penalties(3, lam_t=lam_t, gamma_t=0.8, gamma_s=0.5, sigma2=4.0)
        for lam_t in (1.0, 0.02)
    )
    assert np.allclose(mild, mild[0])
    assert terrible[0] > 100 * terrible[1]
    assert np.isclose(*terrible[1:])


def test_best_penalties_at_the_ends():
    assert np.all(
        best_penalties(3, lam_t=0.25, gamma_t=0.25, gamma_s=0.5, sigma2=1.0) == 0
    )  # optimal teacher
    alone = ridge.optimal_student_penalty(lam_t=0.05, gamma_t=0.25, gamma_s=0.5, sigma2=1.0)
    assert np.allclose(best_penalties(1, lam_t=0.05, gamma_t=0.25, gamma_s=0.5, sigma2=1.0), alone)
    assert best_penalties(3, lam_t=0.02, gamma_t=0.5, gamma_s=1.0, sigma2=1.0).tolist()[1:] == [
        0.0,
        0.0,
    ]
    mild = best_penalties(3, lam_t=0.25 * (1 - 1e-12), gamma_t=0.25, gamma_s=0.5, sigma2=1.0)
    assert np.all((mild >= 0) & (mild < 1e-11))
    terrible = best_penalties(2, lam_t=0.0, gamma_t=0.999, gamma_s=0.5, sigma2=1e6)
    assert terrible[0] > 1e6 > 1e-6 > terrible[1]
    # a chain of students with γ_s > 1 is one with 1/γ_s after a projection
    above, below = (
        best_penalties(2, lam_t=0.02, gamma_t=0.5, gamma_s=g, sigma2=1.0) for g in (2.5, 0.4)
    )
    assert np.allclose(above, 2.5 * below, rtol=1e-8)


# -- the theorems of the chapter, at random --------------------------------------------------------


def energy_of(dofs, gammas):
    price = 1 + gammas * (1 - dofs) ** 2 / (1 - gammas * dofs**2)
    return np.prod(dofs**2 * price, axis=0)


def random_links(rng, count, size=20_000):
    gammas = np.exp(rng.normal(scale=1.5, size=(count, size)))
    return np.minimum(1, 1 / gammas) * rng.uniform(size=(count, size)) ** 0.3, gammas


@pytest.mark.parametrize("count", [2, 3, 5])
def test_one_student_replaces_a_chain_at_the_cost_of_d_samples_a_generation(count):
    dofs, gammas = random_links(np.random.default_rng(count), count)
    samples = 1 / gammas
    enough = samples[0] + np.maximum(samples[1:] - 1, 0).sum(axis=0)
    single = energy_of(np.prod(dofs, axis=0)[None], 1 / enough[None])
    assert np.all(single < energy_of(dofs, gammas))


def test_with_fewer_samples_than_that_the_chain_can_win():
    """The theorem is sharp: three per cent less, and gentle students are better."""
    dofs, gammas = np.full((8, 1), 0.9999), np.full((8, 1), 0.25)
    enough = 4 + 7 * 3
    single = [
        energy_of(np.prod(dofs, axis=0)[None], 1 / np.array([[n]])) for n in (enough, 0.97 * enough)
    ]
    assert single[0] < energy_of(dofs, gammas) < single[1]


@pytest.mark.parametrize("generation", range(4))
def test_a_generation_tuned_for_itself_is_too_short_for_the_next(generation):
    gammas, noise = [0.5, 0.4, 0.3, 0.6, 0.5], [1.0, 0.2, 0.0, 0.3, 0.1]
    penalties = [0.02, 0.1, 0.1, 0.1, 0.2]

    def error(lam, which):
        lams = [*penalties[:generation], lam, *penalties[generation + 1 :]]
        return chain_limit(penalties=lams, gammas=gammas, sigma2=1.0, label_noise=noise).error[
            which
        ]

    grid = np.geomspace(1e-3, 10, 20_001)
    own = grid[np.argmin(error(grid, generation))]
    assert 1e-3 < own < 10
    assert error(0.99 * own, -1) < error(own, -1) < error(1.01 * own, -1)


@pytest.mark.parametrize("gamma", [0.2, 0.5, 0.9])
def test_noise_in_every_generation(gamma):
    sigma2, last, N, lams = 0.4, 10, 1.0, []  # later N underflows
    for _ in range(last + 1):
        lams.append(sigma2 * gamma / N)
        limit = chain_limit(
            penalties=lams,
            gammas=[gamma] * len(lams),
            sigma2=sigma2,
            label_noise=[sigma2] * len(lams),
        )
        assert np.isclose(limit.energy[-1], limit.overlap[-1], rtol=1e-9)
        assert limit.energy[-1] < N**2 / (sigma2 * gamma) * (1 + 1e-9)
        N = limit.energy[-1]
    every = [gamma] * (last + 1), sigma2, [sigma2] * (last + 1)
    tau = sigma2 * gamma / (1 - gamma)
    final = np.geomspace(1e-3, 1e3, 4001)
    once = at(chain_limit, [0.0] * last + [final], *every).error[-1].min()
    loud = 1 + last * tau
    assert once <= 1 + sigma2 - 1 / ((1 + gamma) * loud + gamma * sigma2)
    rng = np.random.default_rng(0)
    for _ in range(100):
        error = at(chain_limit, np.exp(rng.normal(scale=3, size=last + 1)), *every).error
        reach = 1 / (1 + np.arange(1, last + 2) * gamma * sigma2)
        assert np.all(error >= 1 + sigma2 - reach)


# -- the samplers with noise in every generation ---------------------------------------------------


def test_a_noisy_chain_has_the_law_of_the_dense_chain():
    d, samples, penalties, noise = 6, [9, 4, 6], [0.1, 0.05, 0.3], [1.0, 0.5, 2.0]
    rng = np.random.default_rng(8)
    dense, drawn = (
        np.array([trial(d, samples, penalties, 1.0, rng, noise) for _ in range(3000)])
        for trial in (simulate.dense_chain_trial, samplers.chain_trial)
    )
    p_values = [stats.ks_2samp(dense[:, k], drawn[:, k]).pvalue for k in range(3)]
    assert min(p_values) > 0.001 / 3
    quiet = np.array([samplers.chain_trial(d, samples, penalties, 1.0, rng) for _ in range(3000)])
    assert stats.ks_2samp(dense[:, 2], quiet[:, 2]).pvalue < 1e-6


def test_the_default_noise_is_the_teachers():
    given = dict(sigma2=0.7, trials=3, rng=5)
    plain = simulate.chain(d=20, samples=[40, 30], penalties=[0.1, 0.2], **given)
    named = simulate.chain(
        d=20, samples=[40, 30], penalties=[0.1, 0.2], label_noise=[0.7, 0.0], **given
    )
    assert np.array_equal(plain.mean, named.mean)


# -- what comes in ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], 1.0), "at least the teacher"),
        (([0.1], [0.5, 0.5], 1.0), "gammas and penalties must have the same length, got 2 and 1"),
        (([0.1], [0.5], 1.0, [1.0, 0.0]), "label_noise and penalties must have the same length"),
        (([0.1, -1.0], [0.5, 0.5], 1.0), r"penalties\[1\] must be a number >= 0"),
        (([0.1, 0.1], [0.5, 0.0], 1.0), r"gammas\[1\] must be a finite number > 0"),
        (([0.1], [0.5], -1.0), "sigma2"),
        (([0.1], [0.5], 1.0, [-1.0]), r"label_noise\[0\]"),
        (([np.ones(2), np.ones(3)], [0.5, 0.5], 1.0), "must broadcast"),
    ],
)
def test_errors_say_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        at(chain_limit, *arguments)


def test_the_rest_is_checked_too():
    with pytest.raises(ValueError, match=r"students must be a whole number >= 1 .*, got 0"):
        best_penalties(0, lam_t=0.1, gamma_t=0.5, gamma_s=0.5, sigma2=1.0)
    with pytest.raises(ValueError, match="gamma_s"):
        best_penalties(2, lam_t=0.1, gamma_t=0.5, gamma_s=-0.5, sigma2=1.0)
    with pytest.raises(TypeError, match="lam_s"):
        best_length(lam_t=0.1, lam_s="weak", gamma_t=0.5, gamma_s=0.5, sigma2=1.0)
    with pytest.raises(
        ValueError, match="label_noise and samples must have the same length, got 1 and 2"
    ):
        simulate.chain(d=5, samples=[5, 5], penalties=[0.1, 0.1], sigma2=1.0, label_noise=[1.0])
    with pytest.raises(ValueError, match="label_noise"):
        simulate.chain(
            d=5, samples=[5, 5], penalties=[0.1, 0.1], sigma2=1.0, label_noise=[1.0, -1.0]
        )


def test_the_search_knows_where_log_price_bends():
    for gamma in (0.05, 0.5, 0.95):
        turning = chains._inflection(gamma)
        with workdps(30):
            bend = mpmath.diff(
                lambda x, g=gamma: mpmath.log(
                    1 + g * (1 - mpmath.exp(x)) ** 2 / (1 - g * mpmath.exp(2 * x))
                ),
                mpmath.log(turning),
                2,
            )
        assert abs(bend) < 1e-9
