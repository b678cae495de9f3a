"""Many threads, and whoever else is in the process: nothing global is changed, nothing is read.

The results on threads are compared with those of one thread, bit by bit.
"""

import os
import random
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from decimal import getcontext
from functools import partial

import matplotlib as mpl
import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import special
from threadpoolctl import threadpool_info

from tests.package.public import CASES, PRECISE, call, plain
from w2s import _exact, ridge

pytestmark = pytest.mark.slow

THREADS = 6
ALL = {name: partial(call, name) for name in CASES}
ALL |= {name: lambda run=run: plain(run()) for name, run in PRECISE.items()}


def state():
    """What belongs to the process, or to the thread that calls."""
    return {
        "mpmath": (mpmath.mp.prec, mpmath.iv.prec, mpmath.mp.pretty, mpmath.mp.trap_complex),
        "NumPy's errors": np.geterr(),
        "NumPy's numbers": str(np.random.get_state()),  # noqa: NPY002
        "NumPy's printing": np.get_printoptions(),
        "SciPy's errors": special.geterr(),
        "Python's numbers": random.getstate(),
        "matplotlib": dict(mpl.rcParams),
        "SymPy": (sp.core.parameters.global_parameters.evaluate, sp.latex(sp.Symbol("x") ** 2)),
        "SymPy's assumptions": len(sp.assumptions.assume.global_assumptions),
        "warnings": list(warnings.filters),
        "decimals": getcontext().prec,
        "BLAS": [(library["filepath"], library["num_threads"]) for library in threadpool_info()],
        "environment": dict(os.environ),
        "interpreter": (sys.getrecursionlimit(), sys.getswitchinterval(), np.getbufsize()),
    }


@pytest.fixture
def alone():
    """What one thread gives; twice, for a result that differs by itself would prove nothing."""
    first, second = ({name: run() for name, run in ALL.items()} for _ in range(2))
    assert first == second
    return first


@pytest.fixture
def restless():
    """Threads that take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_threads_give_the_serial_results_bit_by_bit(alone, restless):
    """Every function, next to every other; those that set a precision many times over."""
    rng = np.random.default_rng(0)
    names = [*ALL] * 2 + [*PRECISE] * 8
    order = [names[k] for k in rng.permutation(len(names))]
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda name: ALL[name](), order))
    different = [name for name, got in zip(order, found, strict=True) if got != alone[name]]
    assert different == []


def test_nothing_global_is_changed(alone):
    before = state()
    for name, run in ALL.items():
        run()
        assert state() == before, name
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda name: ALL[name](), PRECISE))
    assert state() == before


def test_nothing_global_is_read(alone):
    """The same bits for somebody who set everything otherwise, and wants errors for warnings."""
    saved = dict(mpl.rcParams)
    seeds = np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        mpl.rcParams["font.size"] = 3
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)
        with (
            mpmath.workdps(4),
            np.errstate(all="raise"),
            np.printoptions(precision=1),
            warnings.catch_warnings(action="error"),
        ):
            found = {name: run() for name, run in ALL.items()}
    finally:
        mpl.rcParams.update(saved)
        np.random.set_state(seeds[0])  # noqa: NPY002
        random.setstate(seeds[1])
    assert [name for name in ALL if found[name] != alone[name]] == []


def test_a_precision_is_that_of_its_thread(monkeypatch, alone):
    """The negative control: with mpmath's own context the other thread sees 400 digits."""
    seen = []
    for context in (_exact.mp, mpmath.mp):
        with context.workdps(400):
            other = threading.Thread(target=lambda context=context: seen.append(context.dps))
            other.start()
            other.join()
    assert seen == [15, 400]

    def refuse(*_):
        raise AssertionError("the precision of the whole process would be set")

    monkeypatch.setattr(mpmath.mp, "workdps", refuse)
    monkeypatch.setattr(mpmath.mp, "workprec", refuse)
    assert {name: ALL[name]() for name in PRECISE} == {name: alone[name] for name in PRECISE}


def test_a_wrong_precision_would_be_noticed(monkeypatch, alone):
    """Each of the calls that set a precision differs, or fails, if it computes with another one."""
    monkeypatch.setattr(ridge, "_digits", lambda *_: 15)
    for name in PRECISE:
        if not name.startswith("proofs"):
            try:
                found = ALL[name]()
            except ZeroDivisionError:
                continue
            assert found != alone[name], name


def test_importing_the_package_sets_nothing():
    code = """if True:
        import pkgutil, importlib, sys, warnings
        import joblib, matplotlib as mpl, mpmath, numpy as np, sympy, tqdm
        import scipy.optimize  # this one does add a filter
        state = lambda: (dict(mpl.rcParams), mpmath.mp.prec, np.geterr(), warnings.filters[:],
                         str(np.random.get_state()), sys.getrecursionlimit())
        before = state()
        import w2s
        for module in pkgutil.iter_modules(w2s.__path__):
            importlib.import_module("w2s." + module.name)
        import w2s.plotting
        assert state() == before
    """
    subprocess.run([sys.executable, "-c", code], check=True)
