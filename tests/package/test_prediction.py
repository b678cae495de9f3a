"""From features and labels to a prediction: unbiased, covered, and refused where it cannot be."""

import math
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import Ridge
from w2s.covariance import Task

from w2s import covariance, prediction, simulate
from w2s.prediction import _population

HOME = Path(__file__).resolve().parents[2]
INF, NAN = math.inf, math.nan
PARTS = ("teacher", "student", "gap")
ASKED = {"n_t": 60, "n_s": 90, "lam_t": np.array([0.02, 0.2]), "lam_s": np.array([0.05, 0.5])}


def power_law(d, sigma2=1.0):
    """Eigenvalues 1/i, a rough target, signal of variance 2."""
    eigenvalues = 5 / np.arange(1.0, d + 1)
    target = np.random.default_rng(9).normal(size=d)
    return Task(eigenvalues, target * (2 / np.sum(eigenvalues * target**2)) ** 0.5, sigma2)


def table(task, rows, rng):
    """Gaussian rows with a mean, and labels with an offset, so that an intercept is needed."""
    rng = np.random.default_rng(rng)
    x = rng.normal(size=(rows, len(task.target))) * task.eigenvalues**0.5 + 3
    return x, x @ task.target + rng.normal(scale=task.sigma2**0.5, size=rows) - 1


def known(task):
    """A population that needs no estimating."""
    return prediction.Data(task, (task, task), 0, 0.0)


def values(found, what="mean"):
    return np.concatenate([np.ravel(getattr(getattr(found, part), what)) for part in PARTS])


# --- the estimate, against populations that are known ---------------------------------------------


def errors_of_predictions(task, rows, tables, estimate):
    truth = values(prediction.predict(known(task), **ASKED))
    found = [prediction.predict(estimate(*table(task, rows, seed)), **ASKED) for seed in tables]
    return np.array([values(one) - truth for one in found]), found


def bias_in_standard_errors(off):
    return np.mean(off, axis=0) / np.std(off, axis=0, ddof=1) * len(off) ** 0.5


def test_predictions_are_unbiased_and_two_standard_errors_cover():
    off, found = errors_of_predictions(power_law(30), 200, range(40), prediction.estimate)
    assert np.abs(bias_in_standard_errors(off)).max() < 3
    bars = np.array([values(one, "stderr") for one in found])
    assert np.all(np.mean(np.abs(off) < 2 * bars, axis=0) >= 0.85)
    # nor are they much too long
    assert np.all(np.std(off, axis=0) > 0.7 * np.median(bars, axis=0))


@pytest.mark.parametrize(("d", "rows"), [(100, 150), (100, 100), (100, 70)])
def test_with_few_rows_a_prediction_is_off_by_less_than_its_spread(d, rows):
    def estimate(x, y):
        return known(_population.estimate(x, y, x.shape[1]))

    off, _ = errors_of_predictions(power_law(d), rows, range(40), estimate)
    # 0.55 of it was the most that was seen, in 80 tables, at d = rows
    assert np.all(np.abs(off.mean(axis=0)) < 0.75 * off.std(axis=0))


def test_many_more_columns_than_rows_are_fitted_and_predicted():
    """Directions that no row shows are so many that they were seen: df1 was 18-fold too large."""
    task, asked = power_law(600), dict(ASKED, n_t=30, n_s=50)
    truth = values(prediction.predict(known(task), **asked))
    off = []
    for seed in range(30):
        x, y = table(task, 60, seed)
        few = _population.coordinates(x)
        centred = x - x.mean(axis=0)
        assert few @ few.T == pytest.approx(centred @ centred.T, abs=1e-9)
        found = _population.estimate(few, y, 600)
        penalties, df1, _ = _population.ridge_path(few, y)
        kappas = penalties / (1 - (df1 + 1) / 60)
        fitted = np.sum(found.eigenvalues / (found.eigenvalues + kappas[:, None]), axis=1)
        assert fitted == pytest.approx(df1, rel=0.02)
        off.append(values(prediction.predict(known(found), **asked)) - truth)
    assert np.all(np.abs(np.mean(off, axis=0)) < 0.5 * np.std(off, axis=0))


def test_equal_columns_share_evenly_what_one_stands_for():
    rng = np.random.default_rng(0)
    columns, target = rng.random((40, 4)), rng.random(40)
    times = np.array([3, 1, 5, 2])
    each = _population.non_negative_fit(np.repeat(columns, times, axis=1), target, 0.7)
    together = _population.non_negative_fit(columns, target, 0.7, times)
    assert np.add.reduceat(each, [0, 3, 4, 9]) == pytest.approx(together, abs=1e-8)
    alike = np.column_stack([columns[:, 0]] * 2)  # nothing but evenness tells them apart
    found = _population.non_negative_fit(alike, columns[:, 0], 0.7, np.array([3, 1]))
    assert found == pytest.approx([0.75, 0.25], rel=1e-4)


def test_a_hundred_rows_of_twenty_thousand_columns_take_few_times_their_own_memory():
    rng = np.random.default_rng(0)
    tracemalloc.start()  # not ru_maxrss: a child inherits its parent's
    try:
        x = rng.normal(size=(100, 20_000)) * np.arange(1, 20_001) ** -0.4
        data = prediction.estimate(x, x[:, :50].sum(axis=1) + rng.normal(size=100))
        prediction.predict(data, n_t=60, n_s=90, lam_t=0.3, lam_s=[0.1, 1.0])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5 * x.nbytes  # 4 seen; the features' products would take 200


def test_memory_is_asked_for_before_anything_starts(monkeypatch):
    asked = []

    def refuse(needed, what):
        asked.append((needed, what))
        raise MemoryError

    monkeypatch.setattr(prediction._input, "require_memory", refuse)
    huge = np.broadcast_to(1.0, (10**6, 10**6))
    with pytest.raises(MemoryError):
        prediction.estimate(huge, np.ones(10**6))
    ((needed, what),) = asked
    assert needed >= 8e12
    assert "features" in what


def in_sample(x, y):
    """The obvious estimate: the sample's covariance, least squares, and its residuals."""
    x, y = x - x.mean(axis=0), y - y.mean()
    eigenvalues, basis = np.linalg.eigh(x.T @ x / len(y))
    target = basis.T @ x.T @ y / len(y) / eigenvalues
    return known(Task(eigenvalues, target, np.mean((y - x @ basis @ target) ** 2)))


def test_in_sample_numbers_fail_the_test_that_estimates_pass():
    off, _ = errors_of_predictions(power_law(30), 200, range(40), in_sample)
    assert np.abs(bias_in_standard_errors(off)).min() > 3.5


def residuals_seen(x, y):
    """As `ridge_path`, but with the residuals of rows that were fitted."""
    penalties, df1, _ = _population.ridge_path(x, y)
    x, y = x - x.mean(axis=0), y - y.mean()
    seen = [
        np.mean(
            (y - x @ np.linalg.solve(x.T @ x + lam * len(y) * np.eye(x.shape[1]), x.T @ y)) ** 2
        )
        for lam in penalties
    ]
    return penalties, df1, np.array(seen)


def test_residuals_of_fitted_rows_would_not_do(monkeypatch):
    fooled = residuals_seen(*table(power_law(30), 200, 0))
    monkeypatch.setattr(_population, "ridge_path", lambda x, y: fooled)
    sigma2 = _population.estimate(*table(power_law(30), 200, 0), 30).sigma2
    monkeypatch.undo()
    honest = [
        _population.estimate(*table(power_law(30), 200, seed), 30).sigma2 for seed in range(20)
    ]
    assert sigma2 < np.mean(honest) - 2 * np.std(honest)
    assert abs(np.mean(honest) - 1) < 3 * np.std(honest) / 20**0.5


def test_the_leave_one_out_error_is_that_of_leaving_each_row_out():
    x, y = table(power_law(12), 40, 1)
    penalties, df1, left_out = _population.ridge_path(x, y)
    for k in (0, len(penalties) // 2, -1):
        lam, errors = penalties[k] * 40, []
        for i in range(40):
            model = Ridge(alpha=lam).fit(np.delete(x, i, axis=0), np.delete(y, i))
            errors.append((y[i] - model.predict(x[i : i + 1])[0]) ** 2)
        assert left_out[k] == pytest.approx(np.mean(errors), rel=1e-6)
        gram = (x - x.mean(axis=0)).T @ (x - x.mean(axis=0))
        assert df1[k] == pytest.approx(np.trace(np.linalg.solve(gram + lam * np.eye(12), gram)))


@pytest.mark.parametrize(("d", "rows"), [(60, 120), (60, 400)])
def test_eigenvalues_are_the_populations_not_the_samples(d, rows):
    task = Task(np.geomspace(0.1, 4, d), np.ones(d), 1.0)
    found, sample = [], []
    for seed in range(10):
        x, y = table(task, rows, seed)
        found.append(np.sort(_population.estimate(x, y, x.shape[1]).eigenvalues))
        sample.append(np.linalg.eigvalsh(np.cov(x.T)))
    truth = np.sort(task.eigenvalues)
    worst = [abs(np.log(np.mean(each, axis=0) / truth)).max() for each in (found, sample)]
    assert worst[0] < 0.35
    assert worst[0] < worst[1] / 1.5


def test_the_intercept_uses_up_a_row():
    """Small samples tell: with that row forgotten the eigenvalues are 6.5 per cent short, not 3."""
    task = Task(np.geomspace(0.5, 2, 30), np.ones(30), 1.0)
    short = []
    for seed in range(150):
        penalties, df1, _ = _population.ridge_path(*table(task, 45, seed))
        found = _population.spectrum(penalties, df1, 45, 30)
        short.append(np.mean(np.log(found / task.eigenvalues)))
    assert np.std(short) / 150**0.5 < 0.005
    assert abs(np.mean(short)) < 0.046


def test_the_jackknife_of_a_mean_is_its_standard_error():
    y = np.random.default_rng(0).normal(size=50)
    without = [np.mean(np.delete(y, i)) for i in range(50)]
    found = prediction._jackknife(np.array([y.mean(), *without]))
    assert found.mean == y.mean()
    assert found.stderr == pytest.approx(np.std(y, ddof=1) / 50**0.5)


# --- symmetries -----------------------------------------------------------------------------------

SAMPLE = table(power_law(10), 120, 5)


def predicted(x, y, scale=1.0, **options):
    asked = dict(ASKED, lam_t=ASKED["lam_t"] * scale, lam_s=ASKED["lam_s"] * scale)
    found = prediction.predict(prediction.estimate(x, y, **options), **asked)
    return np.concatenate([values(found), values(found, "stderr")])


def test_units_offsets_and_directions_do_not_matter():
    x, y = SAMPLE
    plain = predicted(x, y)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(10, 10)))[0]
    for other in (
        predicted(x - 7, y + 5),
        predicted(x[:, ::-1], -y),
        predicted(x @ turn, y),
        predicted(1e3 * x, y, scale=1e6),
        predicted(1e-3 * x, y, scale=1e-6),
        predicted(1e60 * x, y, scale=1e120),
        predicted(1e-60 * x, y, scale=1e-120),
        predicted(x, 1e60 * y) / 1e120,
        predicted(x, 1e-60 * y) * 1e120,
        predicted(x, 1e-2 * y) * 1e4,
        predicted(x.tolist(), y.tolist()),
    ):
        assert other == pytest.approx(plain, rel=1e-4)


def test_the_same_data_give_the_same_prediction_and_groups_can_be_dealt_anew():
    x, y = SAMPLE
    assert np.array_equal(predicted(x, y), predicted(x, y))
    again, half = predicted(x, y, rng=1), len(predicted(x, y)) // 2
    assert np.array_equal(again[:half], predicted(x, y)[:half])
    assert not np.array_equal(again[half:], predicted(x, y)[half:])


def test_arguments_are_not_changed():
    x, y = SAMPLE[0].copy(), SAMPLE[1].copy()
    prediction.estimate(x, y)
    assert np.array_equal(x, SAMPLE[0])
    assert np.array_equal(y, SAMPLE[1])


# --- the prediction -------------------------------------------------------------------------------


def test_an_intercept_is_one_more_direction_without_a_penalty():
    """At an infinite penalty only means are fitted, and everything is known in closed form."""
    task, n = power_law(6), 8
    found = prediction.predict(known(task), n_t=n, n_s=30, lam_t=1e7, lam_s=1e7)
    total = task.sigma2 + np.sum(task.whitened**2)
    assert found.teacher.mean == pytest.approx(total * n / (n - 1), rel=1e-5)
    assert found.gap.mean == pytest.approx(0, abs=1e-5)


def test_trained_pairs_agree_with_the_prediction_and_not_without_the_intercept():
    task, sizes = power_law(6), {"n_t": 14, "n_s": 20}
    x, y = table(task, 4000, 3)
    pool = prediction.Pool(x, y, **sizes)
    run = simulate.experiment(
        pool, lam_t=0.3, lam_s=0.5, trials=3000, trial=prediction.split_trial, rng=4
    )
    found = prediction.predict(prediction.estimate(x, y), lam_t=0.3, lam_s=0.5, **sizes)
    without = covariance.errors(task, lam_t=0.3, lam_s=0.5, **sizes)
    for part in PARTS:
        seen = getattr(run, part)
        # The pool is what was estimated from: its luck is the same on both sides. At fourteen rows
        # the limit itself is off by about 1/n of what a pair adds to the noise.
        granted = 0.03 * run.teacher.mean.item()
        assert abs(seen.mean.item() - getattr(found, part).mean) < granted + 3 * seen.stderr.item()
    short = run.teacher.mean.item() - without.teacher.item()
    assert short > 0.05 + 3 * run.teacher.stderr.item()


def test_a_trial_trains_what_scikit_learn_trains():
    x, y = table(power_law(8), 60, 2)
    pool = prediction.Pool(x, y, n_t=15, n_s=25)
    lam_t, lam_s = np.array([0.05, 1.0]), np.array([0.01, 0.3, 2.0])
    teachers, students = prediction.split_trial(pool, lam_t, lam_s, np.random.default_rng(7))
    order = np.random.default_rng(7).permutation(60)
    t, s, rest = order[:15], order[15:40], order[40:]
    for i, a in enumerate(lam_t):
        teacher = Ridge(alpha=15 * a).fit(x[t], y[t])
        assert teachers[i] == pytest.approx(np.mean((teacher.predict(x[rest]) - y[rest]) ** 2))
        for j, b in enumerate(lam_s):
            student = Ridge(alpha=25 * b).fit(x[s], teacher.predict(x[s]))
            error = np.mean((student.predict(x[rest]) - y[rest]) ** 2)
            assert students[i, j] == pytest.approx(error)


@pytest.mark.parametrize(("d", "n_t", "n_s"), [(30, 12, 18), (30, 30, 18), (8, 20, 25)])
@pytest.mark.parametrize("centre", [0.0, 1e4])
def test_a_ridgeless_trial_is_least_squares_with_the_smallest_coefficients(d, n_t, n_s, centre):
    x, y = table(power_law(d), 80, 2)
    x = np.column_stack([x, x[:, 0] - x[:, 1]]) + centre  # a dependent column
    pool, zero = prediction.Pool(x, y, n_t=n_t, n_s=n_s), np.zeros(1)
    order = np.random.default_rng(7).permutation(80)
    t, s, rest = np.split(order, [n_t, n_t + n_s])

    def least_squares(rows, labels, at):
        middle = x[rows].mean(axis=0)
        inverse = np.linalg.pinv(x[rows] - middle, rcond=1e-9)
        return labels.mean() + (at - middle) @ (inverse @ (labels - labels.mean()))

    student = least_squares(s, least_squares(t, y[t], x[s]), x[rest])
    expected = [np.mean((f - y[rest]) ** 2) for f in (least_squares(t, y[t], x[rest]), student)]
    found = prediction.split_trial(pool, zero, zero, np.random.default_rng(7))
    assert np.ravel(found[0]) == pytest.approx(expected[0], rel=1e-6)
    assert np.ravel(found[1]) == pytest.approx(expected[1], rel=1e-6)
    # and it is where small penalties lead
    small = prediction.split_trial(pool, zero + 1e-7, zero + 1e-7, np.random.default_rng(7))
    assert np.ravel(small[0]) == pytest.approx(expected[0], rel=1e-3)


def test_an_experiment_takes_the_penalties_that_a_prediction_takes():
    x, y = table(power_law(30), 100, 2)
    pool = prediction.Pool(x, y, n_t=20, n_s=25)
    trial = prediction.split_trial
    run = simulate.experiment(pool, lam_t=0.0, lam_s=[0.0, 0.1], trials=3, trial=trial, rng=0)
    assert np.all(np.isfinite(run.gap.mean))
    with pytest.raises(ValueError, match="lam_t must be"):
        simulate.experiment(pool, lam_t=-1.0, lam_s=0.1, trials=3, trial=trial, rng=0)


def test_signs_and_verdicts_by_two_standard_errors():
    gap = simulate.Estimate(np.array([-1.0, -0.1, 0.0, 0.1, 1.0]), np.full(5, 0.2))
    found = prediction.Prediction(gap, gap, gap, None)
    assert found.sign.tolist() == [-1, 0, 0, 0, 1]
    assert found.verdict.tolist() == ["student wins", *["cannot tell"] * 3, "student loses"]
    assert str(found) == (
        "5 pairs of penalties: cannot tell at 3, student loses at 1, student wins at 1"
    )


def test_shapes_follow_the_penalties():
    data = prediction.estimate(*SAMPLE)
    grid = prediction.predict(data, **ASKED)
    assert grid.teacher.mean.shape == (2,)
    assert grid.gap.mean.shape == grid.student.stderr.shape == grid.sign.shape == (2, 2)
    assert grid.best is None
    for i, lam_t in enumerate(ASKED["lam_t"]):
        for j, lam_s in enumerate(ASKED["lam_s"]):
            one = prediction.predict(data, n_t=60, n_s=90, lam_t=lam_t, lam_s=lam_s)
            assert one.gap.mean == pytest.approx(grid.gap.mean[i, j])
            assert one.gap.stderr == pytest.approx(grid.gap.stderr[i, j])
            assert isinstance(str(one.verdict), str)


def test_the_best_student_is_best_and_the_windows_end_where_the_gap_is_zero():
    data, sizes = prediction.estimate(*SAMPLE), {"n_t": 20, "n_s": 60}
    best = prediction.predict(data, lam_t=0.02, lam_s=1.0, **sizes).best
    lam = np.geomspace(1e-3, 1e3, 200)
    gaps = prediction.predict(data, lam_t=0.02, lam_s=lam, **sizes).gap.mean
    at_best = prediction.predict(data, lam_t=0.02, lam_s=best.penalty, **sizes).gap
    assert at_best.mean == pytest.approx(best.gap.mean)
    assert best.gap.mean <= gaps.min() + 1e-12
    (window,) = best.windows
    assert window.low == 0
    edge = prediction.predict(data, lam_t=0.02, lam_s=window.high, **sizes).gap
    assert edge.mean == pytest.approx(0, abs=1e-8)


def test_what_is_printed():
    data, sizes = prediction.estimate(*SAMPLE), {"n_t": 20, "n_s": 60, "lam_s": 0.3}
    text = str(prediction.predict(data, lam_t=0.02, **sizes))
    assert re.search(r"^teacher  L_t +\d\.\d+ ± 0\.\d+$", text, re.MULTILINE)
    assert re.search(r"^verdict  student wins$", text, re.MULTILINE)
    assert re.search(
        r"^best λ_s [\d.]+ \([\d.]+ to [\d.]+\), with gap -[\d.]+ ± [\d.]+$", text, re.MULTILINE
    )
    assert re.search(
        r"^wins for λ_s < [\d.]+; surely for λ_s < [\d.]+, perhaps for .*λ_s.*$",
        text,
        re.MULTILINE,
    )
    assert "caution" not in text
    assert "no λ_s is predicted to win" in str(prediction.predict(data, lam_t=50.0, **sizes))
    assert str(simulate.Estimate(0.123456, 0.00345)) == "0.1235 ± 0.0034"
    assert str(simulate.Estimate(1234.5, 67.8)) == "1234 ± 68"
    assert str(simulate.Estimate(0.5, 0.0)) == "0.5 ± 0"


# --- cautions -------------------------------------------------------------------------------------


def test_long_rows_are_cautioned_about():
    x, y = SAMPLE
    long = np.where(np.arange(len(y)) % 30 == 0, 10.0, 1.0)[:, None]
    data = prediction.estimate((x - 3) * long, y)
    found = prediction.predict(data, n_t=20, n_s=60, lam_t=0.1, lam_s=0.1)
    assert str(found).splitlines()[-1].startswith("caution: a few rows are far longer")
    assert "caution" in str(prediction.predict(data, **ASKED))


def test_the_caution_begins_where_the_lengths_beyond_gaussian_ones_vary_by_four_fifths():
    """For rows r·z the squared spread is (1 + gaussian²)(1 + e²) − 1, e that of r²."""
    gaussian = 0.1
    spread = [((1 + gaussian**2) * (1 + e**2) - 1) ** 0.5 for e in (0.79, 0.81)]
    assert [bool(prediction._long_rows(x, gaussian)) for x in spread] == [False, True]
    assert not prediction._long_rows(1.55, 1.0)  # all but Gaussian


def test_the_spread_of_rows_leaves_each_row_out():
    x, y = SAMPLE
    data = prediction.estimate(x, y)
    lengths = []
    for i in range(len(x)):
        rest = np.delete(x, i, axis=0) - x.mean(axis=0)
        gram = rest.T @ rest / len(x)
        mean = np.trace((x - x.mean(axis=0)).T @ (x - x.mean(axis=0))) / len(x) / x.shape[1]
        row = x[i] - x.mean(axis=0)
        lengths.append(row @ np.linalg.solve(gram + mean * np.eye(x.shape[1]), row))
    assert data.row_spread == pytest.approx(np.std(lengths) / np.mean(lengths), rel=1e-9)


def test_gaussian_rows_have_the_gaussian_spread():
    x = np.random.default_rng(0).normal(size=(20_000, 8))
    data = prediction.estimate(x, x[:, 0] + x[:, 1] ** 2, groups=2)
    assert data.gaussian_spread == pytest.approx((2 / 8) ** 0.5, rel=1e-3)
    assert data.row_spread == pytest.approx(data.gaussian_spread, rel=0.03)


def cautions(tables):
    return np.mean(
        [bool(prediction._long_rows(*_population.row_spread(x, x.shape[1]))) for x in tables]
    )


@pytest.mark.parametrize("columns", [1, 2, 3, 10, 60])
@pytest.mark.parametrize("rows", [40, 110])
def test_gaussian_tables_are_silent(columns, rows):
    rng = np.random.default_rng(0)
    assert cautions(rng.normal(size=(rows, columns)) for _ in range(300)) < 0.01


def test_the_tumour_table_is_cautioned_about_at_110_rows_as_at_all():
    x = load_breast_cancer().data
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rng = np.random.default_rng(0)
    spreads = {
        rows: [_population.row_spread(x[rng.permutation(569)[:rows]], 30)[0] for _ in range(60)]
        for rows in (110, 284)
    }
    assert np.mean(spreads[110]) == pytest.approx(np.mean(spreads[284]), rel=0.1)
    assert cautions(x[rng.permutation(569)[:110]] for _ in range(60)) > 0.8


def test_repeated_rows_are_noticed_and_falsify_what_is_said():
    x, y = table(power_law(30), 200, 0)
    again = np.random.default_rng(0).integers(0, 200, 200)  # a bootstrap
    data = prediction.estimate(x[again], y[again])
    assert data.copies == 200 - len(set(again.tolist()))
    text = str(prediction.predict(data, n_t=20, n_s=60, lam_t=0.1, lam_s=0.1))
    assert f"caution: {data.copies} of 200 rows repeat another one" in text
    honest = prediction.estimate(x, y)
    assert honest.copies == 0
    assert honest.caution == ""
    assert data.task.sigma2 < 0.8 * honest.task.sigma2
    # a row with another label is no copy, and 0 is −0
    assert prediction._table.copies(np.array([[0.0], [-0.0], [0.0]]), np.array([1.0, 1, 2])) == 1


def test_repeated_rows_that_leave_too_few_are_suspected_before_columns_are():
    x, y = table(power_law(30), 25, 0)
    with pytest.raises(ValueError, match=r"combination of .* Or is it that 25 of 50 rows are"):
        prediction.estimate(np.vstack([x, x]), np.append(y, y))
    with pytest.raises(ValueError, match=r"here and where you train$"):
        prediction.estimate(np.column_stack([x, x[:, 0]]), y, groups=5)
    assert "25 of 50 rows repeat" in prediction.Pool([*x, *x], [*y, *y], n_t=10, n_s=10).caution
    assert prediction.Pool(x, y, n_t=10, n_s=10).caution == ""


def test_a_verdict_on_less_than_the_theorys_own_error_is_cautioned_about():
    task = power_law(6)
    sure = simulate.Estimate(np.array([[-0.2, -0.02], [0.02, 0.0]]), np.full((2, 2), 1e-3))
    teacher = simulate.Estimate(np.array([1.0, 1.0]), np.full(2, 0.01))
    found = prediction.Prediction(teacher, teacher, sure, None)
    assert prediction._within_theory(found, 10) == (
        "caution: at 2 pairs the gap is below L_t/10, and the theory's own error can be as large"
    )
    assert prediction._within_theory(found, 1000) == ""
    small = prediction.predict(known(task), n_t=20, n_s=60, lam_t=0.1, lam_s=0.003)
    assert "caution: the gap is below L_t/20" in str(small)
    assert "caution" not in str(prediction.predict(known(task), n_t=20, n_s=60, lam_t=0.1, lam_s=5))


@pytest.mark.filterwarnings("error")
def test_as_many_rows_as_coefficients_are_answered_in_words():
    data = prediction.estimate(*SAMPLE)  # ten columns and an intercept
    found = prediction.predict(data, n_t=11, n_s=30, lam_t=0.0, lam_s=0.1)
    assert str(found).splitlines() == [
        "teacher  L_t        infinity",
        "student  L_s        infinity",
        "gap      L_s - L_t  minus infinity",
        "verdict  student wins",
        "best λ_s inf (or any other), with gap minus infinity",
        "wins for every λ_s, surely",
        "caution: with λ_t = 0 as many coefficients are fitted to 11 rows, and the mean error has "
        "no bound: take λ_t > 0, or more rows, or fewer",
    ]
    assert found.teacher.stderr == 0
    both = prediction.predict(data, n_t=11, n_s=11, lam_t=0, lam_s=[0.0, 0.1])
    assert both.verdict.tolist() == [["cannot tell", "student wins"]]
    assert "with λ_t = 0" in both.caution
    student = prediction.predict(data, n_t=30, n_s=11, lam_t=0.1, lam_s=0.0)
    assert student.caution == ""  # it copies its teacher
    assert student.gap.mean == 0


# --- what is uncertain about windows and the best student -----------------------------------------


def test_ends_of_windows_and_the_best_penalty_are_covered():
    task, asked = power_law(10), {"n_t": 20, "n_s": 60, "lam_t": 0.02, "lam_s": 0.3}
    truth = prediction.predict(known(task), **asked).best
    end, covered = truth.windows[0].high, []
    for seed in range(40):
        best = prediction.predict(prediction.estimate(*table(task, 120, seed)), **asked).best
        high = [part[-1].high if part else 0 for part in (best.sure, best.windows, best.perhaps)]
        assert high == sorted(high)
        assert best.alike.low <= best.penalty <= best.alike.high
        inside = best.alike.low <= truth.penalty <= best.alike.high
        covered.append((high[0] <= end <= high[2], inside, high[0] <= 2 * end <= high[2]))
    covered = np.mean(covered, axis=0)
    assert covered[0] >= 0.85
    assert covered[1] >= 0.9
    assert covered[2] < 0.95  # so the intervals are not merely long


def test_the_sure_window_ends_where_a_verdict_becomes_uncertain():
    data = prediction.estimate(*table(power_law(10), 600, 5))
    sizes = {"n_t": 20, "n_s": 60, "lam_t": 0.02}
    best = prediction.predict(data, lam_s=1.0, **sizes).best
    for window, sign in ((best.sure[0], -1), (best.perhaps[0], 1)):
        gap = prediction.predict(data, lam_s=window.high, **sizes).gap
        assert gap.mean / gap.stderr == pytest.approx(2 * sign, rel=0.03)


def test_what_windows_print():
    window, every = prediction.WinningWindow, (prediction.WinningWindow(0.0, INF),)
    gap = simulate.Estimate(-0.5, 0.1)

    def said(windows, sure, perhaps, alike=(0.0, 2.0)):
        return str(prediction.Best(1.0, gap, windows, sure, perhaps, window(*alike))).splitlines()

    some = (window(0.1, 0.5), window(2.0, INF))
    assert said((), (), ()) == ["no λ_s is predicted to win"]
    assert said((), (), every) == ["no λ_s is predicted to win; perhaps for every λ_s"]
    assert said(every, every, every)[1] == "wins for every λ_s, surely"
    best, wins = said(some, (), every)
    assert best == "best λ_s 1 (up to 2), with gap -0.50 ± 0.10"
    assert wins == ("wins for 0.1 < λ_s < 0.5 or 2 < λ_s; surely for none, perhaps for every λ_s")
    assert said(some, (), every, (0.5, INF))[0].startswith("best λ_s 1 (or more than 0.5), ")
    assert said(some, (), every, (0.0, INF))[0].startswith("best λ_s 1 (or any other), ")


# --- rows in groups -------------------------------------------------------------------------------


def test_groups_of_dependent_rows_make_the_error_bars_as_long_as_they_should_be():
    task, asked = power_law(10), {"n_t": 40, "n_s": 80, "lam_t": 0.1, "lam_s": 0.3}
    patient = np.repeat(np.arange(40), 5)
    off, bars = [], {"rows": [], "patients": []}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        z, noise = (
            0.84 * rng.normal(size=(40, k))[patient] + 0.54 * rng.normal(size=(200, k))
            for k in (10, 1)
        )
        x = z * task.eigenvalues**0.5
        y = x @ task.target + noise[:, 0]
        for name, groups in (("rows", 20), ("patients", [f"patient {k}" for k in patient])):
            found = prediction.predict(prediction.estimate(x, y, groups=groups), **asked)
            bars[name].append(found.teacher.stderr)
        off.append(found.teacher.mean)
    assert np.median(bars["rows"]) < 0.6 * np.std(off)
    assert np.median(bars["patients"]) > 0.7 * np.std(off)


def test_the_jackknife_of_unequal_groups_is_that_of_busing_meijer_and_van_der_leeden():
    rng = np.random.default_rng(0)
    y, sizes = rng.normal(size=60), np.array([2, 3, 5, 10, 15, 25])
    group = np.repeat(np.arange(6), sizes)
    without = np.array([y[group != g].mean() for g in range(6)])
    found = prediction._jackknife(np.array([y.mean(), *without]), sizes)
    h = 60 / sizes
    pseudo = h * y.mean() - (h - 1) * without  # the means of the groups
    assert pseudo == pytest.approx([y[group == g].mean() for g in range(6)])
    centre = 6 * y.mean() - np.sum((1 - 1 / h) * without)
    variance = np.mean((pseudo - centre) ** 2 / (h - 1))
    assert found.stderr == pytest.approx(variance**0.5)


def test_groups_of_a_prediction_count_by_their_rows():
    x, y = SAMPLE
    data = prediction.estimate(x, y, groups=["large"] * 60 + ["mid"] * 40 + ["small"] * 20)
    assert data.sizes == (60, 40, 20)
    alone = [
        prediction.predict(known(task), n_t=20, n_s=60, lam_t=0.1, lam_s=0.1).teacher.mean
        for task in (data.task, *data.without)
    ]
    found = prediction.predict(data, n_t=20, n_s=60, lam_t=0.1, lam_s=0.1)
    expected = prediction._jackknife(np.array(alone), data.sizes).stderr
    assert found.teacher.stderr == pytest.approx(expected)
    assert expected != pytest.approx(prediction._jackknife(np.array(alone)).stderr, rel=0.01)
    each = prediction._population.estimate(x[60:], y[60:], 10)
    assert np.array_equal(data.without[0].eigenvalues, each.eigenvalues)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([1, 2], r"groups must be a number or one label a row, shape \(60,\), got \(2,\)"),
        (np.zeros(60), r"groups must be two at least, and every row in one, got the labels 0\.0"),
        (np.where(np.arange(60) < 2, NAN, np.arange(60)), r"groups must be .* every row in one"),
        (np.arange(60) < 50, r"groups must leave a quarter .* not so group 'True': take smaller"),
    ],
)
def test_groups_are_checked(groups, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        prediction.estimate(X, Y, groups=groups)


# --- what is refused ------------------------------------------------------------------------------

X, Y = np.random.default_rng(0).normal(size=(60, 5)), np.arange(60.0)


def with_column(column, number=3):
    x = X.copy()
    x[:, number] = column
    return x


def with_entry(array, place, value):
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (Y, Y, r"^features must have one row an example .* got shape \(60,\)"),
        (X[:, :0], Y, r"^features must have one row .* got shape \(60, 0\)"),
        (X, Y[:-1], r"^labels must have one number a row .* \(60,\), got shape \(59,\)"),
        (X, Y[:, None], r"^labels must have one number .* got shape \(60, 1\)"),
        (with_entry(X, (4, 2), NAN), Y, r"^features must hold finite .* nan in row 4 of column 2:"),
        (with_entry(X, (4, 2), INF), Y, r"^features must hold finite .* inf in row 4 of column 2:"),
        (with_column(NAN), Y, r"^features must hold finite .* nan in row 0 of column 3: fill"),
        (X, with_entry(Y, 7, NAN), r"^labels must hold finite .* nan at index 7, and 0 more"),
        (X, np.ones(60), r"^labels must vary, got 1 everywhere"),
        (with_column(2.5), Y, r"^features must vary, but column 3 is constant"),
        (with_column(0.0), Y, r"^features must vary, but column 3 is constant"),
        (
            with_column(-2 * X[:, 1]),
            Y,
            r"^features must not repeat .* column [13] is a combination",
        ),
        (with_column(X[:, 0] + X[:, 4] + 2), Y, r"^features must not repeat .* column [034] is a"),
        (X[:39], Y[:39], r"^features has 39 rows, too few .* need 40\. Gather more .* groups=19"),
        (X[:9, :2], Y[:9], r"^features has 9 rows, too few to estimate from: .* Gather more rows$"),
    ],
)
def test_a_refusal_names_the_argument_the_column_and_what_to_do(features, labels, message):
    with pytest.raises(ValueError, match=message):
        prediction.estimate(features, labels)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_sizes_that_cannot_be_squared_are_refused(size):
    with pytest.raises(ValueError, match=r"^features must be of a size between 1e-70 and 1e\+70"):
        prediction.estimate(size * X, Y)
    with pytest.raises(ValueError, match=r"^labels must be of a size between .*errors are in"):
        prediction.estimate(X, size * Y)
    with pytest.raises(ValueError, match=r"^features must be of a size"):
        prediction.Pool(size * X, Y, n_t=10, n_s=10)


def test_columns_of_different_units_work_or_are_refused():
    plain = prediction.estimate(X, X[:, 1] + 0.1 * X[:, 0]).task
    scaled = prediction.estimate(X * [1, 1, 1, 1e-9, 1], X[:, 1] + 0.1 * X[:, 0]).task
    assert scaled.eigenvalues.min() / plain.eigenvalues.min() < 1e-17
    with pytest.raises(ValueError, match=r"comparable size, but column 3 varies by 1e-13 and col"):
        prediction.estimate(X * [1, 1, 1, 1e-13, 1], Y)


def test_several_columns_are_named_at_once():
    constant = np.column_stack([X, np.ones((60, 2))])
    with pytest.raises(ValueError, match=r"column 5 \(and so are columns 6\) is constant"):
        prediction.estimate(constant, Y)


def test_a_repeated_column_is_found_where_there_are_more_columns_than_rows():
    x = np.random.default_rng(1).normal(size=(40, 50))
    x[:, 30] = 1 - 3 * x[:, 7] + 1e-3 * x[:, 8]
    prediction.estimate(x, Y[:40])  # close to another is not another
    x[:, 30] = 1 - 3 * x[:, 7]
    with pytest.raises(ValueError, match="column 30 is a combination"):
        prediction.estimate(x, Y[:40])


def test_the_columns_of_a_data_frame_are_named():
    class Frame:
        columns = ("age", "sex", "bmi", "height", "pulse")

        def __array__(self, dtype=None, copy=None):
            return with_column(1.0)

    with pytest.raises(ValueError, match=r"column 3 \('height'\) is constant"):
        prediction.estimate(Frame(), Y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_t": 2}, "n_t must be a whole number >= 3"),
        ({"n_s": 2}, "n_s must be a whole number >= 3"),
        ({"lam_t": -1.0}, "lam_t must be a number >= 0"),
        ({"lam_s": INF}, "lam_s must be finite"),
        ({"lam_s": np.ones((2, 2))}, "lam_s must be a number or a one-dimensional"),
    ],
)
def test_what_is_asked_is_checked(change, message):
    asked = {"n_t": 20, "n_s": 20, "lam_t": 0.1, "lam_s": 0.1}
    with pytest.raises(ValueError, match=f"^{message}"):
        prediction.predict(known(power_law(3)), **{**asked, **change})


def test_fewer_rows_than_features_answer_for_no_larger_samples():
    data = prediction.estimate(*table(power_law(80), 60, 0))
    asked = {"lam_t": [0.0, 1.0], "lam_s": 0.1}
    assert prediction.predict(data, n_t=60, n_s=60, **asked).gap.mean.shape == (2, 1)
    with pytest.raises(ValueError, match=r"^n_t = 600 with lam_t = 0 asks .* n_t <= 60, a larger"):
        prediction.predict(data, n_t=600, n_s=60, **asked)
    with pytest.raises(ValueError, match=r"^n_s = 900 with lam_s = 0\.001 asks"):
        prediction.predict(data, n_t=60, n_s=900, lam_t=0.1, lam_s=[0.1, 0.001])
    # more rows than features answer for all
    data = prediction.estimate(*table(power_law(20), 60, 0))
    assert data.reach == 0
    prediction.predict(data, n_t=600, n_s=900, **asked)


def test_a_pool_leaves_rows_to_test_on():
    with pytest.raises(ValueError, match=r"n_t \+ n_s must leave rows .* 30 \+ 30 of 60 rows"):
        prediction.Pool(X, Y, n_t=30, n_s=30)
    with pytest.raises(ValueError, match=r"^labels must hold finite"):
        prediction.Pool(X, with_entry(Y, 0, NAN), n_t=10, n_s=10)


# --- the README -----------------------------------------------------------------------------------


def test_the_snippet_of_the_readme_runs_as_it_stands_and_prints_what_it_says():
    readme = (HOME / "README.md").read_text("utf-8")
    code, printed = re.search(
        r"```python\n((?:(?!```).)*prediction\.estimate.+?)```\n\n```\n(.+?)```", readme, re.DOTALL
    ).groups()
    said = []
    exec(code, {"print": said.append})
    assert str(said[0]) == printed.strip()


def test_the_package_needs_no_scikit_learn():
    code = "import sys, w2s.prediction; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=HOME, check=False).returncode == 0
