"""Every public function and problem that computes with numbers, with arguments to call it.

`test_threads.py` runs them side by side, `test_types.py` hands them narrow types. Real numbers
 are written as floats (whole ones where they may be, so that integers can stand for them),
counts as ints of at most 127, so that the products of their narrow versions overflow. `rng` is the
seed of a new generator for each call.
"""

import copy
import dataclasses
import functools
import inspect
from collections.abc import Iterator, Mapping

import numpy as np
import sympy as sp
from w2s.covariance import Task

from w2s import (
    chains,
    covariance,
    hermite,
    marchenko_pastur,
    onestep,
    prediction,
    proof,
    ridge,
    simulate,
)
from w2s.experiments import samplers
from w2s.statements import traces

NUMERIC = (
    *(chains, covariance, hermite, marchenko_pastur, ridge),
    *(simulate, samplers, onestep, prediction),
)
#: What takes no numbers of the caller's, is a result, or is a bare kernel and says so.
EXEMPT = {
    *("chains.Chain", "covariance.Stage", "covariance.Errors", "covariance.BestTeacher"),
    *("covariance.BestStudent", "hermite.Function", "hermite.named", "hermite.as_function"),
    *("marchenko_pastur.Terms", "marchenko_pastur.terms", "onestep.Alignments"),
    *("prediction.Data", "prediction.Best", "prediction.Prediction"),
    "ridge.WinningWindow",
    *("simulate.Experiment", "simulate.Draws", "simulate.gaussian_rows", "simulate.sign_rows"),
}

_whole = np.random.default_rng(0).integers(-3, 4, size=(120, 3)).astype(float)
_more = np.random.default_rng(1).integers(-3, 4, size=(120, 3)).astype(float)
_labels = _whole @ [1.0, 0.0, 2.0] + _more[:, 0]
_rank = {"lam_t": [1.0, 2.0], "gamma_s": [2.0, 3.0], "gamma_t": 2.0, "sigma2": 4.0}
_pair = {"lam_s": [1.0, 3.0], **_rank, "zeta": [0.0, 1.0]}
_task = Task([8.0, 4.0, 2.0, 1.0], [1.0, 2.0, 1.0, 3.0], 2.0)
_omega = [[2.0, 1.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 1.0], [0.0, 0.0, 1.0, 3.0]]
_of_task = {"n_t": 100, "n_s": 3, "weights_t": [1.0, 2.0, 1.0, 3.0], "weights_s": _omega}
_problem = simulate.Problem(d=50, n_t=100, n_s=60, sigma2=1.0, zeta=0.5)
_penalties = {"lam_t": [1.0, 2.0], "lam_s": [1.0, 3.0]}
_trial = {"problem": _problem, **_penalties, "rng": 0}
_chain = {"d": 50, "samples": [100, 60, 40], "penalties": [1.0, 2.0, 1.0], "sigma2": 4.0}
_layer = {"weights": _more[:5].tolist(), "a": [1.0, 2.0, 3.0, -1.0, 1.0]}
_inputs = {"x": _whole[:9].tolist()}
_net = onestep.Problem(d=12, p_t=10, p_s=10, n_t=20, n_s=20)


@functools.cache
def _data():
    return prediction.estimate(_whole, _labels, groups=5)


#: name: (function, arguments). A name may be followed by a note in brackets.
CASES = {
    "chains.chain_limit": (
        chains.chain_limit,
        {"penalties": [1.0, 2.0], "gammas": [2.0, 3.0], "sigma2": 4.0, "label_noise": [1.0, 2.0]},
    ),
    "chains.best_length": (
        chains.best_length,
        {k: v for k, v in _pair.items() if k != "zeta"},
    ),
    "chains.best_penalties": (
        chains.best_penalties,
        {"students": 2, "lam_t": 1.0, "gamma_s": 2.0, "gamma_t": 2.0, "sigma2": 4.0},
    ),
    "chains.best_penalties [fractions]": (
        chains.best_penalties,
        {"students": 3, "lam_t": 0.02, "gamma_s": 0.3, "gamma_t": 0.7, "sigma2": 1.3},
    ),
    "covariance.Task": (
        Task,
        {"eigenvalues": [4.0, 1.0], "target": [1.0, 2.0], "sigma2": 3.0, "basis": np.eye(2)},
    ),
    "covariance.Task [of a matrix]": (
        Task.from_covariance,
        {"covariance": _omega, "target": [1.0, 2.0, 1.0, 3.0], "sigma2": 3.0},
    ),
    "covariance.fit": (
        covariance.fit,
        {"eigenvalues": [4.0, 2.0, 1.0], "lam": [0.0, 1.0], "n": 2, "weights": [1.0, 2.0, 3.0]},
    ),
    "covariance.fit [far apart]": (
        covariance.fit,
        {"eigenvalues": [1e200, 1.0, 1e-200], "lam": [1e-300, 1e300], "n": 2},
    ),
    "covariance.errors": (covariance.errors, {"task": _task, **_penalties, **_of_task}),
    "covariance.best_teacher": (
        covariance.best_teacher,
        {"task": _task, "n_t": 100, "weights_t": _omega},
    ),
    "covariance.best_student": (
        covariance.best_student,
        {"task": _task, "lam_t": 0.0, **_of_task},
    ),
    "covariance.winning_windows": (
        covariance.winning_windows,
        {"task": _task, "lam_t": 0.0, **_of_task},
    ),
    "covariance.task_weights": (covariance.task_weights, {"task": _task, "weights": _omega}),
    "covariance.plain_features": (
        covariance.plain_features,
        {"eigenvalues": [8.0, 4.0, 2.0, 1.0], "omega": _omega},
    ),
    "hermite.hermite_coefficients": (
        hermite.hermite_coefficients,
        {"f": "relu", "order": 5, "kinks": [1.0]},
    ),
    "hermite.spectrum": (hermite.spectrum, {"f": "tanh", "order": 5, "kinks": [1.0]}),
    "hermite.second_moment": (hermite.second_moment, {"f": "abs", "kinks": [1.0]}),
    "hermite.information_exponent": (
        hermite.information_exponent,
        {"f": "h3", "order": 5, "kinks": [1.0], "tolerance": 1e-3},
    ),
    "hermite.smoothed_slope": (hermite.smoothed_slope, {"f": "tanh", "variance": [0.0, 3.0]}),
    "hermite.hermite_values": (hermite.hermite_values, {"order": 5, "z": [0.0, 3.0]}),
    "hermite.hermite_values [a function's]": (hermite.named("tanh"), {"z": [0.0, 3.0]}),
    "marchenko_pastur.degrees_of_freedom": (
        marchenko_pastur.degrees_of_freedom,
        {"lam": [0.0, 1.0], "gamma": [1.0, 3.0]},
    ),
    "marchenko_pastur.penalty": (marchenko_pastur.penalty, {"dof": 0.0, "gamma": [1.0, 3.0]}),
    "marchenko_pastur.stieltjes": (
        marchenko_pastur.stieltjes,
        {"lam": [0.0, 1.0], "gamma": [1.0, 3.0]},
    ),
    "marchenko_pastur.stieltjes_derivative": (
        marchenko_pastur.stieltjes_derivative,
        {"lam": [0.0, 1.0], "gamma": [1.0, 3.0]},
    ),
    "marchenko_pastur.support": (marchenko_pastur.support, {"gamma": [1.0, 3.0]}),
    "marchenko_pastur.density": (marchenko_pastur.density, {"x": [1.0, 3.0], "gamma": 3.0}),
    "marchenko_pastur.atom": (marchenko_pastur.atom, {"gamma": [1.0, 3.0]}),
    "marchenko_pastur.moment": (marchenko_pastur.moment, {"k": 40, "gamma": [1.0, 3.0]}),
    "simulate.NetworkProblem": (
        onestep.Problem,
        {
            **{"d": 50, "p_t": 60, "p_s": 70, "n_t": 100, "n_s": 120, "eta_t": 1.0, "eta_s": 2.0},
            **{"tau": 3.0, "norm_t": 1.0, "norm_s": 2.0, "overlap": 1.0},
        },
    ),
    "onestep.labels": (
        onestep.labels,
        {
            **_inputs,
            **{"beta_e": [1.0, 0.0, 0.0], "beta_h": [0.0, 1.0, 0.0], "easy": "erf", "hard": "h2"},
        },
    ),
    "onestep.network": (onestep.network, {**_inputs, **_layer, "activation": "tanh"}),
    "onestep.correlation_loss": (
        onestep.correlation_loss,
        {**_inputs, "y": _labels[:9].tolist(), **_layer, "activation": "tanh"},
    ),
    "onestep.gradient": (
        onestep.gradient,
        {**_inputs, "y": _labels[:9].tolist(), **_layer, "activation": "tanh"},
    ),
    "onestep.gradient [of large steps]": (
        onestep.gradient,
        {"x": [[900.0]], "y": [1.0], "weights": [[1.0]], "a": [1.0], "activation": "erf"},
    ),
    "onestep.moment": (onestep.moment, {**_inputs, "y": _labels[:9].tolist()}),
    "onestep.pretrained": (
        onestep.pretrained,
        {"weights": _layer["weights"], "tau": 3.0, "spike": _layer["a"], "beta_h": [1.0, 0.0, 0.0]},
    ),
    "onestep.alignment": (
        onestep.alignment,
        {"weights": _layer["weights"], "beta": [1.0, 2.0, 2.0]},
    ),
    "onestep.operator_norm": (
        onestep.operator_norm,
        {"matrix": _layer["weights"], "iterations": 20, "rng": 0},
    ),
    "onestep.predicted": (onestep.predicted, {"problem": _net}),
    "onestep.experiment": (onestep.experiment, {"problem": _net, "trials": 2, "rng": 0}),
    "onestep.trial": (onestep.trial, {"problem": _net, "rng": 0}),
    "onestep.unit_vector": (
        onestep.unit_vector,
        {"size": 100, "spread": "gaussian", "rng": 0},
    ),
    "onestep.student_vectors": (onestep.student_vectors, {"problem": _net, "rng": 0}),
    "simulate.rate": (
        simulate.rate,
        {
            "sizes": [10.0, 40.0, 100.0],
            "estimates": [
                simulate.Estimate(np.array(d**-0.5), np.array(0.01), 9) for d in (1, 2, 3)
            ],
        },
    ),
    "prediction.estimate": (
        prediction.estimate,
        {"features": _whole.tolist(), "labels": _labels.tolist(), "groups": 5},
    ),
    "prediction.predict": (
        lambda **given: prediction.predict(_data(), **given),
        {"n_t": 60, "n_s": 100, **_penalties},
    ),
    "prediction.Pool": (
        prediction.Pool,
        {"features": _whole.tolist(), "labels": _labels.tolist(), "n_t": 30, "n_s": 60},
    ),
    "prediction.split_trial": (
        prediction.split_trial,
        {"pool": prediction.Pool(_whole, _labels, n_t=30, n_s=60), **_penalties, "rng": 0},
    ),
    "ridge.optimal_teacher_penalty": (
        ridge.optimal_teacher_penalty,
        {"gamma_t": [1.0, 3.0], "sigma2": 4.0},
    ),
    "ridge.teacher_error": (
        ridge.teacher_error,
        {"lam_t": [0.0, 1.0], "gamma_t": [1.0, 3.0], "sigma2": 4.0},
    ),
    "ridge.imbalance": (
        ridge.imbalance,
        {"lam_t": [0.0, 1.0], "gamma_t": [1.0, 3.0], "sigma2": 4.0},
    ),
    "ridge.student_error": (ridge.student_error, _pair),
    "ridge.error_gap": (ridge.error_gap, _pair),
    "ridge.error_gap [near its zero]": (
        ridge.error_gap,
        {"lam_s": 2.0, "lam_t": 0.3, "gamma_s": 3.0, "gamma_t": 0.31, "sigma2": 1.0, "zeta": 0.3},
    ),
    "ridge.winning_window": (
        ridge.winning_window,
        {"lam_t": 1.0, "gamma_s": 2.0, "gamma_t": 3.0, "sigma2": 9.0, "zeta": 0.0},
    ),
    "ridge.optimal_student_penalty": (ridge.optimal_student_penalty, {**_rank, "zeta": 0.0}),
    "ridge.best_student_error": (ridge.best_student_error, {**_rank, "zeta": 0.0}),
    "ridge.performance_gap_recovered": (ridge.performance_gap_recovered, {**_rank, "zeta": 0.0}),
    "ridge.alignment_threshold": (
        ridge.alignment_threshold,
        {"gamma_s": [1.0, 2.0], "gamma_t": 3.0, "sigma2": 4.0},
    ),
    "samplers.bidiagonal": (samplers.bidiagonal, {"n": 100, "d": 50, "block": 2, "rng": 0}),
    "samplers.band_residuals": (
        lambda diagonals, **given: samplers.band_residuals(copy.deepcopy(diagonals), **given),
        {
            "diagonals": [[3.0, 2.0, 2.0], [1.0, 2.0, 0.0]],
            **{"n": 100, "d": 3, "penalties": [1.0, 2.0], "beta": [[2.0]], "labels": [[1.0]]},
            "noise": [1.0, 2.0, 3.0],
        },
    ),
    "samplers.spectrum": (samplers.spectrum, {"n": 100, "d": 120, "rng": 0}),
    "samplers.haar_frame": (samplers.haar_frame, {"d": 100, "block": 2, "rng": 0}),
    "simulate.band_trial": (simulate.band_trial, _trial),
    "simulate.spectral_trial": (simulate.spectral_trial, _trial),
    "simulate.exact_trial": (simulate.exact_trial, _trial),
    "samplers.cheapest_forms": (
        samplers.cheapest_forms,
        {"problem": _problem, "teachers": 100, "students": 100},
    ),
    "simulate.chain_trial": (simulate.chain_trial, {**_chain, "rng": 0}),
    "simulate.Problem": (
        simulate.Problem,
        {"d": 50, "n_t": 100, "n_s": 60, "sigma2": 4.0, "zeta": 1.0, "spike_norm": 2.0},
    ),
    "simulate.TaskProblem": (
        simulate.TaskProblem,
        {"task": _task, "n_t": 100, "n_s": 60, "weights_t": 2.0, "weights_s": 3.0},
    ),
    "simulate.Estimate": (
        simulate.Estimate(np.array([1.5, 2.5]), np.array([0.25, 0.5]), 9).deviation,
        {"truth": [1.0, 2.0], "finite_size": [0.0, 1.0]},
    ),
    "simulate.experiment": (
        simulate.experiment,
        {"problem": _problem, **_penalties, "trials": 3, "rng": 0},
    ),
    "simulate.draws": (simulate.draws, {"problem": _problem, **_penalties, "trials": 3, "rng": 0}),
    "simulate.chain": (simulate.chain, {**_chain, "trials": 3, "rng": 0}),
    "simulate.dense_trial": (simulate.dense_trial, _trial),
    "simulate.factorised_trial": (simulate.factorised_trial, _trial),
    "simulate.task_trial": (
        simulate.task_trial,
        {
            "problem": simulate.TaskProblem(
                _task, n_t=100, n_s=60, weights_t=2.0, weights_s=_omega
            ),
            **_penalties,
            "rng": 0,
        },
    ),
    "simulate.task_trial [far apart]": (
        simulate.task_trial,
        {
            "problem": simulate.TaskProblem(Task([1.0, 1e-150], [1.0, 1.0], 0.0), n_t=9, n_s=9),
            **{"lam_t": [1e-300], "lam_s": [1e-300], "rng": 0},
        },
    ),
    "simulate.dense_chain_trial": (simulate.dense_chain_trial, {**_chain, "rng": 0}),
}


def call(name: str, **changed):
    """The case's result, some arguments replaced; as numbers, strings and lists of them."""
    function, arguments = CASES[name]
    given = {**arguments, **changed}
    if "rng" in given:
        given["rng"] = np.random.default_rng(given["rng"])
    return plain(function(**given))


def plain(result):
    """A result that == compares bit by bit, nan with nan and 0.0 not with −0.0."""
    if dataclasses.is_dataclass(result):
        fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result)}
        return type(result).__name__, plain(fields)
    if isinstance(result, Mapping):
        return {key: plain(value) for key, value in result.items()}
    if isinstance(result, (list, tuple, Iterator)):
        return [plain(part) for part in result]
    if isinstance(result, np.ndarray):
        return result.shape, str(result.dtype), result.tobytes()
    if isinstance(result, float):
        return type(result).__name__, float(result).hex()
    return result if isinstance(result, (int, str)) else repr(result)


def listed():
    """The public functions and classes of the numeric modules, by the first name they have."""
    found = {}
    for module in NUMERIC:
        short = {"w2s.experiments": "simulate", "w2s.experiments.network": "onestep"}.get(
            module.__name__, module.__name__.rpartition(".")[2]
        )
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found.setdefault(value, f"{short}.{name}")
    return set(found.values())


def _gap_zero():
    """A student's penalty on the edge of the window, where the gap is computed in 60 digits."""
    window = ridge.winning_window(lam_t=0.0, gamma_t=0.25, gamma_s=0.25, sigma2=1.0)
    return [
        ridge.error_gap(
            lam_t=0.0,
            lam_s=window.high * (1 + k * 2.0**-50),
            gamma_t=0.25,
            gamma_s=0.25,
            sigma2=1.0,
        )
        for k in (-1, 1)
    ]


def _proved():
    x, y, m = sp.symbols("x y m")
    square = {x: (0, 1), y: (0, x)}
    certificates = [
        proof.identity(1 / m, m - 1, relation=m**2 - m - 1, of=m),
        proof.positive(x**3 - y**3, square),
        proof.negative(y - x, square),
        proof.nonnegative((x - y) ** 2, square),
        proof.nonpositive(-((x - y) ** 2), square),
    ]
    counts = [certificate.spot_check(points=7, rng=1) for certificate in certificates]
    refused = proof.refused(lambda e: proof.positive(e, square), [*proof.mutants(x - 2 * y)])
    words = traces.words((traces.R_t + 2 * traces.R_s) ** 2)
    limit = traces.trace_limit(traces.transpose(traces.R_t * traces.R_s))
    return [*map(str, certificates), counts, refused, str(words), str(limit)]


_far = {
    "lam_t": 9.735e-239,
    "gamma_t": 2.0,
    "gamma_s": 3.0,
    "sigma2": 0.5,
}  # 1 + c cancels to 238 digits
#: What sets a precision of its own; further calls that must not depend on other threads.
PRECISE = {
    "a window with a penalty of 1e-239": lambda: ridge.winning_window(**_far),
    "a window with a penalty of 1e-80": lambda: ridge.winning_window(
        lam_t=3e-80, gamma_t=2.0, gamma_s=3.0, sigma2=0.5
    ),
    "a window with alignment": lambda: ridge.winning_window(
        lam_t=1e-150, gamma_t=2.0, gamma_s=3.0, sigma2=0.3125, zeta=0.5
    ),
    "its best student": lambda: ridge.optimal_student_penalty(**_far),
    "its best error": lambda: ridge.best_student_error(**_far),
    "its share": lambda: ridge.performance_gap_recovered(**_far, ceiling="clean"),
    "a gap next to its zero": _gap_zero,
    "proofs and words": _proved,
}
