"""Measure what the samplers and the theory cost, side by side: `make bench`.

Everything is timed in this process with one BLAS thread (`make` sets it, and it is checked), except
the memory of a draw, for which each dimension gets a process of its own. Competing ways are timed
in turn, round after round, and each ratio is the median over the rounds; so a busy machine slows
both sides. Results: a table here, and `_build/bench.json`. A missed goal is marked, and makes no
failure.

    python -m benchmarks            # everything, about four minutes
    python -m benchmarks --quick    # fewer rounds, dimensions up to 10⁶
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import threadpoolctl
from sklearn.linear_model import Ridge
from w2s.simulate import Problem

from benchmarks.bench_covariance import covariance_benchmark
from benchmarks.bench_onestep import onestep_benchmark
from w2s import ridge, simulate
from w2s.experiments import samplers

PANELS = {
    "under-parameterised": Problem(d=500, n_t=2000, n_s=2000, sigma2=1.0),
    "over-parameterised": Problem(d=500, n_t=2000, n_s=416, sigma2=4.0),
}
LAM_T, LAM_S = np.geomspace(1e-2, 2, 30), np.geomspace(1e-3, 10, 30)
TRIALS = 10
#: A user's loop over all pairs takes many minutes; this many pairs are fitted and scaled up.
SKLEARN_PAIRS = 8
GOALS: dict[str, tuple[str, float]] = {
    "figure1.sklearn_over_sampler": (">=", 1000),
    "figure1.factorised_over_sampler": (">=", 10),
    "figure1.both_panels_seconds": ("<", 2),
    "draw.seconds.1000000": ("<", 1),
    "draw.seconds.10000000": ("<", 12),
    "draw.peak_bytes.10000000": ("<", 4e9),
    "draw.over_random_numbers": ("<=", 5),
    "covariance.eigenvalues.grid_seconds": ("<", 2),
    "covariance.eigenvalues.pairwise_over_grid": (">=", 5),
    "covariance.matrices.pairwise_over_grid": (">=", 100),
    "onestep.fraction": (">=", 0.6),
    "onestep.peak_gigabytes": ("<", 1.5),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, d up to 10⁶")
    parser.add_argument("--one-draw", type=int, metavar="D", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_draw:
        print(json.dumps(measure_draw(options.one_draw)))
        return 0
    rounds = 3 if options.quick else 5
    sizes = [10**k for k in range(3, 7 if options.quick else 8)]
    results: dict[str, Any] = {
        "machine": machine(),
        "figure1": figure1(rounds),
        "draw": draws(sizes, rounds),
        "theory": theory(rounds),
        "covariance": covariance_benchmark(rounds),
        "onestep": onestep_benchmark(),
        "book": book(Path.cwd()),
    }
    print_table(results)
    target = Path("_build") / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nwritten: {target}")
    return 0


def machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "blas_threads": sorted({lib["num_threads"] for lib in threadpoolctl.threadpool_info()}),
        "worker_processes": 1,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


# -- figure 1 ------------------------------------------------------------------------------------


def figure1(rounds: int) -> dict[str, Any]:
    """One panel, 30×30 penalties, ten trials, in four ways; a round does each of them once."""
    problem = PANELS["under-parameterised"]
    lam_t, lam_s = LAM_T, LAM_S
    columns: dict[str, list[float]] = {key: [] for key in ("sklearn", "solve", "factorised")}
    columns |= {"sampler": [], "both": []}
    sampled_panel(problem)  # warm up
    for number in range(rounds):
        rng = np.random.default_rng(number)
        columns["sklearn"].append(TRIALS * sklearn_trial(problem, rng))
        columns["solve"].append(
            TRIALS * 10 * seconds(partial(simulate.dense_trial, problem, lam_t[::10], lam_s, rng))
        )
        columns["factorised"].append(
            TRIALS * seconds(partial(simulate.factorised_trial, problem, lam_t, lam_s, rng))
        )
        columns["sampler"].append(seconds(lambda: sampled_panel(problem)))
        columns["both"].append(seconds(lambda: [sampled_panel(panel) for panel in PANELS.values()]))

    def ratio(key: str) -> float:
        pairs = zip(columns[key], columns["sampler"], strict=True)
        return statistics.median(slow / fast for slow, fast in pairs)

    return {
        "sklearn_over_sampler": ratio("sklearn"),
        "solve_over_sampler": ratio("solve"),
        "factorised_over_sampler": ratio("factorised"),
        "both_panels_seconds": statistics.median(columns["both"]),
        "panel_seconds": {
            key: statistics.median(columns[key])
            for key in ("sklearn", "solve", "factorised", "sampler")
        },
        "note": (
            f"one panel: d=500, n_t=n_s=2000, 30×30 penalties, {TRIALS} trials. scikit-learn: "
            f"{SKLEARN_PAIRS} of 900 pairs fitted (teacher and student) on one trial's data, "
            f"scaled by 900/{SKLEARN_PAIRS} and {TRIALS}. solve: one trial, 3 of 30 teachers with "
            f"all students, scaled by 10 and {TRIALS}. factorised: one trial, scaled by {TRIALS}. "
            "sampler: all of it, run through simulate.experiment."
        ),
    }


def sampled_panel(problem: Problem) -> simulate.Experiment:
    return simulate.experiment(
        problem, lam_t=LAM_T, lam_s=LAM_S, trials=TRIALS, trial=simulate.exact_trial, rng=0
    )


def sklearn_trial(problem: Problem, rng: np.random.Generator) -> float:
    """Seconds for one trial's 900 pairs with `Ridge`, scaled up from a few random pairs."""
    d, n_t, n_s = problem.d, problem.n_t, problem.n_s
    begin = time.perf_counter()
    beta = rng.normal(scale=d**-0.5, size=d)
    x_t, x_s = rng.normal(size=(n_t, d)), rng.normal(size=(n_s, d))
    y = x_t @ beta + rng.normal(scale=problem.sigma2**0.5, size=n_t)
    drawing = time.perf_counter() - begin
    begin = time.perf_counter()
    for lam_t, lam_s in rng.choice(LAM_T, SKLEARN_PAIRS)[:, None] * [1, 0] + (
        rng.choice(LAM_S, SKLEARN_PAIRS)[:, None] * [0, 1]
    ):
        teacher = Ridge(alpha=n_t * lam_t, fit_intercept=False).fit(x_t, y)
        student = Ridge(alpha=n_s * lam_s, fit_intercept=False).fit(x_s, teacher.predict(x_s))
        np.sum((student.coef_ - beta) ** 2) - np.sum((teacher.coef_ - beta) ** 2)
    pairs = LAM_T.size * LAM_S.size
    return drawing + (time.perf_counter() - begin) * pairs / SKLEARN_PAIRS


# -- one draw ------------------------------------------------------------------------------------


def draw_problem(d: int) -> Problem:
    return Problem(d=d, n_t=4 * d, n_s=4 * d // 5, sigma2=1.0)


def one_draw(d: int, rng: np.random.Generator) -> None:
    one = np.array([0.1])
    samplers.band_trial(draw_problem(d), one, one, rng)


def random_numbers(d: int, rng: np.random.Generator) -> None:
    """The floor: the same variates as one draw, and nothing done with them."""
    problem = draw_problem(d)
    rng.chisquare(d)
    for n, block in ((problem.n_t, 1), (problem.n_s, 2)):
        rows = min(n, d)
        rng.chisquare(np.arange(n, n - rows, -1, dtype=float))
        rng.standard_normal(rows)  # the teacher's noise; the student's inner diagonal
        inside = min(rows, d - block)
        rng.chisquare(np.arange(d - block, d - block - inside, -1, dtype=float))


def measure_draw(d: int) -> dict[str, Any]:
    """Time of draws and of their random numbers in turn, then the peak memory of this process."""
    rng = np.random.default_rng(0)
    one_draw(100, rng)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds = 2 if d >= 10**7 else 5
    times, floors = [], []
    for _ in range(rounds):
        times.append(seconds(lambda: one_draw(d, rng)))
        floors.append(seconds(lambda: random_numbers(d, rng)))
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": times, "floor": floors, "peak": peak * unit, "base": base * unit}


def draws(sizes: list[int], rounds: int) -> dict[str, Any]:
    measured = {}
    for d in sizes:
        command = [sys.executable, "-m", "benchmarks", "--one-draw", str(d)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        measured[str(d)] = json.loads(output)
    ratios = {
        d: statistics.median(
            time / floor for time, floor in zip(m["seconds"], m["floor"], strict=True)
        )
        for d, m in measured.items()
    }
    large = {int(d): statistics.median(m["seconds"]) for d, m in measured.items() if int(d) > 9999}
    slope = np.polyfit(np.log(list(large)), np.log(list(large.values())), 1)[0]
    return {
        "seconds": {d: statistics.median(m["seconds"]) for d, m in measured.items()},
        "peak_bytes": {d: m["peak"] for d, m in measured.items()},
        "peak_bytes_over_interpreter": {d: m["peak"] - m["base"] for d, m in measured.items()},
        # The smallest sizes pay for Python; the ratio is asked for where the numbers are many.
        "over_random_numbers": ratios["1000000"],
        "over_random_numbers_by_d": ratios,
        "growth_exponent": float(slope),
        "note": "teacher and student, one penalty each, n_t=4d, n_s=0.8d, band form, one thread; "
        "peak_bytes is the whole process, interpreter and libraries included.",
    }


# -- theory and book -----------------------------------------------------------------------------


def theory(rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    lam_s, lam_t = 10 ** rng.uniform(-4, 1, size=(2, 10**6))
    errors = [
        seconds(
            lambda: ridge.student_error(
                lam_t=lam_t, lam_s=lam_s, gamma_t=0.25, gamma_s=1.2, sigma2=4.0
            )
        )
        for _ in range(rounds)
    ]
    windows = [
        seconds(lambda: ridge.winning_window(lam_t=0.1, gamma_t=0.25, gamma_s=1.2, sigma2=4.0))
        for _ in range(rounds)
    ]
    return {
        "million_student_errors_seconds": statistics.median(errors),
        "winning_window_seconds": statistics.median(windows),
    }


def book(root: Path) -> dict[str, Any]:
    """Execution seconds of each chapter in the last `make book`."""
    chapters = {}
    for path in sorted((root / "_build" / "validated").glob("*.ipynb")):
        metadata = nbformat.read(path, as_version=4).metadata
        if "execution_seconds" in metadata:
            chapters[path.stem] = round(float(metadata["execution_seconds"]), 2)
    total = round(sum(chapters.values()), 2)
    timed = root / "_build" / "seconds.json"  # written by tools.build
    whole = json.loads(timed.read_text(encoding="utf-8")) if timed.exists() else {}
    return {"seconds_per_chapter": chapters, "chapters_total_seconds": total, "build": whole}


# -- the table -----------------------------------------------------------------------------------


def lookup(results: dict[str, Any], key: str) -> float | None:
    """The value at "draw.seconds.1000000", or `None`."""
    value: Any = results
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return float(value)


def print_table(results: dict[str, Any]) -> None:
    host = results["machine"]
    print(
        f"one process, BLAS threads {host['blas_threads']}, {host['cores']} cores, "
        f"load {host['load_before']} before the start\n"
    )
    for key, (relation, goal) in GOALS.items():
        value = lookup(results, key)
        if value is None:
            print(f"{key:42} not measured")
            continue
        met = {">=": value >= goal, "<": value < goal, "<=": value <= goal}[relation]
        print(f"{key:42} {value:12.4g}   goal {relation} {goal:<8g} {'met' if met else 'MISSED'}")
    print("\nfigure 1, one panel, seconds")
    for key, value in results["figure1"]["panel_seconds"].items():
        print(f"  {key:12} {value:10.3g}")
    draw = results["draw"]
    print(f"\none teacher and student (time grows like d^{draw['growth_exponent']:.2f})")
    print("           d    seconds   over random numbers   peak MB")
    for d, value in draw["seconds"].items():
        ratio, peak = draw["over_random_numbers_by_d"][d], draw["peak_bytes"][d] / 1e6
        print(f"  {int(d):10,} {value:10.3g} {ratio:21.2f} {peak:9.0f}")
    print("\ntheory")
    for key, value in results["theory"].items():
        print(f"  {key:34} {value:10.3g}")
    print("\nthe book, seconds per chapter (last `make book`)")
    for key, value in results["book"]["seconds_per_chapter"].items():
        print(f"  {key:20} {value:6.1f}")
    print(f"  {'all chapters':20} {results['book']['chapters_total_seconds']:6.1f}")
    for key, value in results["book"]["build"].items():
        print(f"  {key + ' (wall clock)':20} {value:6.1f}")


if __name__ == "__main__":
    sys.exit(main())
