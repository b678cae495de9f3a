"""From a feature matrix and labels to a prediction with its uncertainty, before any training.

    data = prediction.estimate(features, labels)
    print(prediction.predict(data, n_t=150, n_s=600, lam_t=0.02, lam_s=0.2))

Teacher and student are ridge regressions with an unpenalised intercept,

    (1/n) Σ (y − α − x·β)² + λ|β|²      (scikit-learn: Ridge(alpha=n * lam)),

on n_t labelled rows and on n_s other rows with the teacher's labels. λ is in units of the features
squared. They are used as they come: standardise them first if that is how you train. The intercept
is a direction of its own, of variance 1, that no penalty touches.

The errors depend on the rows' population through its eigenvalues τ, the noise σ² and the signal
τ_i w_i² in each direction. `estimate` reads all three off ridge regressions of your rows, by the
formulas of `w2s.covariance` used backwards:

1. A ridge with penalty μ on N rows has the effective penalty κ = μ/(1 − df₁/N), and its degrees of
   freedom on the sample are those of the population at κ. So df₁ is known as a function of κ, and
   the eigenvalues are fitted to it. They are not those of the sample, which spread too far.
2. Its leave-one-out error is an unbiased estimate of the test error with N − 1 rows, and that is
   linear in σ² and the signals: a non-negative least squares fit finds them. Residuals of rows that
   the fit has seen are used nowhere.

The standard errors come from a jackknife that leaves out one group of rows at a time. They cover
the choice of the rows that were estimated from, and nothing else: not the randomness of the one
teacher and one student that you will train, whose spread `simulate.draws` shows on
`simulate.TaskProblem(data.task, n_t, n_s)`; and not an error of the theory, which wants rows of
about the same length in the metric of their covariance. Where those lengths spread by nearly as
much as their mean, a prediction says so: the error bars were then found to be too short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
import scipy.optimize
from numpy.typing import ArrayLike, NDArray

from w2s import _input, covariance
from w2s.covariance import Task
from w2s.ridge import WinningWindow

Array = NDArray[np.float64]

#: A verdict needs a gap of this many standard errors.
SURE = 2.0
#: A spread of the rows' lengths, relative to their mean, that is worth a warning. Of the book's
#: real tables those with 0.6 had error bars that held, those with 1.0 had not.
_LONG_ROWS = 0.8
#: Ridge regressions a decade of penalties, and candidate eigenvalues a decade.
_PENALTIES, _CANDIDATES = 8, 16
#: How far beyond the sample's eigenvalues penalties go, and candidates beyond those.
_MARGIN, _FURTHER = 30.0, 10.0
#: Below this share of the largest one an eigenvalue of a sample is rounding.
_ROUNDING = 1e-13
#: The weight, beside relative errors, of spreading what is found evenly over its directions.
_EVENLY = 1e-4
#: What of a column may be left, relative to it, if the others explain it.
_DEPENDENT = 1e-9
#: The variance of the intercept over its penalty, relative to the largest eigenvalue.
_UNPENALISED = 1e12


@dataclass(frozen=True)
class Data:
    """What a feature matrix and labels say about every teacher and student on such rows.

    Attributes
    ----------
    task : eigenvalues, target and noise of the population, for the functions of `w2s.covariance`.
        Only squares of the target's coordinates are known, so all are ≥ 0. It has no intercept.
    without : the same, estimated without each group of rows in turn.
    rows : how many rows there were.
    reach : the smallest effective penalty that the rows can speak about: 0 for more rows than
        features.
    row_spread : standard deviation over mean of xᵀ(S + s)⁻¹x, with x the centred rows, S their
        covariance and s its mean eigenvalue. The theory wants it small; see `caution`.
    """

    task: Task
    without: tuple[Task, ...]
    rows: int
    reach: float
    row_spread: float = 0.0

    @property
    def caution(self) -> str:
        """What `print` adds if a few rows are so long that the error bars cannot be trusted."""
        if self.row_spread <= _LONG_ROWS:
            return ""
        return (
            f"caution: a few rows are far longer than the rest (spread {self.row_spread:.1f}); the "
            "error bars are too short"
        )


@dataclass(frozen=True)
class Measured:
    """Values with their standard errors, elementwise."""

    value: Any
    stderr: Any

    def __str__(self) -> str:
        if np.ndim(self.value):
            return f"{np.shape(self.value)} values"
        if not (np.isfinite(self.value) and 0 < self.stderr < np.inf):
            return f"{self.value:.3g} ± {self.stderr:.1g}"
        places = max(0, 1 - int(np.floor(np.log10(self.stderr))))
        return f"{self.value:.{places}f} ± {self.stderr:.{places}f}"


@dataclass(frozen=True)
class Best:
    """The student `penalty` with the smallest predicted error, the `gap` there, and all `windows`.

    `windows` holds every interval of penalties that are predicted to win, certain or not.
    """

    penalty: float
    gap: Measured
    windows: tuple[WinningWindow, ...]


@dataclass(frozen=True)
class Prediction:
    """Test errors of teacher and student, and their `gap` L_s − L_t, with standard errors.

    `teacher` by λ_t, `student` and `gap` by (λ_t, λ_s); numbers where both penalties are numbers.
    Then `best` is there, too. `caution` is that of the data. `print` shows it all.
    """

    teacher: Measured
    student: Measured
    gap: Measured
    best: Best | None
    caution: str = ""

    @property
    def sign(self) -> Any:
        """−1 where the student wins, 1 where it loses, 0 where the data cannot tell."""
        far = np.abs(self.gap.value) > SURE * np.asarray(self.gap.stderr)
        return np.where(far, np.sign(self.gap.value), 0).astype(int)[()]

    @property
    def verdict(self) -> Any:
        """ "student wins", "student loses" or "cannot tell", by `sign`."""
        return np.array(["cannot tell", "student loses", "student wins"])[self.sign]

    def __str__(self) -> str:
        if self.best is None:
            names, counts = np.unique(self.verdict, return_counts=True)
            found = ", ".join(f"{n} at {c}" for n, c in zip(names, counts, strict=True))
            text = f"{np.size(self.verdict)} pairs of penalties: {found}"
            return f"{text}\n{self.caution}" if self.caution else text
        best = self.best
        lines = [
            f"teacher  L_t        {self.teacher}",
            f"student  L_s        {self.student}",
            f"gap      L_s - L_t  {self.gap}",
            f"verdict  {self.verdict}",
        ]
        if best.windows:
            lines.append(f"best λ_s {best.penalty:.2g}, with gap {best.gap}")
            lines.append("wins for " + " or ".join(map(_interval, best.windows)))
        else:
            lines.append("no λ_s is predicted to win")
        return "\n".join([*lines, self.caution] if self.caution else lines)


def _interval(window: WinningWindow) -> str:
    above = f"{window.low:.2g} < " if window.low > 0 else ""
    below = f" < {window.high:.2g}" if window.high < np.inf else ""
    return f"{above}λ_s{below}" if above or below else "every λ_s"


def estimate(features: ArrayLike, labels: ArrayLike, *, groups: int = 20, rng: Any = 0) -> Data:
    """What rows and labels say about the population: eigenvalues, signal and noise.

    Use rows that neither teacher nor student will be trained on, drawn as theirs will be.

    Parameters
    ----------
    features : shape (N, d), numbers without gaps. No column may be constant or a combination of
        others. More features than rows are fine; then `predict` answers for n_t, n_s ≤ N.
    labels : shape (N,), numbers; for two classes −1 and 1.
    groups : of the jackknife; the standard errors have a relative accuracy of 1/√(2·groups).
    rng : seed or generator that deals the rows into groups.

    Raises
    ------
    ValueError, TypeError : naming the argument, the column, and what to do.

    Notes
    -----
    For Gaussian rows with N well above d the predicted errors were found to be unbiased, and two
    standard errors to cover 95 per cent. For N near d or below it the standard errors are up to
    twice too large, and a gap is off by up to half of one: a non-negative fit turns some noise into
    signal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(500, 20))
    >>> labels = features[:, 0] + rng.normal(size=500)
    >>> bool(abs(estimate(features, labels).task.sigma2 - 1) < 0.2)
    True
    """
    x, y = _rows(features, labels)
    _require_full_rank(features, x)
    _input.count("groups", groups, low=2)
    rows = len(y)
    if rows < 2 * groups:
        raise ValueError(
            f"features has {rows} rows, too few to estimate from: {groups} groups of two at least "
            f"need {2 * groups}. Gather more rows"
            + (f", or pass groups={rows // 2}" if rows >= 20 else "")
        )
    group = np.random.default_rng(rng).permutation(rows) % groups
    task = _estimate(x, y)
    without = tuple(_estimate(x[group != g], y[group != g]) for g in range(groups))
    reach = float(covariance.fit(task.eigenvalues, 0.0, rows - 1).kappa[0])
    return Data(task, without, rows, reach, _row_spread(x))


def predict(data: Data, *, n_t: int, n_s: int, lam_t: ArrayLike, lam_s: ArrayLike) -> Prediction:
    """Test errors of a teacher and its student on such data, and whether the student will win.

    Parameters
    ----------
    data : of `estimate`. n_t, n_s : rows of the teacher, with labels, and of the student, without.
    lam_t, lam_s : penalties ≥ 0, in units of the features squared: numbers, or one-dimensional
        arrays, whose pairs are all computed.

    Returns
    -------
    Prediction: the mean over the choice of the training rows, σ² of the test label included. Its
    standard errors are those of `data`.

    Raises
    ------
    ValueError, TypeError : naming the argument; also where n and λ ask about directions that the
        rows behind `data`, being fewer than the features, could not show.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(1000, 50))
    >>> labels = features @ rng.normal(size=50) / 5 + 2 * rng.normal(size=1000)
    >>> found = predict(estimate(features, labels), n_t=100, n_s=400, lam_t=0.1, lam_s=0.5)
    >>> print(found.verdict)
    student wins
    """
    _input.count("n_t", n_t, low=3)
    _input.count("n_s", n_s, low=3)
    lams_t, lams_s = _finite("lam_t", lam_t), _finite("lam_s", lam_s)
    _require_reach(data, "n_t", n_t, "lam_t", lams_t)
    _require_reach(data, "n_s", n_s, "lam_s", lams_s)
    found = [
        _errors(task, n_t=n_t, n_s=n_s, lam_t=lams_t, lam_s=lams_s)
        for task in (data.task, *data.without)
    ]
    scalar = lams_t.ndim == lams_s.ndim == 0

    def part(name: str) -> Measured:
        values = np.array([getattr(errors, name) for errors in found])
        return _jackknife(values.reshape(len(found)) if scalar else values)

    best = _best(data, n_t=n_t, n_s=n_s, lam_t=float(lams_t)) if scalar else None
    return Prediction(part("teacher"), part("student"), part("gap"), best, data.caution)


@dataclass(frozen=True)
class Pool:
    """Rows with labels to draw teachers, students and tests from: a problem for `split_trial`.

    Attributes
    ----------
    features, labels : as for `estimate`, and not the rows that were estimated from.
    n_t, n_s : rows of the teacher and of the student; all others are the test.
    """

    features: Array
    labels: Array
    n_t: int
    n_s: int

    def __post_init__(self) -> None:
        x, y = _rows(self.features, self.labels)
        used = _input.count("n_t", self.n_t, low=3) + _input.count("n_s", self.n_s, low=3)
        if used >= len(y):
            raise ValueError(
                f"n_t + n_s must leave rows for the test: {self.n_t} + {self.n_s} of {len(y)} rows"
            )
        object.__setattr__(self, "features", x)
        object.__setattr__(self, "labels", y)


def split_trial(
    pool: Pool, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Train a teacher and a student on disjoint random rows of `pool`, and test them on the rest.

    What `predict` predicts, done; a trial for `w2s.simulate.experiment` and `draws`. One singular
    value decomposition a data set, then every pair of penalties.

    Examples
    --------
    >>> from w2s import simulate
    >>> rng = np.random.default_rng(1)
    >>> features = rng.normal(size=(1000, 50))
    >>> pool = Pool(features, features[:, 0] + rng.normal(size=1000), n_t=100, n_s=400)
    >>> run = simulate.experiment(pool, 0.1, 0.5, trials=10, trial=split_trial, rng=0)
    >>> bool(run.gap.mean[0, 0] < 0)
    True
    """
    order = rng.permutation(len(pool.labels))
    rows = np.split(order, [pool.n_t, pool.n_t + pool.n_s])
    x_t, x_s, x = (pool.features[part] for part in rows)
    y_t, y = pool.labels[rows[0]], pool.labels[rows[2]]
    taught = _ridge_fits(x_t, y_t[:, None], lam_t, np.vstack([x_s, x]))[:, :, 0]
    lessons, teachers = taught[:, : pool.n_s], taught[:, pool.n_s :]
    students = _ridge_fits(x_s, lessons.T, lam_s, x)
    teacher_errors = np.mean((teachers - y) ** 2, axis=1)
    return teacher_errors, np.mean((students - y[:, None]) ** 2, axis=1).T


# -- estimating ------------------------------------------------------------------------------------


def _estimate(x: Array, y: Array) -> Task:
    """The population behind rows x and labels y."""
    rows, d = x.shape
    penalties, df1, left_out = _ridge_path(x, y)
    eigenvalues = _spectrum(penalties, df1, rows, d)
    # The error of a ridge on the other rows: (σ² + Σ signal·lost²)·n/(n − df₂), at n = rows − 1.
    stage = _fit(eigenvalues, penalties * rows / (rows - 1), rows - 1)
    inflation = (rows - 1) / stage.spare
    columns = np.column_stack([stage.lost[:, :d] ** 2, np.ones(len(penalties))])
    # Relative errors count alike. The columns are non-negative, and so is what they measure.
    scale = inflation / np.maximum(left_out, _ROUNDING * left_out.max())
    found = _non_negative_fit(
        columns * scale[:, None], left_out / inflation * scale, float(np.var(y))
    )
    return Task(eigenvalues, np.sqrt(found[:d] / eigenvalues), float(found[d]))


def _ridge_path(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Penalties, and at each of them the degrees of freedom and the mean leave-one-out error."""
    rows = len(y)
    centred, labels = x - x.mean(axis=0), y - y.mean()
    values, basis = scipy.linalg.eigh(centred.T @ centred / rows)
    values = values[::-1][: rows - 1].clip(0)  # centred rows have rank N − 1 at most
    basis = basis[:, ::-1][:, : rows - 1]
    low = values[values > _ROUNDING * values[0]][-1]
    penalties = _decades(low / _MARGIN, values[0] * _MARGIN, _PENALTIES)
    scores = centred @ basis
    filters = 1 / (values[:, None] + penalties)
    fitted = scores @ (filters * (scores.T @ labels / rows)[:, None])
    leverage = 1 / rows + scores**2 @ filters / rows  # the intercept's, and the features'
    left_out = np.mean(((labels[:, None] - fitted) / (1 - leverage)) ** 2, axis=0)
    return penalties, (values[:, None] * filters).sum(axis=0), left_out


def _spectrum(penalties: Array, df1: Array, rows: int, d: int) -> Array:
    """d eigenvalues of the population whose degrees of freedom are those of the sample.

    Non-negative masses on a logarithmic grid are fitted first. Then each eigenvalue takes one unit
    of the mass, in rising order, and the mean logarithm of its unit.
    """
    kappas = penalties / (1 - (df1 + 1) / rows)  # the intercept uses up a row
    candidates = _decades(kappas[0] / _FURTHER, kappas[-1] * _FURTHER, _CANDIDATES)
    shares = candidates / (candidates + kappas[:, None]) / df1[:, None]
    # The last row says that there are d directions, and weighs enough to be obeyed.
    rows_of = np.vstack([shares, np.full(len(candidates), 1e3 / d)])
    masses = _non_negative_fit(rows_of, np.append(np.ones(len(df1)), 1e3), d)
    masses *= d / masses.sum()
    below = np.append(0, np.cumsum(masses))
    logarithms = np.append(0, np.cumsum(masses * np.log(candidates)))
    return np.exp(np.diff(np.interp(np.arange(d + 1), below, logarithms)))


def _row_spread(x: Array) -> float:
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred / len(x)
    gram[np.diag_indices_from(gram)] += np.trace(gram) / len(gram)
    lengths = np.sum(centred * np.linalg.solve(gram, centred.T).T, axis=1)
    return float(lengths.std() / lengths.mean())


def _non_negative_fit(columns: Array, values: Array, unit: float) -> Array:
    """Non-negative least squares; of fits that are equally good, the one spread most evenly.

    The columns are nearly dependent. A penalty far below any noise makes the answer unique to many
    digits, and the algorithm end. `unit` is the size of what is found.
    """
    size = columns.shape[1]
    penalised = np.vstack([columns * unit, _EVENLY * np.eye(size)])
    found, _ = scipy.optimize.nnls(penalised, np.append(values, np.zeros(size)), maxiter=30 * size)
    return found * unit


def _decades(low: float, high: float, each: int) -> Array:
    return np.geomspace(low, high, 2 + int(each * np.log10(high / low)))


# -- predicting ------------------------------------------------------------------------------------


def _with_intercept(task: Task) -> tuple[Task, Array]:
    """The task with its intercept as a last direction, and the weights that leave it unpenalised.

    The labels are centred there, so that even an infinite penalty loses nothing of them.
    """
    weights = np.append(np.ones(len(task.target)), 1 / (_UNPENALISED * task.eigenvalues.max()))
    return Task(np.append(task.eigenvalues, 1.0), np.append(task.target, 0.0), task.sigma2), weights


def _fit(eigenvalues: Array, lam: Array, n: int) -> covariance.Stage:
    task, weights = _with_intercept(Task(eigenvalues, np.zeros(len(eigenvalues)), 0.0))
    return covariance.fit(task.eigenvalues, lam, n, weights)


def _errors(task: Task, *, n_t: int, n_s: int, lam_t: Array, lam_s: Array) -> covariance.Errors:
    full, weights = _with_intercept(task)
    return covariance.errors(
        full, lam_t, lam_s, n_t=n_t, n_s=n_s, weights_t=weights, weights_s=weights
    )


def _best(data: Data, *, n_t: int, n_s: int, lam_t: float) -> Best:
    full, weights = _with_intercept(data.task)

    def asked(function: Callable[..., Any]) -> Any:
        return function(full, lam_t, n_t=n_t, n_s=n_s, weights_t=weights, weights_s=weights)

    penalty = asked(covariance.best_student).penalty
    teacher, student = np.array(lam_t), np.array(penalty)
    gaps = [
        _errors(task, n_t=n_t, n_s=n_s, lam_t=teacher, lam_s=student).gap[0, 0]
        for task in (data.task, *data.without)
    ]
    # Where a penalty is large enough to touch the intercept, the features are long gone.
    end = 1e-3 * _UNPENALISED * data.task.eigenvalues.max()
    windows = tuple(
        WinningWindow(window.low, window.high if window.high < end else np.inf)
        for window in asked(covariance.winning_windows)
        if window.low < end
    )
    return Best(penalty, _jackknife(np.array(gaps)), windows)


def _jackknife(values: Array) -> Measured:
    """The first value, with the standard error that the others, each without a group, imply."""
    without = values[1:]
    spread = np.sum((without - without.mean(axis=0)) ** 2, axis=0)
    return Measured(values[0], np.sqrt(spread * (1 - 1 / len(without))))


def _require_reach(data: Data, n_name: str, n: int, lam_name: str, lam: Array) -> None:
    """ValueError if the effective penalty is smaller than any that the rows could show."""
    if data.reach == 0:
        return
    kappa = _fit(data.task.eigenvalues, lam, n).kappa
    if np.any(kappa < data.reach * (1 - 1e-6)):
        bad = lam.flat[np.argmin(kappa)]
        raise ValueError(
            f"{n_name} = {n} with {lam_name} = {bad:g} asks for directions that {data.rows} rows "
            f"of {len(data.task.target)} features are too few to show: take {n_name} <= "
            f"{data.rows}, a larger {lam_name}, or estimate from more rows"
        )


def _ridge_fits(x: Array, labels: Array, lam: Array, at: Array) -> Array:
    """Predictions at the rows `at`, of shape (len(lam), len(at), columns of labels)."""
    centre = x.mean(axis=0)
    left, values, right = scipy.linalg.svd((x - centre) / len(x) ** 0.5, full_matrices=False)
    filters = values / (values**2 + lam[:, None])
    moments = left.T @ (labels - labels.mean(axis=0)) / len(x) ** 0.5
    return labels.mean(axis=0) + ((at - centre) @ right.T) @ (filters[:, :, None] * moments)


# -- what comes in ---------------------------------------------------------------------------------


def _finite(name: str, value: ArrayLike) -> Array:
    lam = _input.penalty(name, value)
    if lam.ndim > 1 or np.any(np.isinf(lam)):
        raise ValueError(f"{name} must be finite, a number or a one-dimensional array of them")
    return lam


def _rows(features: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    x, y = _input.real("features", features), _input.real("labels", labels)
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(
            f"features must have one row an example and one column a feature, got shape {x.shape}"
        )
    if y.shape != x.shape[:1]:
        raise ValueError(
            f"labels must have one number a row of features, shape ({len(x)},), got shape {y.shape}"
        )
    if not np.all(np.isfinite(x)):
        i, j = np.argwhere(~np.isfinite(x))[0]
        columns = np.flatnonzero(~np.isfinite(x).all(axis=0))
        raise ValueError(
            f"features must hold finite numbers only, got {x[i, j]} in row {i} of "
            f"{_name(features, columns)}: fill the gaps in, or drop these columns or rows"
        )
    if not np.all(np.isfinite(y)):
        i = int(np.argmin(np.isfinite(y)))
        raise ValueError(
            f"labels must hold finite numbers only, got {y[i]} at index {i}, and "
            f"{np.sum(~np.isfinite(y)) - 1} more such: drop these rows from features and labels"
        )
    if np.all(y == y[0]):
        raise ValueError(f"labels must vary, got {y[0]:g} everywhere: there is nothing to learn")
    return x, y


def _require_full_rank(features: ArrayLike, x: Array) -> None:
    """ValueError that names columns without variance of their own."""
    centred = x - x.mean(axis=0)
    size = np.sqrt(np.mean(centred**2, axis=0))
    constant = np.flatnonzero(size <= _DEPENDENT * np.sqrt(np.mean(x**2, axis=0)))
    if len(constant):
        raise ValueError(
            f"features must vary, but {_name(features, constant)} is constant in these "
            "rows: drop it, here and where you train (an intercept is fitted anyway)"
        )
    scaled = centred / (size * len(x) ** 0.5)
    if x.shape[1] < len(x):
        _, triangle, order = scipy.linalg.qr(scaled, mode="economic", pivoting=True)
        dependent = np.sort(order[abs(np.diag(triangle)) <= _DEPENDENT])
    else:
        pairs = np.triu(abs(scaled.T @ scaled), 1)
        dependent = np.flatnonzero(pairs.max(axis=0) >= 1 - 1e-12)
    if len(dependent):
        raise ValueError(
            f"features must not repeat each other, but {_name(features, dependent)} is a "
            "combination of other columns: drop it, here and where you train"
        )


def _name(features: Any, columns: NDArray[np.intp]) -> str:
    """ "column 3", or "column 3 ('age')" of a data frame, and how many others there are."""
    names = getattr(features, "columns", None)
    text = f"column {columns[0]}" + (f" ({names[columns[0]]!r})" if names is not None else "")
    others = ", ".join(map(str, columns[1:6])) + (", …" if len(columns) > 6 else "")
    return text + (f" (and so are columns {others})" if len(columns) > 1 else "")
