"""Narrow numbers, masks and memory: what comes in is widened, or refused by its name."""

import math
import os
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest

from tests.package.public import CASES, EXEMPT, call, listed
from w2s import _input, covariance, onestep, simulate
from w2s.experiments import samplers

FLOATS = [np.float16, np.float32, np.longdouble]
RNG = np.random.default_rng(0)
INTEGERS = [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64]


def reals(name):
    """The arguments that are real numbers, and those that are counts."""
    arguments = {k: v for k, v in CASES[name][1].items() if k != "rng"}
    arrays = {
        k: np.asarray(v)
        for k, v in arguments.items()
        if isinstance(v, (float, list, np.ndarray)) and k not in ("estimates", "samples")
    }
    assert all(array.dtype == np.float64 for array in arrays.values())
    counts = {k: v for k, v in arguments.items() if isinstance(v, int)}
    return arrays, counts


def test_no_public_function_is_left_out():
    covered = {name.split(" ")[0] for name in CASES}
    assert covered | EXEMPT == listed()
    assert not covered & EXEMPT


@pytest.mark.parametrize("name", CASES)
def test_narrow_numbers_give_what_their_values_give(name):
    """To the last bit: an argument's own rounding is all that its type may cost."""
    arrays, counts = reals(name)
    for argument, array in arrays.items():
        for dtype in FLOATS + INTEGERS:
            with np.errstate(all="ignore"):
                narrow = array.astype(dtype)
            whole = issubclass(dtype, np.integer)
            if not np.all(np.isfinite(narrow)) or (whole and not np.array_equal(narrow, array)):
                continue
            want = call(name, **{argument: narrow.astype(float)})
            assert call(name, **{argument: narrow}) == want, (argument, dtype)
    for argument, number in counts.items():
        for dtype in INTEGERS:
            assert call(name, **{argument: dtype(number)}) == call(name), (argument, dtype)
    if "samples" in CASES[name][1]:
        narrow = np.array(CASES[name][1]["samples"], dtype=np.int8)
        assert call(name, samples=narrow) == call(name)


@pytest.mark.parametrize("name", CASES)
def test_what_lies_under_a_mask_is_never_computed_with(name):
    arrays, _ = reals(name)
    for argument, array in arrays.items():
        hidden = np.ma.MaskedArray(array, mask=True)
        with pytest.raises(ValueError, match=rf"^{argument}\S* must have no masked entries"):
            call(name, **{argument: hidden})
        nothing_hidden = np.ma.MaskedArray(array, mask=False)
        assert call(name, **{argument: nothing_hidden}) == call(name, **{argument: array})


def test_a_mask_inside_a_list_is_seen():
    hidden = np.ma.MaskedArray([0.1, 0.2], mask=[False, True])
    for value in ([hidden, hidden], [0.1, np.ma.masked], ([0.1], [hidden[1]])):
        with pytest.raises(ValueError, match=r"^lam_t must have no masked entries"):
            call("ridge.error_gap", lam_t=value)


def test_a_problem_of_narrow_integers_takes_the_form_of_a_wide_one():
    """50000² overflows 32 bits; it then took the form with 50000² work, and minutes."""
    narrow = simulate.Problem(
        **{"d": np.int32(50_000), "n_t": np.int32(60_000), "n_s": np.int32(40_000)},
        sigma2=np.float32(1),
    )
    wide = simulate.Problem(d=50_000, n_t=60_000, n_s=40_000, sigma2=1.0)
    assert narrow == wide
    assert [type(value) for value in (narrow.d, narrow.n_t, narrow.n_s)] == [int] * 3
    assert type(narrow.sigma2) is float
    assert samplers.cheapest_forms(narrow, 1, 1) == samplers.cheapest_forms(wide, 1, 1)
    begin = time.perf_counter()
    simulate.draws(narrow, lam_t=0.1, lam_s=0.1, trials=1, rng=0)
    assert time.perf_counter() - begin < 20


# -- memory ----------------------------------------------------------------------------------------


@pytest.fixture
def machine(monkeypatch):
    """A machine of 64 GiB without a limit; what it answers can be changed."""
    answers = {"SC_PHYS_PAGES": 2**24, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sysconf", answers.__getitem__)
    monkeypatch.setattr(_input, "_of_container", lambda: math.inf)
    monkeypatch.delenv("MEM_LIMIT", raising=False)
    return answers


D, LAM = 400, np.array([0.1, 0.2, 0.3])
SIZES = {"n_t": 2 * D, "n_s": 3 * D // 2}
TASK = covariance.Task(np.linspace(0.1, 1, D), np.ones(D), 1.0)
NETWORK = onestep.Problem(d=D, p_t=D, p_s=D, n_t=2 * D, n_s=2 * D)
CHAIN = (D, [2 * D, D], [0.1, 0.2], 1.0)
RIDGE = simulate.Problem(d=D, sigma2=1.0, **SIZES)
ASK = {
    "dense_trial": lambda rng: simulate.dense_trial(RIDGE, LAM, LAM, rng),
    "exact_trial": lambda rng: simulate.exact_trial(RIDGE, LAM, LAM, rng),
    "band_trial": lambda rng: simulate.band_trial(RIDGE, LAM, LAM, rng),
    "spectral_trial": lambda rng: simulate.spectral_trial(RIDGE, LAM, LAM, rng),
    "task_trial": lambda rng: simulate.task_trial(
        simulate.TaskProblem(TASK, **SIZES), LAM, LAM, rng
    ),
    "chain_trial": lambda rng: simulate.chain_trial(*CHAIN, rng),
    "dense_chain_trial": lambda rng: simulate.dense_chain_trial(*CHAIN, rng),
    "fit": lambda rng: covariance.fit(TASK.eigenvalues, lam=np.geomspace(0.01, 1, 200), n=D),
    "network": lambda rng: onestep.experiment(NETWORK, trials=2, rng=rng),
}


@pytest.mark.parametrize("name", ASK)
def test_the_memory_that_is_asked_for_is_what_it_takes(name, monkeypatch):
    asked = []
    monkeypatch.setattr(_input, "require_memory", lambda needed, what: asked.append(needed))
    ASK[name](np.random.default_rng(0))  # what is imported now is not counted
    asked.clear()
    tracemalloc.start()
    ASK[name](np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.6 * peak < max(asked) < 1.6 * peak


def test_memory_is_that_of_the_machine(machine):
    _input.require_memory(63 * 2**30, "n = 5")
    with pytest.raises(ValueError, match=r"^n = 5 needs 65 GiB; this machine has 64$"):
        _input.require_memory(65 * 2**30, "n = 5")


@pytest.mark.parametrize(
    "silent", [{"SC_PHYS_PAGES": -1}, {"SC_PHYS_PAGES": -1, "SC_PAGE_SIZE": -1}]
)
def test_where_the_system_does_not_tell_nothing_is_refused(machine, silent):
    machine.update(silent)
    _input.require_memory(1e18, "n = 5")


@pytest.mark.parametrize("error", [AttributeError, OSError, ValueError])
def test_where_the_system_cannot_be_asked_nothing_is_refused(machine, monkeypatch, error):
    def refuse(_):
        raise error

    monkeypatch.setattr(os, "sysconf", refuse)
    _input.require_memory(1e18, "n = 5")


def test_a_lower_limit_counts(machine, monkeypatch):
    monkeypatch.setenv("MEM_LIMIT", str(2**30))
    with pytest.raises(ValueError, match=r"^n = 5 needs 1.5 GiB; Binder's MEM_LIMIT is 1$"):
        _input.require_memory(1.5 * 2**30, "n = 5")
    monkeypatch.setenv("MEM_LIMIT", "no number")
    _input.require_memory(1.5 * 2**30, "n = 5")
    monkeypatch.setattr(_input, "_of_container", lambda: 2.0**28)
    with pytest.raises(ValueError, match=r"^n = 5 needs 1.5 GiB; this container may use 0.25$"):
        _input.require_memory(1.5 * 2**30, "n = 5")


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v is refused elsewhere")
def test_ulimit_is_known():
    code = "from w2s import _input; _input.require_memory(8 * 2**30, 'n = 5')"
    limited = (
        f"ulimit -v {6 * 2**20} && exec {sys.executable} -c '{code.replace(chr(39), chr(34))}'"
    )
    run = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "n = 5 needs 8 GiB; ulimit -v allows this process 6" in run.stderr


@pytest.mark.parametrize(
    ("of_process", "files", "limit"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "300", "memory.max": "900"}, 300),
        ("0::/\n", {"memory.max": "700\n"}, 700),
        ("0::/elsewhere\n", {"memory.max": "700\n"}, 700),  # a container's own view of the root
        ("5:cpu:/x\n4:memory:/x\n0::/\n", {"memory/x/memory.limit_in_bytes": "500"}, 500),
        ("4:memory:/docker/1\n", {"memory/memory.limit_in_bytes": "600"}, 600),
        ("0::/\n", {}, math.inf),
        (None, {"memory.max": "700"}, math.inf),
    ],
)
def test_a_container_s_limit_is_found_in_its_group_or_above(tmp_path, of_process, files, limit):
    for name, text in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if of_process is not None:
        (tmp_path / "cgroup").write_text(of_process)
    assert _input._of_container(str(tmp_path / "cgroup"), str(tmp_path / "root")) == limit


@pytest.mark.parametrize(
    ("run", "named"),
    [
        (
            lambda: samplers.chain_trial(10**12, [9], [1.0], 1.0, RNG),
            "d = 1000000000000",
        ),
        (
            lambda: simulate.dense_chain_trial(9, [10**12], [1.0], 1.0, RNG),
            r"samples = \[10{12}",
        ),
        (
            lambda: simulate.dense_trial(
                simulate.Problem(d=9, n_t=9, n_s=10**12, sigma2=1.0), 1, 1, RNG
            ),
            "n_s = 10{12}",
        ),
        (
            lambda: onestep.trial(onestep.Problem(d=9, p_t=9, p_s=9, n_t=10**12, n_s=9), RNG),
            "10{12} samples",
        ),
        (
            lambda: simulate.draws(
                simulate.Problem(d=9, n_t=9, n_s=9, sigma2=1.0),
                lam_t=1,
                lam_s=1,
                trials=10**13,
            ),
            "10{13} trials",
        ),
    ],
)
def test_a_refusal_names_the_argument(run, named):
    with pytest.raises(ValueError, match=rf"{named}.* needs .* GiB; "):
        run()
