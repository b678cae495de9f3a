"""The plain experiment of (1)–(4), (6)–(8): its two forms, its seeds, its judgement, its errors."""

import dataclasses

import numpy as np
import pytest
from w2s.simulate import Estimate, Problem, dense_trial, experiment, factorised_trial

from w2s import ridge
from w2s.experiments import dense

PENALTIES = np.array([1e-3, 0.2, 5.0]), np.array([1e-4, 0.1, 1.0, 30.0])
SIZES = [  # d, n_t, n_s
    (12, 40, 30),
    (12, 5, 30),
    (12, 40, 5),
    (12, 12, 12),
    (9, 1, 1),
    (1, 7, 4),
    (1, 1, 1),
    (2, 1, 3),
]
SPIKES = [None, 0.0, 0.6, 1.0]


# -- one trial, two ways -------------------------------------------------------------------------


@pytest.mark.parametrize("zeta", SPIKES)
@pytest.mark.parametrize(("d", "n_t", "n_s"), SIZES)
def test_dense_and_factorised_trials_are_the_same_numbers(d, n_t, n_s, zeta):
    problem = Problem(d=d, n_t=n_t, n_s=n_s, sigma2=0.7, zeta=zeta)
    dense, factorised = (
        trial(problem, *PENALTIES, np.random.default_rng(3))
        for trial in (dense_trial, factorised_trial)
    )
    for one, other in zip(dense, factorised, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=0)


@pytest.mark.parametrize("spike_norm", [0.05, 3.0])
def test_dense_and_factorised_trials_agree_for_any_length_of_the_spike(spike_norm):
    problem = Problem(d=12, n_t=40, n_s=8, sigma2=1.0, zeta=0.5, spike_norm=spike_norm)
    dense, factorised = (
        trial(problem, *PENALTIES, np.random.default_rng(3))[1]
        for trial in (dense_trial, factorised_trial)
    )
    np.testing.assert_allclose(dense, factorised, rtol=1e-9)


@pytest.mark.parametrize(("zeta", "spike_norm"), [(None, 1.0), (0.6, 1.0), (0.6, 0.2)])
def test_a_trial_is_the_paper_s_two_minimisations(zeta, spike_norm):
    """(3) and (4), or (6)–(8), by least squares on augmented data, from the same draws."""
    problem, rng = (
        Problem(d=6, n_t=9, n_s=4, sigma2=0.5, zeta=zeta, spike_norm=spike_norm),
        np.random.default_rng(8),
    )
    teacher_error, student_error = dense_trial(
        problem, np.array([0.3]), np.array([0.8]), np.random.default_rng(8)
    )
    beta = rng.normal(scale=6**-0.5, size=6)
    inputs = rng.normal(size=(9, 6))
    labels = inputs @ beta + rng.normal(scale=0.5**0.5, size=9)
    fresh = rng.normal(size=(4, 6))
    gamma = np.eye(6)
    if zeta is not None:
        spike = spike_norm * dense._aligned_direction(beta, zeta, rng)
        gamma += 6 * np.outer(spike, spike)  # (8)

    def fit(x, y, lam):
        augmented = np.vstack([x / len(x) ** 0.5, lam**0.5 * np.eye(6)])
        target = np.concatenate([y / len(x) ** 0.5, np.zeros(6)])
        return np.linalg.lstsq(augmented, target, rcond=None)[0]

    teacher = fit(inputs, labels, 0.3)
    student = gamma @ fit(fresh @ gamma, fresh @ teacher, 0.8)  # Remark 6: β = Γα
    assert teacher_error[0] == pytest.approx(0.5 + np.sum((teacher - beta) ** 2), rel=1e-12)
    assert student_error[0, 0] == pytest.approx(0.5 + np.sum((student - beta) ** 2), rel=1e-10)


def test_the_draws_do_not_depend_on_the_penalties():
    problem = Problem(d=10, n_t=20, n_s=20, sigma2=1.0, zeta=0.4)
    _, all_pairs = factorised_trial(problem, *PENALTIES, np.random.default_rng(1))
    _, one_pair = factorised_trial(
        problem, PENALTIES[0][1:2], PENALTIES[1][2:3], np.random.default_rng(1)
    )
    assert one_pair[0, 0] == pytest.approx(all_pairs[1, 2], rel=1e-12)


def test_a_full_student_without_penalty_copies_its_teacher():
    problem = Problem(d=10, n_t=5, n_s=11, sigma2=1.0)
    teacher, student = factorised_trial(
        problem, PENALTIES[0], np.array([1e-12]), np.random.default_rng(0)
    )
    np.testing.assert_allclose(student[:, 0], teacher, rtol=1e-6)


@pytest.mark.parametrize("zeta", [0.0, 0.3, 1.0])
def test_the_spike_has_the_correlation_asked_for(zeta):
    beta = np.random.default_rng(5).normal(size=30)
    spike = dense._aligned_direction(beta, zeta, np.random.default_rng(6))
    assert np.linalg.norm(spike) == pytest.approx(1)
    assert spike @ beta / np.linalg.norm(beta) == pytest.approx(zeta, abs=1e-12)


# -- many trials ---------------------------------------------------------------------------------

PROBLEM = Problem(d=10, n_t=30, n_s=15, sigma2=1.0)


def collected(trials, rng):
    """The single trials of an experiment, in its order."""
    seen = []

    def trial(*arguments):
        result = factorised_trial(*arguments)
        seen.append(result)
        return result

    experiment(PROBLEM, lam_t=PENALTIES[0], lam_s=PENALTIES[1], trials=trials, trial=trial, rng=rng)
    return seen


def test_trial_k_is_the_same_however_many_are_run():
    few, many = collected(3, rng=7), collected(9, rng=7)
    for (teacher, student), (teacher_too, student_too) in zip(few, many[:3], strict=True):
        np.testing.assert_array_equal(teacher, teacher_too)
        np.testing.assert_array_equal(student, student_too)
    assert not np.array_equal(few[0][0], few[1][0])


def test_same_seed_same_result_other_seed_other_result():
    runs = [
        experiment(PROBLEM, lam_t=PENALTIES[0], lam_s=PENALTIES[1], trials=3, rng=seed).gap.mean
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.any(runs[0] == runs[2])


def test_a_generator_is_a_seed_too():
    runs = [
        experiment(PROBLEM, lam_t=0.1, lam_s=0.1, trials=3, rng=rng).gap.mean
        for rng in (4, np.random.default_rng(4))
    ]
    np.testing.assert_array_equal(*runs)


def test_experiment_reports_means_and_standard_errors():
    run, single = (
        experiment(PROBLEM, lam_t=PENALTIES[0], lam_s=PENALTIES[1], trials=6, rng=2),
        collected(6, rng=2),
    )
    teachers = np.array([teacher for teacher, _ in single])
    students = np.array([student for _, student in single])
    gaps = students - teachers[:, :, None]
    for estimate, values in ((run.teacher, teachers), (run.student, students), (run.gap, gaps)):
        np.testing.assert_allclose(estimate.mean, values.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(estimate.stderr, values.std(axis=0, ddof=1) / 6**0.5, rtol=1e-10)
        assert estimate.trials == 6
    assert run.teacher.mean.shape == (3,)
    assert run.student.mean.shape == run.gap.mean.shape == (3, 4)


def test_dense_and_factorised_experiments_agree():
    runs = [
        experiment(PROBLEM, lam_t=0.1, lam_s=[0.1, 1.0], trials=4, trial=trial, rng=0).student.mean
        for trial in (dense_trial, factorised_trial)
    ]
    np.testing.assert_allclose(*runs, rtol=1e-9)


@pytest.mark.parametrize("zeta", [None, 0.8])
@pytest.mark.parametrize(("n_t", "n_s"), [(240, 120), (40, 240), (240, 50)])
def test_the_mean_is_the_limit(n_t, n_s, zeta):
    """Theorems 4 and 8, within 3.5 standard errors and a bias of 1/d."""
    problem = Problem(d=60, n_t=n_t, n_s=n_s, sigma2=1.0, zeta=zeta)
    run = experiment(problem, lam_t=0.2, lam_s=[0.05, 0.5], trials=150, rng=9)
    limit = ridge.error_gap(
        lam_t=0.2,
        lam_s=[0.05, 0.5],
        gamma_t=problem.gamma_t,
        gamma_s=problem.gamma_s,
        sigma2=1.0,
        zeta=zeta or 0.0,
    )
    assert np.all(np.abs(run.gap.deviation(limit, finite_size=1 / 60)) < 3.5)


def test_the_mean_is_not_the_limit_of_another_problem():
    """Negative control: the limit of a student with half the samples is refused."""
    problem = Problem(d=60, n_t=240, n_s=80, sigma2=4.0)
    run = experiment(problem, lam_t=0.1, lam_s=0.5, trials=300, rng=9)
    other = ridge.error_gap(
        lam_t=0.1, lam_s=0.5, gamma_t=problem.gamma_t, gamma_s=2 * problem.gamma_s, sigma2=4.0
    )
    assert abs(run.gap.deviation(other, finite_size=1 / 60)).max() > 3.5


# -- the judgement -------------------------------------------------------------------------------


def test_deviation_counts_standard_errors_with_their_sign():
    estimate = Estimate(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.5, 2.0]), trials=9)
    np.testing.assert_allclose(estimate.deviation(2.0), [-10, 0, 0.5])
    np.testing.assert_allclose(estimate.deviation([1.5, 1.0, 7.0]), [-5, 2, -2])


def test_deviation_grants_the_finite_size_term_and_no_more():
    estimate = Estimate(np.array([1.0, 1.0, 1.0]), np.array([0.1, 0.1, 0.1]), trials=9)
    granted = estimate.deviation([1.1, 1.3, 0.7], finite_size=0.2)
    np.testing.assert_allclose(granted, [0, -1, 1])


# -- bad arguments -------------------------------------------------------------------------------

GOOD = dict(d=10, n_t=20, n_s=20, sigma2=1.0)


@pytest.mark.parametrize(
    ("name", "bad", "error"),
    [
        ("d", 0, ValueError),
        ("d", 2.0, TypeError),
        ("d", True, TypeError),
        ("n_t", -3, ValueError),
        ("n_t", "20", TypeError),
        ("n_s", 0, ValueError),
        ("n_s", None, TypeError),
        ("sigma2", -1.0, ValueError),
        ("sigma2", float("nan"), ValueError),
        ("sigma2", float("inf"), ValueError),
        ("sigma2", "one", TypeError),
        ("zeta", 1.1, ValueError),
        ("zeta", -0.1, ValueError),
        ("spike_norm", 0.0, ValueError),
        ("spike_norm", -1.0, ValueError),
    ],
)
def test_a_bad_problem_is_refused_by_name(name, bad, error):
    with pytest.raises(error, match=name):
        Problem(**{**GOOD, name: bad})


@pytest.mark.parametrize(
    ("name", "bad", "error"),
    [
        ("lam_t", 0.0, ValueError),
        ("lam_t", -1.0, ValueError),
        ("lam_t", float("inf"), ValueError),
        ("lam_t", float("nan"), ValueError),
        ("lam_t", [[0.1, 0.2]], ValueError),
        ("lam_t", "strong", TypeError),
        ("lam_s", [0.1, 0.0], ValueError),
        ("lam_s", [0.1, -2.0], ValueError),
        ("lam_s", None, TypeError),
        ("trials", 1, ValueError),
        ("trials", 2.5, TypeError),
    ],
)
def test_a_bad_experiment_is_refused_by_name(name, bad, error):
    arguments = {"lam_t": 0.1, "lam_s": 0.1, "trials": 2, name: bad}
    with pytest.raises(error, match=name):
        experiment(PROBLEM, **arguments, rng=0)


def test_a_problem_cannot_be_changed_and_knows_its_ratios():
    assert (PROBLEM.gamma_t, PROBLEM.gamma_s) == (10 / 30, 10 / 15)
    with pytest.raises(dataclasses.FrozenInstanceError):
        PROBLEM.d = 20
