"""Bad input: each public function's every parameter with each kind of bad value, all others good.

Only a TypeError or ValueError that names the argument will do, at once and without a warning.
"""

import importlib
import inspect
import math
import re
import signal
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import sympy as sp
from matplotlib.figure import Figure

from tests.package.public import CASES
from tests.package.test_docstrings import is_result, public
from w2s import hermite, page, proof, simulate, symbolic
from w2s.statements import traces

NAN, INF = math.nan, math.inf
X, Y, Z = sp.symbols("x y z")
CLAIM = proof.positive(X, {X: (1, 2)})
WORDS = {"printed": "1", "check": "a count", "anchor": "a"}
#: Second cases of a function whose parameters are tried already.
NOTES = ("[fractions]", "[far apart]", "[near its zero]", "[of large steps]")
#: What has no numbers to be called with in parallel, so not in `CASES`.
MORE = {
    "hermite.named": (hermite.named, {"name": "erf"}),
    "hermite.as_function": (hermite.as_function, {"f": "erf"}),
    "simulate.gaussian_rows": (simulate.gaussian_rows, {"rng": 0, "n": 3, "d": 2}),
    "simulate.sign_rows": (simulate.sign_rows, {"rng": 0, "n": 3, "d": 2}),
    "proof.identity": (
        proof.identity,
        {
            **{"lhs": 1 / X, "rhs": X - Y, "relation": X**2 - X * Y - 1, "of": X},
            "where": {Y: sp.Integer(1)},
        },
    ),
    **{
        f"proof.{name}": (
            getattr(proof, name),
            {"expression": sign * X * Y, "region": {X: (1, 2)}, "where": {Y: 1 / X}},
        )
        for name, sign in [
            *(("positive", 1), ("nonnegative", 1)),
            *(("negative", -1), ("nonpositive", -1)),
        ]
    },
    "proof.mutants": (lambda expression: list(proof.mutants(expression)), {"expression": X + 2}),
    "proof.refused": (
        proof.refused,
        {"prove": lambda claim: proof.identity(claim, 1), "statements": [X]},
    ),
    "proof.Certificate [spot check]": (CLAIM.spot_check, {"points": 3, "rng": 0}),
    "traces.transpose": (traces.transpose, {"word": traces.R_t * traces.R_s}),
    "traces.trace_limit": (traces.trace_limit, {"word": traces.R_t}),
    "traces.words": (traces.words, {"expression": traces.R_t}),
    **{
        f"symbolic.{name}": (getattr(symbolic, name), {"expression": symbolic.penalty})
        for name in ("of_teacher", "of_student", "in_dof")
    },
    "page.verdict": (
        page.verdict,
        {
            **{"item": "Theorem 5", "status": "holds", "summary": "It is so.", "anchor": "a"},
            **{"proofs": [CLAIM], "experiment": "1.9 standard errors"},
        },
    ),
    "page.erratum": (page.erratum, {"where": "(5)", "holds": "2", **WORDS}),
    "page.plain_log_axis": (
        page.plain_log_axis,
        {"axis": Figure().subplots().xaxis, "ticks": [0.5, 1.0]},
    ),
    "page.completion": (page.completion, {"where": "(5)", "adds": "2", **WORDS}),
}


def shown(case):
    """The case's function by the name that a reader gives it, without the note in brackets."""
    return case.partition(" ")[0]


def named(case):
    """The public function or class that a case is about."""
    module, name = shown(case).split(".")[:2]
    return getattr(importlib.import_module(f"w2s.{module}"), name)


#: One case a function, and one a method.
GOOD = {
    case: given
    for case, given in {**CASES, **MORE}.items()
    if named(case) in public().values() and not any(note in case for note in NOTES)
}

#: Kinds of bad values for any number: what is none, and what is none of this subject's.
NO_NUMBER = {
    **{"None": None, "text": "1", "bytes": b"1", "complex": 1j, "object": object(), "dict": {}},
    **{"bool": True, "ragged": [[1.0], [1.0, 2.0]], "masked": np.ma.masked_array([1.0], [True])},
    **{"timedelta": np.timedelta64(3, "s"), "datetime": np.datetime64("2020-01-01")},
    **{"class": float, "set": {1.0}, "array of text": ["1"], "array of None": [None]},
}
#: A list of arrays may have them of different lengths.
NO_NUMBERS = {label: value for label, value in NO_NUMBER.items() if label != "ragged"}
NO_COUNT = {
    **{"nan": NAN, "inf": INF, "-inf": -INF, "negative": -1, "a float": 3.0, "half": 2.5},
    **{"array": np.array([3, 4]), "empty": [], "list": [3], "negative huge": -(10**30)},
}
NO_SCALAR = {"array": [1.0, 2.0], "one in a list": [1.0], "empty": [], "matrix": [[1.0, 2.0]]}
NO_ARRAY = {
    "nan inside": [1.0, NAN],
    "complex inside": [1.0, 1j],
    "timedeltas": [np.timedelta64(1)],
}
NO_VECTOR = {"scalar": 1.0, "matrix": [[1.0, 2.0]], "empty": [], "inf inside": [1.0, INF]}
NO_MATRIX = {"scalar": 1.0, "vector": [1.0, 2.0], "empty": [[]], "stack": [[[1.0]]]}
NO_OBJECT = {"None": None, "text": "1", "number": 1.0, "object": object(), "dict": {}, "list": []}
NAN_OR_LESS = {"nan": NAN, "-inf": -INF, "negative": -1.0, "negative inside": [1.0, -1.0]}
FINITE = {"inf": INF}
POSITIVE = {"zero": 0.0, "zero inside": [1.0, 0.0]}
NO_TEXT = {
    **{"None": None, "number": 1.0, "complex": 1j, "object": object(), "list": ["erf"], "nan": NAN},
    **{"dict": {}, "bytes": b"erf", "empty": "", "blank": " ", "bool": True},
}
NO_RANDOM = {
    **{"text": "1", "complex": 1j, "object": object(), "negative": -1, "float": 1.5, "nan": NAN},
    **{"timedelta": np.timedelta64(3, "s"), "dict": {}, "negative inside": [1, -1]},
}
NO_EXPRESSION = {
    **{"None": None, "object": object(), "nan": NAN, "list": [1], "dict": {}, "set": {1}},
    **{"bool": True, "text": "x + 1", "relation": X > 0, "timedelta": np.timedelta64(3, "s")},
}
NO_RATIONAL = {
    **{"float": 0.5, "inf": sp.oo, "zoo": sp.zoo, "complex": 1j, "function": sp.exp(X)},
    **{"root": sp.sqrt(X), "pi": sp.pi},
}
NO_CALLABLE = {k: v for k, v in NO_OBJECT.items() if k != "None"}

KINDS = {
    "count": {**NO_NUMBER, **NO_COUNT, "zero": 0},
    "count of what is stored": {**NO_NUMBER, **NO_COUNT, "zero": 0, "huge": 10**30},
    "order": {**NO_NUMBER, **NO_COUNT, "huge": 10**30},
    "penalty": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS},
    "penalties": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, "matrix": [[1.0, 2.0]]},
    "finite penalties": {
        **{**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, **FINITE, "matrix": [[1.0, 2.0]]},
    },
    "one penalty": {**NO_NUMBER, **NO_SCALAR, **NAN_OR_LESS},
    "ratio": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, **FINITE, **POSITIVE},
    "one ratio": {**NO_NUMBER, **NO_SCALAR, **NAN_OR_LESS, **FINITE, **POSITIVE},
    "variance": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, **FINITE},
    "one variance": {**NO_NUMBER, **NO_SCALAR, **NAN_OR_LESS, **FINITE},
    "unit": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, **FINITE, "above": 1.5},
    "one unit": {**NO_NUMBER, **NO_SCALAR, **NAN_OR_LESS, **FINITE, "above": 1.5},
    "correlation": {**NO_NUMBER, **NO_SCALAR, **FINITE, "nan": NAN, "above": 1.5, "below": -1.5},
    "reals": {**NO_NUMBER, **NO_ARRAY, "nan": NAN},
    "vector": {**NO_NUMBER, **NO_ARRAY, **NO_VECTOR},
    "matrix": {**NO_NUMBER, **NO_ARRAY, **NO_MATRIX, "nan inside": [[NAN]], "inf": [[INF]]},
    "weights": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, **FINITE, **POSITIVE, "empty": []},
    "counts": {**NO_NUMBER, "one": 3, "a half": [100, 60.5, 40], "zero": [100, 0, 40]},
    "text": NO_TEXT,
    "choice": {**NO_TEXT, "another": "no such choice"},
    "function": {**NO_TEXT, "another": "no such function"},
    "random": NO_RANDOM,
    "generator": {**NO_RANDOM, "None": None, "seed": 7},
    "expression": NO_EXPRESSION,
    "rational": {**NO_EXPRESSION, **NO_RATIONAL},
    "region": {**NO_OBJECT, "no pair": {X: 1}, "no symbol": {1: (0, 1)}, "nan": {X: (0, NAN)}},
    "definitions": {
        **{label: value for label, value in NO_OBJECT.items() if label not in ("dict", "None")},
        **{"no symbol": {1: X}, "text inside": {Y: "x"}, "float": {Y: 0.5}, "nan": {Y: math.nan}},
        **{"circular": {Y: Y / 2}, "what varies": {X: Y, Y: 1 / X}, "unused": {Y: X, Z: X}},
    },
    "object": NO_OBJECT,
    "callable": NO_CALLABLE,
    "proofs": {"text": "proof", "number": 1.0, "list": [1], "None": None, "object": object()},
    "positive vector": {**NO_NUMBER, **NO_ARRAY, **NO_VECTOR, **POSITIVE, "negative": [1.0, -1.0]},
    "variances": {**NO_NUMBERS, **NAN_OR_LESS, **FINITE, "matrix": [[1.0]]},
    "some penalties": {**NO_NUMBERS, **NO_ARRAY, **NAN_OR_LESS, "empty": []},
    "some ratios": {**NO_NUMBERS, **NO_ARRAY, **NAN_OR_LESS, **FINITE, **POSITIVE, "empty": []},
    "chain's penalties": {**NO_NUMBER, **NO_ARRAY, **NAN_OR_LESS, **FINITE, **POSITIVE},
    "kinks": {**NO_NUMBER, **NO_ARRAY, "scalar": 1.0, "inf": [INF], "matrix": [[1.0, 2.0]]},
    "groups": {**NO_NUMBER, **NO_COUNT, "one": 1, "list": [1], "huge": 10**9},
    "symbol": {**NO_OBJECT, "sum": X + 1},
    "statements": {**NO_OBJECT, "empty": []},
    "estimates": {**NO_OBJECT, "numbers": [1.0, 2.0, 3.0]},
}
#: A parameter's kind, by its name; and where it means something else, by function.
BY_NAME = {
    name: kind
    for kind, names in {
        "count": "d n n_t n_s p_t p_s students trials iterations block teachers points",
        "count of what is stored": "size",
        "counts": "samples",
        "order": "order k",
        "penalty": "lam lam_t lam_s",
        "finite penalties": "penalties",
        "ratio": "gamma gamma_t gamma_s",
        "one ratio": "spike_norm tolerance stiffness",
        "variance": "sigma2 variance finite_size",
        "one variance": "eta_t eta_s tau norm_t norm_s",
        "variances": "label_noise",
        "unit": "zeta dof",
        "correlation": "overlap",
        "reals": "x z truth",
        "vector": "eigenvalues target y beta beta_e beta_h spike a labels sizes values noise ticks",
        "matrix": "covariance omega features matrix basis diagonals",
        "weights": "weights weights_t weights_s",
        "kinks": "kinks",
        "function": "f easy hard activation",
        "choice": "name ceiling status spread spread_t spread_s spread_spike",
        "text": "item summary anchor printed holds adds check where experiment",
        "expression": "expression word",
        "rational": "lhs rhs relation",
        "object": "task problem pool data axis consequential",
        "callable": "trial rows prove",
        "random": "rng",
        **{kind: kind for kind in ("region", "statements", "estimates", "groups", "proofs")},
        "symbol": "of",
    }.items()
    for name in names.split()
}
_ONE = {"penalty": "one penalty", "ratio": "one ratio", "variance": "one variance"}
_ONE_NUMBER = {name: _ONE[kind] for name, kind in BY_NAME.items() if kind in _ONE}
_FINITE = {"lam_t": "finite penalties", "lam_s": "finite penalties"}
BY_FUNCTION = {
    "onestep": {"x": "matrix", "weights": "matrix"},
    "prediction": _FINITE,
    "simulate": {**_FINITE, "sigma2": "one variance", "zeta": "one unit"},
    "simulate.chain": {"penalties": "chain's penalties", "d": "count of what is stored"},
    "chains.chain_limit": {"penalties": "some penalties", "gammas": "some ratios"},
    "chains.best_penalties": {**_ONE_NUMBER, "students": "count of what is stored"},
    "ridge.winning_window": {**_ONE_NUMBER, "zeta": "one unit"},
    "covariance": {"sigma2": "one variance", "lam": "penalties", "eigenvalues": "positive vector"},
    "ridge.best_student_error": {"gamma_s": "variance"},
    "ridge.performance_gap_recovered": {"gamma_s": "variance"},
    "covariance.task_weights": {"name": "text"},
    "covariance.plain_features": {"omega": "weights"},
    "samplers.band_residuals": {"beta": "matrix", "labels": "matrix"},
    "covariance.errors": {"lam_t": "penalties", "lam_s": "penalties"},
    "covariance.best_student": {"lam_t": "one penalty"},
    "covariance.winning_windows": {"lam_t": "one penalty"},
    "proof.identity": {"where": "definitions"},
    **{
        f"proof.{name}": {"expression": "rational", "where": "definitions"}
        for name in ("positive", "negative", "nonnegative", "nonpositive")
    },
}


#: What is public and has nothing to try, with the reason.
NOT_TRIED = {
    "w2s.proof.ProofError": "a message",
    "w2s.page.plotting.use_style": "it has no parameter",
    "w2s.page.formulas.use_notation": "it has no parameter",
    "w2s.page.formulas.latex": "a relation or a matrix is an expression, too: test_page.py",
    "w2s.page.proofs.show": "labels and certificates, nested: test_page.py",
    "w2s.page.verdicts.conclusions": "verdicts and corrections, any number: test_verdicts.py",
    "w2s.page.tables.table": "heads and cells, nested: test_page.py",
    "w2s.theory.ridge.WinningWindow": "a result that may be empty, which is nan",
    "w2s.theory.marchenko_pastur.terms": "a bare kernel: mpmath's numbers go through it, too",
    "w2s.theory.hermite.Function": "what it holds is tried where it is used",
}
#: (function, parameter, bad value): why it is let through.
EXEMPT = {
    ("page.plain_log_axis", "ticks", "empty"): "an axis may have no label",
    **{
        ("samplers.band_residuals", parameter, label): "large arrays of `bidiagonal`'s, used once"
        for parameter in ("diagonals", "beta", "labels", "noise")
        for label in ("nan inside", "inf inside", "inf", "empty")
    },
}


def kind_of(case, parameter):
    module = case.partition(".")[0]
    kinds = {**BY_NAME, **BY_FUNCTION.get(module, {}), **BY_FUNCTION.get(shown(case), {})}
    if parameter == "rng" and "Generator" in str(own_parameters(case)["rng"].annotation):
        return "generator"  # a trial's: a seed would draw the same again
    return kinds[parameter]


def parameters(case):
    """The case's good arguments, and what the function's own defaults are good for."""
    return {**defaults(case), **GOOD[case][1]}


def defaults(case):
    return {n: p.default for n, p in own_parameters(case).items() if p.default is not p.empty}


def own_parameters(case):
    function = GOOD[case][0]
    wrapped = getattr(function, "__name__", "") == "<lambda>"
    return inspect.signature(named(case) if wrapped else function).parameters


def call(case, **changed):
    """The case's result; a seed becomes a new generator, unless it is what is tried."""
    function, good = GOOD[case]
    given = {**good, **changed}
    if "rng" in good and "rng" not in changed:
        given["rng"] = np.random.default_rng(good["rng"])
    with warnings.catch_warnings(), at_once(case):
        warnings.simplefilter("error")
        return function(**given)


class Hangs(Exception):
    """A call that should have been refused is still running."""


@contextmanager
def at_once(what, seconds=20):
    def stop(*_):
        raise Hangs(f"{what} is still running after {seconds} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def wrong(case, parameter):
    """What happens to the bad values that are not refused as they should be."""
    default = defaults(case).get(parameter, inspect)
    for label, value in KINDS[kind_of(case, parameter)].items():
        its_own = value is default or (label == "empty" and default == "")
        if its_own or (case, parameter, label) in EXEMPT:
            continue
        try:
            result = call(case, **{parameter: value})
        except (TypeError, ValueError) as error:
            if not re.search(rf"(?<![\w.]){parameter}(?!\w)", str(error)):
                yield f"{label}: refused without its name: {str(error)[:90]!r}"
        except BaseException as error:
            yield f"{label}: {type(error).__name__}: {str(error)[:90]}"
        else:
            yield f"{label}: accepted, gives {str(result)[:60]!r}"


def test_no_public_function_is_left_out():
    tried = [named(case) for case in GOOD]
    left = {name for name, value in public().items() if value not in tried}
    results = {name for name in left if is_result(public()[name])}
    assert left - results == set(NOT_TRIED)


@pytest.mark.parametrize("case", GOOD)
def test_good_input_is_accepted(case):
    call(case)


PAIRS = [(case, parameter) for case in GOOD for parameter in parameters(case)]


@pytest.mark.parametrize(("case", "parameter"), PAIRS)
def test_bad_input_is_refused_by_name(case, parameter):
    assert list(wrong(case, parameter)) == []


def test_the_table_sees_what_is_let_through(monkeypatch):
    """Negative control: functions that check nothing, fail elsewhere, name nothing, or warn."""
    case, good = "ridge.teacher_error", GOOD["ridge.teacher_error"][1]
    kinds = len(KINDS[kind_of(case, "lam_t")])
    for careless, said in [
        (lambda **given: 0.0, "accepted"),
        (lambda **given: None.shape, "AttributeError"),
        (lambda **given: float("no number"), "without its name"),
        (lambda **given: np.log(np.zeros(1)), "RuntimeWarning"),
    ]:
        monkeypatch.setitem(GOOD, case, (careless, good))
        assert sum(said in line for line in wrong(case, "lam_t")) == kinds
