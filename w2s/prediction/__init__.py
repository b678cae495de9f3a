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
the choice of the rows that were estimated from, if these are independent or in groups that are. And
nothing else:

- Not the randomness of the one teacher and one student that you will train. `simulate.draws` shows
  it on `simulate.TaskProblem(data.task, n_t, n_s)`.
- Not the theory's own error, which no number of rows makes smaller. With n the smaller of n_t and
  n_s it was found below L_t/n for independent entries, Gaussian or signs, and 1.5·L_t/n with heavy
  tails (t, 5 degrees of freedom). On the book's six real tables, estimated from and tested on all
  rows, gaps were off by 0.1 to 2.4 per cent of L_t in the median over penalties and by 5 at most,
  which is up to six of their error bars; where a few rows are very long, by up to 14. A prediction
  says so where its verdict rests on a gap below L_t/n.
- Not rows of very different lengths, in the metric of their covariance, which change the limit
  itself. A prediction says so where error bars were then found to be too short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from w2s import _input
from w2s.experiments.dense import directions
from w2s.experiments.estimates import Estimate
from w2s.experiments.problems import pairs
from w2s.prediction import _population, _table
from w2s.theory import covariance
from w2s.theory.covariance import Task
from w2s.theory.ridge import WinningWindow

__all__ = ["SURE", "Best", "Data", "Pool", "Prediction", "estimate", "predict", "split_trial"]

Array = NDArray[np.float64]

#: A verdict needs a gap of this many standard errors.
SURE = 2.0
#: A spread of the factor that the entries of a row have in common, that is worth a warning. Chosen
#: by simulation: 20 columns, 250 rows, lognormal, t and rare factors. Two standard errors of L_t
#: covered in 88 to 95 per cent of tables where 0.7 was seen, 80 to 93 at 1.0, 72 to 88 at 1.5.
_LONG_ROWS = 0.8
#: And so many times that of Gaussian rows, because few rows in few columns say little about it: of
#: Gaussian tables with 40 rows of one column 0.5 per cent exceed it, and fewer of larger ones.
_BEYOND_GAUSSIAN = 1.6
#: How far beyond the eigenvalues student penalties are tried, for what the data say of them.
_WIDE = 1e3
#: Student penalties that are tried a decade.
_PER_DECADE = 8


@dataclass(frozen=True)
class Data:
    """What a feature matrix and labels say about every teacher and student on such rows.

    Attributes
    ----------
    task : Task
        Eigenvalues, target and noise of the population, for the functions of `w2s.covariance`.
        Only squares of the target's coordinates are known, so all are >= 0. It has no intercept.
    without : tuple of Task
        The same, estimated without each group of rows in turn.
    rows : int
        How many rows there were.
    reach : float
        The smallest effective penalty that the rows can speak about: 0 for more rows than features.
    row_spread : float
        Standard deviation over mean of xᵀ(S + s)⁻¹x, with x a centred row, S the covariance of the
        others and s its mean eigenvalue. The theory wants it small.
    gaussian_spread : float
        What it would be for Gaussian rows: √(2/d) for equal eigenvalues.
    copies : int
        How many rows are equal, label and all, to one before them.
    sizes : tuple of int
        Rows of each group that was left out.
    """

    task: Task
    without: tuple[Task, ...]
    rows: int
    reach: float
    row_spread: float = 0.0
    gaussian_spread: float = 0.0
    copies: int = 0
    sizes: tuple[int, ...] = ()

    @property
    def caution(self) -> str:
        """What `print` adds, a line each, where error bars cannot be trusted.

        Rows that are multiplied by random factors of variance v have row_spread² = g² + v(1 + g²),
        g their Gaussian spread. It speaks if √v is above 0.8, which was chosen by simulation.
        """
        lengths = _long_rows(self.row_spread, self.gaussian_spread)
        return "\n".join(filter(None, (_repeated(self.copies, self.rows), lengths)))


@dataclass(frozen=True)
class Best:
    """The student with the smallest predicted error, and what wins.

    Attributes
    ----------
    penalty : float
        Its penalty.
    gap : Estimate
        The gap there.
    windows : tuple of WinningWindow
        Every interval of penalties that are predicted to win, certain or not.
    sure : tuple of WinningWindow
        Where the gap is below zero by more than two standard errors.
    perhaps : tuple of WinningWindow
        Where it is not above zero by as many. An end of a window lies between theirs.
    alike : WinningWindow
        The interval around `penalty` whose students the data cannot tell from the best one, because
        their errors differ by less than two standard errors of the difference.
    """

    penalty: float
    gap: Estimate
    windows: tuple[WinningWindow, ...]
    sure: tuple[WinningWindow, ...]
    perhaps: tuple[WinningWindow, ...]
    alike: WinningWindow

    def __str__(self) -> str:
        perhaps = f"perhaps for {_intervals(self.perhaps)}"
        if not self.windows:
            return "no λ_s is predicted to win" + (f"; {perhaps}" if self.perhaps else "")
        certain = self.sure == self.windows == self.perhaps
        return (
            f"best λ_s {self.penalty:.2g} ({_range(self.alike)}), with gap {self.gap}\n"
            f"wins for {_intervals(self.windows)}"
            + (", surely" if certain else f"; surely for {_intervals(self.sure)}, {perhaps}")
        )


@dataclass(frozen=True)
class Prediction:
    """Predicted test errors of teacher and student, with standard errors; `print` shows it all.

    Attributes
    ----------
    teacher : Estimate
        Of L_t, by λ_t.
    student : Estimate
        Of L_s, by (λ_t, λ_s).
    gap : Estimate
        Of L_s − L_t, by (λ_t, λ_s). All three are numbers where both penalties are numbers.
    best : Best or None
        The best student of this teacher, where both penalties are numbers.
    caution : str
        What to distrust, a line each.
    """

    teacher: Estimate
    student: Estimate
    gap: Estimate
    best: Best | None
    caution: str = ""

    @property
    def sign(self) -> Any:
        """The sign of the gap: −1 the student wins, 1 it loses, 0 the data cannot tell."""
        far = np.abs(self.gap.mean) > SURE * np.asarray(self.gap.stderr)
        return np.where(far, np.sign(self.gap.mean), 0).astype(int)[()]

    @property
    def verdict(self) -> Any:
        """The `sign` in words: "student wins", "student loses" or "cannot tell"."""
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
            str(best),
        ]
        return "\n".join([*lines, self.caution] if self.caution else lines)


def _interval(window: WinningWindow) -> str:
    above = f"{window.low:.2g} < " if window.low > 0 else ""
    below = f" < {window.high:.2g}" if window.high < np.inf else ""
    return f"{above}λ_s{below}" if above or below else "every λ_s"


def _intervals(windows: tuple[WinningWindow, ...]) -> str:
    return " or ".join(map(_interval, windows)) or "none"


def _range(window: WinningWindow) -> str:
    if window.high == np.inf:
        return f"or more than {window.low:.2g}" if window.low > 0 else "or any other"
    return (f"{window.low:.2g} to " if window.low > 0 else "up to ") + f"{window.high:.2g}"


def estimate(
    features: ArrayLike, labels: ArrayLike, *, groups: int | ArrayLike = 20, rng: Any = 0
) -> Data:
    """Estimate the population behind rows and labels: eigenvalues, signal and noise.

    Use rows that neither teacher nor student will be trained on, drawn as theirs will be, and
    independent of each other. Of rows that repeat `Data.caution` speaks. For rows that come in
    groups (of a patient, of a county) say so by `groups`.

    Parameters
    ----------
    features : array_like, shape (N, d)
        Numbers or bools without gaps; an array or a data frame. No column may be constant or a
        combination of others. More features than rows are fine; then `predict` answers for
        n_t, n_s <= N.
    labels : array_like, shape (N,)
        Numbers; for two classes −1 and 1. Bools are 0 and 1.
    groups : int or array_like, shape (N,), default 20
        How many groups of rows the jackknife leaves out in turn, dealt at random; or one label a
        row, where rows with the same label may depend on each other. The standard errors have a
        relative accuracy of 1/√(2·groups). Labels mend the error bars only: a row still has its
        group in the fit when it is left out, so that predicted errors are a little too small.
    rng : seed or numpy.random.Generator, default 0
        What deals the rows into groups.

    Returns
    -------
    Data
        What `predict` needs.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, the column, and what to do.

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
    x, y = _table.rows(features, labels)
    _table.require_full_rank(features, x)
    group = _dealt(groups, y, rng)
    copies, d = _table.copies(x, y), x.shape[1]
    x = _population.coordinates(x)
    task = _population.estimate(x, y, d)
    sizes = np.bincount(group)
    others = (group != g for g in range(len(sizes)))
    without = tuple(_population.estimate(x[rest], y[rest], d) for rest in others)
    reach = float(covariance.fit(task.eigenvalues, lam=0.0, n=len(y) - 1).kappa[0])
    spreads = _population.row_spread(x, d)
    return Data(task, without, len(y), reach, *spreads, copies, tuple(sizes.tolist()))


@_input.by_keyword
def predict(data: Data, *, n_t: int, n_s: int, lam_t: ArrayLike, lam_s: ArrayLike) -> Prediction:
    """Predict the test errors of a teacher and its student on such data, and who wins.

    Parameters
    ----------
    data : Data
        From `estimate`.
    n_t : int
        Labelled rows of the teacher, >= 3.
    n_s : int
        Rows of the student, >= 3, which the teacher labels.
    lam_t : array_like
        The teacher's penalty, finite and >= 0, in units of the features squared: a number or a
        one-dimensional array.
    lam_s : array_like
        The student's, likewise. All pairs are computed.

    Returns
    -------
    Prediction
        The mean over the choice of the training rows, σ² of the test label included. A ridgeless
        fit of n = d + 1 rows (one for the intercept) has no bound: the prediction is then infinite,
        and says why.

    Raises
    ------
    TypeError, ValueError
        Naming the argument; also where n and λ ask about directions that the rows behind `data`,
        being fewer than the features, could not show.

    Notes
    -----
    The standard errors cover the choice of the rows that `data` was estimated from, and neither the
    one pair that will be trained nor the theory's own error; the top of this module says how large
    that was found to be.

    References
    ----------
    The limits are those of `w2s.covariance.errors`: the paper's (1) to (4) for any covariance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(1000, 50))
    >>> labels = features @ rng.normal(size=50) / 5 + 2 * rng.normal(size=1000)
    >>> found = predict(estimate(features, labels), n_t=100, n_s=400, lam_t=0.1, lam_s=0.5)
    >>> print(found.verdict)
    student wins
    """
    _input.instance("data", data, Data)
    n_t, n_s = _input.count("n_t", n_t, low=3), _input.count("n_s", n_s, low=3)
    lams_t, lams_s = _finite("lam_t", lam_t), _finite("lam_s", lam_s)
    _require_reach(data, "n_t", n_t, "lam_t", lams_t)
    _require_reach(data, "n_s", n_s, "lam_s", lams_s)
    estimates = [
        _errors(task, n_t=n_t, n_s=n_s, lam_t=lams_t, lam_s=lams_s)
        for task in (data.task, *data.without)
    ]
    scalar = lams_t.ndim == lams_s.ndim == 0

    def part(name: str) -> Estimate:
        values = np.array([getattr(errors, name) for errors in estimates])
        return _jackknife(values.ravel() if scalar else values, data.sizes)

    teacher, student, gap = map(part, ("teacher", "student", "gap"))
    best = _best(data, n_t=n_t, n_s=n_s, lam_t=float(lams_t)) if scalar else None
    found = Prediction(teacher, student, gap, best)
    cautions = (data.caution, _boundless(found, n_t, n_s), _within_theory(found, min(n_t, n_s)))
    return replace(found, caution="\n".join(filter(None, cautions)))


@_input.by_keyword
@dataclass(frozen=True)
class Pool:
    """Rows with labels to draw teachers, students and tests from: a problem for `split_trial`.

    Parameters
    ----------
    features : array_like, shape (N, d)
        Numbers, as for `estimate`, and not the rows that were estimated from. Rows must be
        independent: of a row and its copy one may be trained on and the other be the test.
    labels : array_like, shape (N,)
        Numbers.
    n_t : int
        Rows of the teacher, >= 3.
    n_s : int
        Rows of the student, >= 3; all others are the test.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, the column, and what to do.
    """

    features: Array
    labels: Array
    _: KW_ONLY
    n_t: int
    n_s: int

    def __post_init__(self) -> None:
        x, y = _table.rows(self.features, self.labels)
        n_t, n_s = (_input.count(name, getattr(self, name), low=3) for name in ("n_t", "n_s"))
        if n_t + n_s >= len(y):
            raise ValueError(
                f"n_t + n_s must leave rows for the test: {n_t} + {n_s} of {len(y)} rows"
            )
        _input.settle(self, features=x, labels=y, n_t=n_t, n_s=n_s)

    @property
    def caution(self) -> str:
        """What to distrust: a line if rows repeat, empty if none does."""
        return _repeated(_table.copies(self.features, self.labels), len(self.labels))


def split_trial(
    pool: Pool, lam_t: Array, lam_s: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Train a teacher and a student on disjoint random rows of `pool`, and test them on the rest.

    What `predict` predicts, done; a trial for `w2s.simulate.experiment` and `draws`. One singular
    value decomposition a data set, then every pair of penalties.

    Parameters
    ----------
    pool : Pool
        Rows, labels and sizes.
    lam_t : array_like
        The teachers' penalties, >= 0: a number or a one-dimensional array.
    lam_s : array_like
        The students' penalties, >= 0. All pairs are computed.
    rng : numpy.random.Generator
        What deals the rows.

    Returns
    -------
    teacher_errors : ndarray, shape (L_t,)
        Mean squared errors on the test rows.
    student_errors : ndarray, shape (L_t, L_s)
        The students'.

    Raises
    ------
    TypeError, ValueError
        Naming the argument, what is allowed and what came.

    Examples
    --------
    >>> from w2s import simulate
    >>> rng = np.random.default_rng(1)
    >>> features = rng.normal(size=(1000, 50))
    >>> pool = Pool(features, features[:, 0] + rng.normal(size=1000), n_t=100, n_s=400)
    >>> run = simulate.experiment(pool, lam_t=0.1, lam_s=0.5, trials=10, trial=split_trial, rng=0)
    >>> bool(run.gap.mean[0, 0] < 0)
    True
    """
    _input.instance("pool", pool, Pool)
    _input.instance("rng", rng, np.random.Generator)
    lam_t, lam_s = pairs(lam_t, lam_s)
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


def _dealt(groups: int | ArrayLike, y: Array, rng: Any) -> NDArray[np.intp]:
    """The group of each row, from 0."""
    rows = len(y)
    try:
        labels = np.asarray(groups)
    except ValueError:
        raise ValueError("groups must be a number or one label a row, got a ragged list") from None
    if labels.ndim == 0:
        number = _input.count("groups", groups, low=2)
        if rows < 2 * number:
            raise ValueError(
                f"features has {rows} rows, too few to estimate from: {number} groups of two at "
                f"least need {2 * number}. Gather more rows"
                + (f", or pass groups={rows // 2}" if rows >= 20 else "")
            )
        return _input.generator("rng", rng).permutation(rows) % number
    if labels.shape != (rows,):
        raise ValueError(
            f"groups must be a number or one label a row, shape ({rows},), got {labels.shape}"
        )
    names, group = np.unique(labels.astype(str), return_inverse=True)
    if len(names) < 2 or {"nan", "None", "<NA>"} & set(names):
        raise ValueError(
            "groups must be two at least, and every row in one, got the labels "
            + ", ".join(map(str, names[:6]))
        )
    for g, name in enumerate(names.tolist()):
        rest = y[group != g]
        if len(rest) < max(3, rows / 4) or np.all(rest == rest[0]):
            raise ValueError(
                "groups must leave a quarter of the rows, with labels that vary, if one is left "
                f"out; not so group {name!r}: take smaller groups"
            )
    return group


def _repeated(copies: int, rows: int) -> str:
    if not copies:
        return ""
    return (
        f"caution: {copies} of {rows} rows repeat another one, label and all; if they are copies, "
        "drop them: nothing here holds for rows that are not independent"
    )


def _long_rows(spread: float, gaussian: float) -> str:
    excess = (spread**2 - gaussian**2) / (1 + gaussian**2)
    if excess <= _LONG_ROWS**2 or spread <= _BEYOND_GAUSSIAN * gaussian:
        return ""
    return (
        f"caution: a few rows are far longer than the rest (spread {spread:.1f}, Gaussian "
        f"{gaussian:.1f}); the error bars are too short"
    )


# -- predicting ------------------------------------------------------------------------------------


def _errors(task: Task, *, n_t: int, n_s: int, lam_t: Array, lam_s: Array) -> covariance.Errors:
    full, weights = _population.with_intercept(task)
    return covariance.errors(
        full, lam_t=lam_t, lam_s=lam_s, n_t=n_t, n_s=n_s, weights_t=weights, weights_s=weights
    )


def _boundless(found: Prediction, n_t: int, n_s: int) -> str:
    """A caution where a ridgeless fit has as many rows as coefficients."""
    for whose, n, errors in (("λ_t", n_t, found.teacher), ("λ_s", n_s, found.student)):
        if np.any(np.isinf(errors.mean)):  # a student inherits its teacher's
            return (
                f"caution: with {whose} = 0 as many coefficients are fitted to {n} rows, and the "
                f"mean error has no bound: take {whose} > 0, or more rows, or fewer"
            )
    return ""


def _within_theory(found: Prediction, n: int) -> str:
    """A caution where the theory's own error may decide a verdict."""
    size = found.teacher.mean / n
    size = size[:, None] if np.ndim(size) else size
    count = np.sum((found.sign != 0) & (abs(found.gap.mean) < size))
    if not count:
        return ""
    where = f"at {count} pairs the gap is" if np.ndim(size) else "the gap is"
    return f"caution: {where} below L_t/{n}, and the theory's own error can be as large"


def _best(data: Data, *, n_t: int, n_s: int, lam_t: float) -> Best:
    full, weights = _population.with_intercept(data.task)

    def asked(function: Callable[..., Any]) -> Any:
        return function(full, lam_t=lam_t, n_t=n_t, n_s=n_s, weights_t=weights, weights_s=weights)

    penalty = asked(covariance.best_student).penalty
    # Where a penalty is large enough to touch the intercept, the features are long gone.
    end = 1e-3 * _population.UNPENALISED * data.task.eigenvalues.max()
    windows = tuple(
        WinningWindow(window.low, window.high if window.high < end else np.inf)
        for window in asked(covariance.winning_windows)
        if window.low < end
    )
    tau = data.task.eigenvalues
    least = _population.fit(tau, np.zeros(1), n_s).kappa[0]
    ends = max(tau.min(), least) / _WIDE, max(tau.max(), least) * _WIDE
    grid = _population.decades(*ends, _PER_DECADE)
    inside = float(np.clip(penalty, grid[0], grid[-1]))
    lam_s = np.unique(np.append(grid, inside))
    at_best = np.searchsorted(lam_s, inside)
    teacher = np.array(lam_t)
    gaps = np.array(
        [
            _errors(task, n_t=n_t, n_s=n_s, lam_t=teacher, lam_s=lam_s).gap[0]
            for task in (data.task, *data.without)
        ]
    )
    with np.errstate(invalid="ignore"):  # differences of infinite gaps
        worse = gaps - gaps[:, [at_best]]
    away, worse = _in_bars(gaps, data.sizes), _in_bars(worse, data.sizes)
    worse[at_best] = 0
    around = [one for one in _below(lam_s, worse - SURE) if one.low <= inside <= one.high]
    return Best(
        penalty,
        _jackknife(gaps[:, at_best], data.sizes),
        windows,
        _below(lam_s, away + SURE),
        _below(lam_s, away - SURE),
        around[0],
    )


def _in_bars(values: Array, sizes: ArrayLike) -> Array:
    """The first values in units of their standard errors; 0 where both are 0 or unknown."""
    found = _jackknife(values, sizes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(found.mean / found.stderr, nan=0.0)


def _below(lam: Array, values: Array) -> tuple[WinningWindow, ...]:
    """Where values over a grid are below 0, ends interpolated; an end of the grid is 0 or inf."""
    values = values.clip(-1e9, 1e9)
    below = values < 0
    change = np.flatnonzero(below[1:] != below[:-1])
    share = values[change] / (values[change] - values[change + 1])
    edges = np.exp((1 - share) * np.log(lam[change]) + share * np.log(lam[change + 1])).tolist()
    edges = [0.0] * bool(below[0]) + edges + [np.inf] * bool(below[-1])
    return tuple(map(WinningWindow, edges[::2], edges[1::2]))


def _jackknife(values: Array, sizes: ArrayLike = ()) -> Estimate:
    """The first value, with the standard error that the others, each without a group, imply.

    Groups of `sizes` rows that differ count by these, as in the delete-m_j jackknife.
    """
    value, without = values[0], values[1:]
    count = len(without)
    sizes = np.asarray(sizes if np.size(sizes) else np.ones(count), dtype=float)
    shares = np.reshape(sizes / sizes.sum(), (count,) + (1,) * value.ndim)
    with np.errstate(invalid="ignore"):
        change = without - value
        change = np.where(without == value, 0.0, change)  # also of infinite ones
        pseudo = -(1 / shares - 1) * change
        centre = -np.sum((1 - shares) * change, axis=0)
        spread = np.mean((pseudo - centre) ** 2 / (1 / shares - 1), axis=0)
    return Estimate(value, np.sqrt(spread))


def _require_reach(data: Data, n_name: str, n: int, lam_name: str, lam: Array) -> None:
    """ValueError if the effective penalty is smaller than any that the rows could show."""
    if data.reach == 0:
        return
    kappa = _population.fit(data.task.eigenvalues, lam, n).kappa
    if np.any(kappa < data.reach * (1 - 1e-6)):
        bad = lam.flat[np.argmin(kappa)]
        raise ValueError(
            f"{n_name} = {n} with {lam_name} = {bad:g} asks for directions that {data.rows} rows "
            f"of {len(data.task.target)} features are too few to show: take {n_name} <= "
            f"{data.rows}, a larger {lam_name}, or estimate from more rows"
        )


def _ridge_fits(x: Array, labels: Array, lam: Array, at: Array) -> Array:
    """Predictions at the rows `at`, of shape (len(lam), len(at), columns of labels).

    At λ = 0 it is least squares, of the solutions the one with the smallest coefficients.
    """
    n = len(x)
    centre = x.mean(axis=0)
    # Centring leaves n − 1 directions.
    left, values, right = directions(x - centre, n - 1, float(np.linalg.norm(centre)))
    filters = values / (values**2 + lam[:, None])
    moments = left.T @ (labels - labels.mean(axis=0)) / n**0.5
    return labels.mean(axis=0) + ((at - centre) @ right.T) @ (filters[:, :, None] * moments)


def _finite(name: str, value: ArrayLike) -> Array:
    lam = _input.penalties(name, value, endless=False)
    return lam.reshape(np.shape(value))
