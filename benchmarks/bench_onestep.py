"""How fast one gradient step is, beside the two matrix products it cannot do without."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


def onestep_benchmark(d: int = 4000, n: int = 8000, activation: str = "erf") -> dict[str, Any]:
    """Time one step of setting 3 with p = d, and the peak memory of teacher and student together.

    Both are measured in a fresh process. `seconds` is one `onestep.gradient`, `bare_seconds` the
    two products X Wᵀ and (p×n)(n×d) alone on the same arrays, `fraction` their ratio (1 would be
    free of overhead; the goal is 0.6). `peak_gigabytes` is the largest resident size of a
    process that runs a whole `onestep.trial`: teacher's step, its labels, student's step.
    """
    code = f"from benchmarks.bench_onestep import _measure; _measure({d}, {n}, {activation!r})"
    peak = f"from benchmarks.bench_onestep import _peak; _peak({d}, {n}, {activation!r})"
    speed = json.loads(_output(code))
    return {"d": d, "p": d, "n": n, "activation": activation, **speed, **json.loads(_output(peak))}


def _output(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout


def _measure(d: int, n: int, activation: str) -> None:
    from time import perf_counter

    import numpy as np

    from w2s import onestep

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    weights, a = rng.normal(scale=d**-0.5, size=(d, d)), rng.standard_normal(d) / d**0.5
    rows = 1000
    hidden, part = np.empty((rows, d)), np.empty((d, d))

    def bare() -> None:
        for begin in range(0, n, rows):
            block = x[begin : begin + rows]
            np.matmul(block, weights.T, out=hidden[: len(block)])
            np.matmul(hidden[: len(block)].T, block, out=part)

    def step() -> None:
        onestep.gradient(x, y, weights, a, activation)

    def timed(work: Any) -> float:
        begin = perf_counter()
        work()
        return perf_counter() - begin

    # interleaved, and the best of each: a busy machine slows both
    pairs = [(timed(bare), timed(step)) for _ in range(3)]
    bare_seconds, seconds = (min(column) for column in zip(*pairs, strict=True))
    print(
        json.dumps(
            {
                "seconds": seconds,
                "bare_seconds": bare_seconds,
                "fraction": bare_seconds / seconds,
            }
        )
    )


def _peak(d: int, n: int, activation: str) -> None:
    import resource

    import numpy as np

    from w2s import onestep

    problem = onestep.Problem(d=d, p_t=d, p_s=d, n_t=n, n_s=n, activation=activation, tau=2.0)
    onestep.trial(problem, np.random.default_rng(0))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"peak_gigabytes": kilobytes * 1024 / 1e9}))


if __name__ == "__main__":
    print(json.dumps(onestep_benchmark(), indent=2))
