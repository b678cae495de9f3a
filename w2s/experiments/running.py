"""Many independent trials: on one core, on all cores, on a cluster, with the same result.

    with joblib.parallel_config(n_jobs=-1):
        simulate.experiment(...)

runs the trials on all cores, `parallel_config("dask")` on the cluster of the current
`dask.distributed.Client`. Trial k has its own seed and one BLAS thread wherever it runs, and the
results are taken in order, so they agree to the last bit for any backend and number of workers.
BLAS counts its threads by process: while a trial runs, all of this process has one; afterwards it
has its own number again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import joblib
import numpy as np
import scipy.linalg  # noqa: F401  (its BLAS must be loaded before `_blas` looks around)
from threadpoolctl import ThreadpoolController
from tqdm import tqdm

#: Shorter runs show no progress bar. With TQDM_DISABLE=1, which the book's build sets, none does.
PATIENCE = 2.0


def repeat(draw: Callable[..., Any], arguments: tuple[Any, ...], trials: int, rng: Any) -> Iterator:
    """Yield `draw(*arguments, child)` for `trials` spawned children of `rng`, in their order.

    Which cores or machines do the work is joblib's affair: `joblib.parallel_config`. A progress bar
    appears when the run takes longer than a moment.
    """
    parent = np.random.default_rng(rng)
    children = (parent.spawn(1)[0] for _ in range(trials))  # as needed: a generator is 2 kB
    tasks = (joblib.delayed(_one_trial)(draw, arguments, child) for child in children)
    results = joblib.Parallel(return_as="generator")(tasks)
    try:
        with tqdm(total=trials, unit="trial", delay=PATIENCE, leave=False) as bar:
            for result in results:
                yield result
                bar.update()
    finally:
        results.close()


@contextmanager
def keeping(partial: Callable[[], Any]) -> Iterator[None]:
    """Give an exception that stops a run the attribute `partial`, the result so far."""
    try:
        yield
    except BaseException as stop:  # Ctrl-C is the one that matters
        stop.partial = partial()  # type: ignore[attr-defined]
        if stop.partial is not None:  # type: ignore[attr-defined]
            stop.add_note("The trials done before this are not lost: see `partial` here.")
        raise


def _one_trial(draw: Callable[..., Any], arguments: tuple[Any, ...], child: Any) -> Any:
    with _ONE_THREAD:
        return draw(*arguments, child)


class _OneBlasThread:
    """Hold BLAS to one thread while at least one trial runs in this process.

    The setting belongs to the process, so trials on several threads share it: the first one in sets
    it, the last one out restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limits = _blas().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limits.restore_original_limits()


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()  # looks through the loaded libraries once


_ONE_THREAD = _OneBlasThread()
