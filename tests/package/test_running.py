"""Many trials: the same bits on any backend, nothing lost when a run stops, refusals beforehand."""

import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc

import joblib
import numpy as np
import pytest
from joblib.externals.loky.process_executor import TerminatedWorkerError
from w2s.simulate import Problem

from w2s import simulate
from w2s.experiments import run as running

pytestmark = pytest.mark.slow

PROBLEM = Problem(d=30, n_t=60, n_s=24, sigma2=1.0, zeta=0.5)
LAM_T, LAM_S = [0.02, 0.5], [0.1, 1.0]


def run(trials=24, trial=simulate.exact_trial, rng=7):
    return simulate.experiment(
        PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=trials, trial=trial, rng=rng
    )


def same(one, two):
    parts = ("teacher", "student", "gap")
    return all(
        np.array_equal(getattr(getattr(one, part), name), getattr(getattr(two, part), name))
        for part in parts
        for name in ("mean", "stderr", "trials")
    )


@pytest.fixture(scope="module")
def alone():
    """The result on one core, for each form and for the dense trial."""
    trials = (simulate.exact_trial, simulate.spectral_trial, simulate.factorised_trial)
    return {trial: run(trial=trial) for trial in trials}


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as workers,
        distributed.Client(workers) as client,
    ):
        yield client


# -- the same bits everywhere --------------------------------------------------------------------


@pytest.mark.parametrize("workers", [2, 8])
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_the_result_does_not_depend_on_the_workers(alone, backend, workers):
    with joblib.parallel_config(backend, n_jobs=workers):
        for trial, expected in alone.items():
            assert same(run(trial=trial), expected)


def test_a_dask_cluster_gives_the_same_bits(alone, cluster):
    with joblib.parallel_config("dask"):
        for trial, expected in alone.items():
            assert same(run(trial=trial), expected)


def test_trial_k_is_the_same_however_many_are_run():
    many = simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=9, rng=1)
    few = simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=4, rng=1)
    assert np.array_equal(many.student[:4], few.student)
    assert len({value.tobytes() for value in many.student}) == 9


def test_a_generator_can_be_passed_and_goes_on_where_it_was():
    rng = np.random.default_rng(3)
    first, second = (
        simulate.draws(PROBLEM, lam_t=0.1, lam_s=0.1, trials=3, rng=rng) for _ in range(2)
    )
    both = simulate.draws(PROBLEM, lam_t=0.1, lam_s=0.1, trials=6, rng=3)
    assert np.array_equal(np.concatenate([first.student, second.student]), both.student)


def test_experiment_and_draws_agree():
    kept, summed = simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=24, rng=7), run()
    for part in ("teacher", "student", "gap"):
        values, estimate = getattr(kept, part), getattr(summed, part)
        np.testing.assert_allclose(estimate.mean, values.mean(axis=0), rtol=1e-13)
        stderr = values.std(axis=0, ddof=1) / 24**0.5
        np.testing.assert_allclose(estimate.stderr, stderr, rtol=1e-11)


def test_blas_has_one_thread_inside_and_its_own_number_outside():
    def threads():
        return [library["num_threads"] for library in running._blas().info()]

    with running._blas().limit(limits=2, user_api="blas"):
        before = threads()
        with running._ONE_THREAD:
            with running._ONE_THREAD:
                assert set(threads()) == {1}
            assert set(threads()) == {1}
        assert threads() == before


# -- a run that stops ----------------------------------------------------------------------------


@pytest.fixture
def ctrl_c_raises():
    """Python's own handler, also where a shell started the tests with SIGINT ignored (`&`)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c_raises")
def test_ctrl_c_leaves_the_trials_done():
    done = []

    def trial(*arguments):
        if len(done) == 5:
            signal.raise_signal(signal.SIGINT)
        done.append(1)
        return simulate.exact_trial(*arguments)

    with pytest.raises(KeyboardInterrupt) as stop:
        run(trial=trial)
    assert stop.value.partial.gap.trials == 5
    assert same(stop.value.partial, run(trials=5))
    assert "partial" in stop.value.__notes__[0]


def test_ctrl_c_before_the_second_trial_has_nothing_to_show():
    def trial(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stop:
        run(trial=trial)
    assert stop.value.partial is None


@pytest.mark.usefixtures("ctrl_c_raises")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_ctrl_c_while_workers_are_busy(backend, tmp_path):
    marks = str(tmp_path)

    def trial(problem, lam_t, lam_s, rng):
        time.sleep(0.02)
        open(os.path.join(marks, f"{os.getpid()}-{time.monotonic_ns()}"), "w").close()
        return simulate.exact_trial(problem, lam_t, lam_s, rng)

    def interrupt_when_under_way():
        while len(os.listdir(marks)) < 40:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_under_way, daemon=True).start()
    with joblib.parallel_config(backend, n_jobs=2), pytest.raises(KeyboardInterrupt) as stop:
        simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=5000, trial=trial, rng=7)
    kept = stop.value.partial.student
    assert 10 <= len(kept) < 5000
    expected = simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=len(kept), rng=7)
    assert np.array_equal(kept, expected.student)


def test_a_lost_local_worker_leaves_the_trials_done():
    """loky cannot replace a worker that the system killed; what came before is kept."""
    fatal = np.random.default_rng(7).spawn(40)[-1].bit_generator.state

    def trial(problem, lam_t, lam_s, rng):
        if rng.bit_generator.state == fatal:
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        return simulate.exact_trial(problem, lam_t, lam_s, rng)

    with joblib.parallel_config("loky", n_jobs=2), pytest.raises(TerminatedWorkerError) as stop:
        simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=40, trial=trial, rng=7)
    kept = stop.value.partial.student
    assert 1 <= len(kept) < 40
    expected = simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=len(kept), rng=7)
    assert np.array_equal(kept, expected.student)


def test_a_killed_dask_worker_costs_time_and_no_result(cluster, tmp_path):
    """One worker process is killed with SIGKILL in the middle of the run."""
    killed = str(tmp_path / "killed")

    def trial(problem, lam_t, lam_s, rng):
        time.sleep(0.02)
        try:
            os.close(os.open(killed, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return simulate.exact_trial(problem, lam_t, lam_s, rng)
        os.kill(os.getpid(), signal.SIGKILL)

    before = set(cluster.run(os.getpid).values())
    with joblib.parallel_config("dask"):
        interrupted = run(trials=60, trial=trial)
    cluster.wait_for_workers(2, timeout=30)
    after = set(cluster.run(os.getpid).values())
    assert os.path.exists(killed)
    assert len(before & after) == 1  # one process is gone, and was replaced
    assert same(interrupted, run(trials=60))


def test_an_error_in_a_dask_worker_arrives_with_the_trials_done(cluster):
    bad = np.random.default_rng(7).spawn(30)[-1].bit_generator.state

    def trial(problem, lam_t, lam_s, rng):
        if rng.bit_generator.state == bad:
            raise ZeroDivisionError("the last trial")
        return simulate.exact_trial(problem, lam_t, lam_s, rng)

    with joblib.parallel_config("dask"), pytest.raises(ZeroDivisionError) as stop:
        simulate.draws(PROBLEM, lam_t=LAM_T, lam_s=LAM_S, trials=30, trial=trial, rng=7)
    assert len(stop.value.partial.student) < 30


# -- memory and progress -------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_trials():
    def trial(problem, lam_t, lam_s, rng):
        return np.zeros(100), np.zeros((100, 100))  # 80 kB a trial

    peaks = []
    for trials in (20, 400):
        tracemalloc.start()
        run(trials=trials, trial=trial)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Kept, the results would be 380 times 80 kB more; other threads here take their share.
    assert peaks[1] < peaks[0] + 0.1 * 380 * 80_000


def test_progress_is_shown_on_long_runs_only():
    """In a process of its own: tqdm reads TQDM_DISABLE, which the book's build sets, on import."""
    code = """if True:
        import sys, time
        from w2s import simulate
        problem = simulate.Problem(d=3, n_t=3, n_s=3, sigma2=1.0)
        def trial(*arguments):
            time.sleep(float(sys.argv[1]))
            return simulate.exact_trial(*arguments)
        simulate.experiment(problem, lam_t=0.1, lam_s=0.1, trials=6, trial=trial, rng=0)
    """
    environment = {key: value for key, value in os.environ.items() if key != "TQDM_DISABLE"}

    def shown(pause, **more):
        command = [sys.executable, "-c", code, pause]
        return subprocess.run(
            command, env={**environment, **more}, capture_output=True, check=True, text=True
        ).stderr

    assert shown("0") == ""
    assert "trial" in shown("0.6")
    assert shown("0.6", TQDM_DISABLE="1") == ""


# -- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "name"),
    [
        (dict(d=0), "d must"),
        (dict(n_t=0), "n_t must"),
        (dict(n_s=-3), "n_s must"),
        (dict(sigma2=-1.0), "sigma2 must"),
        (dict(zeta=1.5), "zeta must"),
        (dict(zeta=-0.1), "zeta must"),
        (dict(spike_norm=0.0), "spike_norm must"),
    ],
)
def test_a_problem_that_cannot_be_is_refused(sizes, name):
    with pytest.raises(ValueError, match=name):
        Problem(**{**dict(d=4, n_t=4, n_s=4, sigma2=1.0), **sizes})


@pytest.mark.parametrize(
    "bad", [dict(lam_t=-0.1), dict(lam_s=[0.1, -1]), dict(lam_t=0.0), dict(trials=1)]
)
def test_penalties_that_cannot_be_are_refused_before_any_trial(bad):
    def trial(*_):
        raise AssertionError("work was done")

    arguments = {**dict(lam_t=0.1, lam_s=0.1, trials=3), **bad}
    with pytest.raises(ValueError, match=next(iter(bad))):
        simulate.experiment(PROBLEM, trial=trial, **arguments)


def test_chains_are_checked_too():
    with pytest.raises(ValueError, match="same length"):
        simulate.chain(d=5, samples=[5, 5], penalties=[0.1], sigma2=1.0)
    with pytest.raises(ValueError, match=r"samples\[1\]"):
        simulate.chain(d=5, samples=[5, 0], penalties=[0.1, 0.1], sigma2=1.0)
    with pytest.raises(ValueError, match="penalties"):
        simulate.chain(d=5, samples=[5, 5], penalties=[0.1, -0.1], sigma2=1.0)
    with pytest.raises(ValueError, match="GiB"):
        simulate.chain(d=10**12, samples=[5, 5], penalties=[0.1, 0.1], sigma2=1.0)


def test_keeping_every_trial_of_an_absurd_run_is_refused():
    with pytest.raises(ValueError, match="trials needs"):
        simulate.draws(PROBLEM, lam_t=0.1, lam_s=0.1, trials=10**13)
