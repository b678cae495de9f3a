"""Setting 3: the step against finite differences and loops, the limits against simulation."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from w2s.onestep import Problem, predicted
from w2s.simulate import Estimate

from w2s import hermite, onestep

#: Sizes small enough for a test and a limit's finite-size term still small against its constants.
BASE = Problem(
    d=240, p_t=240, p_s=360, n_t=480, n_s=720, eta_t=0.7, eta_s=1.2, norm_t=1.5, norm_s=0.8, tau=2.0
)  # fmt: skip
NAMES = [field.name for field in fields(onestep.Alignments)]


@pytest.fixture(scope="module")
def measured():
    return onestep.experiment(BASE, trials=16, rng=3)


def small(rng, n=9, d=7, p=5):
    return (
        rng.standard_normal((n, d)),
        rng.standard_normal(n),
        rng.standard_normal((p, d)),
        rng.standard_normal(p),
    )


# -- the step ------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["erf", "tanh", "gelu", "quadratic", "sin", "He3", "square"])
def test_gradient_is_the_finite_difference_of_the_loss(activation):
    rng = np.random.default_rng(0)
    x, y, weights, a = small(rng)
    direction = rng.standard_normal(weights.shape)
    step = 1e-5
    ahead, behind = (
        onestep.correlation_loss(x, y, weights + s * direction, a, activation)
        for s in (step, -step)
    )
    slope = float(np.sum(onestep.gradient(x, y, weights, a, activation) * direction))
    assert abs((ahead - behind) / (2 * step) - slope) < 1e-7 * (1 + abs(slope))


@pytest.mark.parametrize("activation", ["erf", "relu"])
def test_gradient_sample_by_sample_and_neuron_by_neuron(activation):
    rng = np.random.default_rng(1)
    x, y, weights, a = small(rng)
    slope = hermite.named(activation).derivative
    want = np.zeros_like(weights)
    for i in range(len(x)):
        for j in range(len(a)):
            want[j] -= y[i] * a[j] * slope(np.array([weights[j] @ x[i]]))[0] * x[i] / len(x)
    assert np.max(abs(onestep.gradient(x, y, weights, a, activation) - want)) < 1e-14


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    x, y, weights, a = small(rng, n=101)
    whole = onestep.gradient(x, y, weights, a, "tanh"), onestep.network(x, weights, a, "tanh")
    monkeypatch.setattr(onestep, "_BLOCK_ENTRIES", 37)
    parts = onestep.gradient(x, y, weights, a, "tanh"), onestep.network(x, weights, a, "tanh")
    for one, other in zip(whole, parts, strict=True):
        assert np.max(abs(one - other)) < 1e-14


def test_network_and_loss_by_loops():
    x, y, weights, a = small(np.random.default_rng(3))
    outputs = [
        sum(a[j] * math.erf(weights[j] @ row) for j in range(len(a)))  # f(x) = aᵀσ(Wx)
        for row in x
    ]
    assert np.max(abs(onestep.network(x, weights, a, "erf") - outputs)) < 1e-14
    loss = -np.mean([label * output for label, output in zip(y, outputs, strict=True)])
    assert abs(onestep.correlation_loss(x, y, weights, a, "erf") - loss) < 1e-14


def test_labels_in_rotated_directions():
    rng = np.random.default_rng(4)
    rotation = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    x = rng.standard_normal((20, 6))
    y = onestep.labels(x, rotation[0], rotation[1], "erf", "He2")
    want = [math.erf(row @ rotation[0]) + (row @ rotation[1]) ** 2 - 1 for row in x]
    assert np.max(abs(y - want)) < 1e-13


def test_the_directions_do_not_matter():
    """The trial uses the first two axes; other orthonormal pairs give the same law."""
    rng = np.random.default_rng(5)
    d, n, p, trials = 60, 120, 60, 60
    updates = []
    for _ in range(trials):
        beta_e, beta_h = np.linalg.qr(rng.standard_normal((d, 2)))[0].T
        x, start = rng.standard_normal((n, d)), rng.normal(scale=d**-0.5, size=(p, d))
        y = onestep.labels(x, beta_e, beta_h, "erf", "h2")
        a = onestep.unit_vector(p, "gaussian", rng)
        updates.append(onestep.alignment(onestep.gradient(x, y, start, a, "erf"), beta_e))
    here = onestep.Estimate.of(updates)
    there = onestep.experiment(
        Problem(d=d, p_t=p, p_s=p, n_t=n, n_s=n), trials=trials, rng=6
    ).teacher_update_easy
    assert abs(here.mean - there.mean) < 4 * math.hypot(here.stderr, there.stderr)


def test_moment_and_pretraining():
    x, y, weights, a = small(np.random.default_rng(6))
    assert np.allclose(onestep.moment(x, y), sum(y[i] * x[i] for i in range(9)) / 9)
    beta = np.eye(7)[2]
    spike = a / np.linalg.norm(a)
    moved = onestep.pretrained(weights, 3.0, spike, beta) - weights
    assert np.allclose(moved[:, 2], 3 * spike)
    assert not np.any(moved[:, [0, 1, 3, 4, 5, 6]])


def test_operator_norm_against_singular_values():
    rng = np.random.default_rng(7)
    matrix = rng.standard_normal((40, 30))
    matrix += 20 * np.outer(rng.standard_normal(40), rng.standard_normal(30)) / 35
    want = np.linalg.svd(matrix, compute_uv=False)[0]
    assert abs(onestep.operator_norm(matrix) - want) < 1e-6 * want
    assert onestep.operator_norm(np.zeros((3, 2))) == 0.0


# -- limits --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in NAMES if "update_hard" not in n])
def test_limits_against_simulation(measured, name):
    """Within 3.5 standard errors, after granting a finite-size term of 2/d of the limit."""
    limit = getattr(predicted(BASE), name)
    estimate = getattr(measured, name)
    assert abs(float(estimate.deviation(limit, finite_size=2 * limit / BASE.d))) < 3.5


@pytest.mark.parametrize("name", ["teacher_update_hard", "student_update_hard"])
def test_the_hard_update_is_noise_of_order_one_over_root_n(measured, name):
    """Its limit is 0. The leading noise is |u|·√(E[z_h² y²]/n)/|E[z y]|, the rest comparable."""
    limit = predicted(BASE)
    assert getattr(limit, name) == 0
    easy = getattr(limit, name.replace("hard", "easy"))
    seen = float(getattr(measured, name).mean)
    assert 0 < seen < 6 * easy / BASE.n_t**0.5 / hermite.hermite_coefficients("erf", 1)[1]


def test_the_hard_update_falls_like_a_root():
    sizes = [25, 50, 100, 200]
    runs = [
        onestep.experiment(Problem(d=d, p_t=d, p_s=1, n_t=2 * d, n_s=1), trials=4_000 // d, rng=d)
        for d in sizes
    ]
    slope, error = onestep.rate(sizes, [run.teacher_update_hard for run in runs])
    assert abs(slope + 0.5) < 3 * error + 0.05
    assert error < 0.07


CASES = {
    "tanh, negative link": dict(activation="tanh", easy=hermite.Function(
        "-tanh", lambda z: -np.tanh(z), lambda z: np.tanh(z) ** 2 - 1)),
    "centred ReLU, |z|": dict(activation="relu0", easy="identity", hard="abs0"),
    "information exponent 1 twice": dict(hard="tanh", overlap=0.9),
    "signs": dict(spread_t="signs", spread_s="signs", spread_spike="signs"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_limits_for_other_functions(case):
    problem = replace(BASE, **CASES[case])
    run, limit = onestep.experiment(problem, trials=8, rng=8), predicted(problem)
    for name in NAMES:
        if getattr(limit, name) > 0:
            bias = 2 * getattr(limit, name) / problem.d
            deviation = getattr(run, name).deviation(getattr(limit, name), finite_size=bias)
            assert abs(float(deviation)) < 4, name


def test_overlap_is_what_was_asked_for():
    for cosine in (-1.0, -0.3, 0.0, 0.5, 1.0):
        a, spike = onestep.student_vectors(replace(BASE, overlap=cosine), np.random.default_rng(9))
        assert abs(a @ spike / 0.8 - cosine) < 1e-12
        assert abs(spike @ spike - 1) < 1e-12


# -- negative controls: what a wrong statement would look like -------------------------------------


def wrong_statements():
    """Student's update along β_e with one thing wrong, from the independent parts."""
    c = hermite.named("erf").exact(1)
    right = 1.2 * 0.7 * c**3 * c * 1.5**2 * 0.8
    return {
        "right": right,
        "c_1 once too few": right / c,
        "c_1 once too many": right * c,
        "‖a_t‖ instead of its square": right / 1.5,
        "‖a_t‖ missing": right / 1.5**2,
        "‖a_s‖ missing": right / 0.8,
        "printed inner product": right * (2 * math.pi) ** 2,
    }


@pytest.mark.parametrize("which", wrong_statements())
def test_a_wrong_constant_is_refused(measured, which):
    value = wrong_statements()[which]
    deviation = abs(float(measured.student_update_easy.deviation(value)))
    assert deviation < 3.5 if which == "right" else deviation > 5
    if which == "right":
        assert abs(value - predicted(BASE).student_update_easy) < 1e-14


def test_an_untrained_student_is_told_apart(measured):
    """‖Wβ‖ alone cannot: an untrained W has √(p/d) in every direction. The update can."""
    untrained = onestep.experiment(replace(BASE, eta_s=0.0), trials=8, rng=10)
    assert float(untrained.student_easy.mean) > 1.0  # "alignment" without any training
    assert float(untrained.student_update_easy.mean) == 0.0
    deviation = untrained.student_update_easy.mean - predicted(BASE).student_update_easy
    assert abs(float(deviation)) > 10 * float(measured.student_update_easy.stderr)


def test_the_printed_proposition_10_is_told_apart(measured):
    """‖Ŵ_t β_h‖ → 0 is printed; it stays at √(p_t/d) = 1."""
    assert abs(float(measured.teacher_hard.deviation(0.0))) > 50
    assert abs(float(measured.teacher_hard.deviation(1.0, finite_size=0.01))) < 3.5


def test_a_localised_second_layer_breaks_the_limit():
    """With a_t on one neuron the teacher's signal is weaker than `predicted` says."""
    problem = replace(BASE, spread_t="single")
    run = onestep.experiment(problem, trials=12, rng=11)
    assert float(run.student_update_easy.deviation(predicted(problem).student_update_easy)) < -4


# -- reproducibility and rates -------------------------------------------------------------------


def test_trials_do_not_depend_on_how_many_are_run():
    problem = Problem(d=20, p_t=20, p_s=20, n_t=40, n_s=40, tau=1.0)
    generators = np.random.default_rng(12).spawn(3)
    third = onestep.trial(problem, generators[2])
    run = onestep.experiment(problem, trials=3, rng=12)
    first_two = onestep.experiment(problem, trials=2, rng=12)
    for name in NAMES:
        total = 3 * getattr(run, name).mean - 2 * getattr(first_two, name).mean
        assert abs(total - getattr(third, name)) < 1e-12


def test_rate_recovers_an_exponent_and_its_error():
    rng = np.random.default_rng(13)
    sizes = [10.0, 30.0, 100.0, 300.0]
    slopes = []
    for _ in range(400):
        runs = [
            Estimate(
                np.array(d**-0.5 * (1 + 0.02 * rng.standard_normal())), np.array(0.02 * d**-0.5), 9
            )
            for d in sizes
        ]
        slope, error = onestep.rate(sizes, runs)
        slopes.append(slope)
    assert abs(np.mean(slopes) + 0.5) < 0.003
    assert abs(np.std(slopes) / error - 1) < 0.15


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dict(d=1), "d must be"),
        (dict(n_t=0), "n_t"),
        (dict(tau=-1.0), "tau"),
        (dict(spread_t="even"), "spread_t"),
        (dict(overlap=1.5), "overlap"),
        (dict(hard="nonsense"), "must be one of"),
        (dict(hard=lambda z: np.exp(z**2 / 3)), "square-integrable"),
    ],
)
def test_a_problem_that_makes_no_sense(change, says):
    with pytest.raises(ValueError, match=says):
        replace(BASE, **change)


def test_directions_must_be_orthonormal():
    x = np.zeros((3, 4))
    e, h = np.eye(2, 4)
    for pair in [(e, e), (e, 2 * h), (e, (e + h) / 2**0.5)]:
        with pytest.raises(ValueError, match="orthonormal"):
            onestep.labels(x, *pair, "erf", "He2")


def test_a_link_must_be_square_integrable():
    with pytest.raises(ValueError, match="square-integrable"):
        onestep.labels(np.zeros((3, 4)), *np.eye(2, 4), "erf", lambda z: np.exp(z**2 / 3))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, y, w, a: onestep.gradient(x, y[1:], w, a, "erf"), "y must have one entry"),
        (lambda x, y, w, a: onestep.gradient(x, y, w, a[1:], "erf"), "weights must have shape"),
        (lambda x, y, w, a: onestep.gradient(x[:, 1:], y, w, a, "erf"), "weights must have shape"),
        (lambda x, y, w, a: onestep.network(x[0], w, a, "erf"), "x must have 2 axes"),
        (lambda x, y, w, a: onestep.alignment(w, y), "beta must have"),
        (lambda x, y, w, a: onestep.moment(x, a), "y must have one entry"),
        (lambda x, y, w, a: onestep.pretrained(w, 1.0, y, x[0]), "weights must have shape"),
        (lambda x, y, w, a: onestep.labels(x, a, a, "erf", "He2"), "entries of a row of x"),
        (lambda x, y, w, a: onestep.unit_vector(3, "wide", np.random.default_rng()), "spread"),
    ],
)
def test_shapes_that_disagree(call, says):
    with pytest.raises(ValueError, match=says):
        call(*small(np.random.default_rng(14)))


def test_a_bare_callable_has_no_gradient():
    x, y, weights, a = small(np.random.default_rng(15))
    with pytest.raises(TypeError, match="no derivative"):
        onestep.gradient(x, y, weights, a, np.arctan)


def test_rate_needs_positive_means():
    bad = [Estimate(np.array(0.0), np.array(1.0), 3)] * 2
    with pytest.raises(ValueError, match="> 0"):
        onestep.rate([1, 2], bad)
