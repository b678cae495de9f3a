"""The samplers draw from the law of the dense experiment, and the algebra after the draw is right.

Two questions are kept apart. *Is the algebra right?* A reference with explicit matrices is given
the same random numbers and must agree to rounding. *Is the law right?* Kolmogorov–Smirnov against
experiments with explicit Gaussian rows, written out here for many trials at once.
"""

import mpmath
import numpy as np
import pytest
from scipy import stats
from w2s.simulate import Problem

from tests.package.order import at
from w2s import ridge, simulate
from w2s.experiments import samplers

pytestmark = pytest.mark.slow

# -- the algebra ---------------------------------------------------------------------------------

SHAPES = (
    # n, d, block: tall, square and wide; the block as large as can be; one row, one column
    *((9, 5, 1), (9, 5, 2), (9, 5, 5), (5, 5, 1), (5, 5, 3), (5, 5, 5), (4, 7, 1), (4, 7, 3)),
    *((4, 7, 6), (4, 7, 7), (2, 7, 5), (1, 6, 1), (1, 6, 4), (1, 1, 1), (3, 1, 1), (6, 7, 2)),
)
PENALTIES = np.array([1e-3, 0.4, 1e5])


def dense_b(diagonals, d):
    b = np.zeros((diagonals.shape[1], d))
    for i, diagonal in enumerate(diagonals):
        for j in range(min(diagonals.shape[1], d - i)):
            b[j, j + i] = diagonal[j]
    return b


@pytest.mark.parametrize("stiffness", [1.0, 1e-2, 1e-12, 1e-200])
@pytest.mark.parametrize(("n", "d", "block"), SHAPES)
def test_a_banded_fit_is_the_fit_with_the_matrix_b(n, d, block, stiffness):
    """Solved again in 250 digits, with B and Ω as full matrices."""
    rng = np.random.default_rng([n, d, block])
    diagonals = samplers.bidiagonal(n, d, block, rng)
    beta, labels = rng.normal(size=(block, 1)), rng.normal(size=(block, 2))
    noise = rng.normal(size=min(n, d))
    b = dense_b(diagonals, d)
    fits = samplers.band_residuals(
        diagonals, n, d, PENALTIES, beta, labels, noise=noise, stiffness=stiffness
    )
    pad = np.zeros((d - block, 1))
    target, taught = np.vstack([beta, pad]), np.vstack([labels, np.hstack([pad, pad])])
    with mpmath.workdps(250):
        omega = mpmath.diag([mpmath.mpf(stiffness)] + [1] * (d - 1))
        matrix = mpmath.matrix(b.tolist())
        gram = matrix.T * matrix / n
        for penalty, got in zip(PENALTIES, fits, strict=True):
            system = gram + mpmath.mpf(penalty) * omega
            for column in range(2):
                seen = matrix * mpmath.matrix(taught[:, column].tolist())
                moments = matrix.T * (seen + mpmath.matrix(noise.tolist())) / n
                fit = mpmath.lu_solve(system, moments)
                want = np.array([float(fit[i] - target[i, 0]) for i in range(d)])
                scale = np.linalg.norm(want) + np.linalg.norm(target)
                np.testing.assert_allclose(
                    got[:, column], want[: len(got)], rtol=0, atol=1e-10 * scale
                )
                assert np.all(want[len(got) :] == 0)


@pytest.mark.parametrize(("n", "d"), [(9, 5), (4, 7), (1, 6), (3, 1)])
def test_a_tiny_penalty_gives_the_ridgeless_fit(n, d):
    """λ = 1e-300: least squares, of smallest norm when there are several."""
    rng = np.random.default_rng([n, d])
    diagonals = samplers.bidiagonal(n, d, 1, rng)
    noise, beta = rng.normal(size=min(n, d)), np.array([[1.3]])
    b = dense_b(diagonals, d)
    (got,) = samplers.band_residuals(diagonals, n, d, np.array([1e-300]), beta, beta, noise=noise)
    target = np.zeros(d)
    target[0] = 1.3
    want = np.linalg.pinv(b) @ (b @ target + noise) - target
    np.testing.assert_allclose(got[:, 0], want[: len(got)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("stiffness", [1.0, 1e-2, 1e-9])
@pytest.mark.parametrize(("n", "d", "block"), SHAPES)
def test_spectral_errors_are_those_of_the_matrices(n, d, block, stiffness):
    draw = np.random.default_rng([n, d, block, 1])
    beta, labels = draw.normal(size=(block, 1)), draw.normal(size=(block, 2))
    seed = [n, d, block, 2]
    got = samplers._spectral_squares(
        n, d, PENALTIES, beta, labels, stiffness, np.random.default_rng(seed)
    )
    rng = np.random.default_rng(seed)
    sigma = np.diag(samplers.spectrum(n, d, rng))
    frame = samplers.haar_frame(d, block, rng)
    omega = np.eye(d) + (stiffness - 1) * np.outer(frame[:, 0], frame[:, 0])
    for row, penalty in zip(got, PENALTIES, strict=True):
        fit = np.linalg.solve(sigma + penalty * omega, sigma @ frame @ labels)
        want = np.sum((fit - frame @ beta) ** 2, axis=0)
        np.testing.assert_allclose(row, want, rtol=1e-7)


def test_a_student_next_to_its_teacher_keeps_its_digits():
    """λ_s → 0 with n_s > d: the student copies the teacher, and the gap goes to 0 like λ_s."""
    problem = Problem(d=50, n_t=200, n_s=100, sigma2=1.0)
    for trial in (samplers.band_trial, samplers.spectral_trial):
        gaps = []
        for penalty in (1e-7, 1e-9, 1e-11):
            teacher, student = trial(
                problem, np.array([0.1]), np.array([penalty]), np.random.default_rng(5)
            )
            gaps.append((student[0, 0] - teacher[0]) / penalty)
        np.testing.assert_allclose(gaps, gaps[0], rtol=1e-3)


def test_a_penalty_that_rounding_swallows_is_an_error_and_not_a_number():
    """A square B whose smallest singular value is below rounding: said, not returned."""
    diagonals = np.zeros((2, 3))
    diagonals[0], diagonals[1, :2] = [1.0, 1e-9, 1.0], 1.0
    beta = np.ones((1, 1))
    with pytest.raises(np.linalg.LinAlgError, match="take a larger"):
        list(samplers.band_residuals(diagonals, 3, 3, np.array([1e-30]), beta, beta))


# -- the law -------------------------------------------------------------------------------------

LAM_T, LAM_S = np.array([0.02, 0.6]), np.array([0.05, 0.8])
CASES = (
    Problem(d=8, n_t=16, n_s=24, sigma2=1.0),
    Problem(d=8, n_t=5, n_s=6, sigma2=1.0),
    Problem(d=6, n_t=6, n_s=6, sigma2=0.5),
    Problem(d=8, n_t=5, n_s=20, sigma2=0.3),
    Problem(d=8, n_t=20, n_s=5, sigma2=2.0),
    Problem(d=9, n_t=8, n_s=10, sigma2=0.0),
    Problem(d=1, n_t=4, n_s=2, sigma2=1.0),
    Problem(d=1, n_t=1, n_s=1, sigma2=0.5),
    Problem(d=6, n_t=1, n_s=1, sigma2=1.0),
    Problem(d=2, n_t=3, n_s=1, sigma2=1.0),
    Problem(d=7, n_t=14, n_s=21, sigma2=1.0, zeta=0.0),
    Problem(d=7, n_t=14, n_s=5, sigma2=1.0, zeta=0.7),
    Problem(d=6, n_t=4, n_s=6, sigma2=0.5, zeta=1.0, spike_norm=0.3),
    Problem(d=6, n_t=6, n_s=9, sigma2=1.0, zeta=0.9, spike_norm=2.0),
    Problem(d=2, n_t=1, n_s=3, sigma2=1.0, zeta=0.5),
    Problem(d=1, n_t=2, n_s=2, sigma2=1.0, zeta=0.3),
)
DRAWS, REFERENCE = 2500, 6000


def dense_draws(problem, lam_t, lam_s, trials, rng):
    """(L_t, L_s) of many dense experiments at once, straight from (1)–(4) and (6)–(8)."""
    d, n_t, n_s, sigma2 = problem.d, problem.n_t, problem.n_s, problem.sigma2
    beta = rng.normal(scale=d**-0.5, size=(trials, d, 1))
    x_t, x_s = rng.normal(size=(trials, n_t, d)), rng.normal(size=(trials, n_s, d))
    y = x_t @ beta + sigma2**0.5 * rng.normal(size=(trials, n_t, 1))
    gamma = np.broadcast_to(np.eye(d), (trials, d, d))
    if problem.zeta is not None:
        unit = beta / np.linalg.norm(beta, axis=1, keepdims=True)
        across = rng.normal(size=unit.shape)
        across -= unit * np.sum(unit * across, axis=1, keepdims=True)
        spike = unit
        if d > 1:
            across /= np.linalg.norm(across, axis=1, keepdims=True)
            spike = problem.zeta * unit + (1 - problem.zeta**2) ** 0.5 * across
        spike = problem.spike_norm * spike
        gamma = gamma + d * spike @ spike.transpose(0, 2, 1)
    teacher, student = np.empty((trials, len(lam_t))), np.empty((trials, len(lam_t), len(lam_s)))
    for i, penalty_t in enumerate(lam_t):
        gram = x_t.transpose(0, 2, 1) @ x_t / n_t + penalty_t * np.eye(d)
        beta_t = np.linalg.solve(gram, x_t.transpose(0, 2, 1) @ y / n_t)
        teacher[:, i] = sigma2 + np.sum((beta_t - beta) ** 2, axis=(1, 2))
        for j, penalty_s in enumerate(lam_s):
            z = x_s @ gamma  # β = Γα: plain ridge in α
            gram = z.transpose(0, 2, 1) @ z / n_s + penalty_s * np.eye(d)
            alpha = np.linalg.solve(gram, z.transpose(0, 2, 1) @ (x_s @ beta_t) / n_s)
            student[:, i, j] = sigma2 + np.sum((gamma @ alpha - beta) ** 2, axis=(1, 2))
    return teacher, student


def sampled(trial, problem, lam_t, lam_s, trials, seed):
    rng = np.random.default_rng(seed)
    runs = [trial(problem, lam_t, lam_s, rng) for _ in range(trials)]
    return np.array([run[0] for run in runs]), np.array([run[1] for run in runs])


def law_p_value(reference, drawn):
    """Smallest KS p-value over L_t, L_s and L_s − L_t at every pair, times their number.

    By Bonferroni this is below p with probability at most p when the laws agree, however the
    statistics depend on each other.
    """
    p_values = []
    (t, s), (t2, s2) = reference, drawn
    for i in range(t.shape[1]):
        p_values.append(stats.ks_2samp(t[:, i], t2[:, i]).pvalue)
        for j in range(s.shape[2]):
            p_values.append(stats.ks_2samp(s[:, i, j], s2[:, i, j]).pvalue)
            gaps = s[:, i, j] - t[:, i], s2[:, i, j] - t2[:, i]
            p_values.append(stats.ks_2samp(*gaps).pvalue)
    return min(1.0, len(p_values) * min(p_values))


@pytest.fixture(scope="module")
def law():
    """One corrected p-value for each case and form, with fresh draws on both sides each time."""
    p_values = {}
    for number, problem in enumerate(CASES):
        # Every other case with one teacher: the narrowest block, and no QR step.
        lam_t = LAM_T[: 1 + number % 2]
        for form, trial in enumerate((samplers.band_trial, samplers.spectral_trial)):
            rng = np.random.default_rng([number, form, 0])
            reference = dense_draws(problem, lam_t, LAM_S, REFERENCE, rng)
            drawn = sampled(trial, problem, lam_t, LAM_S, DRAWS, [number, form, 1])
            p_values[problem, trial.__name__] = law_p_value(reference, drawn)
    return p_values


def test_the_samplers_have_the_law_of_the_dense_experiment(law):
    """32 independent comparisons. When the laws agree, at most 32·0.05 = 1.6 of the corrected
    p-values are expected below 0.05, seven or more happen with probability 0.001 (binomial), and
    one below 0.001/32 with probability 0.001. These bounds stood here before the test was run."""
    values = np.array(list(law.values()))
    assert len(values) == 32
    assert stats.binom.sf(6, 32, 0.05) < 0.0015
    assert np.sum(values < 0.05) <= 6, law
    assert values.min() > 0.001 / len(values), law


@pytest.mark.parametrize(
    ("problem", "left", "right"),
    [
        (Problem(d=12, n_t=16, n_s=24, sigma2=1.0), 1, 0),
        (Problem(d=5, n_t=8, n_s=9, sigma2=1.0), 0, 1),
        (Problem(d=12, n_t=5, n_s=6, sigma2=1.0), 0, -1),  # χ_{d−b−j−1}: a miscounted block
    ],
)
def test_one_degree_of_freedom_off_is_caught(monkeypatch, problem, left, right):
    """Negative control, by the bound that the right samplers have to keep."""
    true = samplers._chi

    def wrong(dof, count, rng, out):
        true(dof + (left if dof in (problem.n_t, problem.n_s) else right), count, rng, out)

    monkeypatch.setattr(samplers, "_chi", wrong)
    reference = dense_draws(problem, LAM_T, LAM_S, 4 * REFERENCE, np.random.default_rng(0))
    drawn = sampled(samplers.band_trial, problem, LAM_T, LAM_S, 2 * DRAWS, 1)
    assert law_p_value(reference, drawn) < 0.001 / 32


def test_the_package_s_dense_trials_are_the_reference_too():
    """They are what the book calls the dense experiment; one p-value each, expected above 0.001."""
    problem = Problem(d=7, n_t=14, n_s=5, sigma2=1.0, zeta=0.7)
    reference = dense_draws(problem, LAM_T, LAM_S, REFERENCE, np.random.default_rng(2))
    for trial in (simulate.dense_trial, simulate.factorised_trial):
        drawn = sampled(trial, problem, LAM_T, LAM_S, 2000, 3)
        assert law_p_value(reference, drawn) > 0.001


def test_pairs_of_penalties_share_one_data_set():
    """Not only each error has the right law: differences between two λ_t and two λ_s do too."""
    problem = Problem(d=7, n_t=9, n_s=8, sigma2=1.0)
    reference = dense_draws(problem, LAM_T, LAM_S, REFERENCE, np.random.default_rng(4))
    for seed, trial in enumerate((samplers.band_trial, samplers.spectral_trial)):
        drawn = sampled(trial, problem, LAM_T, LAM_S, DRAWS, 5 + seed)
        p_values = [
            stats.ks_2samp(first(reference[1]), first(drawn[1])).pvalue
            for first in (
                lambda s: s[:, 0, 0] - s[:, 1, 0],
                lambda s: s[:, 0, 0] - s[:, 0, 1],
                lambda s: s[:, 0, 0] - s[:, 1, 1],
            )
        ]
        assert min(p_values) > 0.001 / 3


def test_a_chain_has_the_law_of_the_dense_chain():
    """Three generations, below, at and above n = d; one p-value a generation, Bonferroni."""
    d, samples, penalties, sigma2 = 6, [9, 4, 6], [0.1, 0.05, 0.3], 1.0
    rng = np.random.default_rng(6)
    dense = np.array(
        [simulate.dense_chain_trial(d, samples, penalties, sigma2, rng) for _ in range(3000)]
    )
    drawn = np.array(
        [samplers.chain_trial(d, samples, penalties, sigma2, rng) for _ in range(3000)]
    )
    p_values = [stats.ks_2samp(dense[:, k], drawn[:, k]).pvalue for k in range(3)]
    assert min(p_values) > 0.001 / 3


def test_the_frame_is_haar():
    """Its first entry is symmetric and its square is Beta(½, (d−1)/2); raw LAPACK's Q is not."""
    rng = np.random.default_rng(7)
    entries = np.array([samplers.haar_frame(5, 2, rng)[0, 0] for _ in range(4000)])
    assert stats.kstest(entries**2, stats.beta(0.5, 2).cdf).pvalue > 0.001
    assert abs(np.mean(entries > 0) - 0.5) < 0.03
    raw = np.array([np.linalg.qr(rng.normal(size=(5, 2)))[0][0, 0] for _ in range(200)])
    assert abs(np.mean(raw > 0) - 0.5) > 0.4


# -- the limit -----------------------------------------------------------------------------------

LIMITS = (
    # γ_t, γ_s, σ², ζ, λ_t, λ_s
    (0.25, 0.25, 1.0, None, 0.05, 0.2),
    (0.25, 1.25, 4.0, None, 0.1, 0.5),
    (2.0, 0.5, 1.0, None, 0.3, 0.05),
    (0.25, 0.25, 1.0, 0.8, 0.25, 0.3),
    (0.5, 1.25, 1.0, 0.9, 0.2, 0.4),
)
BIAS = 6.0  # d·|mean − limit| stays below this at all of LIMITS: measured by the test


def at_limit(d, case, trials, seed):
    gamma_t, gamma_s, sigma2, zeta, lam_t, lam_s = case
    problem = Problem(d=d, n_t=round(d / gamma_t), n_s=round(d / gamma_s), sigma2=sigma2, zeta=zeta)
    run = simulate.experiment(
        problem, lam_t=lam_t, lam_s=lam_s, trials=trials, trial=simulate.exact_trial, rng=seed
    )
    arguments = (lam_s, lam_t, problem.gamma_s, problem.gamma_t, sigma2, zeta or 0.0)
    limits = (
        ridge.teacher_error(lam_t, problem.gamma_t, sigma2),
        at(ridge.student_error, *arguments),
        at(ridge.error_gap, *arguments),
    )
    return [
        (float(part.mean.ravel()[0]), float(part.stderr.ravel()[0]), float(limit))
        for part, limit in zip((run.teacher, run.student, run.gap), limits, strict=True)
    ]


@pytest.mark.parametrize("case", LIMITS)
def test_the_bias_is_of_order_one_over_d(case):
    for d, trials in ((40, 1000), (160, 600)):
        for mean, stderr, limit in at_limit(d, case, trials, d):
            assert d * (abs(mean - limit) - 3 * stderr) < BIAS


@pytest.mark.parametrize("case", LIMITS)
def test_at_a_hundred_thousand_dimensions_theory_is_met(case):
    """Within 4.5 standard errors plus the measured O(1/d) term, at three digits of resolution."""
    d = 100_000
    for mean, stderr, limit in at_limit(d, case, 6, 8):
        assert abs(mean - limit) < 4.5 * stderr + BIAS / d
        assert stderr < 2e-3 * (1 + abs(limit))


# -- the choice of a form, and refusals ----------------------------------------------------------


def test_the_form_follows_the_cost_and_nothing_else():
    huge, panel = (
        Problem(d=10**6, n_t=10**6, n_s=10**6, sigma2=1.0),
        Problem(d=500, n_t=2000, n_s=416, sigma2=4.0),
    )
    assert samplers.cheapest_forms(huge, 1, 3) == ("band", "band")
    assert samplers.cheapest_forms(panel, 30, 30)[1] == "spectral"
    assert samplers.cheapest_forms(panel, 1, 1) == ("band", "band")
    lam_t, lam_s = np.geomspace(0.01, 1, 30), np.geomspace(0.01, 1, 3)
    one, two = (
        samplers.exact_trial(panel, lam_t, lam_s, np.random.default_rng(3)) for _ in range(2)
    )
    assert np.array_equal(one[1], two[1])


@pytest.mark.parametrize(
    "trial",
    [
        *(samplers.band_trial, samplers.spectral_trial, samplers.exact_trial),
        *(simulate.dense_trial, simulate.factorised_trial),
    ],
)
def test_a_dimension_that_fits_no_machine_is_refused_before_a_number_is_drawn(trial):
    problem = Problem(d=10**12, n_t=10**12, n_s=10**12, sigma2=1.0)
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    with pytest.raises(ValueError, match="GiB"):
        trial(problem, np.array([0.1]), np.array([0.1]), rng)
    assert rng.bit_generator.state == before
    with pytest.raises(ValueError, match="GiB"):
        simulate.experiment(problem, lam_t=0.1, lam_s=0.1, trial=trial)
