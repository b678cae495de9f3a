"""What every read-out, sentence and drawn part of an explorer has to show: one table, `TRUTH`.

Its functions take the controls' values. They compute with the numeric package or with mpmath,
never with the formulas that are compiled for the browser; `validation` compares, without a browser
when the book is built, and in one by `make look`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import Any

import mpmath
import numpy as np

from w2s import chains, covariance, ridge
from w2s import marchenko_pastur as mp

Values = Mapping[str, float]


@dataclass(frozen=True)
class Number:
    """A truth that a browser's sixteen digits reach less well than to a relative 1e-9."""

    of: Callable[..., Any]
    relative: float = 1e-9
    absolute: float = 0.0
    points: int = 33  #: at so many points of a curve it is asked for
    sight: tuple[float, float] = (-np.inf, np.inf)  #: beyond these nothing is seen

    def __call__(self, *arguments: Any) -> Any:
        return self.of(*arguments)


@dataclass(frozen=True)
class Truth:
    """The truth about one explorer; its keys are those that the explorer declares."""

    readouts: dict[str, Callable[[Values], Any]]  #: the number, or the text
    sentences: dict[str, Callable[[Values], dict[str, str] | None]]  #: its numbers where it holds
    curves: dict[str, Callable[[Values, Any], Any]]  #: y at x
    marks: dict[str, Callable[[Values], dict[str, Any]]]  #: everything that is drawn
    settings: tuple[dict[str, float], ...]  #: beside the extremes: where the sentences change
    gap: Callable[[Values], Any] | None = None  #: whose sign colours the verdict
    presets: Mapping[str, Callable[[Values], Any]] = field(default_factory=dict)  #: is its text so


def words(x: float, places: int = 4) -> str:
    """A number as the pages write it.

    Examples
    --------
    >>> words(1.0625), words(-1.5e-7), words(999960.0), words(float("inf"))
    ('1.063', '−1.5·10⁻⁷', '1000000', '∞')
    """
    if np.isnan(x):
        return "none"
    if np.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    rounded = Context(prec=places, rounding=ROUND_HALF_UP).plus(Decimal(float(x)))
    power = 0 if 1e-3 <= abs(x) < 1e6 else rounded.adjusted()
    head = format(rounded.scaleb(-power).normalize(), "f").replace("-", "−")
    raised = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{head}·10{raised}" if power else head


def _interval(window: ridge.WinningWindow) -> str:
    if not window:
        return "none"
    if window.high == np.inf:
        return "every λₛ > 0"
    return f"{words(window.low)} < λₛ < {words(window.high)}"


def _when(holds: Any, **numbers: str) -> dict[str, str] | None:
    return numbers if holds else None


# --- the quantities, at the controls' values p or with some of them replaced ---------------------


def _arguments(p: Values, new: Values) -> dict[str, Any]:
    found = {"gamma_t": p["d"] / p["n_t"], "gamma_s": p["d"] / p["n_s"]} if "d" in p else {}
    names = ("lam_t", "lam_s", "gamma_t", "gamma_s", "zeta")
    found |= {name: p[name] for name in names if name in p}
    return {**found, "sigma2": p["sigma"] ** 2, **new}


def _gamma_t(p: Values) -> float:
    return float(_arguments(p, {})["gamma_t"])


def _best(p: Values) -> Any:
    return ridge.optimal_teacher_penalty(_gamma_t(p), p["sigma"] ** 2)


def _L_t(p: Values, **new: Any) -> Any:
    arguments = _arguments(p, new)
    return ridge.teacher_error(*(arguments[name] for name in ("lam_t", "gamma_t", "sigma2")))


def _L_s(p: Values, **new: Any) -> Any:
    return ridge.student_error(**_arguments(p, new))


def _gap(p: Values, **new: Any) -> Any:
    return ridge.error_gap(**_arguments(p, new))


def _c(p: Values) -> Any:
    return ridge.imbalance(p["lam_t"], _gamma_t(p), p["sigma"] ** 2)


def _window(p: Values, **new: Any) -> ridge.WinningWindow:
    arguments = _arguments(p, new)
    return ridge.winning_window(**{k: v for k, v in arguments.items() if k != "lam_s"})


def _percent(p: Values) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        return words(float(100 * np.abs(_gap(p)) / _L_t(p)), 3)


# --- marks ---------------------------------------------------------------------------------------


def _dots(x: Any, y: Any) -> dict[str, Any]:
    return {"data.x": np.atleast_1d(x), "data.y": np.atleast_1d(y)}


def _level(ends: tuple[float, float], y: Any) -> dict[str, Any]:
    return _dots(ends, [y, y])


def _band(window: ridge.WinningWindow, ends: tuple[float, float]) -> dict[str, Any]:
    if not window:
        return {"visible": False}
    high = window.high if window.high < np.inf else ends[1]
    return {"visible": True, "left": window.low or ends[0], "right": high}


def _rule(place: Any, there: Any) -> dict[str, Any]:
    return {"visible": True, "location": place} if there else {"visible": False}


def _log10(x: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.log10(x)


# --- H₁, with fifty digits -----------------------------------------------------------------------


def _H_1(a: Any, gamma_s: float) -> Any:
    return -(1 - a) / (1 + a - 2 * gamma_s * a**2)


def _H_1_of_penalty(gamma_s: float, penalties: Any) -> Any:
    with mpmath.workdps(50):
        gamma, found = mpmath.mpf(gamma_s), []
        for lam in penalties:
            total = 1 + gamma + mpmath.mpf(lam)
            a = 2 / (total + mpmath.sqrt(total**2 - 4 * gamma))
            found.append(float(_H_1(a, gamma)))
    return np.array(found)


def _highest(gamma_s: float) -> float:
    """The supremum: at a = 1 − r with r² = 1 − 1/γₛ; for γₛ ≤ 1 its limit as a → 1."""
    if gamma_s <= 1:
        return -1 / 3 if gamma_s == 1 else 0.0
    with mpmath.workdps(50):
        gamma = mpmath.mpf(gamma_s)
        return float(_H_1(1 - mpmath.sqrt(1 - 1 / gamma), gamma))


def _window_at(p: Values) -> ridge.WinningWindow:
    """Only c counts: that of a teacher with λₜ = 0 and γₜ = 1/2 is −σ², and for c ≥ 0 none wins."""
    if p["c"] >= 0 or _touches(p):
        return ridge.EMPTY
    return ridge.winning_window(lam_t=0, gamma_t=0.5, gamma_s=p["gamma_s"], sigma2=-p["c"])


def _touches(p: Values) -> bool:
    return abs(p["c"] - _highest(p["gamma_s"])) < 1e-12


def _roots(window: ridge.WinningWindow) -> list[float]:
    return [end for end in (window.low, window.high) if 0 < end < np.inf]


# --- what a network forgets: its steps, one after the other --------------------------------------


def _trained(p: Values, steps: float) -> tuple[float, float, float]:
    """What W has along the hard and the easy direction, and the share of the latter to learn."""
    read, unread, learnt = p["tau"] * p["rho"], p["tau"] * np.sqrt(1 - p["rho"] ** 2), 0.0
    left = 1.0
    for _ in range(round(steps)):
        read -= p["step"] * read
        learnt += p["step"] * (p["easy"] - learnt)
        left -= p["step"] * left
    return float(np.hypot(1, np.hypot(read, unread))), float(np.hypot(1, learnt)), left


def _told(p: Values) -> dict[str, str]:
    left = _trained(p, p["steps"])[2]
    shares = {"learnt": 1 - left, "lost": p["rho"] ** 2 * (1 - left**2), "end": p["rho"] ** 2}
    return {"k": f"{p['steps']:.0f}"} | {key: f"{100 * x:.0f}" for key, x in shares.items()}


# --- chains --------------------------------------------------------------------------------------


def _chain(p: Values, count: int = 60) -> tuple[Any, Any, Any]:
    """Along and across the truth, and the errors, of the teacher and `count` students."""
    found = chains.chain_limit(
        penalties=[p["lam_t"]] + [p["lam_s"]] * count,
        gammas=[p["gamma_t"]] + [p["gamma_s"]] * count,
        sigma2=p["sigma"] ** 2,
    )
    across = np.sqrt(np.maximum(found.error - p["sigma"] ** 2 - (1 - found.overlap) ** 2, 0))
    return found.overlap, across, found.error


def _length(p: Values) -> float:
    return float(_of_best(chains.best_length, p))


def _standing(p: Values) -> str:
    if _L_t(p) == np.inf or (p["lam_s"] == 0 and p["gamma_s"] <= 1):
        return "pole" if _L_t(p) == np.inf else "copies"
    k, best = p["k"], _length(p)
    return "ever" if best == np.inf else "before" if k < best else "at" if k == best else "after"


def _stands(key: str) -> Callable[[Values], dict[str, str] | None]:
    return lambda p: _when(_standing(p) == key, best=words(_length(p)))


def _placed(chosen: Callable[[Values], Any]) -> Number:
    """A difference of sums of squares: the smaller, the fewer digits it keeps."""
    return Number(lambda p: _dots(*(x[chosen(p)] for x in _chain(p)[:2])), absolute=1e-7)


def _until(p: Values) -> Any:
    return slice(0, round(p["k"]) + 1)


# --- direction by direction ----------------------------------------------------------------------


def _filter(p: Values, s: Any) -> Any:
    return s / (s + p["lam_s"])


def _in_direction(p: Values, f: Any) -> Any:
    """1 − 2bf + Bf², with the teacher's overlap and energy."""
    given = {"penalties": [p["lam_t"]], "gammas": [p["gamma_t"]]}
    teacher = chains.chain_limit(**given, sigma2=p["sigma"] ** 2)
    return 1 - 2 * teacher.overlap[0] * f + teacher.energy[0] * f**2


def _crossing(p: Values) -> float:
    """Where f = s/(s+λₛ) has e(f) = e(1): at f = (1+c)/(1−c)."""
    c = float(_c(p))
    return p["lam_s"] * (1 + c) / (-2 * c) if -1 <= c < 0 else np.nan


def _better(p: Values) -> str:
    if _L_t(p) == np.inf or p["lam_s"] == 0:
        return "pole" if _L_t(p) == np.inf else "copy"
    return "none" if _c(p) >= 0 else "all" if _c(p) < -1 else "some"


def _last(p: Values) -> float:
    """A little beyond the largest eigenvalue."""
    return 1.05 * float(mp.support(p["gamma_s"])[1])


# --- any covariance ------------------------------------------------------------------------------

_SHOWN = np.geomspace(1e-4, 1e2, 121)


def _law(p: Values) -> tuple[covariance.Task, float, float]:
    """The task, the teacher's best penalty, and the one it has."""
    index = np.arange(1, 101.0)
    target = index ** ((-1 - p["alpha"] * (2 * p["r"] - 1)) / 2)
    task = covariance.Task(index ** -p["alpha"], target, p["sigma"] ** 2)
    best = covariance.best_teacher(task, n_t=round(p["n_t"])).penalty
    return task, best, p["times"] * best


def _lessons(p: Values, lam_s: Any = _SHOWN) -> covariance.Errors:
    task, _, lam_t = _law(p)
    sizes = {"n_t": round(p["n_t"]), "n_s": round(p["n_s"])}
    return covariance.errors(task, lam_t=lam_t, lam_s=lam_s, **sizes)


def _least(p: Values) -> tuple[int, float, float]:
    """The best penalty shown, by number, its gap and its error."""
    found = _lessons(p)
    k = int(np.argmin(found.gap[0]))
    return k, float(found.gap[0, k]), float(found.student[0, k])


def _gained(p: Values) -> str:
    with np.errstate(divide="ignore", invalid="ignore"):
        return words(float(-100 * np.divide(_least(p)[1], _lessons(p).teacher[0])), 3)


def _infinite(p: Values) -> bool:
    return bool(_lessons(p).teacher[0] == np.inf)


def _noise_held(p: Values) -> float:
    """N/κₜ."""
    task, _, lam_t = _law(p)
    kappa = covariance.fit(task.eigenvalues, lam=lam_t, n=round(p["n_t"])).kappa[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.divide(_lessons(p).teacher[0] / p["n_t"], kappa))


# --- a cloud of trials ---------------------------------------------------------------------------


def _normals(start: int, count: int) -> Any:
    """Of the same generator: mulberry32 counted on, and the cosine of Box and Muller."""
    k = np.arange(2 * start + 1, 2 * (start + count) + 1).astype(np.uint32)
    a = k * np.uint32(0x6D2B79F5)
    t = (a ^ (a >> 15)) * (a | 1)
    t = (t + (t ^ (t >> 7)) * (t | 61)) ^ t
    u = (t ^ (t >> 14)) / 2.0**32
    return np.sqrt(-2 * np.log1p(-u[::2])) * np.cos(2 * np.pi * u[1::2])


def _ridge(X: Any, y: Any, lam: float) -> Any:
    """As least squares with d rows more."""
    rows = np.vstack([X / len(X) ** 0.5, lam**0.5 * np.eye(X.shape[1])])
    return np.linalg.lstsq(rows, np.append(y / len(X) ** 0.5, np.zeros(X.shape[1])))[0]


@cache
def _trials(lam_t: float, lam_s: float, seed: float, draws: float, sigma: float) -> Any:
    """By draw, the errors of teacher and student."""
    found = []
    for number in range(round(draws)):
        start = (round(seed) * 200 + number) * 2460
        target, rows, noise, fresh = np.split(_normals(start, 2460), [20, 820, 860])
        target, rows, fresh = target / 20**0.5, rows.reshape(40, 20), fresh.reshape(80, 20)
        teacher = _ridge(rows, rows @ target + sigma * noise, lam_t)
        student = _ridge(fresh, fresh @ teacher, lam_s)
        found.append([sigma**2 + np.sum((x - target) ** 2) for x in (teacher, student)])
    return np.array(found)


def _drawn(p: Values) -> Any:
    return _trials(**p)


def _won(p: Values) -> Any:
    return np.diff(_drawn(p))[:, 0] < -1e-9


# --- double descent, and the best student --------------------------------------------------------


def _descending(p: Values, error: Callable[..., Any], gamma_t: Any = 1.0) -> Any:
    lam_t = p["share"] * ridge.optimal_teacher_penalty(gamma_t, p["sigma"] ** 2)
    return error({**p, "gamma_t": gamma_t}, lam_t=lam_t)


def _within_sight(p: Values, y: Any) -> Any:
    """The pictures cut a pole off there."""
    return np.minimum(y, 30 * (p["sigma"] ** 2 + 1))


def _of_best(function: Callable[..., Any], p: Values, **new: Any) -> Any:
    return function(**_arguments(p, new))


def _share(p: Values) -> Any:
    return _of_best(ridge.performance_gap_recovered, p)


_WIDE, _NARROW = (1e-4, 1e3), (1e-3, 1e3)
#: in powers of ten, a little more than the map shows
_SIGHT = (-3.5, 2.5)

TRUTH = {
    "calculator": Truth(
        readouts={
            "L_t": _L_t,
            "L_s": _L_s,
            "window": lambda p: _interval(_window(p)),
            "gamma_t": lambda p: p["d"] / p["n_t"],
            "gamma_s": lambda p: p["d"] / p["n_s"],
            "best": _best,
        },
        sentences={
            "wins": lambda p: _when(_gap(p) < 0 and np.isfinite(_L_t(p)), share=_percent(p)),
            "peak": lambda p: _when(_gap(p) < 0 and _L_t(p) == _L_s(p) == np.inf),
            "loses": lambda p: _when(_gap(p) > 0, share=_percent(p)),
            "draw": lambda p: _when(_gap(p) == 0),
            "every": lambda p: _when(_window(p).high == np.inf),
            "other": lambda p: _when(
                _gap(p) >= 0 and _window(p).high < np.inf, window=_interval(_window(p))
            ),
            "none": lambda p: _when(not _window(p) and (p["zeta"] > 0 or _c(p) < 0)),
            "tuned": lambda p: _when(not _window(p) and p["zeta"] == 0 and _c(p) >= 0),
        },
        curves={"student": lambda p, x: _L_s(p, lam_s=x)},
        marks={
            "teacher": lambda p: _level(_WIDE, _L_t(p)),
            "here": lambda p: _dots(p["lam_s"], _L_s(p)),
            "band": lambda p: _band(_window(p), _WIDE),
        },
        settings=(
            {"lam_t": 0.25},
            {"lam_t": 0.25, "zeta": 0.9},
            {"lam_t": 0.25, "zeta": 0.6, "n_s": 416},
            {"lam_t": 0.1, "n_s": 416, "sigma": 2},
            {"lam_t": 0.1, "n_s": 416, "sigma": 2, "lam_s": 1e-3},
            {"lam_t": 0.2, "n_s": 416},
            {"lam_s": 10},
            {"n_t": 500, "lam_t": 1e-12},
            {"n_t": 500, "lam_t": 0},
            {"n_t": 500, "n_s": 500, "lam_t": 0, "lam_s": 0},
            {"n_s": 500, "lam_t": 0, "lam_s": 1e-4},
            {"sigma": 0, "lam_t": 0},
        ),
        gap=Number(_gap, absolute=1e-13),
        presets={
            "careless": lambda p: p["lam_t"] < _best(p) / 10 and _gap(p) < 0,
            "tuned": lambda p: (
                p["lam_t"] == _best(p) and np.all(_gap(p, lam_s=np.geomspace(*_WIDE)) > 0)
            ),
            "few": lambda p: (
                p["n_s"] < p["d"] and 0 < _window(p).low < p["lam_s"] < _window(p).high < np.inf
            ),
            "features": lambda p: (
                p["lam_t"] == _best(p)
                and p["zeta"] > 0.8
                and _gap(p) < 0
                and not _window(p, zeta=0.0)
            ),
        },
    ),
    "spectrum": Truth(
        readouts={
            "m": lambda p: mp.stieltjes(p["lam"], p["gamma"]),
            "m_2": lambda p: mp.stieltjes_derivative(p["lam"], p["gamma"]),
            "dof": lambda p: mp.degrees_of_freedom(p["lam"], p["gamma"]),
            "atom": lambda p: mp.atom(p["gamma"]),
        },
        sentences={
            "shares": lambda p: _when(
                True,
                learnt=words(float(100 * mp.degrees_of_freedom(p["lam"], p["gamma"])), 3),
                shrunk=words(float(100 * mp.terms(p["lam"], p["gamma"]).rest), 3),
            )
        },
        curves={
            "density": lambda p, x: mp.density(x, p["gamma"]),
            "weight": lambda p, x: np.divide(p["lam"], x + p["lam"]),
            "m": lambda p, x: mp.stieltjes(x, p["gamma"]),
        },
        marks={
            "atom": lambda p: (
                _dots([0, 0], [0, mp.atom(p["gamma"])]) if p["gamma"] > 1 else _dots([], [])
            ),
            "here": lambda p: _dots(p["lam"], mp.stieltjes(p["lam"], p["gamma"])),
        },
        settings=(
            {"gamma": 4},
            {"gamma": 4, "lam": 0},
            {"gamma": 1, "lam": 0},
            {"gamma": 1, "lam": 1e-6},
            {"gamma": 0.999, "lam": 1e-4},
        ),
    ),
    "teacher": Truth(
        readouts={"L_t": _L_t, "best": _best, "L_best": lambda p: _L_t(p, lam_t=_best(p))},
        sentences={
            "best": lambda p: _when(_c(p) == 0),
            "under": lambda p: _when(_c(p) < 0),
            "over": lambda p: _when(_c(p) > 0),
        },
        curves={
            "left_curve": lambda p, x: _L_t(p, lam_t=x),
            "right_curve": lambda p, x: _within_sight(p, _L_t(p, gamma_t=x)),
        },
        marks={
            "best_here": lambda p: _rule(_best(p), _best(p) > 0),
            "left_dot": lambda p: _dots(p["lam_t"], _L_t(p)),
            "right_dot": lambda p: _dots(p["gamma_t"], _L_t(p)),
        },
        settings=(
            {"lam_t": 0.8},
            {"lam_t": 0.79},
            {"lam_t": 0.81},
            {"lam_t": 0, "gamma_t": 1},
            {"lam_t": 0, "sigma": 0},
            {"lam_t": 0.02},
        ),
    ),
    "gap": Truth(
        readouts={"gap": Number(_gap, absolute=1e-13), "c": _c, "best": _best},
        sentences={
            "wins": lambda p: _when(_gap(p) < 0),
            "draw": lambda p: _when(_gap(p) == 0),
            "other": lambda p: _when(_gap(p) > 0 and _window(p)),
            "none": lambda p: _when(_gap(p) > 0 and not _window(p)),
        },
        curves={
            # the image's cells: λₛ upwards, λₜ to the right
            "surface": Number(lambda p, x: _relative_gap(p, x), 2e-6, 1e-8),
            "upper": Number(lambda p, x: _edges(p, x, "high"), absolute=1e-6, sight=_SIGHT),
            "lower": Number(lambda p, x: _edges(p, x, "low"), absolute=1e-6, sight=_SIGHT),
        },
        marks={
            "optimum": lambda p: _rule(_log10(_best(p)), _best(p) > 0),
            "here": lambda p: _dots(_log10(p["lam_t"]), _log10(p["lam_s"])),
        },
        settings=(
            {"lam_t": 1},
            {"lam_t": 0.3, "lam_s": 0.05},
            {"lam_t": 0.5, "gamma_s": 0.8, "lam_s": 3},
            {"lam_t": 2},
            {"lam_t": 1, "zeta": 0.95, "lam_s": 2},
            {"lam_s": 0, "gamma_s": 0.8},
            {"gamma_t": 1, "lam_t": 0},
            {"gamma_t": 1, "gamma_s": 1},
        ),
        gap=Number(_gap, absolute=1e-13),
    ),
    "h1": Truth(
        readouts={
            "window": lambda p: _interval(_window_at(p)),
            "threshold": lambda p: _highest(p["gamma_s"]),
        },
        sentences={
            "none": lambda p: _when(not _window_at(p) and not _touches(p)),
            "touch": lambda p: _when(_touches(p)),
            "every": lambda p: _when(_window_at(p).high == np.inf),
            "twice": lambda p: _when(len(_roots(_window_at(p))) == 2),
            "once": lambda p: _when(len(_roots(_window_at(p))) == 1),
        },
        curves={"curve": lambda p, x: _H_1_of_penalty(p["gamma_s"], x)},
        marks={
            "band": lambda p: _band(_window_at(p), _NARROW),
            "level": lambda p: _level(_NARROW, p["c"]),
            "roots": lambda p: _dots(
                _roots(_window_at(p)), np.full(len(_roots(_window_at(p))), p["c"])
            ),
        },
        settings=(
            {"c": -0.9},
            {"c": -1},
            {"c": _highest(1.2)},
            {"c": _highest(7), "gamma_s": 7},
            {"c": -0.999, "gamma_s": 3},
            {"c": -0.5, "gamma_s": 0.5},
            {"c": 0, "gamma_s": 0.5},
            {"c": -0.3, "gamma_s": 1},
            {"c": -0.34, "gamma_s": 1},
            {"c": -0.6, "gamma_s": 1.01},
            {"c": 1},
        ),
    ),
    "weighted": Truth(
        readouts={"L_t": _L_t, "window": lambda p: _interval(_window(p)), "best": _best},
        sentences={
            "wins": lambda p: _when(_window(p), window=_interval(_window(p))),
            "none": lambda p: _when(not _window(p)),
        },
        curves={
            "student": lambda p, x: _L_s(p, lam_s=x),
            "plain": lambda p, x: _L_s(p, lam_s=x, zeta=0),
            "aligned": lambda p, x: _L_s(p, lam_s=x, zeta=1),
        },
        marks={
            "teacher": lambda p: _level(_NARROW, _L_t(p)),
            "band": lambda p: _band(_window(p), _NARROW),
        },
        settings=(
            {"zeta": 0.8},
            {"zeta": 0.84, "gamma_s": 1.2},
            {"zeta": 0.83, "gamma_s": 1.2},
            {"zeta": 0.76, "gamma_s": 1},
            {"zeta": 0.77, "gamma_s": 1},
            {"zeta": 1, "gamma_t": 1, "lam_t": 0},
        ),
    ),
    "descent": Truth(
        readouts={
            "L_t": lambda p: _descending(p, _L_t),
            "L_s": lambda p: _descending(p, _L_s),
        },
        sentences={
            "pole": lambda p: _when(_descending(p, _L_t) == _descending(p, _L_s) == np.inf),
            "errors": lambda p: _when(
                _descending(p, _L_t) < np.inf,
                L_t=words(float(_descending(p, _L_t))),
                L_s=words(float(_descending(p, _L_s))),
            ),
        },
        curves={
            "teacher": lambda p, x: _within_sight(p, _descending(p, _L_t, x)),
            "student": lambda p, x: _within_sight(p, _descending(p, _L_s, x)),
        },
        marks={},
        settings=({"share": 0.15}, {"share": 1, "lam_s": 0, "gamma_s": 1}, {"share": 0.01}),
    ),
    "best": Truth(
        readouts={
            "L_t": _L_t,
            "L_s": lambda p: _of_best(ridge.best_student_error, p),
            # where a function is flat its minimum is found with half the digits
            "lam_s": Number(lambda p: _of_best(ridge.optimal_student_penalty, p), 1e-6),
            "share": Number(_share, 1e-6),  # over a difference that may be small
            "best": _best,
        },
        sentences={
            "share": lambda p: _when(_window(p), share=f"{100 * _share(p):.0f}"),
            "none": lambda p: _when(not _window(p) and _c(p) < 0),
            "tuned": lambda p: _when(_c(p) >= 0),
        },
        curves={
            "teacher": lambda p, x: _L_t(p, lam_t=x),
            "student": Number(
                lambda p, x: _of_best(ridge.best_student_error, p, lam_t=x), points=3
            ),
            "unlimited": Number(
                lambda p, x: _of_best(ridge.best_student_error, p, lam_t=x, gamma_s=0),
                1e-8,
                points=3,
            ),
        },
        marks={
            "best_here": lambda p: _rule(_best(p), _best(p) > 0),
            "dot": lambda p: _dots(p["lam_t"], _of_best(ridge.best_student_error, p)),
        },
        settings=(
            {"lam_t": 0.5},
            {"lam_t": 0.49},
            {"lam_t": 0.6},
            {"lam_t": 0.49, "gamma_s": 1.2},
            {"gamma_s": 1, "sigma": 2},
            {"lam_t": 0, "gamma_t": 1},
        ),
    ),
    "memory": Truth(
        readouts={
            "hard": lambda p: _trained(p, p["steps"])[0],
            "learnt": lambda p: _trained(p, p["steps"])[1],
            "end": lambda p: np.hypot(1, p["tau"] * np.sqrt(1 - p["rho"] ** 2)),
        },
        sentences={
            "nothing": lambda p: _when(p["tau"] * p["rho"] == 0),
            "start": lambda p: _when(p["tau"] * p["rho"] > 0 and p["steps"] == 0),
            "steps": lambda p: _when(p["tau"] * p["rho"] > 0 and p["steps"] > 0, **_told(p)),
        },
        curves={
            "hard": lambda p, x: np.array([_trained(p, k)[0] for k in x]),
            "easy": lambda p, x: np.array([_trained(p, k)[1] for k in x]),
        },
        marks={
            "kept": lambda p: _level((0, 40), np.hypot(1, p["tau"] * np.sqrt(1 - p["rho"] ** 2))),
            "here": lambda p: _dots([p["steps"]] * 2, [*_trained(p, p["steps"])[:2]]),
        },
        settings=({"steps": 0}, {"rho": 0}, {"tau": 0}, {"step": 1}, {"steps": 7, "rho": 0.7}),
    ),
    "chain": Truth(
        readouts={
            "L_t": _L_t,
            "L_k": lambda p: _chain(p)[2][round(p["k"])],
            "length": _length,
            "best": _best,
        },
        sentences={
            key: _stands(key) for key in ("pole", "copies", "ever", "before", "at", "after")
        },
        curves={
            "level": Number(
                lambda p, x: np.sqrt(np.maximum(_L_t(p) - p["sigma"] ** 2 - (1 - x) ** 2, 0)),
                absolute=1e-6,
            ),
            "fitting": Number(lambda p, x: np.sqrt(np.maximum(x - x**2, 0)), absolute=1e-7),
        },
        marks={
            "truth": lambda p: _dots(1, 0),
            "walked": _placed(_until),
            "steps": _placed(_until),
            "ahead": _placed(lambda p: slice(round(p["k"]), None)),
            "best_here": _placed(lambda p: [round(_length(p))] if _length(p) <= 60 else []),
        },
        settings=(
            {"k": 4},
            {"k": 5},
            {"k": 0, "lam_t": 0.5},
            {"lam_t": 0, "gamma_t": 1},
            {"lam_s": 0},
            {"lam_s": 0, "gamma_s": 4, "lam_t": 0.001, "sigma": 3},
            {"lam_s": 0, "gamma_s": 4, "lam_t": 0.4},
        ),
    ),
    "filter": Truth(
        readouts={"ideal": lambda p: 1 / (1 - _c(p)), "L_t": _L_t, "L_s": _L_s, "best": _best},
        sentences={
            "pole": lambda p: _when(_better(p) == "pole"),
            "copy": lambda p: _when(_better(p) == "copy"),
            "none": lambda p: _when(_better(p) == "none"),
            "all": lambda p: _when(_better(p) == "all"),
            "some": lambda p: _when(_better(p) == "some", s=words(_crossing(p))),
            "wins": lambda p: _when(_better(p) == "some" and _gap(p) < 0),
            "loses": lambda p: _when(_better(p) == "some" and _gap(p) > 0),
        },
        curves={
            "left_density": lambda p, x: 0.3 * mp.density(x, p["gamma_s"]),
            "right_density": lambda p, x: 0.3 * mp.density(x, p["gamma_s"]),
            "filter": _filter,
            "student": Number(lambda p, x: _in_direction(p, _filter(p, x)), absolute=1e-12),
        },
        marks={
            "atom": lambda p: _dots([0, 0], [0, mp.atom(p["gamma_s"])]),
            "ideal": lambda p: _level((0, _last(p)), 1 / (1 - _c(p))),
            "teacher": Number(
                lambda p: _level((0, _last(p)), float(_in_direction(p, 1.0))), absolute=1e-12
            ),
            "ends": lambda p: _rule(_crossing(p), _better(p) == "some"),
        },
        settings=(
            {"lam_t": 1},
            {"lam_t": 0.9, "lam_s": 5},
            {"lam_t": 0.05, "gamma_t": 0.8},
            {"gamma_t": 1, "lam_t": 0},
            {"lam_s": 0},
        ),
        gap=Number(_gap, absolute=1e-13),
    ),
    "target": Truth(
        # the teacher's best penalty is where a function is flat
        readouts={
            "L_t": Number(lambda p: _lessons(p).teacher[0], 1e-6),
            "L_s": Number(lambda p: np.inf if _infinite(p) else _least(p)[2], 1e-6),
            "best": Number(lambda p: _law(p)[1], 1e-5),
            "critical": lambda p: (1 - (1 / p["alpha"] if p["alpha"] else np.inf)) / 2,
        },
        sentences={
            "pole": lambda p: _when(_infinite(p)),
            "wins": lambda p: _when(
                not _infinite(p) and _least(p)[1] < 0,
                lam_s=words(_SHOWN[_least(p)[0]]),
                share=_gained(p),
            ),
            "none": lambda p: _when(not _infinite(p) and _least(p)[1] >= 0),
        },
        curves={
            "target": lambda p, x: x ** (-1 - p["alpha"] * (2 * p["r"] - 1)),
            "student": Number(lambda p, x: _lessons(p, x).student[0], 1e-6),
        },
        marks={
            "teacher": Number(lambda p: _level((1e-4, 1e2), _lessons(p).teacher[0]), 1e-6),
            "level": Number(lambda p: _level((1, 100), _noise_held(p)), 1e-5),
            "dot": Number(
                lambda p: (
                    _dots([], []) if _infinite(p) else _dots(_SHOWN[_least(p)[0]], _least(p)[2])
                ),
                1e-6,
            ),
        },
        settings=(
            {"r": 0.1},
            {"times": 0, "n_t": 100},
            {"times": 0, "n_t": 50},
            {"alpha": 1, "n_t": 100, "n_s": 100},
            {"sigma": 0, "n_t": 200},
        ),
        gap=Number(lambda p: 0.0 if _infinite(p) else _least(p)[1], 1e-5, 1e-9),
    ),
    "cloud": Truth(
        readouts={
            "wins": lambda p: _won(p).sum(),
            "L_t": Number(lambda p: _drawn(p)[:, 0].mean(), absolute=1e-13),
            "L_s": Number(lambda p: _drawn(p)[:, 1].mean(), absolute=1e-13),
            "best": lambda p: p["sigma"] ** 2 / 2,
        },
        sentences={
            "copy": lambda p: _when(p["lam_s"] == 0),
            "counted": lambda p: _when(
                p["lam_s"] > 0, wins=str(_won(p).sum()), draws=f"{p['draws']:.0f}"
            ),
        },
        curves={},
        marks={
            "diagonal": lambda p: _dots([0, 1e3], [0, 1e3]),
            "won": Number(lambda p: _dots(*_drawn(p)[_won(p)].T), absolute=1e-13),
            "lost": Number(lambda p: _dots(*_drawn(p)[~_won(p)].T), absolute=1e-13),
        },
        settings=({"lam_s": 0}, {"lam_t": 0.5}, {"lam_t": 0}),
    ),
}


def _relative_gap(p: Values, cell: Any) -> Any:
    """At the cells of the map with these numbers, of 61 × 61 between 10⁻³ and 10²."""
    row, column = np.divmod(cell, 61)
    lam_t, lam_s = (10 ** (-3 + 5 * (k + 0.5) / 61) for k in (column, row))
    return _gap(p, lam_t=lam_t, lam_s=lam_s) / _L_t(p, lam_t=lam_t)


def _edges(p: Values, powers: Any, end: str) -> Any:
    """A power between two of the map's own is where the tongue opens: there its ends meet."""
    found = []
    for power in powers:
        window = _window(p, lam_t=float(10**power))
        tip = not window and abs(60 * power - round(60 * power)) > 1e-9
        found.append(abs(1 - p["gamma_s"]) if tip else getattr(window, end))
    return _log10(np.array(found))
